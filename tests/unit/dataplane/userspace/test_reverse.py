"""Reverse tunnels (RFC 3024) and tunnels in UDP (RFC 3519), case by case: what mobile nodes send, and who may."""

from ipaddress import IPv4Address

import pytest
from tests.support.packets import packet, tunnelled
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    TO_CARE_OF,
    VISITOR_LINK_ADDRESS,
    binding,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.encapsulate import encapsulator
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.keepalives import keepalive
from mobileip.dataplane.userspace.outcome import Answer, Delivery, Drop, Outer, Several, Told
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingChange, ForwardingState, LinkHop
from mobileip.forwarding.news import EchoAnswered, KeepaliveHeard, TunnelActivity
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.ip.icmp import TIME_EXCEEDED
from mobileip.wire.ip.ipv4 import decode_ipv4

NOW = 10.0
NEVER = float("-inf")
FOREIGN_AGENT = IPv4Address("192.0.2.66")
"""The foreign agent's address on the visited link."""
NAT = IPv4Address("203.0.113.80")
SENT = packet(HOME_ADDRESS, CORRESPONDENT)
"""What a mobile node sends."""


def tables_of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def dropped(outcome):
    assert isinstance(outcome, Drop)
    return outcome.reason


# -- a mobile node's own end


def test_what_programs_send_goes_into_the_reverse_tunnel_with_its_ttl():
    outcome = from_device(tables_of(reverse_tunnel()), SENT, NOW)
    assert isinstance(outcome, Outer)
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination, outer.payload) == (CARE_OF, HOME_AGENT, SENT)


def test_nothing_goes_into_a_reverse_tunnel_that_has_ended():
    assert dropped(from_device(tables_of(reverse_tunnel(expires_at=NOW)), SENT, NOW)) is DropReason.EXPIRED


def test_the_home_agent_itself_is_reached_through_the_tunnel():
    assert isinstance(from_device(tables_of(reverse_tunnel()), packet(HOME_ADDRESS, HOME_AGENT), NOW), Outer)


@pytest.mark.requirement("R3519-4.2-a")
@pytest.mark.parametrize(("protocol", "payload"), [(4, SENT), (47, b"\0" * 8), (55, b"\0" * 8), (17, b"\1\xb2" * 4)])
def test_no_signalling_and_no_tunnel_goes_to_the_home_agent_through_the_tunnel(protocol, payload):
    octets = packet(HOME_ADDRESS, HOME_AGENT, protocol=protocol, payload=payload)
    assert dropped(from_device(tables_of(reverse_tunnel()), octets, NOW)) is DropReason.TUNNEL_LOOP


@pytest.mark.requirement("R2003-3.2-c")
def test_a_packet_from_the_home_agents_address_does_not_go_back_to_it():
    wish = reverse_tunnel(HOME_AGENT)
    assert dropped(from_device(tables_of(wish), packet(HOME_AGENT, CORRESPONDENT), NOW)) is DropReason.TUNNEL_LOOP


def test_encapsulating_delivery_leaves_as_a_frame_to_the_foreign_agent():
    hop = LinkHop("wlan0", VISITOR_LINK_ADDRESS)
    port = FakePacketPort()
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    to_agent = Tunnel(HOME_ADDRESS, FOREIGN_AGENT)
    engine.apply(ForwardingChange(install=(reverse_tunnel(tunnel=to_agent, hop=hop),)))
    engine.packet_from_device(SENT, NOW)
    ((interface, link_address, octets),) = port.frames
    assert (interface, link_address) == ("wlan0", VISITOR_LINK_ADDRESS)
    outer = decode_ipv4(octets)
    assert (outer.source, outer.destination, outer.payload) == (HOME_ADDRESS, FOREIGN_AGENT, SENT)
    assert port.outer == []


# -- a foreign agent


@pytest.mark.requirement("R3024-5.1.2-a", "R3024-5.1.2-b")
def test_direct_delivery_what_a_visitor_sends_goes_to_its_home_agent():
    outcome = from_device(tables_of(visitor_reverse()), SENT, NOW)
    assert isinstance(outcome, Outer)
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination, outer.protocol, outer.payload) == (CARE_OF, HOME_AGENT, 4, SENT)


DELIVERY = Tunnel(FOREIGN_AGENT, HOME_ADDRESS)


@pytest.mark.requirement("R3024-5.2.1-a", "R3024-5.2.2-b", "R3024-5.4-c", "R3024-5.4-d")
def test_encapsulating_delivery_is_encapsulated_anew_for_the_home_agent():
    tables = tables_of(visitor_reverse(delivery=DELIVERY))
    outcome = from_tunnel(tables, tunnelled(SENT, HOME_ADDRESS, FOREIGN_AGENT), NOW, "eth1")
    assert isinstance(outcome, Outer)
    outer = decode_ipv4(outcome.packet)
    assert (outer.source, outer.destination) == (CARE_OF, HOME_AGENT)
    assert decode_ipv4(outer.payload).ttl == decode_ipv4(SENT).ttl - 1
    assert decode_ipv4(outer.payload).payload == decode_ipv4(SENT).payload


@pytest.mark.requirement("R3024-5.2.1-a")
def test_encapsulated_packets_of_a_visitor_come_by_its_own_link():
    tables = tables_of(visitor_reverse(delivery=DELIVERY))
    octets = tunnelled(SENT, HOME_ADDRESS, FOREIGN_AGENT)
    assert dropped(from_tunnel(tables, octets, NOW, "eth0")) is DropReason.NO_SUCH_TUNNEL
    ended = tables_of(visitor_reverse(delivery=DELIVERY, expires_at=NOW))
    assert dropped(from_tunnel(ended, octets, NOW, "eth1")) is DropReason.EXPIRED


@pytest.mark.parametrize(("ttl", "fate"), [(0, DropReason.TTL_EXPIRED), (1, TIME_EXCEEDED)])
def test_a_visitors_packet_whose_time_has_come(ttl, fate):
    tables = tables_of(visitor_reverse(delivery=DELIVERY))
    octets = tunnelled(packet(HOME_ADDRESS, CORRESPONDENT, ttl=ttl), HOME_ADDRESS, FOREIGN_AGENT)
    outcome = from_tunnel(tables, octets, NOW)
    assert (outcome.kind if isinstance(outcome, Answer) else dropped(outcome)) == fate


@pytest.mark.requirement("R3024-5.2.1-b")
def test_what_an_encapsulating_visitor_sends_bare_is_none_of_ours():
    tables = tables_of(visitor_reverse(delivery=DELIVERY))
    assert dropped(from_device(tables, SENT, NOW)) is DropReason.NO_BINDING


@pytest.mark.requirement("R3024-A.4-g", "R3024-A.4-h")
def test_visitors_with_one_home_address_are_told_apart_by_their_device():
    other = Tunnel(CARE_OF, CORRESPONDENT)
    tables = tables_of(visitor_reverse(), visitor_reverse(tunnel=other, realm=2))
    ways = [from_device(tables, SENT, NOW, realm).packet[16:20] for realm in (0, 2)]
    assert ways == [HOME_AGENT.packed, CORRESPONDENT.packed]
    assert dropped(from_device(tables, SENT, NOW, 1)) is DropReason.NO_VISITOR
    assert tables.realms == {2}


def test_two_tunnels_with_keys_from_one_home_agent():
    keyed = [
        Tunnel(CARE_OF, HOME_AGENT, Encapsulation.GRE, GreOptions(sent_key=key, received_key=key + 10))
        for key in (1, 2)
    ]
    tables = tables_of(visitor(tunnel=keyed[0]), visitor(tunnel=keyed[1], realm=1))
    for key, tunnel in ((11, keyed[0]), (12, keyed[1])):
        sent = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(sent_key=key))
        delivery = from_tunnel(tables, encapsulator(sent)(packet(), 1), NOW)
        assert delivery.exit.end.tunnel == tunnel


# -- a home agent


@pytest.mark.requirement("R3024-4.3.2-b", "R3024-4.3.2-f", "R2784-3.1-a", "R5944-4.2.3-g")
def test_a_binding_s_packets_come_out_and_are_forwarded():
    outcome = from_tunnel(tables_of(reverse_exit()), tunnelled(SENT, CARE_OF, HOME_AGENT), NOW)
    assert isinstance(outcome, Delivery)
    assert (outcome.packet, outcome.exit.interface) == (SENT, None)


@pytest.mark.requirement("R3024-4.3.2-b", "R3024-4.3.2-d", "R3519-4.2-a", "R3519-4.3-a")
@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (tunnelled(SENT, FOREIGN_AGENT, HOME_AGENT), DropReason.NO_SUCH_TUNNEL),
        (tunnelled(packet(HOME_ADDRESS + 1, CORRESPONDENT), CARE_OF, HOME_AGENT), DropReason.WRONG_INNER_ADDRESS),
        (tunnelled(packet(HOME_AGENT, CORRESPONDENT), CARE_OF, HOME_AGENT), DropReason.WRONG_INNER_ADDRESS),
        (tunnelled(SENT, HOME_AGENT, CARE_OF), DropReason.NO_SUCH_TUNNEL),
        (tunnelled(packet(HOME_ADDRESS, CORRESPONDENT, ttl=0), CARE_OF, HOME_AGENT), DropReason.TTL_EXPIRED),
        (tunnelled(packet(HOME_ADDRESS, CARE_OF), CARE_OF, HOME_AGENT), DropReason.TO_TUNNEL_END),
        (
            tunnelled(packet(HOME_ADDRESS, HOME_AGENT, payload=b"\1\xb2\1\xb2\0\0\0\0"), CARE_OF, HOME_AGENT),
            DropReason.TO_TUNNEL_END,
        ),
    ],
    ids=["wrong outer source", "foreign inner source", "the home agent's source", "reflected", "ttl", "back", "signal"],
)
def test_spoofed_packets_change_nothing_and_have_a_name(octets, reason):
    assert dropped(from_tunnel(tables_of(reverse_exit()), octets, NOW)) is reason


def test_a_packet_nested_five_deep_is_dropped_at_its_second_layer():
    octets = SENT
    for _ in range(5):
        octets = tunnelled(octets, HOME_ADDRESS, HOME_AGENT)
    outcome = from_tunnel(tables_of(reverse_exit()), tunnelled(octets, CARE_OF, HOME_AGENT), NOW)
    assert dropped(outcome) is DropReason.TO_TUNNEL_END


def test_a_binding_that_has_ended_lets_nothing_out():
    ended = tables_of(reverse_exit(expires_at=NOW))
    assert dropped(from_tunnel(ended, tunnelled(SENT, CARE_OF, HOME_AGENT), NOW)) is DropReason.EXPIRED


def test_a_home_agent_that_is_its_own_foreign_agent_needs_no_tunnel():
    tables = tables_of(reverse_exit(), visitor_reverse(), binding(), visitor())
    outcome = from_device(tables, SENT, NOW)
    assert isinstance(outcome, Delivery)
    assert (outcome.packet, outcome.exit.is_reverse) == (SENT, True)


# -- keepalives, half-bound tunnels, activity

IN_UDP = Tunnel(HOME_AGENT, NAT, udp=UdpPorts(434, 0))
PING = keepalive(HOME_ADDRESS, HOME_AGENT, 3)


def from_nat(octets, port=40_000, source=NAT):
    return encapsulator(Tunnel(source, HOME_AGENT, udp=UdpPorts(port, 434)))(octets, 1)


@pytest.mark.requirement("R3519-4.6-g", "R3519-4.6-h", "R3519-4.6-i", "R3519-4.6-j", "R3519-6.1.2-a")
def test_the_first_keepalive_tells_the_port_and_is_answered():
    outcome = from_tunnel(tables_of(reverse_exit(tunnel=IN_UDP)), from_nat(PING), NOW)
    assert isinstance(outcome, Several)
    told, delivery = outcome.outcomes
    assert told == Told(KeepaliveHeard(home_address=HOME_ADDRESS, address=NAT, port=40_000))
    assert delivery.packet == PING


@pytest.mark.requirement("R3519-4.6-h", "R3519-6.1.2-a", "R3519-4.6-i")
@pytest.mark.parametrize(
    "octets",
    [
        from_nat(PING, source=FOREIGN_AGENT),
        from_nat(SENT),
        from_nat(packet(HOME_ADDRESS, HOME_AGENT)),
        from_nat(keepalive(HOME_ADDRESS + 1, HOME_AGENT, 3)),
        from_nat(keepalive(HOME_ADDRESS, CORRESPONDENT, 3)),
        from_nat(PING[:10] + b"\0\0" + PING[12:]),
        tunnelled(PING, NAT, HOME_AGENT),
    ],
    ids=["another source", "data", "no ICMP", "another node", "another end", "broken", "not in UDP"],
)
def test_nothing_else_tells_a_port(octets):
    outcome = from_tunnel(tables_of(reverse_exit(tunnel=IN_UDP)), octets, NOW)
    assert isinstance(outcome, Drop)


@pytest.mark.requirement("R3519-4.9-a", "R3519-4.9-d")
def test_a_keepalive_goes_through_the_tunnel_and_its_answer_is_told():
    port, told = FakePacketPort(), []
    engine = UserspaceEngine("mip0", FakeKernel(), port, on_news=told.append)
    own = Tunnel(CARE_OF, HOME_AGENT, udp=UdpPorts(434, 434))
    engine.apply(ForwardingChange(install=(reverse_tunnel(tunnel=own), tunnel_exit(tunnel=own))))
    assert engine.activity(HOME_ADDRESS) == TunnelActivity(home_address=HOME_ADDRESS, sent_at=NEVER, heard_at=NEVER)
    engine.send_keepalive(HOME_ADDRESS, HOME_AGENT, 7, NOW)
    (outer,) = port.outer
    request = decode_ipv4(outer[32:])
    assert (request.source, request.destination, request.payload[0]) == (HOME_ADDRESS, HOME_AGENT, 8)
    reply = packet(HOME_AGENT, HOME_ADDRESS, protocol=1, payload=b"\0" + request.payload[1:])
    back = encapsulator(Tunnel(HOME_AGENT, CARE_OF, udp=UdpPorts(434, 434)))(reply, 1)
    engine.packet_from_tunnel(back, NOW + 1)
    assert told == [EchoAnswered(home_address=HOME_ADDRESS, identifier=0x4D49, sequence=7)]
    assert port.up == [reply], "a program that pings may wait for it"
    assert engine.activity(HOME_ADDRESS) == TunnelActivity(home_address=HOME_ADDRESS, sent_at=NOW, heard_at=NOW + 1)


def test_a_foreign_agents_keepalive_takes_the_tunnel_to_the_home_agent_whichever_way_it_carries():
    for wish in (visitor(), visitor_reverse(), visitor_reverse(delivery=DELIVERY)):
        port = FakePacketPort()
        engine = UserspaceEngine("mip0", FakeKernel(), port)
        engine.apply(ForwardingChange(install=(wish,)))
        engine.send_keepalive(HOME_ADDRESS, HOME_AGENT, 1, NOW)
        (outer,) = port.outer
        assert decode_ipv4(outer).destination == HOME_AGENT
        engine.send_keepalive(HOME_ADDRESS, CORRESPONDENT, 1, NOW)
        assert engine.counters()["dropped_not_registered"] == 1


@pytest.mark.parametrize("payload", [b"\0\0\0\0\0\1\0\7", b"\0\0\0\0\x4d\x49", b"\x08\0\0\0\x4d\x49\0\7"])
def test_other_echoes_are_only_delivered(payload):
    own = Tunnel(CARE_OF, HOME_AGENT, udp=UdpPorts(434, 434))
    reply = packet(HOME_AGENT, HOME_ADDRESS, protocol=1, payload=payload)
    back = encapsulator(Tunnel(HOME_AGENT, CARE_OF, udp=UdpPorts(434, 434)))(reply, 1)
    assert isinstance(from_tunnel(tables_of(tunnel_exit(tunnel=own)), back, NOW), Delivery)


# -- congestion and segments


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [(0, 2, 2), (1, 2, 1), (1, 1, 1), (2, 1, 1), (3, 1, 3), (3, 2, 3), (3, 3, 3), (0, 3, 3), (1, 0, 0), (3, 0, None)],
)
def test_marks_of_congestion_follow_rfc_6040(outer, inner, expected):
    octets = tunnelled(packet(HOME_ADDRESS, CORRESPONDENT, tos=0x80 | inner), CARE_OF, HOME_AGENT, tos=outer)
    outcome = from_tunnel(tables_of(reverse_exit()), octets, NOW)
    if expected is None:
        assert dropped(outcome) is DropReason.CONGESTION
    else:
        assert outcome.packet[1] == 0x80 | expected
        decode_ipv4(outcome.packet)


def syn(size, source=CORRESPONDENT, destination=HOME_ADDRESS, options=None):
    asked = b"\2\4" + size.to_bytes(2)
    options = asked + b"\1\1\4\2" if options is None else options
    header = bytes.fromhex("1f90c000000000010000000000020000") + b"\xaa\xbb\0\0"
    length = (20 + len(options)) // 4
    tcp = header[:12] + bytes((length << 4,)) + header[13:] + options
    return packet(source, destination, protocol=6, payload=tcp, dont_fragment=True)


def tcp_sum(octets):
    return sum(int.from_bytes(octets[at : at + 2]) for at in range(20, len(octets), 2)) % 0xFFFF


@pytest.mark.parametrize(("route", "asked", "granted"), [(1500, 1460, 1440), (1280, 1460, 1220), (1500, 1200, 1200)])
def test_a_connection_that_begins_through_a_tunnel_asks_for_segments_that_fit(route, asked, granted):
    tables = PacketTables(lambda _: route)
    tables.put({wish.key: wish for wish in (binding(), reverse_exit(), visitor_reverse())})
    inward = from_device(tables, syn(asked), NOW).inner
    outward = from_tunnel(tables, tunnelled(syn(asked, HOME_ADDRESS, CORRESPONDENT), CARE_OF, HOME_AGENT), NOW).packet
    for octets in (inward, outward):
        assert int.from_bytes(octets[42:44]) == granted
        assert tcp_sum(octets) == tcp_sum(syn(asked))


@pytest.mark.parametrize(
    "options",
    [b"", b"\1\1\1\1", b"\0\2\4\xff", b"\2\3\xff\xff", b"\2\0\xff\xff", b"\3\3\7\2\4\xff\xff\0", b"\2"],
    ids=["none", "padding", "after the end", "short", "without length", "at an odd place", "cut"],
)
def test_options_of_any_kind_are_survived(options):
    tables = PacketTables(lambda _: 1500)
    tables.put({binding().key: binding()})
    octets = syn(0, options=options.ljust(-(-len(options) // 4) * 4, b"\0"))
    outcome = from_device(tables, octets, NOW)
    changed = options == b"\3\3\7\2\4\xff\xff\0"
    assert (outcome.inner != octets) is changed
    assert tcp_sum(outcome.inner) == tcp_sum(octets)


def test_the_route_is_asked_about_seldom():
    asked = []
    tables = PacketTables(lambda tunnel: asked.append(tunnel) or 1500)
    tables.put({binding().key: binding()})
    for now in (NOW, NOW + 9, NOW + 10):
        from_device(tables, syn(1460), now)
    assert asked == [TO_CARE_OF, TO_CARE_OF]


def test_a_path_that_was_learnt_to_be_narrow_counts_for_segments_too():
    tables = PacketTables(lambda _: 1500)
    tables.put({binding().key: binding()})
    path = tables.ends.of(TO_CARE_OF).path
    path.mtu, path.mtu_until = 1000, NOW + 1
    assert int.from_bytes(from_device(tables, syn(1460), NOW).inner[42:44]) == 940
    assert tables.ends.known_path(FROM_HOME_AGENT.remote.packed + FROM_HOME_AGENT.local.packed) is path
