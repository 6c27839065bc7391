import errno
from ipaddress import IPv4Address

import pytest
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    TO_CARE_OF,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_route,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.engine import Engine, Repair, TunnelUse
from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.fight import FIRST_PAUSE, ROUNDS
from mobileip.dataplane.plan import plan
from mobileip.dataplane.ports import LOOPBACK_ADDRESS, Action, InterfaceAddress, Route, Rule
from mobileip.dataplane.userspace.engine import ICMP_ERRORS_BURST, UserspaceEngine
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import (
    AgentLink,
    ArpAnswer,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Interception,
    MobileLink,
)
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, decode_ipv4

NOW = 10.0
HOME = HomeAddress(address=HOME_ADDRESS)
BAD_NAME = AgentLink(interface="a/b")


class Bench:
    """An engine between fakes."""

    def __init__(self, *wishes):
        self.kernel = FakeKernel()
        self.port = FakePacketPort()
        self.engine = UserspaceEngine("mip0", self.kernel, self.port)
        self.engine.apply(ForwardingChange(install=wishes))
        self.kernel.performed.clear()

    def dropped(self):
        return {k: v for k, v in self.engine.counters().items() if k.startswith("dropped_")}


def test_it_is_an_engine():
    engine: Engine = Bench().engine
    assert engine.name == "userspace"


# -- wishes


async def test_reconcile_makes_what_is_missing_and_removes_what_is_left_over():
    bench = Bench()
    leftover = Rule(priority=7439, table=254)
    bench.kernel.objects[leftover,] = leftover
    state = ForwardingState.of([HOME, AgentLink(interface="eth1")])
    assert await bench.engine.reconcile(state) == []
    assert await bench.kernel.actual() == plan(state, "mip0") == bench.engine.wanted


async def test_reconcile_twice_does_nothing_the_second_time():
    bench = Bench()
    state = ForwardingState.of([HOME])
    await bench.engine.reconcile(state)
    bench.kernel.performed.clear()
    assert await bench.engine.reconcile(state) == []
    assert bench.kernel.performed == []


async def test_reconcile_forgets_wishes_and_keeps_counters():
    bench = Bench(binding(), HOME)
    bench.engine.packet_from_device(packet(), NOW)
    await bench.engine.reconcile(ForwardingState.of([binding()]))
    assert bench.kernel.objects == {}
    bench.engine.packet_from_device(packet(), NOW)
    assert bench.engine.tunnels() == [TunnelUse(binding().key, TO_CARE_OF, 2, 240, NOW)]


@pytest.mark.parametrize(("of_route", "known"), [(1400, 1400), (0, None)])
def test_what_is_known_of_a_path_can_be_asked(of_route, known):
    bench = Bench(binding())
    bench.port.told_mtu = of_route
    assert bench.engine.path_mtu(TO_CARE_OF, NOW) == known


async def test_apply_performs_only_the_difference():
    bench = Bench(HOME, MobileLink(interface="eth0", answers_arp=True))
    away = MobileLink(interface="eth0", answers_arp=False)
    assert bench.engine.apply(ForwardingChange(install=(away,))) == []
    touched = {str(operation.target) for operation in bench.kernel.performed}
    assert all("eth0" in text or "/all/" in text for text in touched)
    assert await bench.kernel.actual() == plan(ForwardingState.of([HOME, away]), "mip0")


async def test_a_home_network_that_leaves_its_link_takes_our_devices_address_along_and_no_route():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK, interface="eth1"))
    address = InterfaceAddress(interface="mip0", address=LOOPBACK_ADDRESS)
    assert address in await bench.kernel.actual()
    virtual = HomeNetwork(prefix=HOME_NETWORK)
    bench.engine.apply(ForwardingChange(install=(virtual,)))
    assert address not in await bench.kernel.actual()
    assert await bench.kernel.actual() == plan(ForwardingState.of([virtual]), "mip0")


def test_bindings_of_a_virtual_network_ask_the_kernel_for_nothing():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK))
    bench.engine.apply(ForwardingChange(install=(binding(),)))
    bench.engine.apply(ForwardingChange(remove=(binding().key,)))
    assert bench.kernel.performed == []


def test_what_the_kernel_refuses_is_told():
    bench = Bench()
    route = Route(prefix=HOME_NETWORK, interface="mip0", metric=77)
    bench.kernel.refuse(route, errno.ENETDOWN)
    (failure,) = bench.engine.apply(ForwardingChange(install=(HomeNetwork(prefix=HOME_NETWORK),)))
    assert (failure.operation.target, failure.errno) == (route, errno.ENETDOWN)


async def test_a_name_that_no_interface_has_changes_nothing():
    bench = Bench(HOME)
    before = bench.engine.wanted
    with pytest.raises(ValueError, match="no interface"):
        bench.engine.apply(ForwardingChange(install=(binding(), BAD_NAME), remove=(HOME.key,)))
    with pytest.raises(ValueError, match="no interface"):
        await bench.engine.reconcile(ForwardingState.of([BAD_NAME]))
    bench.engine.packet_from_device(packet(), NOW)
    assert bench.engine.wanted == before
    assert bench.dropped() == {"dropped_no_binding": 1}


# -- repair


def a_rule(bench):
    return next(target for target in bench.engine.wanted if isinstance(target, Rule))


async def test_nothing_to_repair():
    assert await Bench(HOME).engine.repair(NOW) == Repair()


async def test_what_others_removed_is_put_back():
    bench = Bench(HOME)
    bench.kernel.lose(a_rule(bench))
    assert await bench.engine.repair(NOW) == Repair(restored=1)
    assert await bench.kernel.actual() == bench.engine.wanted


async def test_a_rule_fight_is_reported_and_backed_off():
    bench = Bench(HOME)
    rule = a_rule(bench)
    for _ in range(ROUNDS - 1):
        bench.kernel.lose(rule)
        assert await bench.engine.repair(NOW) == Repair(restored=1)
    bench.kernel.lose(rule)
    assert await bench.engine.repair(NOW) == Repair(restored=1, fought_over=(rule,))
    bench.kernel.lose(rule)
    bench.kernel.performed.clear()
    assert await bench.engine.repair(NOW + 1) == Repair(again_at=NOW + FIRST_PAUSE)
    assert bench.kernel.performed == []
    assert await bench.engine.repair(NOW + FIRST_PAUSE) == Repair(restored=1, fought_over=(rule,))


async def test_what_is_left_over_is_removed_even_in_a_fight():
    bench = Bench(HOME)
    rule = a_rule(bench)
    for _ in range(ROUNDS):
        bench.kernel.lose(rule)
        await bench.engine.repair(NOW)
    bench.kernel.lose(rule)
    leftover = Rule(priority=7439, table=254)
    bench.kernel.perform([])
    bench.kernel.objects[leftover,] = leftover
    bench.kernel.performed.clear()
    await bench.engine.repair(NOW)
    assert [(o.action, o.target) for o in bench.kernel.performed] == [(Action.REMOVE, leftover)]


async def test_what_the_kernel_does_not_take_is_no_fight():
    bench = Bench(HOME)
    rule = a_rule(bench)
    bench.kernel.lose(rule)
    bench.kernel.refuse(rule, errno.ENETDOWN)
    for _ in range(2 * ROUNDS):
        repair = await bench.engine.repair(NOW)
        assert [failure.errno for failure in repair.failures] == [errno.ENETDOWN]
        assert (repair.restored, repair.fought_over) == (0, ())
    bench.kernel.refusals.clear()
    assert await bench.engine.repair(NOW) == Repair(restored=1)


# -- packets


def test_a_packet_into_a_tunnel_is_sent_and_counted():
    bench = Bench(binding())
    bench.engine.packet_from_device(packet(), NOW)
    (outer,) = bench.port.outer
    assert decode_ipv4(outer).payload == packet()
    counters = bench.engine.counters()
    assert (counters["encapsulated_packets"], counters["encapsulated_octets"]) == (1, 120)
    assert bench.engine.tunnels() == [TunnelUse(binding().key, TO_CARE_OF, 1, 120, NOW)]


def test_every_copy_is_sent_and_counted_for_its_tunnel():
    second = Tunnel(HOME_AGENT, CORRESPONDENT + 1)
    bench = Bench(binding(HOME_ADDRESS, TO_CARE_OF, second))
    bench.engine.packet_from_device(packet(), NOW)
    assert len(bench.port.outer) == 2
    assert [use.tunnel for use in bench.engine.tunnels()] == [TO_CARE_OF, second]


def test_a_packet_out_of_a_tunnel_goes_to_the_visitor():
    bench = Bench(visitor())
    bench.engine.packet_from_tunnel(tunnelled(packet(ttl=9)), NOW)
    assert bench.port.frames == [("eth1", VISITOR_LINK_ADDRESS, packet(ttl=8))]
    assert bench.engine.counters()["decapsulated_packets"] == 1
    assert bench.engine.tunnels() == [TunnelUse(visitor().key, FROM_HOME_AGENT, 1, 120, NOW)]


def test_a_packet_out_of_a_tunnel_goes_up():
    bench = Bench(tunnel_exit())
    bench.engine.packet_from_tunnel(tunnelled(packet()), NOW)
    assert bench.port.up == [packet()]
    assert bench.engine.counters()["decapsulated_octets"] == 120


def test_a_packet_for_a_visitor_of_our_own_needs_no_tunnel():
    bench = Bench(binding(), visitor())
    bench.engine.packet_from_device(packet(), NOW)
    assert bench.port.frames == [("eth1", VISITOR_LINK_ADDRESS, packet())]
    counters = bench.engine.counters()
    assert (counters["straight_packets"], counters["decapsulated_packets"]) == (1, 0)


def test_drops_are_counted_by_name():
    bench = Bench(HOME)
    bench.engine.packet_from_device(packet(HOME_ADDRESS, CORRESPONDENT), NOW)
    bench.engine.packet_from_tunnel(tunnelled(packet()), NOW)
    bench.engine.packet_from_tunnel(tunnelled(packet()), NOW)
    assert bench.dropped() == {"dropped_no_such_tunnel": 2, "dropped_not_registered": 1}


def test_what_can_not_be_sent_is_a_drop_and_no_use():
    bench = Bench(binding(), tunnel_exit(), visitor(HOME_ADDRESS + 1))
    bench.port.error = errno.ENOBUFS
    bench.engine.packet_from_device(packet(destination=HOME_ADDRESS), NOW)
    bench.engine.packet_from_tunnel(tunnelled(packet()), NOW)
    bench.engine.packet_from_tunnel(tunnelled(packet(destination=HOME_ADDRESS + 1)), NOW)
    assert bench.dropped() == {"dropped_send_failed": 3}
    assert all(use.packets == 0 for use in bench.engine.tunnels())


def test_tunnels_that_nothing_has_passed_through_are_told_when_they_are_asked_for():
    bench = Bench(binding(), HOME, visitor(HOME_ADDRESS + 1))
    assert binding().key not in [use.wish for use in bench.engine.tunnels()]
    assert bench.engine.tunnels(idle=True) == [
        TunnelUse(binding().key, TO_CARE_OF, 0, 0),
        TunnelUse(visitor(HOME_ADDRESS + 1).key, FROM_HOME_AGENT, 0, 0),
    ]


class _Counting:
    """A fast path that has counted something and can do nothing."""

    def uses(self):
        return [(binding().key, TO_CARE_OF, 5, 500, NOW + 1), (visitor().key, FROM_HOME_AGENT, 1, 10, NOW)]

    def totals(self):
        return {"encapsulated": (5, 500), "decapsulated": (1, 10)}

    def drops(self):
        return {DropReason.EXPIRED: 2}

    def enter(self, changes):
        return 0


def test_both_paths_count_together_and_counts_outlive_the_fast_one():
    bench = Bench(binding())
    bench.engine.packet_from_device(packet(), NOW)
    bench.engine.accelerate(_Counting())
    together = [
        TunnelUse(binding().key, TO_CARE_OF, 6, 620, NOW + 1),
        TunnelUse(visitor().key, FROM_HOME_AGENT, 1, 10, NOW),
    ]
    assert bench.engine.tunnels() == together
    before = bench.engine.counters()
    assert (before["encapsulated_packets"], before["dropped_expired"]) == (6, 2)
    bench.engine.accelerate(None)
    assert (bench.engine.tunnels(), bench.engine.counters()) == (together, before)


class _Turns:
    """Queues that count their turns."""

    taken = 0

    def take_turn(self):
        self.taken += 1

    def empty_device(self):
        raise NotImplementedError

    empty_tunnels = empty_device


def test_queues_get_their_turn_where_user_space_forwards():
    queues = _Turns()
    engine = UserspaceEngine("mip0", FakeKernel(), FakePacketPort(), queues=queues)
    engine.take_turn()
    engine.accelerate(_Counting())
    engine.take_turn()
    assert queues.taken == 1


def test_packets_of_tunnels_can_be_watched():
    bench = Bench(binding(), visitor(HOME_ADDRESS + 1))
    seen = []
    bench.engine.watch(lambda tunnel, packets, now, *, is_outgoing: seen.append((tunnel, *packets, now, is_outgoing)))
    inner = packet(destination=HOME_ADDRESS + 1, ttl=9)
    bench.engine.packet_from_device(packet(), NOW)
    bench.engine.packet_from_tunnel(tunnelled(inner), NOW)
    bench.engine.reads_from_device([bytes(10) + packet()], NOW)
    bench.engine.packets_from_tunnel([(tunnelled(inner), "eth0")], NOW)
    out = packet(destination=HOME_ADDRESS + 1, ttl=8)
    assert seen == [(TO_CARE_OF, packet(), NOW, True), (FROM_HOME_AGENT, out, NOW, False)] * 2
    bench.engine.watch(None)
    bench.engine.packet_from_device(packet(), NOW)
    assert len(seen) == 4


# -- broadcasts of a home network


def test_a_broadcast_of_a_home_link_is_copied_and_counted():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK, interface="eth1"), broadcast_route())
    octets = packet(destination=HOME_NETWORK.broadcast_address, size=80)
    bench.engine.broadcast_from_link("eth1", octets, NOW)
    bench.engine.broadcast_from_link("eth0", octets, NOW)
    assert len(bench.port.outer) == 1
    assert bench.engine.tunnels() == [TunnelUse(broadcast_route().key, TO_CARE_OF, 1, 100, NOW)]
    assert bench.dropped() == {"dropped_not_for_us": 1}


@pytest.mark.requirement("R5944-1.7-d", "R5944-3.6.1.2-g", "R5944-4.2.2-g")
def test_a_visitors_packet_leaves_as_a_frame_to_its_own_link_layer_address():
    bench = Bench(visitor())
    bench.engine.packet_from_tunnel(tunnelled(packet(ttl=9)), NOW)
    assert bench.port.frames == [("eth1", VISITOR_LINK_ADDRESS, packet(ttl=8))]


class Told:
    """Ears that note what they are told."""

    def __init__(self):
        self.links = []
        self.answers = []

    def listen(self, links):
        self.links.append(links)

    def answer_arp(self, answers):
        self.answers.append(answers)


async def test_links_are_listened_to_while_somebody_wants_their_broadcasts():
    ears = Told()
    engine = UserspaceEngine("mip0", FakeKernel(), FakePacketPort(), ears)
    home = HomeNetwork(prefix=HOME_NETWORK, interface="eth1")
    engine.apply(ForwardingChange(install=(home, binding())))
    assert ears.links == []
    engine.apply(ForwardingChange(install=(broadcast_route(),)))
    engine.apply(ForwardingChange(install=(broadcast_route(expires_at=99.0),)))
    assert ears.links == [{"eth1": False}]
    await engine.reconcile(ForwardingState.of([home]))
    assert ears.links == [{"eth1": False}, {}]
    assert ears.answers == []


def test_arp_is_answered_while_that_is_wished():
    ears = Told()
    engine = UserspaceEngine("mip0", FakeKernel(), FakePacketPort(), ears)
    answer = ArpAnswer(interface="eth1", home_address=HOME_ADDRESS, link_address=VISITOR_LINK_ADDRESS)
    engine.apply(ForwardingChange(install=(answer,)))
    engine.apply(ForwardingChange(install=(answer, HOME)))
    engine.apply(ForwardingChange(remove=(answer.key,)))
    assert ears.answers == [{answer}, frozenset()]
    assert ears.links == []


# -- too big


def test_a_refused_size_is_answered_with_the_mtu_of_the_route():
    bench = Bench(binding())
    bench.port.largest_outer = 600
    bench.engine.packet_from_device(packet(size=1000, dont_fragment=True), NOW)
    (answer,) = bench.port.outer
    decoded = decode_ipv4(answer)
    assert (decoded.destination, decoded.protocol) == (CORRESPONDENT, PROTOCOL_ICMP)
    assert decoded.payload[:2] == bytes([3, 4])
    assert int.from_bytes(decoded.payload[6:8]) == 580
    assert bench.dropped() == {"dropped_too_big": 1}
    assert bench.engine.counters()["icmp_errors_sent"] == 1


def test_a_refused_size_is_fragmented_where_that_is_allowed():
    bench = Bench(binding())
    bench.port.largest_outer = 600
    bench.engine.packet_from_device(packet(size=1000), NOW)
    assert len(bench.port.outer) == 2
    assert all(len(outer) <= 600 for outer in bench.port.outer)
    assert bench.dropped() == {}
    assert bench.engine.counters()["encapsulated_packets"] == 2


@pytest.mark.parametrize("told", [0, 1500])
def test_a_route_that_can_not_tell_its_mtu_is_guessed(told):
    bench = Bench(binding())
    bench.port.largest_outer, bench.port.told_mtu = 1010, told
    bench.engine.packet_from_device(packet(size=1200), NOW)
    assert [len(outer) <= 1006 for outer in bench.port.outer] == [True, True]


def test_what_is_refused_twice_has_died():
    bench = Bench(binding())
    bench.port.largest_outer, bench.port.told_mtu = 50, 1000
    bench.engine.packet_from_device(packet(size=1200), NOW)
    assert bench.port.outer == []
    assert bench.dropped() == {"dropped_too_big": 2}


# -- ICMP errors


def test_an_absent_node_is_unreachable_at_a_limited_rate():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK))
    for _ in range(int(ICMP_ERRORS_BURST) + 5):
        bench.engine.packet_from_device(packet(), NOW)
    counters = bench.engine.counters()
    assert len(bench.port.outer) == counters["icmp_errors_sent"] == ICMP_ERRORS_BURST
    assert counters["icmp_errors_suppressed"] == 5
    assert counters["dropped_no_binding"] == ICMP_ERRORS_BURST + 5


def test_an_error_about_an_error_is_not_sent():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK))
    unreachable = packet(protocol=PROTOCOL_ICMP, payload=icmp.unreachable(1, packet()))
    bench.engine.packet_from_device(unreachable, NOW)
    assert bench.port.outer == []
    assert bench.dropped() == {"dropped_no_binding": 1}


def test_an_error_that_can_not_leave_is_not_counted_as_sent():
    bench = Bench(HomeNetwork(prefix=HOME_NETWORK))
    bench.port.error = errno.ENETUNREACH
    bench.engine.packet_from_device(packet(), NOW)
    assert bench.engine.counters()["icmp_errors_sent"] == 0


def test_an_error_from_inside_a_tunnel_is_relayed_and_is_no_drop():
    bench = Bench(binding())
    bench.engine.packet_from_device(packet(size=900), NOW)
    quoted = bench.port.outer.pop()[:548]
    router = IPv4Address("203.0.113.77")
    bench.engine.icmp_packet(
        packet(router, HOME_AGENT, protocol=PROTOCOL_ICMP, payload=icmp.fragmentation_needed(700, quoted)), NOW
    )
    (answer,) = bench.port.outer
    assert decode_ipv4(answer).destination == CORRESPONDENT
    assert int.from_bytes(decode_ipv4(answer).payload[6:8]) == 680
    assert bench.dropped() == {}


def test_other_icmp_packets_are_none_of_our_business():
    bench = Bench(binding())
    bench.engine.icmp_packet(
        packet(CARE_OF, HOME_AGENT, protocol=PROTOCOL_ICMP, payload=icmp.echo(True, 1, 1, b"")), NOW
    )
    assert bench.port.outer == []


def test_interception_attracts_before_and_lets_go_after():
    bench = Bench()
    wish = Interception(home_address=HOME_ADDRESS, interface="eth1")
    bench.engine.apply(ForwardingChange(install=(wish,)))
    bench.engine.apply(ForwardingChange(remove=(wish.key,)))
    assert [type(operation.target).__name__ for operation in bench.kernel.performed] == [
        "Route",
        "ProxyNeighbour",
        "ProxyNeighbour",
        "Route",
    ]
