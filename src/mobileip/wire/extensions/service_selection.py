"""Service selection, 151 (RFC 5446 §3).

| Type | Length = 1-255 | Identifier, UTF-8 in normalization form KC ...
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import SimpleExtension
from mobileip.wire.fields import text


class ServiceSelection(SimpleExtension, frozen=True):
    """RFC 5446 §3: the service, such as `ims`, that the mobile node asks for."""

    TYPE: ClassVar[int] = 151

    identifier: str

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.text("identifier"))

    def data(self) -> bytes:
        return text(self.identifier, "identifier")
