"""The userspace engine: the kernel's tables by plan and reconciliation, every packet by the path.

It holds no socket: the daemon's readers call `packet_from_device`, `packet_from_tunnel`, `icmp_packet` and
`broadcast_from_link`, and what leaves goes to the PacketPort. Times are boot time, s.
"""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from math import inf

from mobileip.dataplane.changes import by_key
from mobileip.dataplane.engine import Repair, TunnelUse
from mobileip.dataplane.fight import RuleFight
from mobileip.dataplane.ledger import Ledger
from mobileip.dataplane.ports import Action, Ears, Failure, Kernel, KernelObject, Operation, PacketPort, Queues
from mobileip.dataplane.reconcile import around_the_turn, reconcile
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.broadcasts import from_link
from mobileip.dataplane.userspace.counting import Tally, Watch, count, count_all
from mobileip.dataplane.userspace.entry import encapsulated, refused
from mobileip.dataplane.userspace.fast_path import FastPath
from mobileip.dataplane.userspace.hearing import Hearing
from mobileip.dataplane.userspace.icmp_errors import error_about, may_be_told
from mobileip.dataplane.userspace.keepalives import keepalive
from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outcome, Outer, Several, Told
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.rate_limit import RateLimit
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.trains import Party, Train, parties_from_tunnel, trains_from_device
from mobileip.dataplane.userspace.tunnel_errors import from_inside, next_plateau
from mobileip.dataplane.userspace.tunnels import NO_MTU, Path, Use
from mobileip.dataplane.userspace.turnover import Changes, Turnover
from mobileip.dataplane.userspace.uses import together
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import (
    ForwardingChange,
    ForwardingState,
    Key,
    ReverseTunnel,
    TunnelExit,
)
from mobileip.forwarding.news import News, TunnelActivity
from mobileip.forwarding.tunnel import Tunnel

ICMP_ERRORS_PER_SECOND, ICMP_ERRORS_BURST = 100.0, 50.0


class UserspaceEngine:
    """Implements `dataplane.engine.Engine`. `ears`, if it has any, are told at every change of what
    they are to hear; `on_news` hears what packets tell the agents, before anything else is done with them; `queues`, if
    there are any, are emptied of packets for what nobody wishes for any more.

    A fast path may do the plain packets, see `accelerate`.
    """

    def __init__(
        self,
        device: str,
        kernel: Kernel,
        port: PacketPort,
        ears: Ears | None = None,
        on_news: Callable[[News], None] = lambda _: None,
        *,
        queues: Queues | None = None,
    ) -> None:
        self._kernel = kernel
        self._port = port
        self._on_news = on_news
        self._fast: FastPath | None = None
        self._on_fast_trouble: Callable[[int], None] = lambda _: None
        self._ledger = Ledger(device)
        self.tables = self._tables = PacketTables(port.path_mtu)
        """What packets are looked up in; to be read only."""
        self._queues = queues
        self._turnover = Turnover(self._tables, queues, self._changed)
        self._hearing = Hearing(ears, self._tables)
        self._fight = RuleFight()
        self._icmp_limit = RateLimit(ICMP_ERRORS_PER_SECOND, ICMP_ERRORS_BURST)
        self._tally = Tally()
        self._drops = self._tally.drops
        self._encapsulated = self._tally.encapsulated
        self._decapsulated = self._tally.decapsulated
        self._straight = self._tally.straight
        self._icmp_sent = 0
        self._icmp_suppressed = 0
        self._watch: Watch | None = None

    @property
    def name(self) -> str:
        return "userspace" if self._fast is None else "ebpf"

    def accelerate(self, fast: FastPath | None, on_trouble: Callable[[int], None] = lambda _: None) -> None:
        """From now on `fast`, which knows all wishes, hears of each change; None: nobody does. `on_trouble` hears the
        errno when it could not take one in: it is to be taken away then. What the one before has counted goes on to
        count."""
        if self._fast is not None:
            self._tally.take(self._fast, self._tables.ends.use)
        self._fast = fast
        self._on_fast_trouble = on_trouble
        self._tables.ends.on_path = self._path_changed

    def watch(self, watcher: Watch | None) -> None:
        """From now on `watcher` hears of each packet of a tunnel that passes here; None: nobody does."""
        self._watch = watcher

    def _path_changed(self, path: Path) -> None:
        if self._fast is not None:
            self._told(self._fast.path_changed(path))

    # -- wishes

    async def reconcile(self, state: ForwardingState) -> list[Failure]:
        """Makes the machine match `state`; packets meet what is new at once, the kernel when this returns, and until
        then what is wished for no more is there.

        Raises: ValueError for a name that no interface can have; nothing is changed then.
        """
        change = ForwardingState(self._turnover.wished).change_to(state)
        _, leaving = self._enter(change)
        try:
            operations = reconcile(await self._kernel.actual(), self._ledger.wanted.values())
            return self._kernel.perform(operations) if operations else []
        finally:
            self._turnover.leave(leaving)

    def apply(self, change: ForwardingChange) -> list[Failure]:
        """Performs one change now; it costs what the change is, however much else is wished for.

        Raises: ValueError for a name that no interface can have; nothing is changed then.
        """
        operations, leaving = self._enter(change)
        before, turning, after = around_the_turn(operations)
        try:
            failures = self._kernel_performs(before)
            self._turnover.serve(leaving)
            failures += self._kernel_performs(turning)
        finally:
            self._turnover.leave(leaving)
        return failures + self._kernel_performs(after)

    def _kernel_performs(self, operations: Sequence[Operation]) -> list[Failure]:
        return self._kernel.perform(operations) if operations else []

    async def repair(self, now: float) -> Repair:
        """Puts back what others removed, but backs off where they keep removing it. Call it when netlink
        tells of a foreign change, and at `Repair.again_at`."""
        actual = await self._kernel.actual()
        operations = reconcile(actual, self._ledger.wanted.values())
        missing = [o.target for o in operations if o.action is Action.INSTALL]
        verdict = self._fight.judge(missing, now)
        held = frozenset(verdict.held)
        operations = [o for o in operations if o.action is Action.REMOVE or o.target not in held]
        failures = self._kernel.perform(operations) if operations else []
        refused_targets = frozenset(failure.operation.target for failure in failures)
        self._fight.refused(refused_targets)
        fought_over = tuple(target for target in verdict.fought_over if target not in refused_targets)
        restored = sum(target not in refused_targets for target in verdict.restore)
        return Repair(tuple(failures), restored, fought_over, verdict.again_at)

    def _enter(self, change: ForwardingChange) -> tuple[list[Operation], Sequence[Key]]:
        """What the kernel is to do, and what is to leave the packet tables when that is done."""
        held = self._tables.wishes
        changes = {key: (held.get(key), wish) for key, wish in by_key(change).items()}
        operations = self._ledger.change([(key, before, after) for key, (before, after) in changes.items()])
        return operations, self._turnover.enter(changes)

    def _changed(self, changes: Changes) -> None:
        self._hearing.follow()
        if self._fast is not None:
            self._told(self._fast.enter(changes))

    def _told(self, error: int) -> None:
        if error:
            self._on_fast_trouble(error)

    # -- packets

    def packet_from_device(self, packet: bytes, now: float, realm: int = 0) -> None:
        """A packet that the kernel routed into our device, or into that of a realm."""
        self._perform(from_device(self._tables, packet, now, realm), now, self._straight)

    def packet_from_tunnel(self, packet: bytes, now: float, interface: str | None = None) -> None:
        """A whole tunnel packet from a raw socket, outer header included; `interface`: the one that it came in by."""
        self._perform(from_tunnel(self._tables, packet, now, interface), now, self._decapsulated)

    def reads_from_device(self, reads: Sequence[bytes], now: float, realm: int = 0) -> None:
        """As `packet_from_device`, for all that was read at once, as a device with offloads gives it (see `segment`):
        what leaves, leaves together."""
        self._perform_all(trains_from_device(self._tables, reads, now, realm), now, self._straight)

    def packets_from_tunnel(self, arrivals: Sequence[tuple[bytes, str | None]], now: float) -> None:
        """As `packet_from_tunnel`, for all that was received at once: packets and the interfaces they came in by."""
        self._perform_all(parties_from_tunnel(self._tables, arrivals, now), now, self._decapsulated)

    def icmp_packet(self, packet: bytes, now: float) -> None:
        """A whole ICMP packet that this machine received: it may be about a packet of a tunnel."""
        answer = from_inside(self._tables, packet, now)
        if answer is not None:
            self._answer(answer, now)

    def broadcast_from_link(self, interface: str, packet: bytes, now: float) -> None:
        """A whole IPv4 packet that others broadcast on the link of a home network, as it was heard there."""
        self._perform(from_link(self._tables, interface, packet, now), now, self._straight)

    def send_keepalive(self, home_address: IPv4Address, home_agent: IPv4Address, sequence: int, now: float) -> None:
        """An ICMP echo request from a home address through the tunnel to its home agent."""
        leg = self._tables.leg_towards(home_address, home_agent)
        if leg is None:
            self._drops[DropReason.NOT_REGISTERED] += 1
            return
        packet = keepalive(home_address, home_agent, sequence)
        self._perform(encapsulated(self._tables, leg, packet, now), now, self._straight)

    def take_turn(self) -> None:
        if self._queues is not None and self._fast is None:  # a fast path leaves little to wait
            self._queues.take_turn()

    def activity(self, home_address: IPv4Address) -> TunnelActivity:
        """When the mobile node's tunnels were used last."""
        used = {ReverseTunnel: -inf, TunnelExit: -inf}
        for key, wish in self._tables.wishes.items():
            if isinstance(wish, ReverseTunnel | TunnelExit) and wish.home_address == home_address:
                used[type(wish)] = max(used[type(wish)], self._last_use(key))
        sent_at, heard_at = used.values()
        return TunnelActivity(home_address=home_address, sent_at=sent_at, heard_at=heard_at)

    def _last_use(self, key: Key) -> float:
        at = self._tables.last_use(key)
        return at if self._fast is None else max(at, self._fast.last(key))

    def _perform_all(self, outcomes: Iterable[Train | Party | Outcome], now: float, deliveries: Use) -> None:
        waiting: list[Train | Party] = []
        for outcome in outcomes:
            if isinstance(outcome, Train | Party):
                waiting.append(outcome)
            elif isinstance(outcome, Drop):
                self._drops[outcome.reason] += 1
            else:
                self._let_go(waiting, now, deliveries)  # packets keep their order
                self._perform(outcome, now, deliveries)
        self._let_go(waiting, now, deliveries)

    def _let_go(self, waiting: list[Train | Party], now: float, deliveries: Use) -> None:
        trains: list[Train] = []
        for one in waiting:
            if isinstance(one, Train):
                trains.append(one)
            else:
                self._hand_over(one, now, deliveries)
        if trains:
            self._send_trains(trains, now)
        waiting.clear()

    def _send_trains(self, trains: Sequence[Train], now: float) -> None:
        packets = trains[0].packets if len(trains) == 1 else [packet for train in trains for packet in train.packets]
        sent, error = self._port.send_outers(packets)
        if sent == len(packets):
            for train in trains:
                count_all(self._encapsulated, train.leg.use, train.inners, now)
                if self._watch is not None:
                    self._watch(train.leg.end.tunnel, train.inners, now, is_outgoing=True)
            return
        outers = [
            Outer(packet, train.leg, inner)
            for train in trains
            for packet, inner in zip(train.packets, train.inners, strict=True)
        ]
        while True:
            for outer in outers[:sent]:
                self._sent(outer, 0, now)
            if sent == len(outers):
                return
            failed, outers = outers[sent], outers[sent + 1 :]
            if error == errno.EMSGSIZE:
                self._send_smaller(failed, now)
                # More is known of the path, and the numbers (GRE) of what is left are behind those of the pieces.
                for outer in outers:
                    self._perform(encapsulated(self._tables, outer.leg, outer.inner, now), now, self._straight)
                return
            self._sent(failed, error, now)
            sent, error = self._port.send_outers([outer.packet for outer in outers]) if outers else (0, 0)

    def _hand_over(self, party: Party, now: float, deliveries: Use) -> None:
        leaving, packets = party.exit, party.packets
        while packets:
            if leaving.interface is None:
                sent, _ = self._port.send_ups(packets, onwards=leaving.is_reverse)
            else:
                sent, _ = self._port.send_frames(leaving.interface, leaving.link_address, packets)
            count_all(deliveries, leaving.use, packets[:sent], now)
            if self._watch is not None and deliveries is self._decapsulated:
                self._watch(leaving.end.tunnel, packets[:sent], now, is_outgoing=False)
            if sent < len(packets):
                self._drops[DropReason.SEND_FAILED] += 1
            packets = packets[sent + 1 :]

    def _perform(self, outcome: Outcome, now: float, deliveries: Use) -> None:
        """`deliveries` counts what is handed over: packets out of a tunnel, or straight from our device."""
        match outcome:
            case Outer():
                self._send_outer(outcome, now)
            case Delivery():
                self._deliver(outcome, deliveries, now)
            case Drop(reason=reason):
                self._drops[reason] += 1
            case Answer():
                self._answer(outcome, now)
            case Told(news=news):
                self._on_news(news)
            case Several(outcomes=outcomes):  # no other
                for single in outcomes:
                    self._perform(single, now, deliveries)

    def _send_outer(self, outer: Outer, now: float) -> None:
        error = self._send(outer)
        if error == errno.EMSGSIZE:
            self._send_smaller(outer, now)
        else:
            self._sent(outer, error, now)

    def _send(self, outer: Outer) -> int:
        hop = outer.leg.hop
        if hop is None:
            return self._port.send_outer(outer.packet)
        return self._port.send_frame(hop.interface, hop.link_address, outer.packet)

    def _send_smaller(self, outer: Outer, now: float) -> None:
        """The route takes less than we believed. What is refused again has died: there is no third try."""
        length = len(outer.packet)
        mtu = self._port.path_mtu(outer.leg.end.tunnel)
        if not 0 < mtu < length:
            mtu = next_plateau(length)
        outcome = refused(self._tables, outer, mtu, now)
        for single in outcome.outcomes if isinstance(outcome, Several) else (outcome,):
            if isinstance(single, Outer):
                self._sent(single, self._send(single), now)
            else:
                self._perform(single, now, self._straight)

    def _sent(self, outer: Outer, error: int, now: float) -> None:
        if error == 0:
            count(self._encapsulated, outer.leg.use, len(outer.inner), now)
            if self._watch is not None:
                self._watch(outer.leg.end.tunnel, (outer.inner,), now, is_outgoing=True)
        else:
            self._drops[DropReason.TOO_BIG if error == errno.EMSGSIZE else DropReason.SEND_FAILED] += 1

    def _deliver(self, delivery: Delivery, deliveries: Use, now: float) -> None:
        leaving = delivery.exit
        if leaving.interface is None:
            error = self._port.send_up(delivery.packet)
        else:
            # R5944-1.7-d, R5944-3.6.1.2-g, R5944-4.2.2-g: neither by a broadcast on the link nor after one: "MUST NOT
            # use broadcast ARP for a mobile node's MAC address".
            error = self._port.send_frame(leaving.interface, leaving.link_address, delivery.packet)
        if error:
            self._drops[DropReason.SEND_FAILED] += 1
        else:
            count(deliveries, leaving.use, len(delivery.packet), now)
            if self._watch is not None and deliveries is self._decapsulated:
                self._watch(leaving.end.tunnel, (delivery.packet,), now, is_outgoing=False)

    def _answer(self, answer: Answer, now: float) -> None:
        if answer.reason is not None:
            self._drops[answer.reason] += 1
        if not may_be_told(answer.original):
            return
        if not self._icmp_limit.allows(now):
            self._icmp_suppressed += 1
            return
        message = error_about(answer.original, answer.kind, answer.code, answer.mtu)
        if self._port.send_outer(message) == 0:
            self._icmp_sent += 1

    # -- what it shows

    @property
    def wanted(self) -> frozenset[KernelObject]:
        """The kernel objects that all wishes need now."""
        return frozenset(self._ledger.wanted.values())

    def counters(self) -> Mapping[str, int]:
        """Packets and octets (of inner packets) by direction, ICMP errors, and drops by name once there are
        any.

        `straight`: for a visitor of this same daemon, from its binding without a tunnel.
        """
        counters, drops = self._tally.with_those_of(self._fast)
        counters["icmp_errors_sent"] = self._icmp_sent
        counters["icmp_errors_suppressed"] = self._icmp_suppressed
        counters.update((f"dropped_{reason}", drops[reason]) for reason in sorted(drops))
        return counters

    def tunnels(self, *, idle: bool = False) -> list[TunnelUse]:
        fast = self._fast.uses() if self._fast is not None else []
        return together(self._tables.ends.uses(), fast, self._tables.wishes if idle else {})

    def path_mtu(self, tunnel: Tunnel, now: float) -> int | None:
        """The largest outer packet that a tunnel's path is known to take."""
        mtu = self._tables.ends.mtu(self._tables.ends.of(tunnel), now)
        return None if mtu == NO_MTU else mtu
