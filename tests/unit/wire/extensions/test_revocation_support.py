"""Revocation support: 137."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import CONTROL, decode_extensions
from mobileip.wire.extensions.revocation_support import RevocationSupport


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("revocation_support"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("89058000010203", DecodeReason.BAD_LENGTH),  # five octets
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (RevocationSupport(1 << 32), "timestamp"),
        (RevocationSupport(0, reserved=1 << 15), "reserved"),
        (RevocationSupport(0, more=bytes(250)), "RevocationSupport"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


@pytest.mark.requirement("R3543-3.2-e")
def test_reserved_bits_are_sent_as_zero() -> None:
    assert RevocationSupport(timestamp=1).encode() == bytes.fromhex("89 06 0000 00000001")


@pytest.mark.requirement("R3543-3.2-f")
def test_reserved_bits_are_ignored_on_reception() -> None:
    (extension,), _ = decode_extensions(bytes.fromhex("89 06 ffff 00000001"), 0, CONTROL)
    assert isinstance(extension, RevocationSupport)
    assert (extension.timestamp, extension.inform) == (1, True)
