"""Moves: cables that are pulled out of one switch and put into another. Nothing is said to any daemon."""

import json
import subprocess
import time

import msgspec

from mobileip.lab import netns, plan
from mobileip.lab.errors import NO_SUCH_OBJECT, LabError
from mobileip.lab.plan import Step
from mobileip.lab.topology import Topology, port_name

GAP_SECONDS = 0.1
"""How long the cable is out. A kernel may merge a shorter loss of carrier with its return and show neither."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Times are CLOCK_BOOTTIME in seconds, the clock of the daemons' events."""

    node: str
    network: str
    silent: bool
    started: float
    """The old network was cut off."""
    link_up: float
    """The cable is in the new switch."""


def boot_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Cables:
    """The switch ports of a lab."""

    def __init__(self, lab: str, topology: Topology) -> None:
        self._topology = topology
        self._switches = plan.namespace(lab, plan.SWITCHES)

    def move(self, node: str, network: str, *, silent: bool, gap: float, interface: str | None) -> Move:
        """A normal move takes the carrier away for `gap` seconds; a silent one replugs the switch behind the link."""
        port = self._port(node, interface)
        self._network(network)
        started = boot_seconds()
        if silent:
            self._ip(f"link set {port} master {network}")
        else:
            self._ip(f"link set {port} down")
            time.sleep(gap)
            self._ip(f"link set {port} master {network}", f"link set {port} up")
        return Move(node=node, network=network, silent=silent, started=started, link_up=boot_seconds())

    def unplug(self, node: str, interface: str | None) -> float:
        """The carrier goes; returns when (CLOCK_BOOTTIME)."""
        started = boot_seconds()
        self._ip(f"link set {self._port(node, interface)} down")
        return started

    def plug(self, node: str, interface: str | None) -> float:
        """The carrier comes back in the same network; returns when (CLOCK_BOOTTIME)."""
        self._ip(f"link set {self._port(node, interface)} up")
        return boot_seconds()

    def where(self, node: str, interface: str | None) -> str | None:
        """The network that the cable is plugged into; None while it is out."""
        shown = subprocess.run(
            ["ip", "-n", self._switches, "-j", "link", "show", "dev", self._port(node, interface)],
            capture_output=True,
            text=True,
            check=True,
        )
        link = json.loads(shown.stdout)[0]
        return str(link["master"]) if "master" in link and "UP" in link["flags"] else None

    def _ip(self, *lines: str) -> None:
        netns.ip(Step(namespace=self._switches, lines=lines))

    def _port(self, node: str, interface: str | None) -> str:
        known = self._topology.nodes.get(node)
        if known is None:
            raise LabError(f"no such node: {node} (there are: {', '.join(self._topology.nodes)})", NO_SUCH_OBJECT)
        cables = [name for name, end in known.interfaces.items() if end.network is not None]
        if interface is not None and interface not in cables:
            raise LabError(f"{node} has no cable {interface} in a switch", NO_SUCH_OBJECT)
        if not cables:
            raise LabError(f"{node} is not plugged into a switch", NO_SUCH_OBJECT)
        return port_name(node, interface or cables[0])

    def _network(self, network: str) -> None:
        if network not in self._topology.networks:
            there = ", ".join(self._topology.networks)
            raise LabError(f"no such network: {network} (there are: {there})", NO_SUCH_OBJECT)
