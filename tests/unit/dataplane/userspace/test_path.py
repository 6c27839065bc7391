"""The order of decisions for one packet, case by case."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    LATER,
    TO_CARE_OF,
    VISITOR_LINK_ADDRESS,
    binding,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outer, Several
from mobileip.dataplane.userspace.path import (
    NARROWEST_TUNNEL,
    PATH_MTU_LIFETIME,
    from_device,
    from_tunnel,
    learn,
    refused,
)
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import NO_MTU
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState, HomeAddress, HomeNetwork, Tunnel
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, PROTOCOL_IPIP, decode_ipv4

NOW = 10.0
PAST = 9.0
SECOND = Tunnel(HOME_AGENT, IPv4Address("203.0.113.9"))


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def into_device(*wishes, octets):
    return from_device(tables_of(*wishes), octets, NOW)


def out_of_tunnel(*wishes, octets):
    return from_tunnel(tables_of(*wishes), octets, NOW)


def is_dropped(outcome, reason):
    return isinstance(outcome, Drop) and outcome.reason is reason


# -- on our device


def test_a_packet_for_a_binding_goes_into_its_tunnel_unchanged():
    octets = packet()
    outcome = into_device(binding(), octets=octets)
    assert isinstance(outcome, Outer)
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination, outer.payload) == (HOME_AGENT, CARE_OF, octets)
    assert outcome.inner == octets
    assert outcome.leg.end.tunnel == TO_CARE_OF


def test_each_outer_packet_has_its_own_identification():
    tables = tables_of(binding())
    made = [from_device(tables, packet(), NOW) for _ in range(3)]
    assert [decode_ipv4(outcome.packet).identification for outcome in made] == [1, 2, 3]


def test_several_tunnels_get_a_copy_each():
    outcome = into_device(binding(HOME_ADDRESS, TO_CARE_OF, SECOND), octets=packet())
    assert isinstance(outcome, Several)
    assert [decode_ipv4(copy.packet).destination for copy in outcome.outcomes] == [CARE_OF, SECOND.remote]


def test_octets_behind_the_packet_are_not_tunnelled():
    outcome = into_device(binding(), octets=packet(size=10) + b"padding")
    assert decode_ipv4(outcome.packet).payload == packet(size=10)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", DropReason.TRUNCATED),
        (b"\x60" + bytes(39), DropReason.NOT_IPV4),
        (packet(ttl=0), DropReason.TTL_EXPIRED),
        (packet(source=CARE_OF), DropReason.TUNNEL_LOOP),
        (packet(source=HOME_AGENT, protocol=PROTOCOL_IPIP), DropReason.TUNNEL_LOOP),
        (packet(destination=HOME_ADDRESS + 1), DropReason.NO_BINDING),
    ],
)
def test_what_is_not_tunnelled(octets, reason):
    assert is_dropped(into_device(binding(), octets=octets), reason)


def test_our_own_programs_may_speak_to_mobile_nodes():
    assert isinstance(into_device(binding(), octets=packet(source=HOME_AGENT)), Outer)


def test_a_tunnel_packet_of_others_is_tunnelled_again():
    # RFC 5944 §4.2.3: nested encapsulation; inner and outer destination may even be the same.
    nested = packet(protocol=PROTOCOL_IPIP, payload=packet())
    assert isinstance(into_device(binding(), octets=nested), Outer)


def test_a_care_of_address_that_is_the_home_address_would_loop():
    itself = binding(HOME_ADDRESS, Tunnel(HOME_AGENT, HOME_ADDRESS))
    assert is_dropped(into_device(itself, octets=packet()), DropReason.TUNNEL_LOOP)


def test_only_the_copy_that_would_loop_is_dropped():
    both = binding(HOME_ADDRESS, TO_CARE_OF, SECOND)
    looped, sent = into_device(both, octets=packet(source=CARE_OF)).outcomes
    assert is_dropped(looped, DropReason.TUNNEL_LOOP)
    assert isinstance(sent, Outer)


def test_an_expired_binding_tunnels_nothing():
    assert is_dropped(into_device(binding(expires_at=PAST), octets=packet()), DropReason.EXPIRED)
    assert is_dropped(into_device(binding(expires_at=NOW), octets=packet()), DropReason.EXPIRED)
    assert isinstance(into_device(binding(expires_at=NOW + 0.001), octets=packet()), Outer)


def test_our_own_home_address_while_not_registered():
    outcome = into_device(HomeAddress(address=HOME_ADDRESS), octets=packet(HOME_ADDRESS, CORRESPONDENT))
    assert is_dropped(outcome, DropReason.NOT_REGISTERED)


def test_a_binding_comes_before_our_own_address_as_source():
    own = HomeAddress(address=CORRESPONDENT)
    assert isinstance(into_device(own, binding(), octets=packet()), Outer)


def test_an_absent_node_of_a_virtual_network_is_unreachable():
    octets = packet(destination=HOME_ADDRESS)
    outcome = into_device(HomeNetwork(prefix=HOME_NETWORK), octets=octets)
    assert outcome == Answer(octets, 3, 1, reason=DropReason.NO_BINDING)


@pytest.mark.parametrize("destination", ["10.1.0.0", "10.1.0.255", "10.2.0.1"])
def test_nobody_is_told_about_broadcasts_or_other_networks(destination):
    octets = packet(destination=IPv4Address(destination))
    assert is_dropped(into_device(HomeNetwork(prefix=HOME_NETWORK), octets=octets), DropReason.NO_BINDING)


@pytest.mark.parametrize("prefix", ["10.1.0.10/32", "10.1.0.10/31", "0.0.0.0/0"])
def test_the_smallest_and_largest_virtual_networks(prefix):
    outcome = into_device(HomeNetwork(prefix=IPv4Network(prefix)), octets=packet())
    assert isinstance(outcome, Answer)


def test_a_home_network_on_a_link_answers_nothing():
    real = HomeNetwork(prefix=HOME_NETWORK, interface="eth1")
    assert is_dropped(into_device(real, octets=packet()), DropReason.NO_BINDING)


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
    learn(tables.binding(HOME_ADDRESS.packed).legs[0].end, mtu, until - PATH_MTU_LIFETIME)
    return tables


def test_a_packet_that_just_fits():
    assert isinstance(from_device(narrow(140), packet(size=100, dont_fragment=True), NOW), Outer)


def test_who_forbids_fragments_is_told_the_mtu_inside():
    octets = packet(size=101, dont_fragment=True)
    assert from_device(narrow(140), octets, NOW) == Answer(octets, 3, 4, 120, DropReason.TOO_BIG)


def test_who_allows_fragments_has_them_tunnelled_one_by_one():
    octets = packet(size=300)
    outcome = from_device(narrow(140), octets, NOW)
    pieces = [decode_ipv4(decode_ipv4(outer.packet).payload) for outer in outcome.outcomes]
    assert all(len(outer.packet) <= 140 for outer in outcome.outcomes)
    assert b"".join(piece.payload for piece in pieces) == decode_ipv4(octets).payload


def test_fragments_for_several_tunnels_are_all_sent():
    tables = tables_of(binding(HOME_ADDRESS, TO_CARE_OF, SECOND))
    learn(tables.binding(HOME_ADDRESS.packed).legs[0].end, 140, NOW)
    outcome = from_device(tables, packet(size=150), NOW)
    destinations = [decode_ipv4(outer.packet).destination for outer in outcome.outcomes]
    assert destinations == [CARE_OF, CARE_OF, SECOND.remote]


def test_what_was_learnt_is_forgotten_after_ten_minutes():
    tables = narrow(140, until=NOW)
    assert isinstance(from_device(tables, packet(size=500), NOW), Outer)
    assert tables.binding(HOME_ADDRESS.packed).legs[0].end.mtu == NO_MTU


def test_the_length_field_itself_is_a_limit():
    octets = packet(size=0xFFFF - 20, dont_fragment=True)
    assert into_device(binding(), octets=octets) == Answer(octets, 3, 4, 0xFFFF - 20, DropReason.TOO_BIG)


def test_a_refusal_by_the_route_is_remembered():
    tables = tables_of(binding())
    octets = packet(size=200, dont_fragment=True)
    outer = from_device(tables, octets, NOW)
    assert refused(tables, outer, 150, NOW) == Answer(octets, 3, 4, 130, DropReason.TOO_BIG)
    assert isinstance(from_device(tables, octets, NOW), Answer)
    assert isinstance(from_device(tables, octets, NOW + PATH_MTU_LIFETIME), Outer)


def test_no_route_is_believed_to_be_narrower_than_ip_allows():
    tables = tables_of(binding())
    refused(tables, from_device(tables, packet(), NOW), 1, NOW)
    assert tables.binding(HOME_ADDRESS.packed).legs[0].end.mtu == NARROWEST_TUNNEL


# -- out of a tunnel


def test_a_visitor_gets_its_packet_with_one_hop_less():
    outcome = out_of_tunnel(visitor(), octets=tunnelled(packet(ttl=20)))
    assert isinstance(outcome, Delivery)
    assert outcome.packet == packet(ttl=19)
    assert outcome.exit.link_address == VISITOR_LINK_ADDRESS


def test_our_own_packet_goes_up_unchanged():
    outcome = out_of_tunnel(tunnel_exit(), octets=tunnelled(packet(ttl=1)))
    assert isinstance(outcome, Delivery)
    assert outcome.packet == packet(ttl=1)
    assert outcome.exit.interface is None


def test_padding_of_the_tunnel_packet_is_cut_off():
    assert out_of_tunnel(tunnel_exit(), octets=tunnelled(packet()) + b"padding").packet == packet()
    assert out_of_tunnel(visitor(), octets=tunnelled(packet(ttl=9) + b"x")).packet == packet(ttl=8)


def test_options_of_either_header_are_no_trouble():
    inner = packet(ttl=9, options=bytes([7, 7, 4, 0, 0, 0, 0, 0]))
    outer = packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=inner, options=b"\x94\x04\0\0")
    assert out_of_tunnel(visitor(), octets=outer).packet == packet(ttl=8, options=bytes([7, 7, 4, 0, 0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x45", DropReason.TRUNCATED),
        (packet(HOME_AGENT, CARE_OF), DropReason.NO_SUCH_TUNNEL),
        (packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=b"short"), DropReason.TRUNCATED),
        (packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=b"\x60" + bytes(39)), DropReason.NOT_IPV4),
        (packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=packet()[:-1]) + b"!", DropReason.TRUNCATED),
        (
            packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=packet(), fragment=MORE_FRAGMENTS),
            DropReason.TRUNCATED,
        ),
        (packet(HOME_AGENT, CARE_OF, protocol=PROTOCOL_IPIP, payload=packet(), fragment=3), DropReason.TRUNCATED),
        (tunnelled(packet(), source=CORRESPONDENT), DropReason.NO_SUCH_TUNNEL),
        (tunnelled(packet(), destination=CORRESPONDENT), DropReason.NO_SUCH_TUNNEL),
        (tunnelled(packet(destination=HOME_ADDRESS + 1)), DropReason.NO_VISITOR),
        (tunnelled(packet(ttl=0)), DropReason.TTL_EXPIRED),
        (tunnelled(packet()[:10] + b"\0\0" + packet()[12:]), DropReason.BAD_CHECKSUM),
        (tunnelled(packet(), tos=3), DropReason.CONGESTION),
    ],
)
def test_what_a_foreign_agent_discards_in_silence(octets, reason):
    assert is_dropped(out_of_tunnel(visitor(), octets=octets), reason)


def test_a_mobile_node_takes_only_its_own():
    outcome = out_of_tunnel(tunnel_exit(), octets=tunnelled(packet(destination=HOME_ADDRESS + 1)))
    assert is_dropped(outcome, DropReason.WRONG_INNER_ADDRESS)


def test_the_end_of_a_packets_life_is_told_to_its_sender():
    octets = packet(ttl=1)
    outcome = out_of_tunnel(visitor(), octets=tunnelled(octets))
    assert outcome == Answer(octets, 11, 0, reason=DropReason.TTL_EXPIRED)


def test_an_expired_exit_takes_nothing():
    assert is_dropped(out_of_tunnel(tunnel_exit(expires_at=NOW), octets=tunnelled(packet())), DropReason.EXPIRED)


@pytest.mark.parametrize("wish", [visitor(), tunnel_exit()])
def test_congestion_in_the_tunnel_goes_on_inside(wish):
    outcome = out_of_tunnel(wish, octets=tunnelled(packet(tos=0xB9), tos=0xBB))
    assert decode_ipv4(outcome.packet).tos == 0xBB


def test_what_is_marked_already_needs_no_mark():
    assert out_of_tunnel(tunnel_exit(), octets=tunnelled(packet(tos=3))).packet == packet(tos=3)


def test_equal_home_addresses_are_told_apart_by_their_tunnels():
    other_agent = IPv4Address("203.0.113.1")
    other = visitor(tunnel=Tunnel(CARE_OF, other_agent), realm=1)
    tables = tables_of(visitor(), other)
    first = from_tunnel(tables, tunnelled(packet()), NOW)
    second = from_tunnel(tables, tunnelled(packet(), source=other_agent), NOW)
    assert isinstance(first, Delivery)
    assert isinstance(second, Delivery)
    assert first.exit is not second.exit
