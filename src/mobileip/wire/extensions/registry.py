"""Type number -> decoder, one registry for each number space (RFC 5944 §1.8), and the rule for unknown types."""

from collections.abc import Callable, Mapping
from functools import partial

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import Extension, UnknownExtension

SKIPPABLE_FROM = 128
"""RFC 5944 §1.8: unknown types from here on are skipped by their Length, those below discard the message."""

Decoder = Callable[[bytes, int], tuple[Extension, int]]
"""(octets, offset of the type octet) -> the extension and the offset behind it."""


def _authentication(kind: type[AuthenticationExtension], octets: bytes, offset: int) -> tuple[Extension, int]:
    data, end = simple(octets, offset)
    if len(data) < 4:
        raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, f"length {len(data)}, at least 4 for the SPI")
    return kind(int.from_bytes(data[:4]), data[4:]), end


def simple(octets: bytes, offset: int) -> tuple[bytes, int]:
    start = offset + 2
    if start > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, offset, "an extension without its length octet")
    end = start + octets[offset + 1]
    if end > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, offset + 1, f"an extension up to octet {end} of {len(octets)}")
    return octets[start:end], end


CONTROL: Mapping[int, Decoder] = {
    kind.TYPE: partial(_authentication, kind)
    for kind in (MobileHomeAuthentication, MobileForeignAuthentication, ForeignHomeAuthentication)
}


def decode_extensions(
    octets: bytes, offset: int, registry: Mapping[int, Decoder]
) -> tuple[tuple[Extension, ...], tuple[int, ...]]:
    """The extensions from `offset` to the end, and where each begins. Raises: `DecodeError`."""
    extensions: list[Extension] = []
    offsets: list[int] = []
    while offset < len(octets):
        offsets.append(offset)
        decoder = registry.get(octets[offset])
        if decoder is not None:
            extension, offset = decoder(octets, offset)
        elif octets[offset] >= SKIPPABLE_FROM:
            number = octets[offset]
            data, offset = simple(octets, offset)
            extension = UnknownExtension(number, data)
        else:
            # RFC 5944 §1.8: an unrecognized extension 0-127: "the message containing that Extension MUST be silently discarded".
            raise DecodeError(DecodeReason.UNKNOWN_EXTENSION, offset, f"unknown extension {octets[offset]}")
        extensions.append(extension)
    return tuple(extensions), tuple(offsets)
