"""What packets meet while the kernel's tables change: what is new already, and what leaves still."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    VISITOR_LINK_ADDRESS,
    binding,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.ports import Failure, Operation, Sysctl
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ArpAnswer, ForwardingChange, ForwardingState, HomeAddress, Key, MobileRoute, Wish
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.wire.ip.ipv4 import decode_ipv4

NOW = 10.0
HOME = HomeAddress(address=HOME_ADDRESS)
ROUTE = MobileRoute(home_address=HOME_ADDRESS, interface="eth0", gateway=CARE_OF)
UP = packet(HOME_ADDRESS, CORRESPONDENT)
ARP = ArpAnswer(interface="eth1", home_address=HOME_ADDRESS, link_address=VISITOR_LINK_ADDRESS)
DELIVERY = Tunnel(CARE_OF, HOME_ADDRESS)


class RecordingKernel(FakeKernel):
    """`meanwhile` is called amid each change of where packets are led."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None
        self.seen: list[object] = []

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        failures = super().perform(operations)
        if not all(isinstance(operation.target, Sysctl) for operation in operations):
            self.seen.append(self.meanwhile())
        return failures


class RecordingFastPath:
    """Notes which wishes it holds."""

    def __init__(self, wishes: dict[Key, Wish]) -> None:
        self.wishes = dict(wishes)

    def enter(self, changes: dict[Key, tuple[Wish | None, Wish | None]]) -> int:
        for key, (before, after) in changes.items():
            assert self.wishes.pop(key, None) == before
            if after is not None:
                self.wishes[key] = after
        return 0

    def uses(self) -> list[object]:
        return []

    def drops(self) -> dict[DropReason, int]:
        return {}

    def totals(self) -> dict[str, tuple[int, int]]:
        return {}


class Bench:
    def __init__(self, *wishes: Wish) -> None:
        self.kernel = RecordingKernel()
        self.port = FakePacketPort()
        self.engine = UserspaceEngine("mip0", self.kernel, self.port)
        self.engine.apply(ForwardingChange(install=wishes))
        self.fast = RecordingFastPath(self.engine.tables.wishes)
        self.engine.accelerate(self.fast)  # type: ignore[arg-type]  # as much of one as a change needs
        self.kernel.seen.clear()

    def change(self, *install: Wish, remove: Sequence[Wish] = ()) -> None:
        assert self.engine.apply(ForwardingChange(install, tuple(wish.key for wish in remove))) == []

    def sends(self, octets: bytes = UP) -> str | None:
        """Where a packet from our device goes: the tunnel's far end, or nowhere."""
        self.port.outer.clear()
        self.engine.packet_from_device(octets, NOW)
        return str(decode_ipv4(self.port.outer[0]).destination) if self.port.outer else None

    def takes(self, outer: bytes) -> bool:
        """Whether what comes out of a tunnel is delivered."""
        before = len(self.port.up) + len(self.port.frames)
        self.engine.packet_from_tunnel(outer, NOW)
        return len(self.port.up) + len(self.port.frames) > before

    def meets(self, ask: Callable[[], object]) -> None:
        self.kernel.meanwhile = ask

    @property
    def met(self) -> object:
        """What was answered amid the only change."""
        (answer,) = self.kernel.seen
        return answer


def down(tunnel: Tunnel) -> bytes:
    """A packet for the mobile node that comes out of `tunnel`."""
    return tunnelled(packet(), tunnel.remote, tunnel.local)


def test_what_is_new_is_there_before_the_kernel_leads_packets_to_it() -> None:
    bench = Bench(HOME, ROUTE)
    assert bench.sends() is None
    bench.meets(bench.sends)
    bench.change(reverse_tunnel(), remove=[ROUTE])
    assert bench.met == str(HOME_AGENT)


def test_what_leaves_is_there_until_the_kernel_leads_no_packet_to_it() -> None:
    bench = Bench(HOME, reverse_tunnel())
    bench.meets(bench.sends)
    bench.change(ROUTE, remove=[reverse_tunnel()])
    assert bench.met == str(HOME_AGENT)
    assert bench.sends() is None
    assert bench.engine.counters()["dropped_not_registered"] == 1


def test_an_exit_that_leaves_takes_packets_until_the_kernel_has_changed() -> None:
    bench = Bench(HOME, tunnel_exit())
    bench.meets(lambda: bench.takes(down(FROM_HOME_AGENT)))
    bench.change(ROUTE, remove=[tunnel_exit()])
    assert bench.met is True
    assert not bench.takes(down(FROM_HOME_AGENT))


def test_a_tunnel_that_takes_the_place_of_another_is_the_way_out_at_once() -> None:
    elsewhere = Tunnel(CARE_OF, HOME_AGENT + 9)
    bench = Bench(HOME, ROUTE, reverse_tunnel())
    bench.meets(bench.sends)
    bench.change(reverse_tunnel(tunnel=elsewhere), remove=[ROUTE])
    assert bench.met == bench.sends() == str(elsewhere.remote)


def test_an_exit_that_takes_the_place_of_another_is_there_beside_it_until_the_kernel_has_changed() -> None:
    """They have one key and packets come out of two tunnels."""
    minimal = Tunnel(CARE_OF, HOME_AGENT + 9)
    assert tunnel_exit(tunnel=minimal).key == tunnel_exit().key
    bench = Bench(HOME, tunnel_exit())
    bench.meets(lambda: [bench.takes(down(tunnel)) for tunnel in (FROM_HOME_AGENT, minimal)])
    bench.change(tunnel_exit(tunnel=minimal), ROUTE)
    assert bench.met == [True, True]
    assert [bench.takes(down(tunnel)) for tunnel in (FROM_HOME_AGENT, minimal)] == [False, True]
    assert set(bench.engine.tables.wishes) == {HOME.key, ROUTE.key, tunnel_exit().key}
    assert bench.fast.wishes == bench.engine.tables.wishes


@pytest.mark.parametrize("first", [None, DELIVERY])
def test_a_visitor_that_changes_its_delivery_is_heard_by_both_until_the_kernel_has_changed(
    first: Tunnel | None,
) -> None:
    second = None if first else DELIVERY
    bench = Bench(visitor_reverse(delivery=first))

    def heard() -> tuple[bool, bool]:
        """From our device, and out of the mobile node's own tunnel."""
        by_device = bench.sends() is not None
        bench.port.outer.clear()
        bench.engine.packet_from_tunnel(tunnelled(UP, HOME_ADDRESS, CARE_OF), NOW, "eth1")
        return by_device, bool(bench.port.outer)

    assert heard() == (first is None, first is not None)
    bench.meets(heard)
    bench.change(visitor_reverse(delivery=second), HOME)
    assert bench.met == (True, True)
    assert heard() == (second is None, second is not None)


def test_a_renewal_leaves_nothing_behind() -> None:
    before = (binding(expires_at=20.0), reverse_exit(expires_at=20.0), visitor(expires_at=20.0))
    bench = Bench(HOME, *before)
    bench.meets(lambda: len(bench.engine.tables.wishes))
    after = (binding(), reverse_exit(), visitor())
    bench.change(HOME, *after)
    assert bench.met == 1 + len(after)
    assert bench.engine.tables.wishes == {wish.key: wish for wish in (HOME, *after)}


def test_the_fast_path_changes_around_the_kernel_too() -> None:
    bench = Bench(HOME, reverse_tunnel())
    bench.meets(lambda: set(bench.fast.wishes))
    bench.change(ROUTE, tunnel_exit(), remove=[reverse_tunnel()])
    assert bench.met == {HOME.key, ROUTE.key, tunnel_exit().key, reverse_tunnel().key}
    assert set(bench.fast.wishes) == {HOME.key, ROUTE.key, tunnel_exit().key}


class Ears:
    def __init__(self) -> None:
        self.realms: frozenset[int] = frozenset()
        self.in_udp: frozenset[object] = frozenset()

    def open_realms(self, realms: frozenset[int]) -> None:
        self.realms = realms

    def hear_udp(self, addresses: frozenset[object]) -> None:
        self.in_udp = addresses


def test_ears_are_open_as_long_as_the_kernel_leads_packets_there() -> None:
    ears, kernel = Ears(), RecordingKernel()
    engine = UserspaceEngine("mip0", kernel, FakePacketPort(), ears)  # type: ignore[arg-type]  # two of its calls
    kernel.meanwhile = lambda: (ears.realms, ears.in_udp)
    there = (visitor_reverse(realm=1), tunnel_exit(tunnel=Tunnel(CARE_OF, HOME_AGENT, udp=UdpPorts(434, 434))))
    engine.apply(ForwardingChange(install=there))
    engine.apply(ForwardingChange(remove=tuple(wish.key for wish in there)))
    assert kernel.seen == [(frozenset({1}), frozenset({CARE_OF}))] * 2
    assert (ears.realms, ears.in_udp) == (frozenset(), frozenset())


# -- what waits


class Waiting:
    """Queues with one packet in each, again and again; they note what they were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.engine: UserspaceEngine
        self.from_device, self.from_tunnel = UP, down(FROM_HOME_AGENT)

    def empty_device(self) -> None:
        self.asked.append("device")
        self.engine.packet_from_device(self.from_device, NOW)

    def take_turn(self) -> None:
        self.asked.append("turn")

    def empty_tunnels(self) -> None:
        self.asked.append("tunnels")
        self.engine.packet_from_tunnel(self.from_tunnel, NOW, "eth1")


class WaitingBench:
    def __init__(self, *wishes: Wish) -> None:
        self.port, self.kernel, self.queues = FakePacketPort(), RecordingKernel(), Waiting()
        self.engine = UserspaceEngine("mip0", self.kernel, self.port, queues=self.queues)
        self.queues.engine = self.engine
        self.engine.apply(ForwardingChange(install=wishes))
        assert self.queues.asked == [], "nothing has left"
        self.kernel.meanwhile = lambda: list(self.queues.asked)
        self.kernel.seen.clear()

    def leave(self, *wishes: Wish) -> list[str]:
        """Which queues were emptied."""
        self.engine.apply(ForwardingChange(remove=tuple(wish.key for wish in wishes)))
        return self.queues.asked


def test_what_waits_in_the_device_goes_its_way_before_that_is_left() -> None:
    bench = WaitingBench(HOME, ROUTE, reverse_tunnel())
    assert bench.leave(reverse_tunnel(), ROUTE) == ["device"] * 2
    assert bench.kernel.seen == [["device"]], "before the kernel changes, and again after: more has come"
    assert [decode_ipv4(outer).destination for outer in bench.port.outer] == [HOME_AGENT] * 2


def test_what_waits_for_an_exit_is_delivered_before_that_is_closed() -> None:
    bench = WaitingBench(HOME, ROUTE, tunnel_exit())
    assert bench.leave(tunnel_exit(), ROUTE) == ["tunnels"] * 2
    assert bench.kernel.seen == [["tunnels"]]
    assert bench.port.up == [packet()] * 2


def test_what_waits_for_an_exit_whose_place_another_takes_is_delivered_too() -> None:
    bench = WaitingBench(tunnel_exit())
    bench.engine.apply(ForwardingChange(install=(tunnel_exit(tunnel=Tunnel(CARE_OF, HOME_AGENT + 9)),)))
    assert bench.queues.asked == ["tunnels"] * 2
    assert bench.port.up == [packet()] * 2


@pytest.mark.parametrize(
    ("wish", "queues"),
    [
        (binding(), ["device"]),
        (reverse_exit(), ["tunnels"]),
        (visitor(), ["tunnels"]),
        (visitor_reverse(), ["device"]),
        (visitor_reverse(delivery=DELIVERY), ["tunnels"]),
        (HOME, []),
        (ROUTE, []),
    ],
)
def test_only_queues_are_emptied_that_packets_for_what_leaves_may_wait_in(wish: Wish, queues: list[str]) -> None:
    bench = WaitingBench(wish, ARP)
    assert bench.leave(wish, ARP) == queues * 2


def test_nothing_is_emptied_where_nothing_leaves() -> None:
    bench = WaitingBench(HOME, binding(expires_at=20.0), reverse_exit(expires_at=20.0), reverse_tunnel(expires_at=20.0))
    bench.engine.apply(ForwardingChange(install=(binding(), reverse_exit(), reverse_tunnel(), ROUTE)))
    assert bench.leave(tunnel_exit()) == [], "it was not there"


# -- the whole state


async def test_reconciling_changes_the_tables_around_the_kernel() -> None:
    bench = Bench(HOME, reverse_tunnel())
    bench.meets(lambda: (bench.sends(), bench.takes(down(FROM_HOME_AGENT))))
    assert await bench.engine.reconcile(ForwardingState.of([HOME, ROUTE, tunnel_exit()])) == []
    assert bench.met == (str(HOME_AGENT), True)
    assert bench.sends() is None
    assert bench.takes(down(FROM_HOME_AGENT))


async def test_what_is_wished_for_again_while_the_kernel_is_asked_stays() -> None:
    bench = Bench(HOME, reverse_tunnel(), tunnel_exit())
    asked = asyncio.ensure_future(bench.engine.reconcile(ForwardingState.of([HOME, ROUTE])))
    await asyncio.sleep(0)  # it asks
    bench.change(reverse_tunnel())
    await asked
    assert bench.engine.tables.wishes == {wish.key: wish for wish in (HOME, ROUTE, reverse_tunnel())}
    assert bench.fast.wishes == bench.engine.tables.wishes


class SlowKernel(RecordingKernel):
    """It answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()

    async def actual(self) -> frozenset[object]:  # type: ignore[override]  # kernel objects
        await self.answer.wait()
        return await super().actual()


async def test_of_two_states_at_once_the_later_one_stays() -> None:
    kernel = SlowKernel()
    engine = UserspaceEngine("mip0", kernel, FakePacketPort())
    whole = ForwardingState.of([HOME, ROUTE, reverse_tunnel(), tunnel_exit()])
    engine.apply(ForwardingChange(install=tuple(whole.wishes.values())))
    both = [asyncio.ensure_future(engine.reconcile(state)) for state in (ForwardingState(), whole)]
    for _ in range(3):
        await asyncio.sleep(0)
    kernel.answer.set()
    for each in both:
        assert await each == []
    assert engine.tables.wishes == whole.wishes
    assert frozenset(kernel.objects.values()) == engine.wanted != frozenset()


class MuteKernel(RecordingKernel):
    async def actual(self) -> frozenset[object]:  # type: ignore[override]  # never
        raise OSError("it does not tell")


async def test_what_leaves_goes_though_the_kernel_does_not_tell_what_it_has() -> None:
    engine = UserspaceEngine("mip0", MuteKernel(), FakePacketPort())
    engine.apply(ForwardingChange(install=(HOME, tunnel_exit())))
    with pytest.raises(OSError, match="it does not tell"):
        await engine.reconcile(ForwardingState.of([HOME]))
    assert set(engine.tables.wishes) == {HOME.key}
