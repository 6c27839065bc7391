"""ICMP messages that a tunnel end sends."""

import pytest

from mobileip.wire.ip import icmp
from mobileip.wire.ip.checksum import is_valid

PACKET = bytes(range(256)) * 4


def test_vector() -> None:
    # 0800 + 1234 + 0001 = 1a35, complemented: e5ca.
    assert icmp.encode(8, 0, 0x12340001, b"") == bytes.fromhex("0800 e5ca 1234 0001")


@pytest.mark.parametrize(
    ("message", "head"),
    [
        (icmp.unreachable(icmp.NET_UNREACHABLE, PACKET), "0300 00000000"),
        (icmp.unreachable(icmp.HOST_UNREACHABLE, PACKET), "0301 00000000"),
        (icmp.fragmentation_needed(1480, PACKET), "0304 000005c8"),
        (icmp.fragmentation_needed(65536, PACKET), "0304 0000ffff"),
        (icmp.time_exceeded(PACKET), "0b00 00000000"),
    ],
)
def test_errors_quote_as_much_as_fits_into_576_octets(message: bytes, head: str) -> None:
    assert message[:2] + message[4:8] == bytes.fromhex(head)
    assert message[8:] == PACKET[:548]
    assert 20 + len(message) == 576  # RFC 1812 §4.3.2.3
    assert is_valid(message)


def test_a_short_packet_is_quoted_whole() -> None:
    assert icmp.unreachable(1, PACKET[:28])[8:] == PACKET[:28]


@pytest.mark.parametrize(("request_", "kind"), [(True, 8), (False, 0)])
def test_echo(request_: bool, kind: int) -> None:
    message = icmp.echo(request_, 0x1234, 0xFFFF, b"data")
    assert message[:2] + message[4:] == bytes((kind, 0)) + bytes.fromhex("1234ffff") + b"data"
    assert is_valid(message)


@pytest.mark.parametrize(
    ("fields", "name"),
    [((256, 0, 0), "icmp_type"), ((0, 256, 0), "code"), ((0, 0, 1 << 32), "rest"), ((-1, 0, 0), "icmp_type")],
)
def test_what_does_not_fit_is_named(fields: tuple[int, int, int], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        icmp.encode(*fields, b"")


def test_echo_names_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="identifier"):
        icmp.echo(True, 1 << 16, 0, b"")
    with pytest.raises(ValueError, match="sequence"):
        icmp.echo(True, 0, -1, b"")
