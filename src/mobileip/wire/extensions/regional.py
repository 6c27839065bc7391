"""Regional registration (RFC 4857 §9): 46, 140, 141, 142.

46, 140, 142   | Type | Length = 6 | Reserved (16) | address or lifetime (32) |
141            | Type | Length | Style (16) | Initial Identification (64) |
"""

from ipaddress import IPv4Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension, SimpleExtension
from mobileip.wire.extensions.framing import window
from mobileip.wire.fields import u16, u32, u64


class _AddressExtension(SimpleExtension, frozen=True):
    """Common form of 46 and 140."""

    address: IPv4Address
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        reserved = cursor.u16("reserved")
        return cls(cursor.address("address"), reserved)

    def data(self) -> bytes:
        return u16(self.reserved, "reserved") + self.address.packed


class GatewayForeignAgentAddress(_AddressExtension, frozen=True):
    """RFC 4857 §9.1: the gateway foreign agent that the home agent registers as care-of address. Not skippable."""

    TYPE: ClassVar[int] = 46


class HierarchicalForeignAgent(_AddressExtension, frozen=True):
    """RFC 4857 §9.2: the foreign agent (or co-located address) below a gateway foreign agent."""

    TYPE: ClassVar[int] = 140


class ReplayProtectionStyle(Extension, frozen=True):
    """RFC 4857 §9.3: how regional registrations are protected against replay.

    The text says Length 2, its figure shows 10 octets of data. We write 10 and read both as the figure.
    """

    TYPE: ClassVar[int] = 141

    style: int
    """0 timestamps, 1 nonces."""
    initial_identification: int
    length_as_in_text: bool = False
    """Received with Length 2."""

    def encode(self) -> bytes:
        head = bytes((self.TYPE, 2 if self.length_as_in_text else 10)) + u16(self.style, "style")
        return head + u64(self.initial_identification, "initial_identification")


def replay_protection_style(octets: bytes, offset: int) -> tuple[Extension, int]:
    """A decoder of 141 in both forms."""
    cursor = window(octets, offset)
    as_in_text = cursor.remaining == 2
    if as_in_text:
        cursor = Cursor(octets, cursor.position)
    elif cursor.remaining != 10:
        raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, f"length {cursor.remaining}, 10 (or 2) is expected")
    style, identification = cursor.u16("style"), cursor.u64("initial_identification")
    return ReplayProtectionStyle(style, identification, as_in_text), cursor.position


class RegionalRegistrationLifetime(SimpleExtension, frozen=True):
    """RFC 4857 §9.4: seconds that the regional registration lasts; 0xffff is infinity, 0 deregistered."""

    TYPE: ClassVar[int] = 142

    lifetime: int
    reserved: int = 0

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        reserved = cursor.u16("reserved")
        return cls(cursor.u32("lifetime"), reserved)

    def data(self) -> bytes:
        return u16(self.reserved, "reserved") + u32(self.lifetime, "lifetime")
