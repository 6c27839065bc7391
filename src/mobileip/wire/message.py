"""Control messages as a whole: one entry to decode, one to encode.

A decoded message keeps the octets received and where each extension began, because authenticators are computed over
octets received, never over a re-encoding (law 7).
"""

from collections.abc import Callable
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
from mobileip.wire.revocation import (
    RegistrationRevocation,
    RevocationAcknowledgment,
    decode_acknowledgment,
    decode_revocation,
    encode_acknowledgment,
    encode_revocation,
)
from mobileip.wire.tunnel_data import TunnelData, decode_tunnel_data, encode_tunnel_data

Message = RegistrationRequest | RegistrationReply | TunnelData | RegistrationRevocation | RevocationAcknowledgment

_DECODERS: dict[int, tuple[int, Callable[[bytes, tuple[Extension, ...]], Message]]] = {
    RegistrationRequest.TYPE: (24, decode_request),
    RegistrationReply.TYPE: (20, decode_reply),
    RegistrationRevocation.TYPE: (20, decode_revocation),
    RevocationAcknowledgment.TYPE: (12, decode_acknowledgment),
}
"""By message type: octets of the fixed part and its decoder."""

TUNNEL_DATA_HEADER_LENGTH = 4

M = TypeVar("M", bound=Message, covariant=True)  # noqa: PLC0105 - the name that the agents know
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
    """Decodes one UDP payload of port 434: registration (RFC 5944), revocation (RFC 3543), tunnel data (RFC 3519).

    Raises: `DecodeError`, and nothing else whatever the octets are.
    """
    if not octets:
        raise DecodeError(DecodeReason.TRUNCATED, 0, "an empty datagram")
    if octets[0] == TunnelData.TYPE:
        _check_length(octets, TUNNEL_DATA_HEADER_LENGTH)
        return Decoded(decode_tunnel_data(octets), octets, ())
    known = _DECODERS.get(octets[0])
    if known is None:
        raise DecodeError(DecodeReason.UNKNOWN_MESSAGE_TYPE, 0, f"message type {octets[0]}")
    fixed, decode = known
    _check_length(octets, fixed)
    extensions, offsets = decode_extensions(octets, fixed, CONTROL)
    return Decoded(decode(octets, extensions), octets, offsets)


def _check_length(octets: bytes, fixed: int) -> None:
    if len(octets) < fixed:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"message type {octets[0]} needs {fixed} octets")


def encode_message(message: Message) -> bytes:
    """The UDP payload of a message, extensions included in their order.

    Raises: ValueError, naming the field that does not fit.
    """
    match message:
        case RegistrationRequest():
            fixed = encode_request(message)
        case RegistrationReply():
            fixed = encode_reply(message)
        case RegistrationRevocation():
            fixed = encode_revocation(message)
        case RevocationAcknowledgment():
            fixed = encode_acknowledgment(message)
        case TunnelData():  # no other
            return encode_tunnel_data(message)
    return fixed + b"".join([extension.encode() for extension in message.extensions])
