"""How an extension's octets are cut out of a message: decoders made of classes, one function for each framing.

Each returned decoder takes (octets, offset of the type octet), gives the extension and the offset behind it, and raises
nothing but `DecodeError`.
"""

from collections.abc import Callable
from typing import NoReturn, Protocol

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension, Padding, SimpleExtension, UnknownExtension

SKIPPABLE_FROM = 128
"""RFC 5944 §1.8: unknown types from here on are skipped by their Length, those below discard the message."""

Decoder = Callable[[bytes, int], tuple[Extension, int]]
"""(octets, offset of the type octet) -> the extension and the offset behind it."""


class Subtyped(Protocol):
    """A class that stands for one subtype."""

    @property
    def SUBTYPE(self) -> int: ...  # noqa: N802 - the class attribute's name

    def decode(self, cursor: Cursor, /) -> Extension: ...


AnySubtype = Callable[[int, Cursor], Extension]
"""Makes an extension of a subtype for which there is no class."""


def window(octets: bytes, offset: int) -> Cursor:
    """The data of an extension with a Length octet; its `end` is where the next extension begins."""
    start = offset + 2
    if start > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, offset, "an extension without its length octet")
    return _bounded(octets, offset + 1, start, start + octets[offset + 1])


def long_window(octets: bytes, offset: int) -> Cursor:
    """The data of an extension whose third and fourth octet are its Length."""
    start = offset + 4
    if start > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, offset, "an extension without its two length octets")
    return _bounded(octets, offset + 2, start, start + int.from_bytes(octets[offset + 2 : start]))


def _bounded(octets: bytes, length_offset: int, start: int, end: int) -> Cursor:
    if end > len(octets):
        detail = f"an extension up to octet {end} of {len(octets)}"
        raise DecodeError(DecodeReason.TRUNCATED, length_offset, detail)
    return Cursor(octets, start, end, DecodeReason.BAD_LENGTH)


def padding(_octets: bytes, offset: int) -> tuple[Extension, int]:
    """A decoder: type 0, a single octet (RFC 5944 §1.8)."""
    return _PADDING, offset + 1


_PADDING = Padding()


def simple(kind: type[SimpleExtension]) -> Decoder:
    def decode(octets: bytes, offset: int) -> tuple[Extension, int]:
        cursor = window(octets, offset)
        extension = kind.decode(cursor)
        cursor.finish(kind.__name__)
        return extension, cursor.end

    return decode


def short(*kinds: Subtyped, otherwise: AnySubtype | None = None) -> Decoder:
    """`kinds` by their SUBTYPE; another subtype goes to `otherwise`, or is unknown."""
    by_subtype = {kind.SUBTYPE: kind for kind in kinds}

    def decode(octets: bytes, offset: int) -> tuple[Extension, int]:
        # R5944-1.11-a: the Length "MUST be set to 1 plus the total length of the Data field".
        cursor = window(octets, offset)
        subtype = cursor.u8("subtype")
        kind = by_subtype.get(subtype)
        if kind is not None:
            extension: Extension = kind.decode(cursor)
        elif otherwise is not None:
            extension = otherwise(subtype, cursor)
        elif octets[offset] >= SKIPPABLE_FROM:
            # R5944-1.8-b: of an unknown subtype it is not recognized either.
            return UnknownExtension(octets[offset], octets[offset + 2 : cursor.end]), cursor.end
        else:
            _refuse_subtype(octets[offset], subtype, offset + 2)
        cursor.finish(type(extension).__name__)
        return extension, cursor.end

    return decode


def long(*kinds: Subtyped, otherwise: AnySubtype | None = None) -> Decoder:
    """`kinds` by their SUBTYPE; another subtype goes to `otherwise`, or discards the message."""
    by_subtype = {kind.SUBTYPE: kind for kind in kinds}

    def decode(octets: bytes, offset: int) -> tuple[Extension, int]:
        cursor = long_window(octets, offset)
        subtype = octets[offset + 1]
        kind = by_subtype.get(subtype)
        if kind is not None:
            extension: Extension = kind.decode(cursor)
        elif otherwise is not None:
            extension = otherwise(subtype, cursor)
        else:
            _refuse_subtype(octets[offset], subtype, offset + 1)
        cursor.finish(type(extension).__name__)
        return extension, cursor.end

    return decode


def _refuse_subtype(number: int, subtype: int, offset: int) -> NoReturn:
    # R5944-1.8-a: a non-skippable extension that is not recognized: "the message containing that Extension MUST be
    # silently discarded". A subtype that we do not know makes it one. R6245-4.2-b: so of the GRE key.
    raise DecodeError(DecodeReason.UNKNOWN_EXTENSION, offset, f"extension {number} with unknown subtype {subtype}")
