"""What keeps a NAT's mapping of a tunnel alive: ICMP echo requests to the home agent, and their answers (RFC 3519
§4.9)."""

from ipaddress import IPv4Address

from mobileip.dataplane.userspace.header import header_length
from mobileip.forwarding.news import EchoAnswered
from mobileip.wire.ip.icmp import ECHO_REPLY, ECHO_REQUEST, echo
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, Ipv4Packet, encode_ipv4

HEADER_OCTETS = 8

IDENTIFIER = 0x4D49
"""Of our echo requests; programs that ping the home agent have others."""


def keepalive(home_address: IPv4Address, home_agent: IPv4Address, sequence: int) -> bytes:
    """R3519-4.9-a: "an ICMP echo request to the home agent", inside of the tunnel."""
    message = echo(True, IDENTIFIER, sequence & 0xFFFF, b"")
    return encode_ipv4(Ipv4Packet(source=home_address, destination=home_agent, protocol=PROTOCOL_ICMP, payload=message))


def is_echo_request(packet: bytes, start: int) -> bool:
    icmp = start + header_length(packet, start)
    return packet[start + 9] == PROTOCOL_ICMP and len(packet) >= icmp + HEADER_OCTETS and packet[icmp] == ECHO_REQUEST


def answered(packet: bytes) -> EchoAnswered | None:
    """What the answer to one of ours says; None for any other packet."""
    icmp = header_length(packet)
    if packet[9] != PROTOCOL_ICMP or len(packet) < icmp + HEADER_OCTETS or packet[icmp] != ECHO_REPLY:
        return None
    if int.from_bytes(packet[icmp + 4 : icmp + 6]) != IDENTIFIER:
        return None
    return EchoAnswered(
        home_address=IPv4Address(packet[16:20]),
        identifier=IDENTIFIER,
        sequence=int.from_bytes(packet[icmp + 6 : icmp + 8]),
    )
