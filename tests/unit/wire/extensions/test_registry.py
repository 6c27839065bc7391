"""The two number spaces, and what becomes of numbers that they do not know (RFC 5944 §1.8)."""

from collections.abc import Mapping

import pytest
from tests.support import vectors
from tests.support.wire import check_vector, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension, Padding, UnknownExtension
from mobileip.wire.extensions.challenge import AdvertisedChallenge, MobileForeignChallenge
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import CONTROL, DISCOVERY, decode_extensions
from mobileip.wire.numbers import AdvertisementExtensionType, ExtensionType

SPACES = [CONTROL, DISCOVERY]


def test_every_assigned_number_has_a_decoder_and_no_other() -> None:
    assert set(CONTROL) == set(ExtensionType)
    assert set(DISCOVERY) == set(AdvertisementExtensionType)


@pytest.mark.parametrize(
    ("table", "registry"),
    [(vectors.EXTENSIONS, CONTROL), (vectors.ADVERTISED, DISCOVERY)],
    ids=["control", "discovery"],
)
def test_every_number_has_a_vector(table: list[tuple[Extension, str]], registry: Mapping[int, Decoder]) -> None:
    assert {bytes.fromhex(octets)[0] for _, octets in table} >= set(registry)
    for extension, octets in table:
        check_vector(extension, octets, registry)


@pytest.mark.requirement("R5944-1.8-a")
@pytest.mark.parametrize("registry", SPACES, ids=["control", "discovery"])
def test_unknown_numbers_below_128_discard_the_message(registry: Mapping[int, Decoder]) -> None:
    for number in set(range(128)) - set(registry):
        error = refused(f"00{number:02x}00", registry)
        assert (error.reason, error.offset) == (DecodeReason.UNKNOWN_EXTENSION, 1)
        assert error.detail == f"unknown extension {number}"


@pytest.mark.requirement("R5944-1.8-b")
@pytest.mark.parametrize("registry", SPACES, ids=["control", "discovery"])
def test_unknown_numbers_from_128_on_are_kept_and_the_rest_is_read(registry: Mapping[int, Decoder]) -> None:
    for number in set(range(128, 256)) - set(registry):
        octets = bytes((number, 2)) + b"ab\0"
        assert decode_extensions(octets, 0, registry) == ((UnknownExtension(number, b"ab"), Padding()), (0, 4))


@pytest.mark.parametrize("registry", SPACES, ids=["control", "discovery"])
@pytest.mark.parametrize("octets", ["fa", "fa03 6162"])
def test_unknown_ones_must_be_whole(octets: str, registry: Mapping[int, Decoder]) -> None:
    assert refused(octets, registry).reason is DecodeReason.TRUNCATED


def test_one_number_means_two_things() -> None:
    assert decode_extensions(b"\x84\x01a", 0, CONTROL)[0] == (MobileForeignChallenge(b"a"),)
    assert decode_extensions(b"\x84\x01a", 0, DISCOVERY)[0] == (UnknownExtension(132, b"a"),)
    assert decode_extensions(b"\x18\x01a", 0, DISCOVERY)[0] == (AdvertisedChallenge(b"a"),)
    assert refused("180161", CONTROL).reason is DecodeReason.UNKNOWN_EXTENSION


def test_order_and_offsets_are_those_received() -> None:
    octets = b"before" + vectors.NAI + b"\0" + vectors.CHALLENGE
    extensions, offsets = decode_extensions(octets, 6, CONTROL)
    assert [type(extension).__name__ for extension in extensions] == [
        "MobileNodeNai",
        "Padding",
        "MobileForeignChallenge",
    ]
    assert offsets == (6, 19, 20)


@pytest.mark.parametrize("registry", SPACES, ids=["control", "discovery"])
def test_no_octets_are_no_extensions(registry: Mapping[int, Decoder]) -> None:
    assert decode_extensions(b"abc", 3, registry) == ((), ())


@pytest.mark.requirement("R5944-1.6-a")
@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        # The three most frequent ones are decoded by a short cut with checks of its own.
        ("20", DecodeReason.TRUNCATED, 0),
        ("2005 00000100", DecodeReason.TRUNCATED, 1),
        ("2003 000001", DecodeReason.BAD_LENGTH, 1),
    ],
)
def test_authentication_is_checked_like_any_other(octets: str, reason: DecodeReason, offset: int) -> None:
    error = refused(octets)
    assert (error.reason, error.offset) == (reason, offset)
