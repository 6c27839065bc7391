"""UDP tunnel request and reply: 144, 44."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension, UnknownExtension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.registry import CONTROL, decode_extensions


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("nat_traversal"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("2c06014080000000", DecodeReason.UNKNOWN_EXTENSION),  # subtype 1 of an extension that can't be skipped
        ("2c05000000000000", DecodeReason.BAD_LENGTH),  # one octet too few
        ("2c0700000000000000", DecodeReason.TRAILING_OCTETS),  # one octet too many
        ("900500000000000000", DecodeReason.BAD_LENGTH),  # one octet too few
        ("900700000000000000", DecodeReason.TRAILING_OCTETS),  # one octet too many
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (UdpTunnelReply(code=256), "code"),
        (UdpTunnelReply(reserved=1 << 15), "reserved"),
        (UdpTunnelReply(keepalive_interval=1 << 16), "keepalive_interval"),
        (UdpTunnelRequest(reserved_1=256), "reserved_1"),
        (UdpTunnelRequest(reserved_2=64), "reserved_2"),
        (UdpTunnelRequest(encapsulation=256), "encapsulation"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


def test_reserved_3_makes_it_unknown() -> None:
    """RFC 3519 §3.1.3."""
    octets = bytes.fromhex("9006 00 00 80 04 0100")
    (extension,), _ = decode_extensions(octets, 0, CONTROL)
    assert extension == UnknownExtension(144, octets[2:])
    assert extension.encode() == octets


def test_another_subtype_is_skipped() -> None:
    octets = bytes.fromhex("9006 01 00 80 04 0000")
    assert decode_extensions(octets, 0, CONTROL)[0] == (UnknownExtension(144, octets[2:]),)


@pytest.mark.parametrize(("code", "assents"), [(0, True), (63, True), (64, False), (255, False)])
def test_assent(code: int, assents: bool) -> None:
    assert UdpTunnelReply(code=code).is_assent is assents
