"""Network access identifiers: of the mobile node, 131 (RFC 2794 §2), and of others, 136 (RFC 3846 §3).

131   | Type | Length | NAI ...
136   | Type | Length | Subtype | NAI ...
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import ShortExtension, SimpleExtension
from mobileip.wire.fields import text


class MobileNodeNai(SimpleExtension, frozen=True):
    """RFC 2794 §2: who the mobile node is, `user@realm`, UTF-8 (RFC 4282 §2.1)."""

    TYPE: ClassVar[int] = 131

    nai: str

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.text("nai"))

    def data(self) -> bytes:
        return text(self.nai, "nai")


class NaiCarrying(ShortExtension, frozen=True):
    """RFC 3846 §3: whose identity it is, is told by the subtype (`subtypes.NaiCarryingSubtype`); all are kept."""

    TYPE: ClassVar[int] = 136

    subtype: int
    nai: str

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        return cls(subtype, cursor.text("nai"))

    def data(self) -> bytes:
        return text(self.nai, "nai")
