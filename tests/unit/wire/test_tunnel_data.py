"""The header of packets in UDP (RFC 3519 §3.3)."""

import pytest

from mobileip.wire.tunnel_data import TunnelData, decode_tunnel_data, encode_tunnel_data

PACKET = b"\x45 and the rest of a packet"


@pytest.mark.parametrize(
    ("message", "head"),
    [
        (TunnelData(4, PACKET), "04 04 0000"),
        (TunnelData(47, PACKET), "04 2f 0000"),
        (TunnelData(55, PACKET, 0x1234), "04 37 1234"),
    ],
)
def test_vectors(message: TunnelData, head: str) -> None:
    octets = bytes.fromhex(head) + PACKET
    assert encode_tunnel_data(message) == octets
    assert decode_tunnel_data(octets) == message


def test_nothing_inside_is_still_a_message() -> None:
    assert decode_tunnel_data(bytes.fromhex("04040000")) == TunnelData(4, b"")


def test_it_has_no_extensions() -> None:
    assert TunnelData(4, PACKET).extensions == ()


@pytest.mark.parametrize(
    ("message", "field"), [(TunnelData(256, b""), "next_header"), (TunnelData(4, b"", 1 << 16), "reserved")]
)
def test_out_of_range(message: TunnelData, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        encode_tunnel_data(message)
