"""GRE key, 48 (RFC 6245 §5).

| Type | Subtype = 0 | Length (16) = 4 | Key Identifier (32) |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension
from mobileip.wire.fields import u32


class GreKey(LongExtension, frozen=True):
    """RFC 6245 §5: the key that the receiver of this extension puts into the GRE packets that it sends back."""

    TYPE: ClassVar[int] = 48
    SUBTYPE: ClassVar[int] = 0

    key: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u32("key"))

    def data(self) -> bytes:
        return u32(self.key, "key")
