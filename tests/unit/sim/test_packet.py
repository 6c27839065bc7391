from ipaddress import IPv4Address

import pytest
from tests.support.messages import registration_reply, registration_request, signed

from mobileip.sim.packet import ADVERTISEMENT, DATA, OTHER, REPLY, REQUEST, Packet, announcement, kind_of_message
from mobileip.wire.agent_discovery import AgentSolicitation, decode_icmp, encode_icmp
from mobileip.wire.ip.ipv4 import decode_ipv4
from mobileip.wire.ip.udp import decode_udp

SOURCE, DESTINATION = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (signed(registration_request()), REQUEST),
        (signed(registration_reply()), REPLY),
        (b"\x07\x00", OTHER),
        (b"", OTHER),
    ],
)
def test_a_message_is_known_by_its_type(octets: bytes, kind: str) -> None:
    assert kind_of_message(octets) == kind


def test_a_control_message_is_a_datagram_in_a_capture() -> None:
    payload = signed(registration_request())
    packet = Packet(kind=REQUEST, payload=payload, source=SOURCE, destination=DESTINATION, source_port=1234, ttl=255)
    decoded = decode_ipv4(packet.octets())
    datagram = decode_udp(decoded.payload, SOURCE, DESTINATION)
    assert (decoded.source, decoded.destination, decoded.ttl) == (SOURCE, DESTINATION, 255)
    assert (datagram.source_port, datagram.destination_port, datagram.payload) == (1234, 434, payload)
    assert packet.length == len(packet.octets())


def test_router_discovery_is_icmp() -> None:
    packet = Packet(
        kind=ADVERTISEMENT, payload=encode_icmp(AgentSolicitation()), source=SOURCE, destination=DESTINATION
    )
    assert decode_icmp(decode_ipv4(packet.octets()).payload) == AgentSolicitation()
    assert packet.length == len(packet.octets())


def test_data_is_a_whole_packet_already() -> None:
    packet = Packet(kind=DATA, payload=b"E whole packet", source=SOURCE, destination=DESTINATION)
    assert packet.octets() == packet.payload
    assert packet.length == 14


def test_arp_is_no_ipv4_packet() -> None:
    assert announcement(SOURCE).octets() == b""
    assert announcement(SOURCE).length == 28
