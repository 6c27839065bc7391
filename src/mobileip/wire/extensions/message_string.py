"""Message string, 145 (RFC 4917 §3).

| Type | Length = 1 + octets of text | Subtype | Text, UTF-8 ...
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import ShortExtension


class MessageString(ShortExtension, frozen=True):
    """RFC 4917 §3: words for a human from the agent that the subtype names (`subtypes.MessageStringSubtype`).

    They "MUST NOT affect the operation of the protocol", so wrong UTF-8 in them is no reason to refuse a message.
    """

    TYPE: ClassVar[int] = 145

    subtype: int
    octets: bytes

    @classmethod
    def of(cls, subtype: int, text: str) -> Self:
        # R4917-3-c: "MUST be in UTF-8 encoded ISO-10646 characters".
        return cls(subtype, text.encode())

    @property
    def text(self) -> str:
        """What can be read of it; other octets appear as U+FFFD."""
        return self.octets.decode(errors="replace")

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        if not cursor.remaining:
            raise DecodeError(DecodeReason.BAD_LENGTH, cursor.position, "a message string without text")
        return cls(subtype, cursor.rest())

    def data(self) -> bytes:
        if not self.octets:
            raise ValueError("octets: a message string has at least one octet of text")
        return self.octets
