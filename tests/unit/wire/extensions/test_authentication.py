"""Authentication extensions: 32, 33, 34 and the generalized one, 36."""

from collections.abc import Mapping

import pytest
from tests.support import vectors
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignForeignAuthentication,
    ForeignHomeAuthentication,
    MobileAaaAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import CONTROL, DISCOVERY, decode_extensions


@pytest.mark.requirement("R5944-1.6-a")
@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("authentication"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (vectors.MOBILE_HOME_HMAC_MD5, MobileHomeAuthentication),
        (vectors.MOBILE_HOME_KEYED_MD5, MobileHomeAuthentication),
        (vectors.MOBILE_HOME_KEYED_MD5_RFC2002, MobileHomeAuthentication),
        (vectors.MOBILE_AAA_HMAC_MD5, MobileAaaAuthentication),
        (vectors.MOBILE_AAA_CHAP, MobileAaaAuthentication),
    ],
)
def test_vectors_of_authenticators(octets: bytes, kind: type[AuthenticationExtension]) -> None:
    ((extension,), _) = decode_extensions(octets, 0, CONTROL)
    assert type(extension) is kind
    assert len(extension.authenticator) == 16
    assert extension.encode() == octets


@pytest.mark.parametrize("kind", [MobileHomeAuthentication, MobileForeignAuthentication, ForeignHomeAuthentication])
def test_an_authenticator_covers_its_header_up_to_the_spi(kind: type[AuthenticationExtension]) -> None:
    extension = kind(0x01020304, bytes(16))
    header = kind.header(0x01020304, 16)
    assert header == bytes((kind.TYPE, 20, 1, 2, 3, 4))
    assert len(header) == kind.COVERED_OCTETS
    assert extension.encode() == header + bytes(16)


def test_the_generalized_one_covers_two_octets_more() -> None:
    header = MobileAaaAuthentication.header(2, 16)
    assert header == bytes.fromhex("24 01 0014 00000002")
    assert len(header) == MobileAaaAuthentication.COVERED_OCTETS


@pytest.mark.requirement("R5944-1.6-a")
@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        ("20", DecodeReason.TRUNCATED, 0),  # no length
        ("2014 00000100 0011", DecodeReason.TRUNCATED, 1),  # the message ends too early
        ("2003 000100", DecodeReason.BAD_LENGTH, 1),  # no room for the SPI
        ("2100", DecodeReason.BAD_LENGTH, 1),
        ("220300010000000000", DecodeReason.BAD_LENGTH, 1),  # what follows is another extension's
        ("24010013 00000100" + "00" * 15, DecodeReason.BAD_LENGTH, 2),  # RFC 4721 §5: at least 20
        ("24050014 00000100" + "00" * 16, DecodeReason.UNKNOWN_EXTENSION, 1),  # no such subtype
        ("24000014 00000100" + "00" * 16, DecodeReason.UNKNOWN_EXTENSION, 1),
    ],
)
def test_refused(octets: str, reason: DecodeReason, offset: int) -> None:
    error = refused(octets)
    assert (error.reason, error.offset) == (reason, offset)


def test_refused_in_router_discovery() -> None:
    assert refused("2004 00000100", DISCOVERY).reason is DecodeReason.UNKNOWN_EXTENSION


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MobileHomeAuthentication(1 << 32, b""), "spi is 4294967296"),
        (MobileForeignAuthentication(-1, b""), "spi is -1"),
        (ForeignHomeAuthentication(256, bytes(252)), "length is 256"),
        (MobileAaaAuthentication(1 << 32, bytes(16)), "spi is 4294967296"),
        (MobileAaaAuthentication(256, bytes(0xFFFC)), "length is 65536"),
        (ForeignForeignAuthentication(256, bytes(15)), "authenticator has 15 octets, at least 16"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
