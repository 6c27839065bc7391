"""Message string: 145."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.message_string import MessageString


@pytest.mark.requirement("R4917-3-a")
@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("message_string"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("9100", DecodeReason.BAD_LENGTH),  # no subtype
        ("910101", DecodeReason.BAD_LENGTH),  # no text
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MessageString(1, b""), "octets"),
        (MessageString(256, b"a"), "subtype"),
        (MessageString(1, bytes(255)), "MessageString"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


@pytest.mark.requirement("R4917-3-c")
def test_text() -> None:
    assert MessageString.of(1, "réponse").text == "réponse"
    assert MessageString(2, b"caf\xe9").text == "caf\ufffd"
