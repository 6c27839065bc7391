"""Small simulations for tests: a scenario by its tables, and somebody who only looks on."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from mobileip.agents.notices import Notice
from mobileip.forwarding.model import ForwardingChange
from mobileip.sim.host import Host
from mobileip.sim.moves import Moves
from mobileip.sim.network import Passage
from mobileip.sim.packet import Packet
from mobileip.sim.scenario import Scenario, parse
from mobileip.sim.simulation import Simulation
from mobileip.sim.world import MobileHost, World
from mobileip.wire.errors import DecodeError
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP


def scenario(**tables: Any) -> Scenario:
    """Where nothing is said: one node that stays where it is put, a home link, two foreign agents, perfect links."""
    defaults: dict[str, Any] = {"duration": 20.0, "calm": 5.0, "moves": {"model": "script"}, "mobile": {"start": 0.0}}
    for name, table in tables.items():
        is_table = isinstance(table, dict) and name in defaults
        defaults[name] = {**defaults[name], **table} if is_table else table
    return parse(defaults)


class Onlooker:
    """Implements `host.Watch`: remembers everything, forbids nothing."""

    def __init__(self) -> None:
        self.notices: list[tuple[float, str, Notice]] = []
        self.messages: list[tuple[str, str]] = []
        self.packets: list[tuple[float, str, bytes, IPv4Address | None]] = []
        """Without answers to probes."""
        self.answers: list[tuple[float, str, bytes, IPv4Address | None]] = []
        """To probes, where they came to the home address."""
        self.changes: list[tuple[str, ForwardingChange]] = []
        self.frames: list[tuple[str, bytes, bytes]] = []
        """What left a tunnel as a frame: machine, link-layer address, packet."""
        self.errors: list[DecodeError] = []
        self.attacks: list[tuple[str, str | None]] = []

    def noticed(self, host: Host, notice: Notice) -> None:
        self.notices.append((host.schedule.now, host.name, notice))

    def changed(self, host: Host, change: ForwardingChange) -> None:
        self.changes.append((host.name, change))

    def sent(self, host: Host, packet: Packet) -> None:
        self.messages.append((host.name, packet.kind))

    def received(self, host: Host, packet: bytes, via: IPv4Address | None) -> None:
        seen = self.answers if packet[9] == PROTOCOL_ICMP else self.packets
        seen.append((host.schedule.now, host.name, packet, via))

    def delivered(self, host: Host, link_address: bytes, packet: bytes) -> None:
        self.frames.append((host.name, link_address, packet))

    def undecodable(self, _host: Host, error: DecodeError) -> None:
        self.errors.append(error)

    def attacked(self, host: Host, packet: Packet, deliver: Callable[[], None]) -> None:
        self.attacks.append((host.name, packet.attack))
        deliver()

    def told(self, kind: type[Notice], name: str = "mobile0") -> list[Any]:
        """The notices of a kind that a machine gave."""
        return [notice for _, who, notice in self.notices if who == name and isinstance(notice, kind)]


class Stage:
    """A started world, its first node to be sent about by the test."""

    def __init__(self, **tables: Any) -> None:
        self.scenario = scenario(**tables)
        self.watch = Onlooker()
        self.world = World(self.scenario, self.watch)
        self.moves = Moves(self.world, until=1e9)
        self.passages: list[Passage] = []
        self.world.start()
        self.moves.start()

    @property
    def node(self) -> MobileHost:
        return self.world.nodes[0]

    def tap(self) -> None:
        self.world.network.tap = self.passages.append

    def go(self, network: str | None, seconds: float = 2.0, **how: Any) -> None:
        """The node goes there, and time goes on."""
        self.moves.go(self.node, network, **how)
        self.run(seconds)

    def run(self, seconds: float) -> None:
        self.world.schedule.run(self.world.schedule.now + seconds)

    @property
    def state(self) -> str:
        assert self.node.host.node.mobile is not None
        return self.node.host.node.mobile.snapshot().state

    @property
    def bound_to(self) -> IPv4Address | None:
        """The care-of address that the node's home agent knows."""
        home = self.node.home_agent.host.node.home
        assert home is not None
        found = [b.care_of_address for b in home.snapshot().bindings if b.home_address == self.node.home_address]
        return found[0] if found else None


def simulated(**tables: Any) -> Simulation:
    """A whole run."""
    simulation = Simulation(scenario(**tables))
    simulation.run()
    return simulation
