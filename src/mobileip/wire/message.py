"""Control messages as a whole: one entry to decode, one to encode.

A decoded message keeps the octets received and where each extension began, because authenticators are computed over
octets received, never over a re-encoding (law 7).
"""

from typing import Generic, TypeVar

import msgspec

from mobileip.wire.extensions.base import Extension
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

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
    raise NotImplementedError


def encode_message(message: Message) -> bytes:
    """The UDP payload of a message, extensions included in their order."""
    raise NotImplementedError
