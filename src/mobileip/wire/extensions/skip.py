"""SKIP firewall traversal, 129 (RFC 2356 §7.3).

| Type | Length = 10 | Reserved (16) | MN to HA Traversal Address | HA to MN Traversal Address |
"""

from ipaddress import IPv4Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import SimpleExtension
from mobileip.wire.fields import u16


class TraversalExtension(SimpleExtension, frozen=True):
    """RFC 2356 §7.3: a firewall between mobile node and home agent, as seen from each side; a hint."""

    TYPE: ClassVar[int] = 129

    mobile_to_home: IPv4Address
    home_to_mobile: IPv4Address
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        reserved = cursor.u16("reserved")
        return cls(cursor.address("mobile_to_home"), cursor.address("home_to_mobile"), reserved)

    def data(self) -> bytes:
        return u16(self.reserved, "reserved") + self.mobile_to_home.packed + self.home_to_mobile.packed
