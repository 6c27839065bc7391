"""Mobile networks, 148 (RFC 5177 §4).

148/0     | Type | Length = 6 | Subtype | Prefix Length | Prefix (32) |
148/1,2   | Type | Length = 8 | Subtype | Code | Prefix Length | Reserved | Prefix (32) |
"""

from ipaddress import IPv4Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import ShortExtension
from mobileip.wire.fields import u8


class MobileNetworkRequest(ShortExtension, frozen=True):
    """RFC 5177 §4.1: a mobile router asks for packets of a network.

    Any prefix length is decoded: a home agent answers a wrong one with a code (§6.6), and 0 may ask for a network
    (RFC 6626 §3.1).
    """

    TYPE: ClassVar[int] = 148
    SUBTYPE: ClassVar[int] = 0

    prefix: IPv4Address
    prefix_length: int

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        prefix_length = cursor.u8("prefix_length")
        return cls(cursor.address("prefix"), prefix_length)

    def data(self) -> bytes:
        return u8(self.prefix_length, "prefix_length") + self.prefix.packed


class MobileNetworkAcknowledgment(ShortExtension, frozen=True, kw_only=True):
    """RFC 5177 §4.2: common form; `code` is a `subtypes.MobileNetworkCode`."""

    TYPE: ClassVar[int] = 148

    code: int
    prefix: IPv4Address
    prefix_length: int
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(
            code=cursor.u8("code"),
            prefix_length=cursor.u8("prefix_length"),
            reserved=cursor.u8("reserved"),
            prefix=cursor.address("prefix"),
        )

    def data(self) -> bytes:
        head = u8(self.code, "code") + u8(self.prefix_length, "prefix_length")
        return head + u8(self.reserved, "reserved") + self.prefix.packed


class ExplicitMobileNetworkAcknowledgment(MobileNetworkAcknowledgment, frozen=True, kw_only=True):
    """The answer to one Request."""

    SUBTYPE: ClassVar[int] = 1


class ImplicitMobileNetworkAcknowledgment(MobileNetworkAcknowledgment, frozen=True, kw_only=True):
    """A network that the home agent knows without being asked."""

    SUBTYPE: ClassVar[int] = 2
