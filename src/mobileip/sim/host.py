"""One machine: a true node (any roles), the true userspace engine over a pretended kernel, clocks, ports.

It plays the daemon's part: stamps events, performs outputs (forwarding first, as the daemon does), wakes the node at
its deadlines. A reboot gives it fresh agents with nothing in memory; in suspend it hears nothing and does nothing
while its boot time goes on.

One thing it does later than a daemon: a mobile node's forwarding is brought up to date when a packet comes or somebody
looks at it, since most nodes of a large simulation never see a packet. Law 2 makes it the same.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from math import inf
from random import Random
from typing import Protocol

import msgspec

from mobileip.agents.events import (
    Event,
    Link,
    LinkChanged,
    LinkUsed,
    PacketsTold,
    ProbeAnswered,
    Started,
    TimerExpired,
)
from mobileip.agents.instant import Deadline
from mobileip.agents.node import Node
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    AskActivity,
    AskLinkUse,
    ChangeForwarding,
    Notify,
    Output,
    SendDiscovery,
    SendKeepalive,
    SendMessage,
    SendProbe,
)
from mobileip.dataplane.fake import FakeKernel
from mobileip.dataplane.identity import identity
from mobileip.dataplane.ports import ProxyNeighbour
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.news import News
from mobileip.sim.clock import HostClock
from mobileip.sim.hearing import event_of
from mobileip.sim.network import Network, Port
from mobileip.sim.packet import (
    ANNOUNCEMENT,
    DATA,
    ECHO,
    ICMP_ERROR,
    SIGNALLING,
    TUNNEL,
    Packet,
)
from mobileip.sim.packet_port import SimulatedPacketPort
from mobileip.sim.probing import Prober
from mobileip.sim.sending import Sender
from mobileip.sim.stack import Stack
from mobileip.wire.errors import DecodeError

DEVICE = "mip0"
CORE_INTERFACE = "eth0"
_ENTROPY_BITS = 256


class Watch(Protocol):
    """Who looks on."""

    def noticed(self, host: "Host", notice: Notice) -> None: ...
    def changed(self, host: "Host", change: ForwardingChange) -> None:
        """A machine's forwarding is different now."""
        ...

    def sent(self, host: "Host", packet: Packet) -> None: ...
    def received(self, host: "Host", packet: bytes, via: IPv4Address | None) -> None:
        """A packet reached a mobile node's own stack, by the tunnel to `via` or (None) by none."""
        ...

    def delivered(self, host: "Host", link_address: bytes, packet: bytes) -> None:
        """A packet leaves a machine's tunnel as a frame to that link-layer address."""
        ...

    def undecodable(self, host: "Host", error: DecodeError) -> None: ...
    def attacked(self, host: "Host", packet: Packet, deliver: Callable[[], None]) -> None:
        """An attacker's message arrives: `deliver` hands it to the node."""
        ...


class Host:
    def __init__(
        self,
        name: str,
        network: Network,
        watch: Watch,
        make_node: Callable[[], Node],
        *,
        clock: HostClock,
        chance: Random,
        links: tuple[Link, ...],
        has_core: bool,
        address: IPv4Address | None = None,
        care_of_address: IPv4Address | None = None,
        home_address: IPv4Address | None = None,
    ) -> None:
        self.name = name
        self.role = name.rstrip("0123456789")
        """home, foreign or mobile."""
        self.clock = clock
        self.schedule = network.schedule
        self.ports = {link.name: Port(self, link) for link in links}
        self.care_of_address = care_of_address
        self.home_address = home_address
        self.has_core = has_core
        self.awake = True
        self.messages_sent = 0
        self.octets_sent = 0
        self.boots = 0
        self.witness: Callable[[Host, Packet], None] | None = None
        """Is told of every honest message that arrives, where somebody wants to know."""
        self._addresses = tuple(a for a in (address, care_of_address, home_address) if a is not None)
        self._home = home_address.packed if home_address is not None else b""
        self._network = network
        self._watch = watch
        self._make_node = make_node
        self._chance = chance
        self._armed = inf
        """The earliest waking that is on the schedule, virtual time."""
        self._sender = Sender(name, network, self.ports, self._count, has_core=has_core)
        self._boot()

    def _boot(self) -> None:
        self.boots += 1
        self.node = self._make_node()
        self._kernel = FakeKernel()
        self.packet_port = SimulatedPacketPort(self.name, self._network, self.ports, has_core=self.has_core)
        self._stack = Stack(
            self.name,
            self._network,
            self.ports,
            self._addresses,
            has_core=self.has_core,
            kernel=lambda: self.kernel,
            into_device=lambda packet: self.engine.packet_from_device(packet, self._boot_time()),
            on_mine=self._own_packet,
        )
        self._prober = Prober(self.name, self._network, self.ports)
        self.packet_port.on_own = self._stack.came_out
        self.packet_port.on_frame = lambda link_address, packet: self._watch.delivered(self, link_address, packet)
        self._engine = UserspaceEngine(DEVICE, self._kernel, self.packet_port, on_news=self._told)
        self._applied = ForwardingState()
        """What a mobile node's engine was told."""
        self._is_behind = False

    @property
    def engine(self) -> UserspaceEngine:
        self._catch_up()
        return self._engine

    @property
    def kernel(self) -> FakeKernel:
        self._catch_up()
        return self._kernel

    def _catch_up(self) -> None:
        if self._is_behind:
            wanted = self.node.forwarding()
            self._apply(self._applied.change_to(wanted))
            self._applied, self._is_behind = wanted, False

    def _apply(self, change: ForwardingChange) -> None:
        self._engine.apply(change)
        self._kernel.performed.clear()
        self._stack.tables_changed()

    def start(self) -> None:
        """First events of a daemon's life."""
        self.give(Started(entropy=self._entropy()))
        for port in self.ports.values():
            self.give(LinkChanged(link=port.link, entropy=self._entropy()))

    # -- what befalls a machine

    def reboot(self) -> None:
        """Everything in memory is lost, and boot time begins again."""
        self.clock.restart(self.schedule.now)
        self._armed = inf
        self._boot()
        self.awake = True
        self.start()

    def sleep(self) -> None:
        """Suspended or switched off: nothing is heard and nothing happens."""
        self.awake = False

    def wake_up(self) -> None:
        self.awake = True
        self._armed = inf
        for port in self.ports.values():
            self.give(LinkChanged(link=port.link, entropy=self._entropy()))

    def change_link(self, name: str, **fields: object) -> None:
        """The system shows another picture of a link."""
        port = self.ports[name]
        port.link = msgspec.structs.replace(port.link, **fields)
        self._stack.tables_changed()
        if self.awake:
            self.give(LinkChanged(link=port.link, entropy=self._entropy()))

    # -- events in

    def give(self, event: Event) -> None:
        """The node handles one event; what it asks for is done."""
        node = self.node
        outputs = node.handle(event, self.clock.instant(self.schedule.now))
        if outputs:
            self._perform(outputs)
        if node.mobile is None or not node.mobile.heard_no_news:
            self._arm()

    def give_with_entropy(self, kind: Callable[..., Event], **fields: object) -> None:
        if self.awake:
            self.give(kind(entropy=self._entropy(), **fields))

    def settle(self) -> None:
        """What is due now happens before anything else does."""
        deadline = self.node.next_deadline()
        if deadline is not None and self.clock.virtual(deadline.at) <= self.schedule.now:
            self._wake(self._armed)

    def _entropy(self) -> bytes:
        return self._chance.getrandbits(_ENTROPY_BITS).to_bytes(32)

    def _arm(self) -> None:
        deadline = self.node.next_deadline()
        if deadline is not None:
            self._arm_for(deadline)

    def _arm_for(self, deadline: Deadline) -> None:
        at = max(self.clock.virtual(deadline.at), self.schedule.now)
        # A later deadline than the one armed is looked at when that comes: few are pushed, though they move often.
        if at < self._armed:
            self._armed = at
            self.schedule.at(at, self._wake, at)

    def _wake(self, armed: float) -> None:
        if armed != self._armed or not self.awake:
            return
        self._armed = inf
        deadline = self.node.next_deadline()
        if deadline is None:
            return
        if self.clock.virtual(deadline.at) > self.schedule.now:
            self._arm_for(deadline)
            return
        now = self.clock.instant(self.schedule.now, not_before=deadline.at)
        outputs = self.node.handle(TimerExpired(entropy=self._entropy()), now)
        self._perform(outputs)
        self._arm()

    def hear(self, port: Port | None, packet: Packet) -> None:
        """Implements `network.Station`."""
        if not self.awake:
            return
        if packet.attack is not None:
            self._watch.attacked(self, packet, lambda: self._hear(port, packet))
        else:
            if self.witness is not None:
                self.witness(self, packet)
            self._hear(port, packet)

    def _hear(self, port: Port | None, packet: Packet) -> None:
        kind = packet.kind
        if kind in SIGNALLING:
            if kind != ANNOUNCEMENT:
                self._signal(port, packet)
        elif kind in (DATA, ECHO):
            self._stack.heard(port, packet)
        elif kind == TUNNEL:
            self.packet_port.via = packet.destination
            self.engine.packet_from_tunnel(packet.payload, self._boot_time())
        elif kind == ICMP_ERROR:
            self.engine.icmp_packet(packet.payload, self._boot_time())

    def hear_routed(self, packet: Packet) -> None:
        """Implements `network.RoutedStation`."""
        if self.awake:
            self.engine.packet_from_device(packet.octets(), self._boot_time())

    def intercepts(self, address: IPv4Address) -> bool:
        return any(
            identity(ProxyNeighbour(interface=name, address=address)) in self.kernel.objects for name in self.ports
        )

    def _boot_time(self) -> float:
        return self.clock.instant(self.schedule.now).boot

    def send(self, packet: bytes) -> None:
        """A program on this machine sends a whole IPv4 packet."""
        if self.awake:
            self._stack.send(packet)

    def _own_packet(self, packet: bytes, via: IPv4Address | None) -> None:
        """What is for this machine itself."""
        if packet[16:20] == self._home:
            self._watch.received(self, packet, via)
        answered = self._prober.answered(packet)
        if answered is not None:
            interface, number = answered
            self.give(ProbeAnswered(interface=interface, number=number, entropy=self._entropy()))

    def _signal(self, port: Port | None, packet: Packet) -> None:
        interface = CORE_INTERFACE if port is None else port.link.name
        try:
            event = event_of(packet, interface, self._entropy, is_frame=port is not None)
        except DecodeError as error:
            self._watch.undecodable(self, error)
        else:
            self.give(event)

    # -- outputs

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, ChangeForwarding):
                if self._home:
                    self._is_behind = True
                    self._stack.tables_changed()
                else:
                    self._apply(output.change)
                self._watch.changed(self, output.change)
        for output in outputs:
            if isinstance(output, Notify):
                self._watch.noticed(self, output.notice)
            elif isinstance(output, SendMessage):
                self._sender.message(output)
            elif isinstance(output, SendDiscovery):
                self._sender.discovery(output)
            elif isinstance(output, AnnounceAddress):
                self._sender.announcement(output)
            elif isinstance(output, SendKeepalive | AskActivity | SendProbe | AskLinkUse):
                self._look_at_way(output)

    def _look_at_way(self, output: SendKeepalive | AskActivity | SendProbe | AskLinkUse) -> None:
        """What keeps or tells how the way of the mobile node's packets is."""
        match output:
            case SendKeepalive():
                addresses = (output.home_address, output.home_agent)
                self.engine.send_keepalive(*addresses, output.sequence, self._boot_time())
            case AskActivity():
                self._told(self.engine.activity(output.home_address))
            case SendProbe():
                packet = self._prober.send(output)
                if packet is not None:
                    self._count(packet)
            case AskLinkUse(interface=name):  # no other
                use = {"sent": self.ports[name].sent, "received": self.ports[name].received}
                self.give(LinkUsed(interface=name, **use, entropy=self._entropy()))

    def _told(self, news: News) -> None:
        self.give(PacketsTold(news=news, entropy=self._entropy()))

    def _count(self, packet: Packet) -> None:
        self.messages_sent += 1
        self.octets_sent += packet.length
        self._watch.sent(self, packet)
