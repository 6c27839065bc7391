"""Proxy Mobile IPv4: 47 and 147."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension, UnknownExtension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.pmip import PmipAccessTechnology, PmipAuthenticationMethod, PmipDeviceId, PmipInterfaceId
from mobileip.wire.extensions.registry import CONTROL, decode_extensions


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("pmip"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("2f01000201 00", DecodeReason.TRAILING_OCTETS),  # two methods
        ("2f020001 01", DecodeReason.UNKNOWN_EXTENSION),  # subtype 2
        ("9300", DecodeReason.BAD_LENGTH),  # no subtype
        ("930102", DecodeReason.BAD_LENGTH),  # no type of identifier
        ("9303040500", DecodeReason.TRAILING_OCTETS),  # two technologies
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (PmipAuthenticationMethod(256), "method"),
        (PmipDeviceId(256, b""), "id_type"),
        (PmipAccessTechnology(-1), "technology"),
        (PmipInterfaceId(bytes(255)), "PmipInterfaceId"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


def test_unknown_subtype_is_skipped() -> None:
    assert decode_extensions(bytes.fromhex("9302 05 07"), 0, CONTROL)[0] == (UnknownExtension(147, b"\5\7"),)
