from ipaddress import IPv4Address

import pytest
from tests.support.packets import packet
from tests.support.wishes import CORRESPONDENT

from mobileip.dataplane.userspace.icmp_errors import error_about, may_be_told
from mobileip.wire.ip import icmp
from mobileip.wire.ip.checksum import is_valid
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, PROTOCOL_ICMP, decode_ipv4


def icmp_packet(kind):
    return packet(protocol=PROTOCOL_ICMP, payload=icmp.encode(kind, 0, 0, bytes(8)))


def test_an_error_quotes_the_packet_to_its_sender():
    original = packet(size=40)
    error = decode_ipv4(error_about(original, 3, 4, 1480))
    assert (error.source, error.destination) == (IPv4Address(0), CORRESPONDENT)
    assert (error.protocol, error.tos) == (PROTOCOL_ICMP, 0xC0)
    assert is_valid(error.payload)
    assert error.payload[:2] == bytes([3, 4])
    assert error.payload[6:8] == (1480).to_bytes(2)
    assert error.payload[8:] == original


def test_an_error_is_at_most_576_octets():
    assert len(error_about(packet(size=1400), 11, 0, 0)) == 576


@pytest.mark.parametrize(
    "original",
    [
        packet(),
        packet(fragment=MORE_FRAGMENTS),
        icmp_packet(8),
        icmp_packet(0),
        icmp_packet(13),
        packet(IPv4Address("223.255.255.1")),
    ],
)
def test_whom_we_may_tell(original):
    assert may_be_told(original)


@pytest.mark.parametrize(
    "original",
    [
        packet(fragment=1),
        packet(IPv4Address(0)),
        packet(IPv4Address("0.1.2.3")),
        packet(IPv4Address("127.0.0.1")),
        packet(IPv4Address("224.0.0.1")),
        packet(IPv4Address("255.255.255.255")),
        packet(destination=IPv4Address("224.0.0.1")),
        packet(destination=IPv4Address("255.255.255.255")),
        icmp_packet(3),
        icmp_packet(11),
        icmp_packet(5),
        icmp_packet(200),
        packet(protocol=PROTOCOL_ICMP, payload=b""),
    ],
)
def test_whom_we_must_not_tell(original):
    assert not may_be_told(original)
