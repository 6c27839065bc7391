"""Who hears a broadcast of the home network, in which form, and what stops it."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    GROUPS,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    TO_CARE_OF,
    binding,
    broadcast_route,
    visitor,
)

from mobileip.dataplane.userspace.broadcasts import copies, from_link
from mobileip.dataplane.userspace.entry import learn
from mobileip.dataplane.userspace.outcome import Delivery, Drop, Outer, Several
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import COPIES_BURST, COPIES_PER_SECOND, PacketTables
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState, HomeNetwork
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip.ipv4 import PROTOCOL_IPIP, decode_ipv4

NOW = 10.0
LINK = HomeNetwork(prefix=HOME_NETWORK, interface="eth1")
VIRTUAL = HomeNetwork(prefix=HOME_NETWORK)
DIRECTED, LIMITED = IPv4Address("10.1.0.255"), IPv4Address("255.255.255.255")
GROUP = IPv4Address("239.1.2.3")
NEIGHBOUR = IPv4Address("10.1.0.5")
SECOND = Tunnel(HOME_AGENT, IPv4Address("203.0.113.9"))


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def heard(destination=DIRECTED, source=NEIGHBOUR, **fields):
    return packet(source, destination, **fields)


def on_link(*wishes, octets):
    return from_link(tables_of(*wishes), "eth1", octets, NOW)


def is_dropped(outcome, reason):
    return isinstance(outcome, Drop) and outcome.reason is reason


def only(outcome):
    """The one outcome of several."""
    assert isinstance(outcome, Several)
    (single,) = outcome.outcomes
    return single


# -- the two forms


@pytest.mark.requirement("R5944-4.3-b")
@pytest.mark.parametrize("destination", [DIRECTED, LIMITED])
def test_a_node_with_a_co_located_care_of_address_hears_the_bare_broadcast(destination):
    outcome = only(on_link(LINK, broadcast_route(), octets=heard(destination, ttl=9)))
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination, outer.protocol) == (HOME_AGENT, CARE_OF, PROTOCOL_IPIP)
    assert outer.payload == heard(destination, ttl=8)


@pytest.mark.requirement("R5944-4.3-b")
def test_behind_a_foreign_agent_it_comes_in_a_packet_for_the_home_address():
    outcome = only(on_link(LINK, broadcast_route(nested=True), octets=heard(ttl=9)))
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination, outer.protocol) == (HOME_AGENT, CARE_OF, PROTOCOL_IPIP)
    middle = decode_ipv4(outer.payload)
    assert (middle.source, middle.destination, middle.protocol) == (HOME_AGENT, HOME_ADDRESS, PROTOCOL_IPIP)
    assert middle.payload == heard(ttl=8)
    assert outcome.inner == outer.payload


@pytest.mark.requirement("R5944-4.4-e")
def test_a_forwarded_multicast_is_first_encapsulated_to_the_home_address():
    home = HomeNetwork(prefix=HOME_NETWORK, interface="eth1", forwarded_groups=(GROUPS,))
    outcome = only(on_link(home, broadcast_route(nested=True), octets=heard(GROUP, ttl=9)))
    middle = decode_ipv4(decode_ipv4(outcome.packet).payload)
    assert (middle.source, middle.destination) == (HOME_AGENT, HOME_ADDRESS)
    assert middle.payload == heard(GROUP, ttl=8)


@pytest.mark.requirement("R5944-4.3-b", "R5944-4.4-d", "R5944-4.4-f")
@pytest.mark.parametrize("nested", [False, True])
def test_a_forwarded_multicast_then_goes_to_the_care_of_address(nested):
    home = HomeNetwork(prefix=HOME_NETWORK, interface="eth1", forwarded_groups=(GROUPS,))
    outcome = only(on_link(home, broadcast_route(nested=nested), octets=heard(GROUP)))
    assert decode_ipv4(outcome.packet).destination == CARE_OF


def test_each_copy_has_its_own_tunnel():
    both = broadcast_route(HOME_ADDRESS, TO_CARE_OF, SECOND)
    outcome = on_link(LINK, both, octets=heard())
    assert [decode_ipv4(copy.packet).destination for copy in outcome.outcomes] == [CARE_OF, SECOND.remote]


def test_a_visitor_of_this_same_daemon_gets_the_nested_form_as_a_frame():
    outcome = only(on_link(LINK, broadcast_route(nested=True), visitor(), octets=heard(ttl=9)))
    assert isinstance(outcome, Delivery)
    assert decode_ipv4(outcome.packet).payload == heard(ttl=8)


# -- who hears


@pytest.mark.requirement("R5944-4.3-a")
def test_who_did_not_ask_hears_nothing():
    asked, silent = broadcast_route(), binding(HOME_ADDRESS + 1, SECOND)
    outcome = only(on_link(LINK, binding(), asked, silent, octets=heard()))
    assert decode_ipv4(outcome.packet).destination == CARE_OF
    assert is_dropped(on_link(LINK, binding(), silent, octets=heard()), DropReason.NOT_FOR_US)


def test_the_sender_hears_no_echo():
    asked = (broadcast_route(), broadcast_route(HOME_ADDRESS + 1, SECOND))
    outcome = only(on_link(LINK, *asked, octets=heard(source=HOME_ADDRESS)))
    assert decode_ipv4(outcome.packet).destination == SECOND.remote


@pytest.mark.parametrize("destination", ["10.1.0.10", "10.1.0.0", "10.2.0.255", "239.1.2.3", "224.0.0.1"])
def test_other_destinations_stay_on_their_link(destination):
    octets = heard(IPv4Address(destination))
    assert is_dropped(on_link(LINK, broadcast_route(), octets=octets), DropReason.NOT_FOR_US)


def test_other_links_are_other_networks():
    tables = tables_of(LINK, broadcast_route())
    assert is_dropped(from_link(tables, "eth0", heard(), NOW), DropReason.NOT_FOR_US)
    assert copies(tables, None, heard(), NOW) is None


def test_in_a_virtual_network_broadcasts_come_by_our_device():
    outcome = only(from_device(tables_of(VIRTUAL, broadcast_route()), heard(source=CORRESPONDENT, ttl=9) + b"x", NOW))
    assert decode_ipv4(outcome.packet).payload == heard(source=CORRESPONDENT, ttl=9)  # the kernel decremented it


def test_a_broadcast_for_nobody_dies_on_our_device():
    assert is_dropped(from_device(tables_of(VIRTUAL, binding()), heard(), NOW), DropReason.NO_BINDING)


# -- what stops it


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x45", DropReason.TRUNCATED),
        (heard()[:10] + b"\0\0" + heard()[12:], DropReason.BAD_CHECKSUM),
        (heard(ttl=1), DropReason.TTL_EXPIRED),
        (heard(ttl=0), DropReason.TTL_EXPIRED),
    ],
)
def test_what_a_link_should_not_carry_on(octets, reason):
    assert is_dropped(on_link(LINK, broadcast_route(), octets=octets), reason)


@pytest.mark.parametrize(
    "octets",
    [heard(source=CARE_OF), tunnelled(heard(), HOME_AGENT, DIRECTED)],
    ids=["from the exit of the tunnel", "a tunnel packet of ours"],
)
def test_no_loops(octets):
    looped = only(on_link(LINK, broadcast_route(), octets=octets))
    assert is_dropped(looped, DropReason.TUNNEL_LOOP)


def test_after_its_time_a_node_hears_nothing():
    assert is_dropped(only(on_link(LINK, broadcast_route(expires_at=NOW), octets=heard())), DropReason.EXPIRED)


def test_too_big_a_broadcast_is_fragmented_or_dropped_but_nobody_is_told():
    tables = tables_of(LINK, broadcast_route(nested=True))
    tables_end = from_link(tables, "eth1", heard(), NOW).outcomes[0].leg.end
    learn(tables, tables_end.path, 200, NOW)
    pieces = from_link(tables, "eth1", heard(size=300), NOW).outcomes
    assert len(pieces) > 1
    assert all(isinstance(piece, Outer) and len(piece.packet) <= 200 for piece in pieces)
    refused = only(from_link(tables, "eth1", heard(size=300, dont_fragment=True), NOW))
    assert is_dropped(refused, DropReason.TOO_BIG)


def test_copies_are_bounded_in_rate_and_all_or_none_are_made():
    nodes = [broadcast_route(HOME_ADDRESS + n, SECOND) for n in range(100)]
    tables = tables_of(LINK, *nodes)
    rounds = [from_link(tables, "eth1", heard(), NOW) for _ in range(int(COPIES_BURST) // 100 + 1)]
    assert all(len(made.outcomes) == 100 for made in rounds[:-1])
    assert is_dropped(rounds[-1], DropReason.RATE_LIMITED)
    later = NOW + 100 / COPIES_PER_SECOND
    assert isinstance(from_link(tables, "eth1", heard(), later), Several)


def test_a_network_without_a_broadcast_address_hears_only_what_is_for_everybody():
    pair = HomeNetwork(prefix=IPv4Network("10.1.0.10/31"), interface="eth1")
    octets = heard(IPv4Address("10.1.0.11"))
    assert is_dropped(on_link(pair, broadcast_route(), octets=octets), DropReason.NOT_FOR_US)
    assert isinstance(on_link(pair, broadcast_route(), octets=heard(LIMITED)), Several)
