"""What every extension is: a frozen value that knows its type number and encodes itself whole, header included.

Three framings (RFC 5944 §1.9-§1.11). A number does not tell which one it uses; only the registry does.

    simple   | Type | Length | data ...                     Length counts the data
    short    | Type | Length | Subtype | data ...           Length counts Subtype and data
    long     | Type | Subtype | Length (16) | data ...      Length counts the data
"""

from typing import ClassVar, Self

import msgspec

from mobileip.wire.cursor import Cursor
from mobileip.wire.fields import u8

MAXIMUM_LENGTH = 0xFF
MAXIMUM_LONG_LENGTH = 0xFFFF


class Extension(msgspec.Struct, frozen=True):
    """One extension of a control message or of a router discovery message (RFC 5944 §1.8)."""

    TYPE: ClassVar[int]

    def encode(self) -> bytes:
        """The extension's octets, from its type octet on.

        Raises: ValueError, naming the field that does not fit.
        """
        raise NotImplementedError

    def _limited(self, data: bytes, maximum: int) -> bytes:
        if len(data) > maximum:
            raise ValueError(f"{type(self).__name__} has {len(data)} octets of data, at most {maximum} fit")
        return data


class SimpleExtension(Extension, frozen=True):
    """Type, Length, data (RFC 5944 §1.9)."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        """Reads the data, a window that the caller checks to be used up. Raises: `DecodeError`."""
        raise NotImplementedError

    def data(self) -> bytes:
        """What follows the Length octet."""
        raise NotImplementedError

    def encode(self) -> bytes:
        data = self._limited(self.data(), MAXIMUM_LENGTH)
        return bytes((self.TYPE, len(data))) + data


class SubtypedExtension(SimpleExtension, frozen=True):
    """An extension whose layout is told by type and subtype together."""

    SUBTYPE: ClassVar[int]
    """Of a class that stands for one subtype; one that stands for several has a field `subtype`."""

    @property
    def subtype(self) -> int:
        return self.SUBTYPE

    def data(self) -> bytes:
        """What follows Length and Subtype."""
        raise NotImplementedError


class ShortExtension(SubtypedExtension, frozen=True):
    """Type, Length, Subtype, data (RFC 5944 §1.11)."""

    def encode(self) -> bytes:
        data = self._limited(self.data(), MAXIMUM_LENGTH - 1)
        # R5944-1.11-a, R3846-3-a, R4917-3-a: the Length "MUST be set to 1 plus the total length of the Data field".
        length = 1 + len(data)
        return bytes((self.TYPE, length)) + u8(self.subtype, "subtype") + data


class LongExtension(SubtypedExtension, frozen=True):
    """Type, Subtype, Length of two octets, data (RFC 5944 §1.10)."""

    def encode(self) -> bytes:
        data = self._limited(self.data(), MAXIMUM_LONG_LENGTH)
        return bytes((self.TYPE,)) + u8(self.subtype, "subtype") + len(data).to_bytes(2) + data


class UnknownExtension(Extension, frozen=True):
    """A skippable extension (128-255) that we do not know, or whose subtype we do not know: kept and re-encoded
    verbatim (RFC 5944 §1.8). `data` is all that follows the Length octet.
    """

    extension_type: int
    data: bytes

    def encode(self) -> bytes:
        data = self._limited(self.data, MAXIMUM_LENGTH)
        return u8(self.extension_type, "extension_type") + bytes((len(data),)) + data


class Padding(Extension, frozen=True):
    """| Type = 0 |: one octet without Length, in both number spaces (RFC 5944 §1.8, §2.1.3)."""

    TYPE: ClassVar[int] = 0

    def encode(self) -> bytes:
        return b"\0"
