"""One packet into one tunnel: what loops, what is too big, and what the tunnel's soft state says."""

import pytest
from tests.support.packets import packet
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    LATER,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_route,
    visitor,
)

from mobileip.dataplane.userspace.entry import (
    NARROWEST_INSIDE,
    PATH_MTU_LIFETIME,
    UNREACHABLE_LIFETIME,
    all_of,
    into,
    learn,
    refused,
)
from mobileip.dataplane.userspace.outcome import DROPS, Answer, Delivery, Drop, Outer, Several
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import NO_MTU
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState, HomeNetwork
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip.ipv4 import PROTOCOL_IPIP, decode_ipv4

NOW = 10.0
PAST = 9.0


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def leg_of(tables):
    return tables.binding(HOME_ADDRESS.packed).legs[0]


def enters(tables, octets, now=NOW):
    return into(tables, leg_of(tables), octets, now)


def into_device(*wishes, octets):
    return enters(tables_of(*wishes), octets)


def is_dropped(outcome, reason):
    return isinstance(outcome, Drop) and outcome.reason is reason


# -- loops


@pytest.mark.requirement("R2003-3.2-c", "R2003-3.2-d")
def test_what_comes_from_the_exit_of_the_tunnel_does_not_go_back():
    assert is_dropped(into_device(binding(), octets=packet(source=CARE_OF)), DropReason.TUNNEL_LOOP)


@pytest.mark.requirement("R2003-3.2-a", "R2003-3.2-b")
def test_our_own_tunnel_packets_are_not_tunnelled_again():
    own = packet(source=HOME_AGENT, protocol=PROTOCOL_IPIP)
    assert is_dropped(into_device(binding(), octets=own), DropReason.TUNNEL_LOOP)


@pytest.mark.requirement("R2003-3.2-a")
def test_our_own_programs_may_speak_to_mobile_nodes():
    assert isinstance(into_device(binding(), octets=packet(source=HOME_AGENT)), Outer)


def test_a_care_of_address_that_is_the_home_address_would_loop():
    itself = binding(HOME_ADDRESS, Tunnel(HOME_AGENT, HOME_ADDRESS))
    assert is_dropped(into_device(itself, octets=packet()), DropReason.TUNNEL_LOOP)


# -- home agent and foreign agent in one


def test_our_own_care_of_address_needs_no_tunnel():
    octets = packet(ttl=1)
    outcome = into_device(binding(), visitor(), octets=octets)
    assert isinstance(outcome, Delivery)
    assert (outcome.exit.interface, outcome.exit.link_address) == ("eth1", VISITOR_LINK_ADDRESS)
    assert outcome.packet == octets  # one router: the kernel has decremented the TTL


def test_a_visitor_of_another_home_agent_is_not_taken_for_ours():
    other = visitor(tunnel=Tunnel(CARE_OF, CORRESPONDENT))
    assert isinstance(into_device(binding(), other, octets=packet()), Outer)


def test_an_expired_visitor_gets_nothing():
    outcome = into_device(binding(), visitor(expires_at=PAST), octets=packet())
    assert is_dropped(outcome, DropReason.EXPIRED)


# -- too big


def narrow(mtu, *, until=LATER):
    tables = tables_of(binding())
    learn(tables, leg_of(tables).end.path, mtu, until - PATH_MTU_LIFETIME)
    return tables


def test_a_packet_that_just_fits():
    assert isinstance(enters(narrow(140), packet(size=100, dont_fragment=True), NOW), Outer)


@pytest.mark.requirement("R2003-5.1-a", "R2003-5.1-b")
def test_who_forbids_fragments_is_told_the_mtu_inside():
    octets = packet(size=101, dont_fragment=True)
    assert enters(narrow(140), octets, NOW) == Answer(octets, 3, 4, 120, DropReason.TOO_BIG)


def test_who_allows_fragments_has_them_tunnelled_one_by_one():
    octets = packet(size=300)
    outcome = enters(narrow(140), octets, NOW)
    pieces = [decode_ipv4(decode_ipv4(outer.packet).payload) for outer in outcome.outcomes]
    assert all(len(outer.packet) <= 140 for outer in outcome.outcomes)
    assert b"".join(piece.payload for piece in pieces) == decode_ipv4(octets).payload


@pytest.mark.requirement("R2003-5.1-a", "R2003-5-a", "R5944-4.2.3-f")
def test_what_was_learnt_is_forgotten_after_ten_minutes():
    tables = narrow(140, until=NOW)
    assert isinstance(enters(tables, packet(size=500), NOW), Outer)
    assert leg_of(tables).end.path.mtu == NO_MTU


def test_the_length_field_itself_is_a_limit():
    octets = packet(size=0xFFFF - 20, dont_fragment=True)
    assert into_device(binding(), octets=octets) == Answer(octets, 3, 4, 0xFFFF - 20, DropReason.TOO_BIG)


@pytest.mark.requirement("R2003-5.1-a")
def test_a_refusal_by_the_route_is_remembered():
    tables = tables_of(binding())
    octets = packet(size=200, dont_fragment=True)
    outer = enters(tables, octets, NOW)
    assert refused(tables, outer, 150, NOW) == Answer(octets, 3, 4, 130, DropReason.TOO_BIG)
    assert isinstance(enters(tables, octets, NOW), Answer)
    assert isinstance(enters(tables, octets, NOW + PATH_MTU_LIFETIME), Outer)


def test_no_route_is_believed_to_be_narrower_than_ip_allows():
    tables = tables_of(binding())
    refused(tables, enters(tables, packet(), NOW), 1, NOW)
    assert leg_of(tables).end.path.mtu == NARROWEST_INSIDE + 20


# -- news from inside the tunnel


@pytest.mark.requirement("R2003-5-a", "R5944-4.2.3-f")
@pytest.mark.parametrize("code", [0, 1])
def test_the_next_sender_hears_of_an_error_that_quoted_too_little(code):
    tables = tables_of(binding())
    leg_of(tables).end.path.unreachable_until = NOW + UNREACHABLE_LIFETIME
    leg_of(tables).end.path.unreachable_code = code
    sent, news = enters(tables, packet()).outcomes
    assert isinstance(sent, Outer)
    assert news == Answer(packet(), 3, code)
    assert isinstance(enters(tables, packet()), Outer)  # once


@pytest.mark.requirement("R2003-5-a")
def test_old_news_are_no_news():
    tables = tables_of(binding())
    leg_of(tables).end.path.unreachable_until = NOW
    assert isinstance(enters(tables, packet()), Outer)


def test_nobody_is_told_of_what_happens_to_a_broadcast():
    tables = tables_of(HomeNetwork(prefix=HOME_NETWORK), broadcast_route())
    leg = tables.listeners.networks(None)[0].copies[0].leg
    leg.end.path.unreachable_until = LATER
    assert isinstance(into(tables, leg, packet(), NOW), Outer)
    learn(tables, leg.end.path, 100, NOW)
    assert is_dropped(into(tables, leg, packet(dont_fragment=True), NOW), DropReason.TOO_BIG)


def test_outcomes_of_outcomes_are_one_list():
    first, second = DROPS[DropReason.EXPIRED], DROPS[DropReason.CONGESTION]
    assert all_of([first, Several((second, first))]) == Several((first, second, first))
