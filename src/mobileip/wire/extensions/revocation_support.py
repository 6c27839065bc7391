"""Revocation support, 137 (RFC 3543 §3.2).

| Type | Length = 6 or more |I|  Reserved (15)  | Timestamp (32) |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import SimpleExtension
from mobileip.wire.fields import u16, u32, unsigned


class RevocationSupport(SimpleExtension, frozen=True):
    """RFC 3543 §3.2: the sender wants to be told when the registration is revoked."""

    TYPE: ClassVar[int] = 137

    timestamp: int
    """The sender's 32-bit clock; the one from which Revocation Identifiers are taken."""
    inform: bool = False
    """I: the sender can use the I bit of Revocation messages."""
    reserved: int = 0
    """Fifteen bits. R3543-3.2-e: "MUST be set to 0 on sending"."""
    more: bytes = b""
    """§3.2: "This allows for a longer extension length should more bits be required in the future"."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        flags = cursor.u16("flags")
        # R3543-3.2-f: "MUST be ignored on receiving".
        return cls(cursor.u32("timestamp"), bool(flags & 0x8000), flags & 0x7FFF, cursor.rest())

    def data(self) -> bytes:
        flags = self.inform << 15 | unsigned(self.reserved, 15, "reserved")
        return u16(flags, "flags") + u32(self.timestamp, "timestamp") + self.more
