"""Control messages as a whole: which decoder is asked, what is kept, what is refused."""

import pytest
from tests.support import vectors

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Padding
from mobileip.wire.extensions.challenge import MobileForeignChallenge
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.message import Message, decode_message, encode_message

FIXED_LENGTHS = {1: 24, 3: 20, 4: 4, 7: 20, 15: 12}
"""By message type."""


def refusal(octets: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_message(octets)
    return caught.value


@pytest.mark.parametrize(("message", "text"), vectors.MESSAGES)
def test_vectors(message: Message, text: str) -> None:
    octets = bytes.fromhex(text)
    assert encode_message(message) == octets
    decoded = decode_message(octets)
    assert decoded.message == message
    assert decoded.octets is octets  # law 7: authenticators are computed over what was received
    assert len(decoded.offsets) == len(message.extensions)


def test_a_request_signed_twice_with_what_stands_between() -> None:
    octets = vectors.REQUEST_FIXED + vectors.NAI + vectors.MOBILE_HOME_HMAC_MD5 + vectors.CHALLENGE
    decoded = decode_message(octets + vectors.MOBILE_AAA_HMAC_MD5)
    kinds = [type(extension).__name__ for extension in decoded.message.extensions]
    assert kinds == ["MobileNodeNai", "MobileHomeAuthentication", "MobileForeignChallenge", "MobileAaaAuthentication"]
    assert decoded.offsets == (24, 37, 59, 69)
    assert decoded.octets[37:59] == vectors.MOBILE_HOME_HMAC_MD5
    assert encode_message(decoded.message) == octets + vectors.MOBILE_AAA_HMAC_MD5


def test_find_gives_the_extensions_of_one_kind_with_their_offsets() -> None:
    decoded = decode_message(vectors.REQUEST_FIXED + b"\0" + vectors.CHALLENGE + vectors.NAI + vectors.CHALLENGE)
    challenge = MobileForeignChallenge(bytes(range(1, 9)))
    assert decoded.find(Padding) == [(24, Padding())]
    assert decoded.find(MobileForeignChallenge) == [(25, challenge), (48, challenge)]
    assert decoded.find(MobileNodeNai) == [(35, MobileNodeNai("mn@home.net"))]
    assert decoded.find(MobileHomeAuthentication) == []


def test_tunnel_data_is_never_searched_for_extensions() -> None:
    decoded = decode_message(bytes.fromhex("04040000 2001"))
    assert decoded.offsets == ()
    assert decoded.find(ForeignHomeAuthentication) == []


def test_an_empty_datagram_is_truncated() -> None:
    assert refusal(b"").reason is DecodeReason.TRUNCATED


@pytest.mark.parametrize(("kind", "length"), FIXED_LENGTHS.items())
def test_the_fixed_part_must_be_whole(kind: int, length: int) -> None:
    octets = bytes((kind,)) + bytes(length - 1)
    assert decode_message(octets).octets == octets
    for end in range(1, length):
        error = refusal(octets[:end])
        assert error.reason is DecodeReason.TRUNCATED
        assert error.offset == end
        assert error.detail == f"message type {kind} needs {length} octets"


@pytest.mark.parametrize("kind", [k for k in range(256) if k not in FIXED_LENGTHS])
def test_any_other_type_is_unknown_however_short(kind: int) -> None:
    error = refusal(bytes((kind,)))
    assert (error.reason, error.offset) == (DecodeReason.UNKNOWN_MESSAGE_TYPE, 0)
    assert str(kind) in error.detail


def test_errors_of_extensions_count_octets_from_the_beginning_of_the_message() -> None:
    error = refusal(vectors.REQUEST_FIXED + vectors.NAI + b"\x23\x00")
    assert (error.reason, error.offset) == (DecodeReason.UNKNOWN_EXTENSION, 37)
