"""Options of fast handovers in router discovery messages (RFC 4988 §6): 20, 21, 22.

    20   | Type | Length | Option-Code | address and padding ...
    21   | Type | Length = 1 | Option-Code | Reserved | New IPv4 Address (32) |
    22   | Type | Length = 1 | Option-Code | Prefix-Length | Reserved (32) |

Length counts units of 8 octets, type and length included, unlike in every other extension.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension, SimpleExtension
from mobileip.wire.fields import u8, u32

UNIT = 8


class FastHandoverOption(SimpleExtension, frozen=True):
    """Common form of the three."""

    option_code: int

    def encode(self) -> bytes:
        body = u8(self.option_code, "option_code") + self.data()
        units, surplus = divmod(2 + len(body), UNIT)
        if surplus:
            raise ValueError(f"{type(self).__name__} has {2 + len(body)} octets, a multiple of {UNIT} is expected")
        return bytes((self.TYPE,)) + u8(units, "length") + body


class LinkLayerAddressOption(FastHandoverOption, frozen=True):
    """RFC 4988 §6.1: an address whose length depends on the link; what it is, tells `subtypes.LinkLayerOptionCode`."""

    TYPE: ClassVar[int] = 20

    address_and_padding: bytes
    """Nothing on the wire divides the address from the padding behind it; 5 octets more than a multiple of 8."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("option_code"), cursor.rest())

    def data(self) -> bytes:
        return self.address_and_padding


class NewIpv4AddressOption(FastHandoverOption, frozen=True):
    """RFC 4988 §6.2: option code 1 previous, 2 new care-of address, 3 address of the new access router."""

    TYPE: ClassVar[int] = 21

    address: IPv4Address
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        option_code, reserved = cursor.u8("option_code"), cursor.u8("reserved")
        return cls(option_code, cursor.address("address"), reserved)

    def data(self) -> bytes:
        return u8(self.reserved, "reserved") + self.address.packed


class NewRouterPrefixOption(FastHandoverOption, frozen=True):
    """RFC 4988 §6.3: the prefix length of the new access router's address; option code 0."""

    TYPE: ClassVar[int] = 22

    prefix_length: int
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(cursor.u8("option_code"), cursor.u8("prefix_length"), cursor.u32("reserved"))

    def data(self) -> bytes:
        return u8(self.prefix_length, "prefix_length") + u32(self.reserved, "reserved")


def fast_handover_option(kind: type[FastHandoverOption]) -> Callable[[bytes, int], tuple[Extension, int]]:
    """A decoder of one of the three."""

    def decode(octets: bytes, offset: int) -> tuple[Extension, int]:
        header = Cursor(octets, offset + 1)
        units = header.u8("length")
        if units == 0:
            raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, f"{kind.__name__} of length 0")
        cursor = header.window(units * UNIT - 2, kind.__name__)
        extension = kind.decode(cursor)
        cursor.finish(kind.__name__)
        return extension, cursor.end

    return decode
