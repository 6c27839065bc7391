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
    TO_CARE_OF,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_exit,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outer, Several
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState, HomeAddress, HomeNetwork
from mobileip.forwarding.tunnel import Tunnel
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


@pytest.mark.requirement("R5944-4.1-a", "R5944-4.2.3-a", "R5944-4.2.3-e")
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


@pytest.mark.requirement("R5944-4.2.3-b")
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
        (packet(destination=HOME_ADDRESS + 1), DropReason.NO_BINDING),
    ],
)
def test_what_is_not_tunnelled(octets, reason):
    assert is_dropped(into_device(binding(), octets=octets), reason)


@pytest.mark.requirement("R2003-3.1-e")
def test_a_packet_without_hops_left_is_not_tunnelled():
    assert is_dropped(into_device(binding(), octets=packet(ttl=0)), DropReason.TTL_EXPIRED)
    assert isinstance(into_device(binding(), octets=packet(ttl=1)), Outer)


@pytest.mark.requirement("R5944-4.2.3-n", "R5944-4.2.3-o")
@pytest.mark.parametrize("inner_destination", [HOME_ADDRESS, HOME_ADDRESS + 1])
def test_a_tunnel_packet_of_others_is_tunnelled_again(inner_destination):
    nested = packet(protocol=PROTOCOL_IPIP, payload=packet(destination=inner_destination))
    outcome = into_device(binding(HOME_ADDRESS, TO_CARE_OF, SECOND), octets=nested)
    assert [decode_ipv4(copy.packet).payload for copy in outcome.outcomes] == [nested, nested]


@pytest.mark.requirement("R5944-4.2.3-k", "R5944-4.2.3-l", "R5944-4.2.3-m")
def test_a_tunnel_packet_that_a_care_of_address_sends_back_is_discarded_for_all_of_them():
    nested = packet(source=CARE_OF, protocol=PROTOCOL_IPIP, payload=packet())
    outcome = into_device(binding(HOME_ADDRESS, TO_CARE_OF, SECOND), octets=nested)
    assert is_dropped(outcome, DropReason.TUNNEL_LOOP)


@pytest.mark.requirement("R5944-4.2.3-l", "R5944-4.2.3-o")
def test_a_tunnel_packet_from_a_care_of_address_to_someone_behind_the_node_goes_to_its_other_address():
    nested = packet(source=CARE_OF, protocol=PROTOCOL_IPIP, payload=packet(destination=HOME_ADDRESS + 1))
    looped, sent = into_device(binding(HOME_ADDRESS, TO_CARE_OF, SECOND), octets=nested).outcomes
    assert is_dropped(looped, DropReason.TUNNEL_LOOP)
    assert isinstance(sent, Outer)


@pytest.mark.requirement("R5944-4.2.3-k")
def test_only_what_is_encapsulated_is_examined_for_that():
    looks_so = packet(source=CARE_OF, payload=packet())
    _, sent = into_device(binding(HOME_ADDRESS, TO_CARE_OF, SECOND), octets=looks_so).outcomes
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


# -- out of a tunnel


@pytest.mark.requirement("R5944-4.2.2-a", "R5944-4.2.2-h", "R2003-3.1-c")
def test_a_visitor_gets_its_packet_with_one_hop_less():
    outcome = out_of_tunnel(visitor(), octets=tunnelled(packet(ttl=20)))
    assert isinstance(outcome, Delivery)
    assert outcome.packet == packet(ttl=19)
    assert outcome.exit.link_address == VISITOR_LINK_ADDRESS


@pytest.mark.requirement("R5944-4.1-b", "R2003-3.1-f", "R2003-6.2-a")
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
        (tunnelled(packet()[:10] + b"\0\0" + packet()[12:]), DropReason.BAD_CHECKSUM),
        (tunnelled(packet(), tos=3), DropReason.CONGESTION),
    ],
)
def test_what_a_foreign_agent_discards_in_silence(octets, reason):
    assert is_dropped(out_of_tunnel(visitor(), octets=octets), reason)


@pytest.mark.requirement("R2003-6.2-a")
def test_a_mobile_node_takes_only_its_own():
    outcome = out_of_tunnel(tunnel_exit(), octets=tunnelled(packet(destination=HOME_ADDRESS + 1)))
    assert is_dropped(outcome, DropReason.WRONG_INNER_ADDRESS)


@pytest.mark.requirement("R2003-3.1-d")
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


@pytest.mark.requirement("R5944-4.2.2-b", "R5944-4.2.2-c", "R5944-4.2.2-d")
def test_a_packet_for_nobody_in_the_visitor_list_dies_in_silence():
    # A drop, where an answer would be an ICMP error.
    outcome = out_of_tunnel(visitor(), octets=tunnelled(packet(destination=HOME_ADDRESS + 1)))
    assert is_dropped(outcome, DropReason.NO_VISITOR)


@pytest.mark.requirement("R2003-3.1-f")
@pytest.mark.parametrize("wish", [visitor(), tunnel_exit()])
def test_a_packet_that_comes_out_of_a_tunnel_without_hops_left_is_discarded(wish):
    assert is_dropped(out_of_tunnel(wish, octets=tunnelled(packet(ttl=0))), DropReason.TTL_EXPIRED)


# -- broadcasts and multicasts out of a tunnel


@pytest.mark.requirement("R5944-3.6.1.2-f")
def test_a_foreign_agent_hands_a_nested_broadcast_over_as_it_is():
    heard = packet(destination=HOME_NETWORK.broadcast_address, ttl=20)
    nested = packet(HOME_AGENT, HOME_ADDRESS, protocol=PROTOCOL_IPIP, payload=heard, ttl=20)
    outcome = out_of_tunnel(visitor(), octets=tunnelled(nested))
    assert outcome.packet == packet(HOME_AGENT, HOME_ADDRESS, protocol=PROTOCOL_IPIP, payload=heard, ttl=19)
    assert outcome.exit.link_address == VISITOR_LINK_ADDRESS


NESTED = Tunnel(HOME_ADDRESS, HOME_AGENT)


@pytest.mark.requirement("R5944-4.4-g")
@pytest.mark.parametrize("destination", ["10.1.0.255", "255.255.255.255", "224.0.0.251", "239.255.255.255"])
def test_a_mobile_node_takes_what_is_for_all_out_of_a_tunnel_to_its_home_address(destination):
    inner = packet(destination=IPv4Address(destination), ttl=1)
    outcome = out_of_tunnel(broadcast_exit(tunnel=NESTED), octets=tunnelled(inner, HOME_AGENT, HOME_ADDRESS))
    assert isinstance(outcome, Delivery)
    assert (outcome.packet, outcome.exit.interface) == (inner, None)


@pytest.mark.parametrize("destination", ["10.1.0.255", "255.255.255.255", "239.1.2.3"])
def test_a_co_located_node_takes_them_out_of_its_own_tunnel(destination):
    inner = packet(destination=IPv4Address(destination))
    outcome = out_of_tunnel(tunnel_exit(), broadcast_exit(), octets=tunnelled(inner))
    assert outcome.packet == inner
    assert isinstance(out_of_tunnel(tunnel_exit(), broadcast_exit(), octets=tunnelled(packet())), Delivery)


@pytest.mark.parametrize("destination", ["10.1.0.10", "10.1.0.0", "10.2.0.255", "240.0.0.1", "223.255.255.255"])
def test_a_tunnel_for_broadcasts_is_for_nothing_else(destination):
    inner = packet(destination=IPv4Address(destination))
    outcome = out_of_tunnel(broadcast_exit(), octets=tunnelled(inner))
    assert is_dropped(outcome, DropReason.WRONG_INNER_ADDRESS)


def test_who_asked_for_no_broadcasts_takes_none():
    inner = packet(destination=IPv4Address("239.1.2.3"))
    assert is_dropped(out_of_tunnel(tunnel_exit(), octets=tunnelled(inner)), DropReason.WRONG_INNER_ADDRESS)
