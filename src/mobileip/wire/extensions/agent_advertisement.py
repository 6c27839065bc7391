"""What makes a router advertisement an Agent Advertisement (RFC 5944 §2.1): 16, and prefix lengths, 19.

    16   | Type | Length = 6 + 4 N |   Sequence Number     |
         |  Registration Lifetime  |R|B|H|F|M|G|r|T|U|X|I|reserved|
         |               N care-of addresses ...           |
    19   | Type | Length = number of router addresses | one Prefix Length for each ...

RFC 4857 draws I where RFC 3543 has X; RFC 5944 §2.1.1 fixed the order U, X, I.
"""

from ipaddress import IPv4Address
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import SimpleExtension
from mobileip.wire.fields import u8, u16, unsigned


class MobilityAgentAdvertisementExtension(SimpleExtension, frozen=True, kw_only=True):
    """RFC 5944 §2.1.1: what an agent offers. At least one of `home_agent`, `foreign_agent`."""

    TYPE: ClassVar[int] = 16

    sequence_number: int
    registration_lifetime: int
    """Seconds, the longest that the foreign agent accepts; 0xffff is infinity."""
    registration_required: bool = False
    busy: bool = False
    home_agent: bool = False
    foreign_agent: bool = False
    minimal_encapsulation: bool = False
    gre_encapsulation: bool = False
    reserved_r: bool = False
    """R5944-2.1.1-a: r: "Sent as zero; ignored on reception. SHOULD NOT be allocated for any other uses"."""
    reverse_tunneling: bool = False
    """RFC 3024 §3.1."""
    udp_tunneling: bool = False
    """RFC 3519 §3.4."""
    registration_revocation: bool = False
    """RFC 3543 §3.1."""
    regional_registration: bool = False
    """RFC 4857 §8.1."""
    reserved: int = 0
    """The low five bits, kept as received (law 4)."""
    care_of_addresses: tuple[IPv4Address, ...] = ()

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        sequence_number, lifetime = cursor.u16("sequence_number"), cursor.u16("registration_lifetime")
        flags = cursor.u16("flags")
        if cursor.remaining % 4:
            detail = f"{cursor.remaining} octets of care-of addresses, a multiple of 4 is expected"
            raise DecodeError(DecodeReason.BAD_LENGTH, cursor.position, detail)
        return cls(
            sequence_number=sequence_number,
            registration_lifetime=lifetime,
            registration_required=bool(flags & 0x8000),
            busy=bool(flags & 0x4000),
            home_agent=bool(flags & 0x2000),
            foreign_agent=bool(flags & 0x1000),
            minimal_encapsulation=bool(flags & 0x0800),
            gre_encapsulation=bool(flags & 0x0400),
            reserved_r=bool(flags & 0x0200),
            reverse_tunneling=bool(flags & 0x0100),
            udp_tunneling=bool(flags & 0x0080),
            registration_revocation=bool(flags & 0x0040),
            regional_registration=bool(flags & 0x0020),
            reserved=flags & 0x001F,
            care_of_addresses=tuple(cursor.address("care-of address") for _ in range(cursor.remaining // 4)),
        )

    def data(self) -> bytes:
        flags = (
            self.registration_required << 15
            | self.busy << 14
            | self.home_agent << 13
            | self.foreign_agent << 12
            | self.minimal_encapsulation << 11
            | self.gre_encapsulation << 10
            | self.reserved_r << 9
            | self.reverse_tunneling << 8
            | self.udp_tunneling << 7
            | self.registration_revocation << 6
            | self.regional_registration << 5
            | unsigned(self.reserved, 5, "reserved")
        )
        head = u16(self.sequence_number, "sequence_number")
        head += u16(self.registration_lifetime, "registration_lifetime") + u16(flags, "flags")
        return head + b"".join([address.packed for address in self.care_of_addresses])


class PrefixLengthsExtension(SimpleExtension, frozen=True):
    """RFC 5944 §2.1.2: the prefix length of each router address, in the same order."""

    TYPE: ClassVar[int] = 19

    prefix_lengths: tuple[int, ...]

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(tuple(cursor.rest()))

    def data(self) -> bytes:
        return b"".join([u8(length, "prefix_lengths") for length in self.prefix_lengths])
