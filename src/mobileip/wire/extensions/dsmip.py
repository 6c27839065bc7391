"""Dual-stack Mobile IPv4, 152 (RFC 5454 §2).

152/1   | Type | Length = 18 | Subtype | Prefix Length | IPv6 Prefix (128) |
152/2   | Type | Length = 20 | Subtype | Code | Prefix Length | Reserved | IPv6 Prefix (128) |
152/3   | Type | Length = 2 | Subtype | Reserved |
"""

from ipaddress import IPv6Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import ShortExtension
from mobileip.wire.fields import u8


class Ipv6PrefixRequest(ShortExtension, frozen=True):
    """RFC 5454 §2.1: the mobile node asks for packets of an IPv6 prefix."""

    TYPE: ClassVar[int] = 152
    SUBTYPE: ClassVar[int] = 1

    prefix: IPv6Address
    prefix_length: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        prefix_length = cursor.u8("prefix_length")
        return cls(cursor.ipv6_address("prefix"), prefix_length)

    def data(self) -> bytes:
        return u8(self.prefix_length, "prefix_length") + self.prefix.packed


class Ipv6PrefixReply(ShortExtension, frozen=True, kw_only=True):
    """RFC 5454 §2.2: `code` is a `subtypes.Ipv6PrefixCode`; prefix length 255: the prefix is a link-local address."""

    TYPE: ClassVar[int] = 152
    SUBTYPE: ClassVar[int] = 2

    code: int
    prefix: IPv6Address
    prefix_length: int
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(
            code=cursor.u8("code"),
            prefix_length=cursor.u8("prefix_length"),
            reserved=cursor.u8("reserved"),
            prefix=cursor.ipv6_address("prefix"),
        )

    def data(self) -> bytes:
        head = u8(self.code, "code") + u8(self.prefix_length, "prefix_length")
        return head + u8(self.reserved, "reserved") + self.prefix.packed


class Ipv6TunnelingMode(ShortExtension, frozen=True):
    """RFC 5454 §2.3: IPv6 packets can be tunnelled to the care-of address."""

    TYPE: ClassVar[int] = 152
    SUBTYPE: ClassVar[int] = 3

    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("reserved"))

    def data(self) -> bytes:
        return u8(self.reserved, "reserved")
