"""Control messages as a whole: one entry to decode, one to encode.

A decoded message keeps the octets received and where each extension began, because authenticators are computed over
octets received, never over a re-encoding (law 7).
"""

from typing import Generic, TypeVar

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.registry import CONTROL, decode_extensions
from mobileip.wire.registration import (
    RegistrationReply,
    RegistrationRequest,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

Message = RegistrationRequest | RegistrationReply  # wire's owner adds TunnelData, RegistrationRevocation, ...Acknowledgment

M = TypeVar("M", bound=Message, covariant=True)
E = TypeVar("E", bound=Extension)


class Decoded(msgspec.Struct, Generic[M], frozen=True):
    """A message, the UDP payload it came in, and the offset of each of its extensions in that payload."""

    message: M
    octets: bytes
    offsets: tuple[int, ...]

    def find(self, kind: type[E]) -> list[tuple[int, E]]:
        """The extensions of one kind with their offsets, in the order received."""
        return [
            (offset, extension)
            for offset, extension in zip(self.offsets, self.message.extensions, strict=True)
            if isinstance(extension, kind)
        ]


def decode_message(octets: bytes) -> Decoded[Message]:
    """Decodes one UDP payload of port 434 (RFC 5944 §3.3, §3.4 and later message types).

    Raises: `DecodeError`, and nothing else whatever the octets are.
    """
    if not octets:
        raise DecodeError(DecodeReason.TRUNCATED, 0, "an empty datagram")
    fixed = _FIXED_LENGTHS.get(octets[0])
    if fixed is None:
        raise DecodeError(DecodeReason.UNKNOWN_MESSAGE_TYPE, 0, f"message type {octets[0]}")
    if len(octets) < fixed:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"message type {octets[0]} needs {fixed} octets")
    extensions, offsets = decode_extensions(octets, fixed, CONTROL)
    message = decode_request(octets, extensions) if octets[0] == 1 else decode_reply(octets, extensions)
    return Decoded(message, octets, offsets)


_FIXED_LENGTHS = {1: 24, 3: 20}


def encode_message(message: Message) -> bytes:
    """The UDP payload of a message, extensions included in their order."""
    fixed = encode_request(message) if isinstance(message, RegistrationRequest) else encode_reply(message)
    return fixed + b"".join([extension.encode() for extension in message.extensions])
