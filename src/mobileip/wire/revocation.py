"""Registration Revocation (RFC 3543 §3.3) and its Acknowledgment (§3.4)."""

import struct
from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.extensions.base import Extension
from mobileip.wire.fields import packed, unsigned


class RegistrationRevocation(msgspec.Struct, frozen=True, kw_only=True):
    """An agent tells the other agent, or a mobile node with a co-located address, that a binding ends.

    |     Type = 7  |   Reserved    |A|I|          Reserved         |
    |                          Home Address                         |
    |                       Home Domain Address                     |
    |                     Foreign Domain Address                    |
    |                      Revocation Identifier                    |
    """

    TYPE: ClassVar[int] = 7

    from_home_agent: bool = False
    """A, the direction: sent by the binding's home agent, else by its foreign agent; against reflection."""
    inform: bool = False
    """I: the mobile node should be told."""
    home_address: IPv4Address
    home_domain_address: IPv4Address
    """The home agent."""
    foreign_domain_address: IPv4Address
    """The foreign agent, or the co-located care-of address."""
    revocation_identifier: int
    """A 32-bit timestamp of the clock that fills `RevocationSupport.timestamp` (§3.5)."""
    extensions: tuple[Extension, ...] = ()
    reserved_1: int = 0
    """The octet behind Type. R3543-3.3-a: "MUST be sent as 0, ignored when received"."""
    reserved_2: int = 0
    """The 14 bits behind A and I. R3543-3.3-a"""


class RevocationAcknowledgment(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    |     Type = 15 |     Reserved  |I|         Reserved            |
    |                          Home Address                         |
    |                     Revocation Identifier                     |
    """

    TYPE: ClassVar[int] = 15

    inform: bool = False
    """I: from a home agent, tell the mobile node; from a foreign agent, it was told."""
    home_address: IPv4Address
    revocation_identifier: int
    extensions: tuple[Extension, ...] = ()
    reserved_1: int = 0
    """The octet behind Type. R3543-3.4-a: "MUST be sent as 0, ignored when received"."""
    reserved_2: int = 0
    """The 15 bits behind I. R3543-3.4-a"""


_REVOCATION = struct.Struct("!BBHIIII")
_REVOCATION_WIDTHS = {
    "type": 8,
    "reserved_1": 8,
    "flags": 16,
    "home_address": 32,
    "home_domain_address": 32,
    "foreign_domain_address": 32,
    "revocation_identifier": 32,
}
_ACKNOWLEDGMENT = struct.Struct("!BBHII")
_ACKNOWLEDGMENT_WIDTHS = {
    "type": 8,
    "reserved_1": 8,
    "flags": 16,
    "home_address": 32,
    "revocation_identifier": 32,
}


def decode_revocation(octets: bytes, extensions: tuple[Extension, ...]) -> RegistrationRevocation:
    """The fixed part (20 octets, the caller has counted them)."""
    _, reserved, flags, home_address, home_domain, foreign_domain, identifier = _REVOCATION.unpack_from(octets)
    return RegistrationRevocation(
        from_home_agent=bool(flags & 0x8000),
        inform=bool(flags & 0x4000),
        home_address=IPv4Address(home_address),
        home_domain_address=IPv4Address(home_domain),
        foreign_domain_address=IPv4Address(foreign_domain),
        revocation_identifier=identifier,
        extensions=extensions,
        reserved_1=reserved,
        reserved_2=flags & 0x3FFF,
    )


def encode_revocation(message: RegistrationRevocation) -> bytes:
    flags = message.from_home_agent << 15 | message.inform << 14 | unsigned(message.reserved_2, 14, "reserved_2")
    fields = (
        RegistrationRevocation.TYPE,
        message.reserved_1,
        flags,
        int(message.home_address),
        int(message.home_domain_address),
        int(message.foreign_domain_address),
        message.revocation_identifier,
    )
    return packed(_REVOCATION, fields, _REVOCATION_WIDTHS)


def decode_acknowledgment(octets: bytes, extensions: tuple[Extension, ...]) -> RevocationAcknowledgment:
    """The fixed part (12 octets, the caller has counted them)."""
    _, reserved, flags, home_address, identifier = _ACKNOWLEDGMENT.unpack_from(octets)
    return RevocationAcknowledgment(
        inform=bool(flags & 0x8000),
        home_address=IPv4Address(home_address),
        revocation_identifier=identifier,
        extensions=extensions,
        reserved_1=reserved,
        reserved_2=flags & 0x7FFF,
    )


def encode_acknowledgment(message: RevocationAcknowledgment) -> bytes:
    flags = message.inform << 15 | unsigned(message.reserved_2, 15, "reserved_2")
    identifier = message.revocation_identifier
    fields = (
        RevocationAcknowledgment.TYPE,
        message.reserved_1,
        flags,
        int(message.home_address),
        identifier,
    )
    return packed(_ACKNOWLEDGMENT, fields, _ACKNOWLEDGMENT_WIDTHS)
