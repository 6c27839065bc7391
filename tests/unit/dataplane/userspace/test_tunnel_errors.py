"""RFC 2003 §4: what comes back from inside a tunnel, and what the original sender hears of it."""

from ipaddress import IPv4Address

import pytest
from tests.support.packets import packet
from tests.support.wishes import CORRESPONDENT, HOME_ADDRESS, HOME_AGENT, HOME_NETWORK, binding

from mobileip.dataplane.userspace.outcome import Answer, Outer
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnel_errors import LEAST_LEARNT_MTU, from_inside, next_plateau
from mobileip.dataplane.userspace.tunnels import NO_MTU
from mobileip.forwarding.model import ForwardingState, HomeNetwork
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP

NOW = 10.0
ROUTER = IPv4Address("203.0.113.77")
INNER = packet(size=600)


@pytest.fixture
def tables():
    return tables_of(binding())


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def outer_of(tables, inner=INNER):
    return from_device(tables, inner, NOW).packet


def error(kind, code, rest, quoted):
    return packet(ROUTER, HOME_AGENT, protocol=PROTOCOL_ICMP, payload=icmp.encode(kind, code, rest, quoted))


def end_of(tables):
    return tables.binding(HOME_ADDRESS.packed).legs[0].end


@pytest.mark.parametrize(("length", "plateau"), [(1500, 1492), (1492, 1006), (600, 508), (69, 68), (68, 68), (20, 68)])
def test_plateaus(length, plateau):
    assert next_plateau(length) == plateau


@pytest.mark.requirement("R2003-4.1-f", "R2003-5.1-a")
def test_too_big_is_learnt_and_relayed_with_the_mtu_inside(tables):
    answer = from_inside(tables, error(3, 4, 1400, outer_of(tables)[:548]), NOW)
    assert answer == Answer(INNER[:528], 3, 4, 1380)
    assert end_of(tables).path.mtu == 1400


def test_a_router_that_does_not_tell_its_mtu_is_guessed(tables):
    assert from_inside(tables, error(3, 4, 0, outer_of(tables)[:548]), NOW).mtu == LEAST_LEARNT_MTU - 20
    assert end_of(tables).path.mtu == LEAST_LEARNT_MTU


def test_a_message_from_outside_makes_nothing_wider_and_nothing_too_narrow(tables):
    quoted = outer_of(tables)[:548]
    from_inside(tables, error(3, 4, 1, quoted), NOW)
    assert end_of(tables).path.mtu == LEAST_LEARNT_MTU
    from_inside(tables, error(3, 4, 1400, quoted), NOW)
    assert end_of(tables).path.mtu == LEAST_LEARNT_MTU


def test_eight_quoted_octets_teach_us_though_nobody_can_be_told(tables):
    assert from_inside(tables, error(3, 4, 1400, outer_of(tables)[:28]), NOW) is None
    assert end_of(tables).path.mtu == 1400


@pytest.mark.requirement("R2003-4.1-c", "R2003-4.4-a")
@pytest.mark.parametrize(("kind", "code"), [(3, 1), (11, 0), (11, 1)])
def test_what_means_host_unreachable_to_the_sender(tables, kind, code):
    assert from_inside(tables, error(kind, code, 0, outer_of(tables)[:548]), NOW) == Answer(INNER[:528], 3, 1, 0)


@pytest.mark.requirement("R2003-4.1-a", "R2003-4.1-b", "R2003-4.1-d")
@pytest.mark.parametrize("code", [0, 2])
def test_another_network_is_unreachable_where_the_home_network_is_not_here(tables, code):
    news = error(3, code, 0, outer_of(tables)[:548])
    assert from_inside(tables, news, NOW) == Answer(INNER[:528], 3, 0, 0)


@pytest.mark.requirement("R2003-4.1-a", "R2003-4.1-b", "R2003-4.1-d")
@pytest.mark.parametrize("interface", [None, "eth1"])
@pytest.mark.parametrize("code", [0, 2])
def test_in_our_own_network_it_is_the_host_that_is_unreachable(code, interface):
    tables = tables_of(binding(), HomeNetwork(prefix=HOME_NETWORK, interface=interface))
    news = error(3, code, 0, outer_of(tables)[:548])
    assert from_inside(tables, news, NOW) == Answer(INNER[:528], 3, 1, 0)


@pytest.mark.requirement("R2003-5-a", "R5944-4.2.3-f")
@pytest.mark.parametrize(("kind", "code", "told"), [(3, 0, 0), (3, 1, 1), (3, 2, 0), (11, 0, 1)])
def test_an_error_that_quotes_too_little_is_news_for_the_next_sender(tables, kind, code, told):
    outer = outer_of(tables)
    assert from_inside(tables, error(kind, code, 0, outer[:28]), NOW) is None
    sent, news = from_device(tables, INNER, NOW).outcomes
    assert isinstance(sent, Outer)
    assert news == Answer(INNER, 3, told)


@pytest.mark.requirement("R2003-4.1-e", "R2003-4.1-h", "R2003-4.2-a", "R2003-4.3-a", "R2003-4.5-a", "R2003-5.2-c")
@pytest.mark.parametrize(("kind", "code"), [(3, 3), (3, 5), (3, 13), (4, 0), (5, 1), (12, 0), (8, 0)])
def test_what_the_sender_never_hears_of(tables, kind, code):
    assert from_inside(tables, error(kind, code, 0, outer_of(tables)[:548]), NOW) is None
    assert end_of(tables).path.mtu == NO_MTU


def test_a_tunnel_that_is_not_ours(tables):
    outer_of(tables)
    foreign = packet(HOME_AGENT, CORRESPONDENT, protocol=4, payload=INNER)
    assert from_inside(tables, error(3, 1, 0, foreign[:548]), NOW) is None


def test_an_inner_packet_that_we_did_not_send_into_this_tunnel(tables):
    outer = outer_of(tables)
    elsewhere = outer[:20] + packet(destination=HOME_ADDRESS + 1)
    assert from_inside(tables, error(3, 1, 0, elsewhere), NOW) is None


def test_an_inner_packet_of_another_tunnel(tables):
    end = end_of(tables)
    other = Tunnel(HOME_AGENT, CORRESPONDENT)
    moved = PacketTables.of(ForwardingState.of([binding(HOME_ADDRESS, other)]))
    moved.ends._paths[end.ends] = end.path
    assert from_inside(moved, error(3, 1, 0, end.encapsulate(INNER, 1)[:548]), NOW) is None


@pytest.mark.parametrize("inner", [b"\x65" + INNER[1:], b"\x44" + INNER[1:]])
def test_an_inner_packet_that_is_none(tables, inner):
    outer = outer_of(tables)[:20] + inner
    assert from_inside(tables, error(3, 1, 0, outer[:548]), NOW) is None


def test_what_is_no_intact_icmp_error_about_a_tunnel_packet(tables):
    good = error(3, 4, 1400, outer_of(tables)[:548])
    broken = good[:-1] + bytes([good[-1] ^ 1])
    for octets in (
        b"",
        packet(),
        broken,
        error(3, 4, 1400, b""),
        error(3, 4, 1400, INNER[:548]),
        error(3, 4, 1400, b"\x65" + outer_of(tables)[1:28]),
    ):
        assert from_inside(tables, octets, NOW) is None
    assert end_of(tables).path.mtu == NO_MTU
