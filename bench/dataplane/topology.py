"""Four machines in a row, each a network namespace; a forward rule of netfilter stands where packets are forwarded.

    correspondent 10.0.1.2 -- 10.0.1.1 home agent 10.0.2.1 -- 10.0.2.2 router 10.0.3.1 -- 10.0.3.2 mobile node

Plain packets go all the way by ordinary routing. What is measured against them goes the same way in a tunnel, from the
home agent to the mobile node, or to the router where that is a foreign agent.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from bench.dataplane.errors import BenchError

from mobileip.lab import netns
from mobileip.lab.errors import LabError
from mobileip.lab.plan import Step


class Place(StrEnum):
    """A machine of the topology."""

    CORRESPONDENT = "correspondent"
    HOME_AGENT = "home-agent"
    ROUTER = "router"
    MOBILE_NODE = "mobile-node"


CORRESPONDENT = IPv4Address("10.0.1.2")
HOME_AGENT = IPv4Address("10.0.2.1")
FOREIGN_AGENT = IPv4Address("10.0.2.2")
MOBILE_NODE = IPv4Address("10.0.3.2")
"""Also the co-located care-of address."""
VISITED_LINK, MOBILE_LINK = "fr1", "mn0"
"""The router's interface towards the mobile node, and the mobile node's."""
HOME_NETWORK = IPv4Network("10.16.0.0/12")
"""Virtual; so large that a million nodes have an address of their own."""
HOME_ADDRESS = IPv4Address("10.16.0.5")

_PREFIX = "mip-bench-"
_numbers = itertools.count(1)
_CABLES = (
    (Place.CORRESPONDENT, "cn0", "10.0.1.2", Place.HOME_AGENT, "ha0", "10.0.1.1"),
    (Place.HOME_AGENT, "ha1", "10.0.2.1", Place.ROUTER, "fr0", "10.0.2.2"),
    (Place.ROUTER, VISITED_LINK, "10.0.3.1", Place.MOBILE_NODE, MOBILE_LINK, "10.0.3.2"),
)
_ROUTES = {
    Place.CORRESPONDENT: ("route add default via 10.0.1.1",),
    Place.HOME_AGENT: ("route add default via 10.0.2.2",),
    Place.ROUTER: ("route add default via 10.0.2.1",),
    # Whatever tunnel is laid takes the mobile node's default route; plain packets keep theirs.
    Place.MOBILE_NODE: ("route add default via 10.0.3.1", f"rule add priority 100 from {MOBILE_NODE} table main"),
}
_FORWARDING = (Place.HOME_AGENT, Place.ROUTER)
_FORWARD_RULE = "table inet bench { chain forward { type filter hook forward priority filter; counter accept; }; }"


class Topology:
    """Namespaces by place."""

    def __init__(self, names: dict[Place, str]) -> None:
        self.names = names

    def command(self, place: Place, *words: str) -> list[str]:
        """The words of a command that runs there."""
        return ["nsenter", f"--net={netns.path(self.names[place])}", *words]

    def ip(self, place: Place, *lines: str) -> None:
        """Raises: BenchError with what `ip` said."""
        try:
            netns.ip(Step(namespace=self.names[place], lines=lines))
        except LabError as error:
            raise BenchError(str(error)) from error

    def link_address(self, place: Place, interface: str) -> bytes:
        words = self._run(place, "ip", "-o", "link", "show", "dev", interface).split()
        return bytes.fromhex(words[words.index("link/ether") + 1].replace(":", ""))

    def forwarded(self, place: Place) -> int:
        """Packets that the forward rule there has counted."""
        words = self._run(place, "nft", "list", "chain", "inet", "bench", "forward").split()
        return int(words[words.index("packets") + 1])

    def build(self) -> None:
        # IPv6 would chatter; the reverse-path filter of the machine that we run on is inherited, and is none of ours.
        quiet = {f"net/ipv6/conf/{scope}/disable_ipv6": "1" for scope in ("all", "default")}
        quiet |= {f"net/ipv4/conf/{scope}/rp_filter": "0" for scope in ("all", "default")}
        netns.add(self.names.values())
        for place, name in self.names.items():
            netns.set_sysctls(name, quiet | {"net/ipv4/ip_forward": "1" if place in _FORWARDING else "0"})
            self.ip(place, "link set lo up")
        for near, near_name, near_address, far, far_name, far_address in _CABLES:
            self.ip(near, f"link add {near_name} type veth peer name {far_name} netns {self.names[far]}")
            for place, name, address in ((near, near_name, near_address), (far, far_name, far_address)):
                self.ip(place, f"address add {address}/24 dev {name}", f"link set {name} up")
        for place, lines in _ROUTES.items():
            self.ip(place, *lines)
        for place in _FORWARDING:
            self._run(place, "nft", _FORWARD_RULE)

    def _run(self, place: Place, *words: str) -> str:
        done = subprocess.run(self.command(place, *words), capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


@contextmanager
def topology() -> Iterator[Topology]:
    """A fresh one, removed after; what a killed benchmark left is removed first."""
    netns.remove(name for name in netns.existing(_PREFIX) if not _is_running(name))
    made = Topology({place: f"{_PREFIX}{os.getpid()}-{next(_numbers)}-{place}" for place in Place})
    try:
        made.build()
        yield made
    finally:
        netns.remove(made.names.values())


def _is_running(name: str) -> bool:
    return Path("/proc", name.removeprefix(_PREFIX).partition("-")[0]).exists()
