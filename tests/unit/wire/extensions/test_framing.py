"""How extensions are cut out of a message: bounds, subtypes, and whom a subtype that is unknown harms."""

from typing import ClassVar, Self

import pytest

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import (
    Extension,
    LongExtension,
    Padding,
    ShortExtension,
    SimpleExtension,
    UnknownExtension,
)
from mobileip.wire.extensions.framing import Decoder, long, long_window, padding, short, simple, window


class Simple(SimpleExtension, frozen=True):
    TYPE: ClassVar[int] = 200
    number: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u16("number"))


class Short(ShortExtension, frozen=True):
    TYPE: ClassVar[int] = 200
    SUBTYPE: ClassVar[int] = 7
    number: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u16("number"))


class Long(LongExtension, frozen=True):
    TYPE: ClassVar[int] = 40
    SUBTYPE: ClassVar[int] = 7
    number: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u16("number"))


class Anything(Extension, frozen=True):
    number: int
    data: bytes


def anything(subtype: int, cursor: Cursor) -> Anything:
    return Anything(subtype, cursor.rest())


def nothing_read(subtype: int, _cursor: Cursor) -> Anything:
    return Anything(subtype, b"")


def cut(decoder: Decoder, text: str, offset: int = 2) -> tuple[Extension, int]:
    """The extension at `offset`, other octets before it."""
    return decoder(bytes(offset) + bytes.fromhex(text), offset)


def refusal(decoder: Decoder, text: str) -> tuple[DecodeReason, int]:
    with pytest.raises(DecodeError) as caught:
        cut(decoder, text)
    return caught.value.reason, caught.value.offset


def test_padding_is_one_octet() -> None:
    assert cut(padding, "0000") == (Padding(), 3)


@pytest.mark.requirement("R5944-1.11-a")
@pytest.mark.parametrize(
    ("decoder", "text", "expected", "end"),
    [
        (simple(Simple), "c802 1234 00", Simple(0x1234), 6),
        (short(Short), "c803 07 1234 00", Short(0x1234), 7),
        (short(Short, otherwise=anything), "c803 07 1234 00", Short(0x1234), 7),
        (short(Short, otherwise=anything), "c803 08 1234 00", Anything(8, b"\x12\x34"), 7),
        (short(Short), "c803 08 1234 00", UnknownExtension(200, b"\x08\x12\x34"), 7),
        (long(Long), "2807 0002 1234 00", Long(0x1234), 8),
        (long(Long, otherwise=anything), "2807 0002 1234 00", Long(0x1234), 8),
        (long(Long, otherwise=anything), "2808 0002 1234 00", Anything(8, b"\x12\x34"), 8),
    ],
)
def test_the_extension_and_where_the_next_one_begins(
    decoder: Decoder, text: str, expected: Extension, end: int
) -> None:
    assert cut(decoder, text) == (expected, end)


@pytest.mark.parametrize(
    ("decoder", "text", "reason", "offset"),
    [
        # Offsets are those of the message: each extension begins at octet 2.
        (simple(Simple), "c8", DecodeReason.TRUNCATED, 2),
        (simple(Simple), "c802 12", DecodeReason.TRUNCATED, 3),
        (simple(Simple), "c801 12 00", DecodeReason.BAD_LENGTH, 4),
        (simple(Simple), "c803 123456", DecodeReason.TRAILING_OCTETS, 6),
        (short(Short), "c8", DecodeReason.TRUNCATED, 2),
        (short(Short), "c803 07 12", DecodeReason.TRUNCATED, 3),
        (short(Short), "c800 07", DecodeReason.BAD_LENGTH, 4),
        (short(Short), "c802 07 12 00", DecodeReason.BAD_LENGTH, 5),
        (short(Short), "c804 07 123456", DecodeReason.TRAILING_OCTETS, 7),
        (short(Short, otherwise=nothing_read), "c802 08 12", DecodeReason.TRAILING_OCTETS, 5),
        (long(Long), "28", DecodeReason.TRUNCATED, 2),
        (long(Long), "2807 00", DecodeReason.TRUNCATED, 2),
        (long(Long), "2807 0002 12", DecodeReason.TRUNCATED, 4),
        (long(Long), "2807 0001 12 00", DecodeReason.BAD_LENGTH, 6),
        (long(Long), "2807 0003 123456", DecodeReason.TRAILING_OCTETS, 8),
        (long(Long, otherwise=nothing_read), "2808 0001 12", DecodeReason.TRAILING_OCTETS, 6),
    ],
)
def test_refused(decoder: Decoder, text: str, reason: DecodeReason, offset: int) -> None:
    assert refusal(decoder, text) == (reason, offset)


@pytest.mark.requirement("R5944-1.8-a")
@pytest.mark.parametrize(
    ("decoder", "text", "offset"),
    [
        (short(Short), "2c03 08 1234", 4),  # 44 has a short framing and must be understood
        (short(Short), "7f01 08", 4),
        (long(Long), "2808 0002 1234", 3),
        (long(Long), "9a08 0002 1234", 3),  # RFC 7629 §4: 154 is long, and not skippable in spite of its number
    ],
)
def test_an_unknown_subtype_of_what_must_be_understood_discards_the_message(
    decoder: Decoder, text: str, offset: int
) -> None:
    assert refusal(decoder, text) == (DecodeReason.UNKNOWN_EXTENSION, offset)


@pytest.mark.requirement("R5944-1.8-b")
def test_from_128_on_a_short_extension_of_unknown_subtype_is_kept_whole() -> None:
    assert cut(short(Short), "8003 08 1234") == (UnknownExtension(128, b"\x08\x12\x34"), 7)


def test_windows_end_where_the_next_extension_begins() -> None:
    assert window(b"\0\xc8\x02ab\0", 1).end == 5
    assert long_window(b"\0\x28\x07\x00\x02ab\0", 1).end == 7
    assert window(b"\0\xc8\x02ab\0", 1).rest() == b"ab"
    assert long_window(b"\0\x28\x07\x00\x02ab\0", 1).rest() == b"ab"
