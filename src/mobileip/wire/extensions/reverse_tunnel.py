"""Encapsulating delivery style, 130 (RFC 3024 §3.3).

| Type | Length = 0 |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import SimpleExtension


class EncapsulatingDeliveryStyle(SimpleExtension, frozen=True):
    """RFC 3024 §3.3: the mobile node will encapsulate what it sends through the foreign agent."""

    TYPE: ClassVar[int] = 130

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        del cursor  # Length 0: the framing refuses any data
        return cls()

    def data(self) -> bytes:
        return b""
