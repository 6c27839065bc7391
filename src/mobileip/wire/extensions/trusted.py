"""Trusted networks configured, 149 (RFC 5265 §3.4).

| Type | Length = 2 | Subtype = 0 | Reserved |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import ShortExtension
from mobileip.wire.fields import u8


class TrustedNetworksConfigured(ShortExtension, frozen=True):
    """RFC 5265 §3.4: the internal home agent knows which networks are inside."""

    TYPE: ClassVar[int] = 149
    SUBTYPE: ClassVar[int] = 0

    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("reserved"))

    def data(self) -> bytes:
        return u8(self.reserved, "reserved")
