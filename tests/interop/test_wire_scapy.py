"""scapy builds headers that ours decode, and reads what ours encode: IPv4, UDP, ICMP, IP-in-IP, registration."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.mobileip import MobileIP, MobileIPRRP, MobileIPRRQ, MobileIPTunnelData
from scapy.packet import Raw
from tests.support.vectors import REQUEST

from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation, decode_icmp, encode_icmp
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipip import decapsulate, encapsulate
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp
from mobileip.wire.message import decode_message, encode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.tunnel_data import TunnelData

pytestmark = pytest.mark.oracle

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")
REPLY = RegistrationReply(code=133, lifetime=300, home_address=A, home_agent=B, identification=0x0102030405060708)


def _request_of_scapy() -> MobileIPRRQ:
    return MobileIPRRQ(
        flags=0x02,
        lifetime=1800,
        homeaddr="10.1.0.5",
        haaddr="10.1.0.1",
        coaddr="192.0.2.1",
        id=0xE000000012345678,
    )


def _reply_of_scapy() -> MobileIPRRP:
    return MobileIPRRP(code=133, lifetime=300, homeaddr=str(A), haaddr=str(B), id=0x0102030405060708)


def test_a_request_of_scapy() -> None:
    octets = bytes(MobileIP() / _request_of_scapy())
    assert decode_message(octets).message == REQUEST
    assert encode_message(REQUEST) == octets


def test_a_request_of_ours() -> None:
    packet = MobileIP(encode_message(REQUEST))
    request = packet[MobileIPRRQ]
    assert (packet.type, request.flags, request.lifetime) == (RegistrationRequest.TYPE, 2, 1800)
    assert (request.homeaddr, request.haaddr, request.coaddr) == ("10.1.0.5", "10.1.0.1", "192.0.2.1")
    assert request.id == REQUEST.identification


def test_a_reply_of_scapy() -> None:
    octets = bytes(MobileIP() / _reply_of_scapy())
    assert decode_message(octets).message == REPLY
    assert encode_message(REPLY) == octets


def test_a_reply_of_ours() -> None:
    reply = MobileIP(encode_message(REPLY))[MobileIPRRP]
    assert (reply.code, reply.lifetime, reply.homeaddr, reply.haaddr) == (133, 300, str(A), str(B))
    assert reply.id == REPLY.identification


def test_tunnel_data() -> None:
    inner = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / ICMP())
    octets = bytes(MobileIP() / MobileIPTunnelData(nexthdr=4) / Raw(inner))
    assert decode_message(octets).message == TunnelData(4, inner)
    assert MobileIP(encode_message(TunnelData(4, inner)))[MobileIPTunnelData].nexthdr == 4


def test_udp_in_ipv4_of_scapy() -> None:
    scapy = IP(src=str(A), dst=str(B), ttl=7, tos=0xB8, id=0x1234, flags="DF", options=b"\x94\x04\0\0")
    octets = bytes(scapy / UDP(sport=1434, dport=434) / MobileIP() / _request_of_scapy())
    packet = decode_ipv4(octets)
    assert (packet.source, packet.destination, packet.ttl, packet.tos) == (A, B, 7, 0xB8)
    assert (packet.identification, packet.dont_fragment, packet.is_fragment) == (0x1234, True, False)
    assert packet.options == b"\x94\x04\0\0"
    assert encode_ipv4(packet) == octets
    datagram = decode_udp(packet.payload, A, B)
    assert (datagram.source_port, datagram.destination_port) == (1434, 434)
    assert decode_message(datagram.payload).message == REQUEST


@pytest.mark.parametrize("payload", [b"", b"odd", bytes(1400)])
def test_udp_in_ipv4_of_ours(payload: bytes) -> None:
    udp = encode_udp(A, B, 1434, 9, payload)
    octets = encode_ipv4(Ipv4Packet(source=A, destination=B, protocol=PROTOCOL_UDP, payload=udp, ttl=9))
    packet = IP(octets)
    assert (packet.src, packet.dst, packet.ttl, packet[UDP].sport) == (str(A), str(B), 9, 1434)
    # scapy computes both checksums anew when they are left out.
    expected = packet.copy()
    del expected[IP].chksum
    del expected[UDP].chksum
    assert bytes(expected) == octets


@pytest.mark.parametrize(
    ("ours", "scapy"),
    [
        (icmp.echo(True, 0x1234, 7, b"data"), ICMP(type=8, id=0x1234, seq=7) / b"data"),
        (icmp.echo(False, 0x1234, 7, b"odd"), ICMP(type=0, id=0x1234, seq=7) / b"odd"),
        (icmp.unreachable(1, b"packet"), ICMP(type=3, code=1) / b"packet"),
        (icmp.fragmentation_needed(1480, b"packet"), ICMP(type=3, code=4, nexthopmtu=1480) / b"packet"),
        (icmp.time_exceeded(b"packet"), ICMP(type=11, code=0) / b"packet"),
        (encode_icmp(AgentSolicitation()), ICMP(type=10) / b""),
    ],
    ids=["echo", "reply", "unreachable", "fragmentation", "time", "solicitation"],
)
def test_icmp(ours: bytes, scapy: ICMP) -> None:
    assert bytes(scapy) == ours


def test_router_discovery_of_scapy() -> None:
    assert decode_icmp(bytes(ICMP(type=10))) == AgentSolicitation()
    advertisement = decode_icmp(bytes(ICMP(type=9) / b""))
    assert isinstance(advertisement, AgentAdvertisement)
    assert advertisement.mobility is None


def test_ip_in_ip() -> None:
    inner = bytes(IP(src="10.0.0.1", dst="10.0.0.2", tos=0xB8, flags="DF") / ICMP(id=1) / b"data")
    outer = encapsulate(inner, A.packed, B.packed, identification=0x4242, ttl=33)
    expected = IP(src=str(A), dst=str(B), proto=4, tos=0xB8, flags="DF", id=0x4242, ttl=33) / Raw(inner)
    assert outer == bytes(expected)
    assert decapsulate(bytes(expected)) == (A.packed, B.packed, inner)
    assert IP(outer).payload.proto == PROTOCOL_ICMP


def test_ip_in_ip_with_outer_options() -> None:
    inner = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / ICMP())
    outer = bytes(IP(src=str(A), dst=str(B), proto=4, options=b"\x94\x04\0\0") / Raw(inner))
    assert decapsulate(outer) == (A.packed, B.packed, inner)
