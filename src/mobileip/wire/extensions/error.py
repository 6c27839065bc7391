"""Foreign agent error, 45 (RFC 4636 §3).

| Type | Length = 2 | Subtype = 0 | Status |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import ShortExtension
from mobileip.wire.fields import u8


class ForeignAgentError(ShortExtension, frozen=True):
    """RFC 4636 §3: what a foreign agent found wrong with a Reply whose Code it may not touch."""

    TYPE: ClassVar[int] = 45
    SUBTYPE: ClassVar[int] = 0
    """R4636-3-a"""

    status: int
    """A `numbers.ReplyCode` of a foreign agent, 64-127."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("status"))

    def data(self) -> bytes:
        return u8(self.status, "status")
