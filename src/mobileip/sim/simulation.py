"""One run of one scenario: everything made, connected, run and measured."""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.notices import Notice
from mobileip.forwarding.model import ForwardingChange
from mobileip.sim.attackers import Attackers
from mobileip.sim.faults import Faults
from mobileip.sim.host import Host
from mobileip.sim.invariants import Invariants
from mobileip.sim.meter import Meter
from mobileip.sim.moves import Moves
from mobileip.sim.network import Segment, Tap
from mobileip.sim.packet import Packet
from mobileip.sim.scenario import Scenario
from mobileip.sim.traffic import Streams
from mobileip.sim.world import MobileHost, World
from mobileip.wire.errors import DecodeError

SAMPLES = 100
"""How often the sizes of tables are looked at, and progress is told."""
FEW_NODES = 100
"""At each look so many mobile nodes are looked at, or somewhat more."""


class Simulation:
    """Implements `host.Watch`. The same scenario always goes the same way.

    Raises: `invariants.InvariantBroken` from `run`.
    """

    def __init__(self, scenario: Scenario, tap: Tap | None = None) -> None:
        self.scenario = scenario
        self.end = scenario.duration + scenario.calm_time
        self.meter = Meter()
        self.world = World(scenario, self)
        self.world.network.tap = tap
        self.moves = Moves(self.world, scenario.duration, self._arrived, self._left)
        self.streams = Streams(self.world, self.end)
        self.attackers = Attackers(self.world, scenario.duration)
        self.invariants = Invariants(self.world, self.moves)
        self.faults = Faults(self.world, scenario.duration, self.invariants.rebooted)
        if scenario.attack.any:
            for host in self.world.hosts:
                host.witness = self.invariants.heard

    def run(self, progress: Callable[[float], None] = lambda _time: None) -> None:
        """The whole of it; `progress` is told the virtual time now and then."""
        self.world.start()
        for part in (self.moves, self.streams, self.faults, self.attackers):
            part.start()
        if self.scenario.warm_up:
            self.world.schedule.at(self.scenario.warm_up, self._begin_to_count)
        some = max(1, len(self.world.nodes) // FEW_NODES)
        for number in range(1, SAMPLES + 1):
            self.world.schedule.run(self.end * number / SAMPLES)
            self.meter.sample(self.world, some)
            self.invariants.check_tables(some)
            progress(self.world.schedule.now)
        self.invariants.check_convergence()

    def _begin_to_count(self, _: object) -> None:
        network = self.world.network
        self.meter.begin(self.world.schedule.now)
        self.moves.made = 0
        for traffic in (network.core_traffic, *(segment.traffic for segment in self.links)):
            traffic.begin()
        for host in self.world.hosts:
            host.messages_sent = host.octets_sent = 0

    # -- what the parts tell

    def _arrived(self, node: MobileHost) -> None:
        self.meter.moved(node.host.name, self.world.schedule.now, self.moves.care_of_address(node))
        self.streams.moved(node.host.name)

    def _left(self, node: MobileHost) -> None:
        self.meter.left(node.host.name)

    def noticed(self, host: Host, notice: Notice) -> None:
        self.meter.noticed(host, notice)
        self.invariants.noticed(host, notice)

    def changed(self, host: Host, change: ForwardingChange) -> None:
        self.invariants.changed(host, change)

    def sent(self, host: Host, packet: Packet) -> None:
        self.meter.sent_by(host, packet)

    def received(self, host: Host, packet: bytes, via: IPv4Address | None) -> None:
        self.invariants.received(host, packet, via)
        self.streams.received(host.name, packet)

    def delivered(self, host: Host, link_address: bytes, packet: bytes) -> None:
        self.invariants.delivered(host, link_address, packet)

    def undecodable(self, host: Host, error: DecodeError) -> None:
        self.meter.discards[host.role, error.reason.value] += 1

    def attacked(self, host: Host, packet: Packet, deliver: Callable[[], None]) -> None:
        self.invariants.attacked(host, packet, deliver)

    # -- for reports

    @property
    def links(self) -> list[Segment]:
        return list(self.world.network.segments.values())
