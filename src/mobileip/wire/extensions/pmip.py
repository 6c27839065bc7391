"""Proxy Mobile IPv4 (RFC 5563 §5): 47, not skippable, and 147, skippable.

47/1     | Type | Subtype = 1 | Length (16) = 1 | Method |
147/1    | Type | Length | Subtype | Identifier ...
147/2,3  | Type | Length | Subtype | ID-Type | Identifier ...
147/4    | Type | Length = 2 | Subtype | Tech-Type |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension, ShortExtension
from mobileip.wire.fields import u8


class PmipAuthenticationMethod(LongExtension, frozen=True):
    """RFC 5563 §5.1: authentication per node, not per mobile node; `subtypes.PmipMethod`."""

    TYPE: ClassVar[int] = 47
    SUBTYPE: ClassVar[int] = 1

    method: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("method"))

    def data(self) -> bytes:
        return u8(self.method, "method")


class PmipInterfaceId(ShortExtension, frozen=True):
    """RFC 5563 §5.2: the interface with which the device is attached."""

    TYPE: ClassVar[int] = 147
    SUBTYPE: ClassVar[int] = 1

    identifier: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.rest())

    def data(self) -> bytes:
        return self.identifier


class _TypedIdentifier(ShortExtension, frozen=True):
    """Common form of device and subscriber."""

    TYPE: ClassVar[int] = 147

    id_type: int
    identifier: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("id_type"), cursor.rest())

    def data(self) -> bytes:
        return u8(self.id_type, "id_type") + self.identifier


class PmipDeviceId(_TypedIdentifier, frozen=True):
    """RFC 5563 §5.3: the device; types: 1 MAC address, 2 MEID, 3 IMEI, 4 ESN."""

    SUBTYPE: ClassVar[int] = 2


class PmipSubscriberId(_TypedIdentifier, frozen=True):
    """RFC 5563 §5.4: the subscription; type 1 IMSI."""

    SUBTYPE: ClassVar[int] = 3


class PmipAccessTechnology(ShortExtension, frozen=True):
    """RFC 5563 §5.5: `subtypes.AccessTechnology`."""

    TYPE: ClassVar[int] = 147
    SUBTYPE: ClassVar[int] = 4

    technology: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("technology"))

    def data(self) -> bytes:
        return u8(self.technology, "technology")
