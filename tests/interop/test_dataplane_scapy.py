"""scapy judges the octets that the path makes: outer headers, fragments, ICMP errors."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPerror, UDPerror, defragment
from scapy.layers.inet import fragment as scapy_fragment
from scapy.packet import Raw
from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    TO_CARE_OF,
    binding,
    broadcast_exit,
    broadcast_route,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.fragments import fragment
from mobileip.forwarding.model import ForwardingChange, HomeNetwork
from mobileip.forwarding.tunnel import Tunnel

pytestmark = pytest.mark.oracle

NOW = 10.0


def made_by_scapy(size=100, *, options=(), **fields):
    whole = IP(src=str(CORRESPONDENT), dst=str(HOME_ADDRESS), options=list(options), **fields)
    return bytes(whole / UDP(sport=4000, dport=5000) / Raw(bytes(i % 251 for i in range(size))))


def engine_with(*wishes, largest_outer=1500):
    port = FakePacketPort(largest_outer)
    engine = UserspaceEngine("mip0", FakeKernel(), port)
    engine.apply(ForwardingChange(install=wishes))
    return engine, port


def is_intact(packet):
    """scapy computes a field anew when it is deleted; the same octets must come out."""
    again = packet.copy()
    del again.chksum
    del again.len
    if ICMP in again:
        del again[ICMP].chksum
    return bytes(again) == bytes(packet)


@pytest.mark.parametrize("flags", ["", "DF"])
@pytest.mark.parametrize("tos", [0, 0xB8])
def test_the_outer_header(flags, tos):
    engine, port = engine_with(binding())
    inner = made_by_scapy(flags=flags, tos=tos, ttl=61)
    engine.packet_from_device(inner, NOW)
    outer = IP(port.outer[0])
    assert (outer.version, outer.ihl, outer.ttl, outer.proto, outer.frag) == (4, 5, 64, 4, 0)
    assert (outer.src, outer.dst) == (str(HOME_AGENT), str(CARE_OF))
    assert (outer.tos, str(outer.flags)) == (tos, flags)
    assert outer.len == len(inner) + 20
    assert is_intact(outer)
    assert bytes(outer.payload) == inner
    assert (outer.payload.dst, outer.payload.ttl) == (str(HOME_ADDRESS), 61)


def test_what_scapy_encapsulates_reaches_the_visitor_with_one_hop_less():
    engine, port = engine_with(visitor())
    inner = made_by_scapy(ttl=61)
    engine.packet_from_tunnel(bytes(IP(src=str(HOME_AGENT), dst=str(CARE_OF)) / IP(inner)), NOW)
    ((_, _, frame),) = port.frames
    arrived = IP(frame)
    assert arrived.ttl == 60
    assert is_intact(arrived)
    arrived.ttl = 61
    del arrived.chksum
    assert bytes(arrived) == inner


def test_what_scapy_encapsulates_comes_up_unchanged():
    engine, port = engine_with(tunnel_exit())
    inner = made_by_scapy()
    engine.packet_from_tunnel(bytes(IP(src=str(HOME_AGENT), dst=str(CARE_OF)) / IP(inner)), NOW)
    assert port.up == [inner]


@pytest.mark.parametrize("mtu", [68, 576, 1000])
def test_scapy_puts_our_fragments_together(mtu):
    whole = made_by_scapy(1400, id=99)
    (again,) = defragment([IP(piece) for piece in fragment(whole, mtu)])
    assert all(is_intact(IP(piece)) for piece in fragment(whole, mtu))
    assert bytes(again[UDP]) == bytes(IP(whole)[UDP])


def test_our_fragments_are_those_that_scapy_makes():
    whole = IP(made_by_scapy(1400, id=99))
    expected = [bytes(piece) for piece in scapy_fragment(whole, fragsize=552)]
    assert fragment(bytes(whole), 576) == expected


def test_fragments_enter_the_tunnel_whole():
    engine, port = engine_with(binding(), largest_outer=600)
    engine.packet_from_device(made_by_scapy(1400, id=99), NOW)
    inner = [IP(outer).payload for outer in port.outer]
    (again,) = defragment([IP(bytes(piece)) for piece in inner])
    assert bytes(again[UDP]) == bytes(IP(made_by_scapy(1400, id=99))[UDP])


def quoted(port):
    error = IP(port.outer[0])
    assert (error.dst, error.proto, error.src) == (str(CORRESPONDENT), 1, "0.0.0.0")  # noqa: S104 - an unset source
    assert is_intact(error)
    assert (error[IPerror].src, error[IPerror].dst) == (str(CORRESPONDENT), str(HOME_ADDRESS))
    assert (error[UDPerror].sport, error[UDPerror].dport) == (4000, 5000)
    return error[ICMP]


def test_fragmentation_needed():
    engine, port = engine_with(binding(), largest_outer=900)
    engine.packet_from_device(made_by_scapy(1000, flags="DF"), NOW)
    error = quoted(port)
    assert (error.type, error.code, error.nexthopmtu) == (3, 4, 880)


def test_host_unreachable():
    engine, port = engine_with(HomeNetwork(prefix=HOME_NETWORK))
    engine.packet_from_device(made_by_scapy(), NOW)
    assert (quoted(port).type, quoted(port).code) == (3, 1)


def test_time_exceeded():
    engine, port = engine_with(visitor())
    engine.packet_from_tunnel(bytes(IP(src=str(HOME_AGENT), dst=str(CARE_OF)) / IP(made_by_scapy(ttl=1))), NOW)
    assert (quoted(port).type, quoted(port).code) == (11, 0)


def test_an_error_by_scapy_from_inside_the_tunnel_is_relayed():
    engine, port = engine_with(binding())
    engine.packet_from_device(made_by_scapy(1000, flags="DF"), NOW)
    outer = IP(port.outer.pop())
    router = IPv4Address("203.0.113.77")
    news = IP(src=str(router), dst=str(HOME_AGENT)) / ICMP(type=3, code=4, nexthopmtu=700) / Raw(bytes(outer)[:200])
    engine.icmp_packet(bytes(news), NOW)
    error = quoted(port)
    assert (error.type, error.code, error.nexthopmtu) == (3, 4, 680)


# -- copies: several bindings, broadcasts

SECOND = Tunnel(HOME_AGENT, IPv4Address("203.0.113.9"))
NEIGHBOUR = "10.1.0.5"


def broadcast_by_scapy(destination="10.1.0.255", **fields):
    return bytes(IP(src=NEIGHBOUR, dst=destination, **fields) / UDP(sport=137, dport=137) / Raw(b"who is there?"))


def test_each_care_of_address_gets_the_same_copy():
    engine, port = engine_with(binding(HOME_ADDRESS, TO_CARE_OF, SECOND))
    inner = made_by_scapy(ttl=61)
    engine.packet_from_device(inner, NOW)
    outers = [IP(outer) for outer in port.outer]
    assert [(outer.src, outer.dst) for outer in outers] == [
        (str(HOME_AGENT), str(CARE_OF)),
        (str(HOME_AGENT), "203.0.113.9"),
    ]
    assert all(is_intact(outer) and bytes(outer.payload) == inner for outer in outers)
    assert outers[0].id != outers[1].id


def test_a_broadcast_in_its_nested_form():
    home = HomeNetwork(prefix=HOME_NETWORK, interface="eth1")
    engine, port = engine_with(home, broadcast_route(nested=True))
    engine.broadcast_from_link("eth1", broadcast_by_scapy(ttl=61, tos=0x10), NOW)
    outer = IP(port.outer[0])
    middle, inner = outer.payload, outer.payload.payload
    assert [(layer.src, layer.dst, layer.proto, layer.ttl, layer.tos) for layer in (outer, middle, inner)] == [
        (str(HOME_AGENT), str(CARE_OF), 4, 64, 0x10),
        (str(HOME_AGENT), str(HOME_ADDRESS), 4, 64, 0x10),
        (NEIGHBOUR, "10.1.0.255", 17, 60, 0x10),
    ]
    assert all(is_intact(IP(bytes(layer))) for layer in (outer, middle, inner))
    assert bytes(inner[UDP]) == bytes(IP(broadcast_by_scapy())[UDP])


def test_what_scapy_nests_passes_the_foreign_agent_and_comes_up_at_the_mobile_node():
    heard = broadcast_by_scapy(ttl=61)
    middle = IP(src=str(HOME_AGENT), dst=str(HOME_ADDRESS), ttl=9) / IP(heard)
    foreign_agent, link = engine_with(visitor())
    foreign_agent.packet_from_tunnel(bytes(IP(src=str(HOME_AGENT), dst=str(CARE_OF)) / middle), NOW)
    ((_, _, frame),) = link.frames
    mobile_node, stack = engine_with(broadcast_exit(tunnel=Tunnel(HOME_ADDRESS, HOME_AGENT)))
    mobile_node.packet_from_tunnel(frame, NOW)
    assert stack.up == [heard]
