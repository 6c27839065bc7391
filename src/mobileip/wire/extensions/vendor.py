"""Vendor/organization specific extensions: critical, 38 (RFC 3115 §2.1), and normal, 134 (§2.2); 37 and 133 are their
older numbers (RFC 3025, obsoleted), with the same layouts.

    37, 38     | Type | Reserved | Length (16) | Vendor/Org-ID (32) | Vendor-CVSE-Type (16) | value ...
    133, 134   | Type | Length | Reserved (16) | Vendor/Org-ID (32) | Vendor-NVSE-Type (16) | value ...

The Length of 38 leaves open whether the Reserved octet counts ("not including the Type and Length bytes"); here it
does not, as in the long format and in the decoders of others.
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension, SimpleExtension
from mobileip.wire.fields import u16, u32


class CriticalVendorExtension(LongExtension, frozen=True, kw_only=True):
    """RFC 3115 §2.1: whoever knows 38 but not this vendor's type denies the request (codes 100, 101, 140, 141)."""

    TYPE: ClassVar[int] = 38

    vendor: int
    """SMI Private Enterprise Code in the low three octets."""
    vendor_type: int
    value: bytes = b""
    reserved: int = 0
    """R3115-2.1-a: "MUST be set to 0 on sending"."""

    @property
    def subtype(self) -> int:
        """The Reserved octet stands where the long format has its subtype."""
        return self.reserved

    @classmethod
    def of_subtype(cls, reserved: int, cursor: Cursor) -> Self:
        # R3115-2.1-b: Reserved "MUST be ignored on reception": any is taken.
        return cls(
            vendor=cursor.u32("vendor"),
            vendor_type=cursor.u16("vendor_type"),
            value=cursor.rest(),
            reserved=reserved,
        )

    def data(self) -> bytes:
        return u32(self.vendor, "vendor") + u16(self.vendor_type, "vendor_type") + self.value


class OldCriticalVendorExtension(CriticalVendorExtension, frozen=True, kw_only=True):
    """RFC 3025 §2.1: the number before RFC 3115."""

    TYPE: ClassVar[int] = 37


class NormalVendorExtension(SimpleExtension, frozen=True, kw_only=True):
    """RFC 3115 §2.2: skipped by whoever does not know it."""

    TYPE: ClassVar[int] = 134

    vendor: int
    vendor_type: int
    value: bytes = b""
    reserved: int = 0
    """R3115-2.2-a: "To be set to 0"."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        # R3115-2.2-a: ignored on reception.
        return cls(
            reserved=cursor.u16("reserved"),
            vendor=cursor.u32("vendor"),
            vendor_type=cursor.u16("vendor_type"),
            value=cursor.rest(),
        )

    def data(self) -> bytes:
        head = u16(self.reserved, "reserved") + u32(self.vendor, "vendor")
        return head + u16(self.vendor_type, "vendor_type") + self.value


class OldNormalVendorExtension(NormalVendorExtension, frozen=True, kw_only=True):
    """RFC 3025 §2.2: the number before RFC 3115."""

    TYPE: ClassVar[int] = 133
