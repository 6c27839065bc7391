"""Packets that the programs in the kernel have to take, drop or leave, one by one; each goes through the pure functions
as well, with the same octets (`both_paths`)."""

from collections.abc import Iterator, Mapping
from struct import pack

import pytest
from tests.support import both_paths
from tests.support.both_paths import Fate
from tests.support.fast_path import NARROW_PATH, OURS, Dropped, FastPathMachine, Left, Sent, Up, fast_path_machine
from tests.support.packets import packet
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    VISITOR_LINK_ADDRESS,
    binding,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    turned,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import LinkHop
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts

pytestmark = pytest.mark.netns

TCP, UDP, ICMP = 6, 17, 1
PLAIN = [form for form in FORMS if not (form[1].with_checksum or form[1].with_sequence)]
"""Tunnels that need neither a sum over the packet nor an order."""
SLOW = [form for form in FORMS if form not in PLAIN]
PAYLOADS: Mapping[int, bytes] = {
    TCP: pack("!HHIIBBHHH", 40_000, 80, 1, 2, 5 << 4, 0x10, 1024, 7, 0) + bytes(100),
    UDP: pack("!HHHH", 5000, 5001, 108, 0) + bytes(100),
    ICMP: b"\x08\0\0\0" + bytes(60),
}
TO_HOME_AGENT = Tunnel(CARE_OF, HOME_AGENT)


@pytest.fixture(scope="module")
def machine() -> Iterator[FastPathMachine]:
    with fast_path_machine() as made:
        yield made


def to_mobile_node(protocol: int = UDP, **fields: int | bool | bytes) -> bytes:
    return packet(**{"protocol": protocol, "payload": PAYLOADS.get(protocol, bytes(8)), **fields})


def from_mobile_node(protocol: int = UDP, **fields: int | bool | bytes) -> bytes:
    return packet(
        HOME_ADDRESS, CORRESPONDENT, **{"protocol": protocol, "payload": PAYLOADS.get(protocol, bytes(8)), **fields}
    )


def arriving(tunnel: Tunnel, inner: bytes) -> bytes:
    """`inner` as the other end of `tunnel` sends it."""
    return encapsulator(turned(tunnel))(inner, 5)


# -- the floor: what is plain is taken


@pytest.mark.parametrize("protocol", PAYLOADS)
@pytest.mark.parametrize("form", PLAIN)
def test_a_home_agent_takes_what_is_plain(machine: FastPathMachine, form: tuple, protocol: int) -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    machine.wish(binding(HOME_ADDRESS, tunnel), reverse_exit(tunnel=tunnel))
    for dont_fragment in (True, False):
        assert both_paths.into(machine, to_mobile_node(protocol, dont_fragment=dont_fragment)) is Fate.TAKEN
        inner = from_mobile_node(protocol, dont_fragment=dont_fragment)
        for raw in (True, False):
            assert both_paths.out_of(machine, arriving(tunnel, inner), raw=raw) is Fate.TAKEN


@pytest.mark.parametrize("protocol", PAYLOADS)
@pytest.mark.parametrize("form", PLAIN)
def test_a_foreign_agent_takes_what_is_plain(machine: FastPathMachine, form: tuple, protocol: int) -> None:
    tunnel = Tunnel(CARE_OF, HOME_AGENT, *form)
    for realm in (0, 1):
        machine.wish(visitor(tunnel=tunnel, realm=realm), visitor_reverse(tunnel=tunnel, realm=realm))
        for dont_fragment in (True, False):
            inner = from_mobile_node(protocol, dont_fragment=dont_fragment)
            assert both_paths.into(machine, inner, realm) is Fate.TAKEN
            inner = to_mobile_node(protocol, dont_fragment=dont_fragment)
            for raw in (True, False):
                assert both_paths.out_of(machine, arriving(tunnel, inner), raw=raw) is Fate.TAKEN


@pytest.mark.parametrize("protocol", PAYLOADS)
@pytest.mark.parametrize("form", PLAIN)
def test_a_mobile_node_takes_what_is_plain(machine: FastPathMachine, form: tuple, protocol: int) -> None:
    tunnel = Tunnel(CARE_OF, HOME_AGENT, *form)
    machine.wish(tunnel_exit(tunnel=tunnel), reverse_tunnel(tunnel=tunnel))
    assert both_paths.into(machine, from_mobile_node(protocol)) is Fate.TAKEN
    for raw in (True, False):
        assert both_paths.out_of(machine, arriving(tunnel, to_mobile_node(protocol)), raw=raw) is Fate.TAKEN


@pytest.mark.parametrize("form", SLOW)
def test_numbered_and_summed_tunnels_are_for_user_space(machine: FastPathMachine, form: tuple) -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    machine.wish(binding(HOME_ADDRESS, tunnel), reverse_exit(tunnel=tunnel))
    assert both_paths.into(machine, to_mobile_node()) is Fate.LEFT
    assert both_paths.out_of(machine, arriving(tunnel, from_mobile_node())) is Fate.LEFT


def test_encapsulating_delivery_leaves_as_a_frame_to_the_foreign_agent(machine: FastPathMachine) -> None:
    hop = LinkHop("eth1", VISITOR_LINK_ADDRESS)
    machine.wish(reverse_tunnel(tunnel=Tunnel(HOME_ADDRESS, CARE_OF), hop=hop))
    (seen,) = machine.into(from_mobile_node())
    assert isinstance(seen, Sent)
    assert (seen.link, seen.to) == ("eth1", VISITOR_LINK_ADDRESS)
    assert both_paths.into(machine, from_mobile_node()) is Fate.TAKEN


def test_what_a_foreign_agent_gets_by_encapsulating_delivery_is_for_user_space(machine: FastPathMachine) -> None:
    delivery = Tunnel(CARE_OF, HOME_ADDRESS)
    machine.wish(visitor_reverse(delivery=delivery))
    assert both_paths.out_of(machine, arriving(delivery, from_mobile_node())) is Fate.LEFT


@pytest.mark.parametrize("form", PLAIN)
def test_a_tunnel_that_ends_here_is_none(machine: FastPathMachine, form: tuple) -> None:
    tunnel = Tunnel(HOME_AGENT, OURS, *form)
    machine.wish(
        binding(HOME_ADDRESS, tunnel),
        reverse_exit(tunnel=tunnel),
        visitor(tunnel=turned(tunnel)),
        visitor_reverse(tunnel=turned(tunnel)),
    )
    assert machine.into(to_mobile_node()) == [Sent("eth1", VISITOR_LINK_ADDRESS, to_mobile_node())]
    assert machine.into(from_mobile_node()) == [Up(from_mobile_node())]
    assert both_paths.into(machine, to_mobile_node()) is Fate.TAKEN
    assert both_paths.into(machine, from_mobile_node()) is Fate.TAKEN


@pytest.mark.parametrize("count", [2, 3, 4])
def test_each_care_of_address_gets_a_copy(machine: FastPathMachine, count: int) -> None:
    tunnels = [Tunnel(HOME_AGENT, CARE_OF + n, *PLAIN[n]) for n in range(count)]
    machine.wish(binding(HOME_ADDRESS, *tunnels))
    assert both_paths.into(machine, to_mobile_node()) is Fate.TAKEN
    counted = {tunnel: (packets, octets) for _, tunnel, packets, octets, _ in machine.fast.uses()}
    assert counted == dict.fromkeys(tunnels, (1, len(to_mobile_node())))


def test_more_copies_than_the_programs_make_are_for_user_space(machine: FastPathMachine) -> None:
    machine.wish(binding(HOME_ADDRESS, *(Tunnel(HOME_AGENT, CARE_OF + n) for n in range(5))))
    assert both_paths.into(machine, to_mobile_node()) is Fate.LEFT


# -- the ends of lifetimes, of TTLs, of trust


def test_what_has_expired_is_dropped_by_name(machine: FastPathMachine) -> None:
    machine.wish(binding(expires_at=1.0), reverse_exit(expires_at=1.0))
    assert machine.into(to_mobile_node()) == [Dropped(DropReason.EXPIRED)]
    assert both_paths.into(machine, to_mobile_node()) is Fate.DROPPED
    assert both_paths.out_of(machine, arriving(Tunnel(HOME_AGENT, CARE_OF), from_mobile_node())) is Fate.DROPPED


def test_a_loop_is_named_so_where_the_tunnel_ends_here_and_has_expired(machine: FastPathMachine) -> None:
    tunnel = Tunnel(HOME_AGENT, OURS)
    machine.wish(binding(HOME_ADDRESS, tunnel), visitor(tunnel=turned(tunnel), expires_at=1.0))
    assert both_paths.into(machine, packet(OURS, HOME_ADDRESS)) is Fate.LEFT


@pytest.mark.parametrize(("ttl", "fate"), [(0, Fate.LEFT), (1, Fate.LEFT), (2, Fate.TAKEN), (255, Fate.TAKEN)])
def test_a_ttl_that_ends_at_a_visitor_is_told_by_user_space(machine: FastPathMachine, ttl: int, fate: Fate) -> None:
    machine.wish(visitor())
    assert both_paths.out_of(machine, arriving(TO_HOME_AGENT, to_mobile_node(ttl=ttl))) is fate


@pytest.mark.parametrize("inner_mark", range(4))
@pytest.mark.parametrize("outer_mark", range(4))
def test_marks_of_congestion_are_merged(machine: FastPathMachine, outer_mark: int, inner_mark: int) -> None:
    machine.wish(visitor())
    inner = to_mobile_node(tos=0xB8 | inner_mark)
    marked = bytearray(arriving(TO_HOME_AGENT, inner))
    # One word of the header and its checksum, which goes the other way.
    check = int.from_bytes(marked[10:12]) + marked[1] - (0xB8 | outer_mark)
    marked[1], marked[10:12] = 0xB8 | outer_mark, check.to_bytes(2)
    dies = (outer_mark, inner_mark) == (3, 0)
    assert both_paths.out_of(machine, bytes(marked)) is (Fate.DROPPED if dies else Fate.TAKEN)


def test_strangers_are_left_to_user_space_which_names_their_death(machine: FastPathMachine) -> None:
    in_udp = Tunnel(CARE_OF, HOME_AGENT, Encapsulation.IPIP, udp=UdpPorts(434, 61_000))
    keyed = Tunnel(CARE_OF, HOME_AGENT, *next(form for form in PLAIN if form[1].sent_key is not None))
    for tunnel in (TO_HOME_AGENT, in_udp, keyed):
        machine.wish(visitor(tunnel=tunnel))
        assert both_paths.out_of(machine, arriving(tunnel, to_mobile_node())) is Fate.TAKEN
        for other in (Tunnel(CARE_OF, HOME_AGENT + 9), TO_HOME_AGENT, in_udp, keyed):
            if other != tunnel:
                assert both_paths.out_of(machine, arriving(other, to_mobile_node())) is Fate.LEFT
        wrong_inner = packet(CORRESPONDENT, HOME_ADDRESS + 1)
        assert both_paths.out_of(machine, arriving(tunnel, wrong_inner)) is Fate.LEFT
        to_the_end = packet(CORRESPONDENT, CARE_OF)
        assert both_paths.out_of(machine, arriving(tunnel, to_the_end)) is Fate.LEFT


# -- sizes


@pytest.mark.parametrize("form", PLAIN)
@pytest.mark.parametrize(("care_of", "mtu"), [(CARE_OF, 1500), (NARROW_PATH, 1300)])
def test_what_the_route_does_not_take_is_for_user_space(machine: FastPathMachine, form: tuple, care_of, mtu) -> None:
    tunnel = Tunnel(HOME_AGENT, care_of, *form)
    machine.wish(binding(HOME_ADDRESS, tunnel))
    fits = mtu - tunnel.overhead - 20
    assert both_paths.into(machine, packet(size=fits, dont_fragment=True)) is Fate.TAKEN
    assert both_paths.into(machine, packet(size=fits + 1, dont_fragment=True)) is Fate.LEFT
    assert both_paths.into(machine, packet(size=fits + 1)) is Fate.LEFT


def test_what_the_visitors_link_does_not_take_is_for_user_space(machine: FastPathMachine) -> None:
    machine.wish(visitor())
    fits, longer = packet(size=1480), packet(size=1481)
    assert both_paths.out_of(machine, arriving(TO_HOME_AGENT, fits)) is Fate.TAKEN
    assert machine.out_of(arriving(TO_HOME_AGENT, longer)) == Left(arriving(TO_HOME_AGENT, longer))
    tunnel = Tunnel(HOME_AGENT, OURS)
    machine.wish(binding(HOME_ADDRESS, tunnel), visitor(tunnel=turned(tunnel)))
    assert both_paths.into(machine, fits) is Fate.TAKEN
    assert machine.into(longer) == [Left(longer)]


def syn(asked: int) -> bytes:
    head = pack("!HHIIBBHHH", 40_000, 80, 1, 2, 7 << 4, 0x02, 1024, 7, 0)
    return head + b"\1\1" + b"\2\4" + asked.to_bytes(2) + b"\1\1"


def test_no_copies_of_a_segment_are_left_to_user_space_which_would_multiply_them(machine: FastPathMachine) -> None:
    """Its option may stand where the programs don't look for it."""
    machine.wish(binding(HOME_ADDRESS, *(Tunnel(HOME_AGENT, CARE_OF + n) for n in range(3))))
    head = pack("!HHIIBBHHH", 40_000, 80, 1, 2, 9 << 4, 0x02, 1024, 7, 0)
    for payload in (syn(1460), head + b"\1" * 12 + b"\2\4\5\xb4"):
        assert machine.into(to_mobile_node(TCP, payload=payload)) == [Left(to_mobile_node(TCP, payload=payload))]
        assert machine.is_quiet()


@pytest.mark.parametrize("form", PLAIN)
@pytest.mark.parametrize("has_news", [False, True])
def test_connections_are_opened_with_segments_that_fit(
    machine: FastPathMachine, form: tuple, *, has_news: bool
) -> None:
    """In both directions; also out of a tunnel whose next sender is to hear something."""
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    machine.wish(binding(HOME_ADDRESS, tunnel), reverse_exit(tunnel=tunnel))
    path = machine.tables.ends.of(tunnel).path
    path.mtu, path.mtu_until, path.unreachable_until = 1000, 1e9, 1e9 if has_news else 0.0
    machine.learn([path])
    outer = arriving(tunnel, from_mobile_node(TCP, payload=syn(1460)))
    seen = machine.out_of(outer)
    assert isinstance(seen, Up)
    assert seen.octets[44:46] == (1000 - tunnel.overhead - 40).to_bytes(2)
    assert both_paths.out_of(machine, outer) is Fate.TAKEN
    expected = Fate.LEFT if has_news else Fate.TAKEN
    assert both_paths.into(machine, to_mobile_node(TCP, payload=syn(1460))) is expected
