"""The laboratory of a part, with what is measured in it: our own daemons, or (`competitors`) someone else's tunnel."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Protocol

from bench.handover.combinations import Kind, Pair, Part, Place

from mobileip.lab.laboratory import Lab
from mobileip.lab.topology import Wire

NODE, CORRESPONDENT = "mn", "cn"
HOME_ADDRESS, CORRESPONDENT_ADDRESS = "10.1.0.10", "198.51.100.10"
LINKS = ("eth0", "eth1")
SETTLE = 1.5
SOLICITED = 3.5
"""Seconds after which the node knows of a link that no agent answers there: it need not wait for one again."""
PATIENCE = 15.0
RATE_MBIT = 1000


class System(Protocol):
    """What takes packets from one link to the other."""

    def choose(self, link: str) -> None:
        """This link now; the other one is there too."""

    def came_up(self, link: str) -> None:
        """The link has a carrier now, the other one has none."""

    def done(self, link: str, since: float) -> int:
        """When (ns, CLOCK_MONOTONIC) packets were sent this way, it says; later than `since` (CLOCK_BOOTTIME, s)."""


class MobileIp:
    """Our daemons: a command chooses; without one the mobile node sees by itself what its links have."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def choose(self, link: str) -> None:
        self._lab.daemon(NODE).tell(f"links/{link}/handover")

    def came_up(self, link: str) -> None:
        pass

    def done(self, link: str, since: float) -> int:
        event = self._lab.events(NODE).wait_for("handed_over", after=since, to_interface=link, timeout=PATIENCE)
        ahead = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
        return int(event["boot_seconds"] * 1e9) - ahead


@contextlib.contextmanager
def bare(part: Part, pair: Pair, settings: dict[str, Any] | None = None, *, name: str = "handover") -> Iterator[Lab]:
    """Both links plugged in where the pair says, no daemon started. `name`: of the lab."""
    with Lab("two-links", name=name, settings=settings or {}, daemons=False, use_netem=False) as lab:
        lab.set_wire("home", Wire(delay_ms=part.delay_ms, rate_mbit=RATE_MBIT))
        for link, place in zip(LINKS, (pair.first, pair.second), strict=True):
            _plug(lab, link, place)
        yield lab


@contextlib.contextmanager
def mobile_ip(part: Part, pair: Pair, *, name: str = "handover") -> Iterator[tuple[Lab, System]]:
    """With the node registered by its first link."""
    settings: dict[str, Any] = {node: {"daemon": {"engine": part.engine}} for node in ("ha", "fa1", "fa2", "mn")}
    settings["mn"]["mobile_node"] = {"deregister_on_stop": False}
    with bare(part, pair, settings, name=name) as lab:
        for node in ("ha", "fa1", "fa2", "mn"):
            lab.daemon(node).start()
        lab.events(NODE).wait_for("handed_over", timeout=PATIENCE)
        system = MobileIp(lab)
        if part.kind is Kind.BREAK_BEFORE_MAKE:
            time.sleep(SOLICITED)
            lab.unplug(NODE, LINKS[1])
        system.choose(LINKS[0])
        time.sleep(SETTLE)
        yield lab, system


def _plug(lab: Lab, link: str, place: Place) -> None:
    lab.move(NODE, place.network, interface=link)
    if place.address is not None:
        metric = 100 + LINKS.index(link)
        lab.run(NODE, "ip", "address", "add", place.address, "dev", link)
        lab.run(NODE, "ip", "route", "add", "default", "via", str(place.gateway), "dev", link, "metric", str(metric))
