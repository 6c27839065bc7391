"""Agent Solicitation and Agent Advertisement: ICMP router discovery (RFC 1256 §3) with extensions (RFC 5944 §2.1)."""

import struct
from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.agent_advertisement import (
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.registry import DISCOVERY, decode_extensions
from mobileip.wire.fields import octets as exactly
from mobileip.wire.fields import packed
from mobileip.wire.ip.checksum import checksum, is_valid

__all__ = [
    "AgentSolicitation",
    "AgentAdvertisement",
    "RouterAddress",
    "MobilityAgentAdvertisementExtension",
    "PrefixLengthsExtension",
    "decode_icmp",
    "encode_icmp",
]

_FIXED_LENGTH = 8
_SOLICITATION = struct.Struct("!BBHI")
_SOLICITATION_WIDTHS = {"type": 8, "code": 8, "checksum": 16, "reserved": 32}
_ADVERTISEMENT = struct.Struct("!BBHBBH")
_ADVERTISEMENT_WIDTHS = {
    "type": 8,
    "code": 8,
    "checksum": 16,
    "number of routers": 8,
    "address_entry_size": 8,
    "lifetime": 16,
}
_ENTRY = struct.Struct("!4si")

MINIMUM_ENTRY_SIZE = 2
"""Words of 4 octets: an address and its preference (RFC 1256 §3)."""


class AgentSolicitation(msgspec.Struct, frozen=True):
    """RFC 5944 §2.2.

    |     Type      |     Code      |           Checksum            |
    |                           Reserved                            |
    """

    TYPE: ClassVar[int] = 10
    """R5944-2.2-a: "An Agent Solicitation is identical to an ICMP Router Solicitation with the further restriction
    that the IP TTL Field MUST be set to 1"."""

    extensions: tuple[Extension, ...] = ()
    code: int = 0
    reserved: int = 0


class RouterAddress(msgspec.Struct, frozen=True):
    """One entry of the router list (RFC 1256 §3); preference is signed, higher is better."""

    address: IPv4Address
    preference: int = 0
    more: bytes = b""
    """What follows in an entry of more than two words."""


class AgentAdvertisement(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 5944 §2.1: an ICMP Router Advertisement (type 9) with a Mobility Agent Advertisement Extension.

    A plain router's advertisement decodes to this too, with `mobility` None.

    |     Type      |     Code      |           Checksum            |
    |   Num Addrs   |Addr Entry Size|           Lifetime            |
    |                       Router Address[1]                       |
    |                      Preference Level[1] ...                  |
    """

    TYPE: ClassVar[int] = 9

    code: int = 0
    """0, or 16: the agent does not route common traffic (RFC 5944 §2.1)."""
    lifetime: int
    """Seconds for which the router addresses (and so the agent) may be believed (RFC 1256 §3)."""
    routers: tuple[RouterAddress, ...] = ()
    extensions: tuple[Extension, ...] = ()
    address_entry_size: int = MINIMUM_ENTRY_SIZE
    """Words of 4 octets for each of `routers`."""

    @property
    def mobility(self) -> MobilityAgentAdvertisementExtension | None:
        return next((e for e in self.extensions if isinstance(e, MobilityAgentAdvertisementExtension)), None)

    @property
    def prefix_lengths(self) -> PrefixLengthsExtension | None:
        return next((e for e in self.extensions if isinstance(e, PrefixLengthsExtension)), None)


def decode_icmp(octets: bytes) -> AgentSolicitation | AgentAdvertisement:
    """Decodes the ICMP part (from its type octet) of a router discovery message, checksum included.

    Raises: `DecodeError` (`UNKNOWN_MESSAGE_TYPE` for any other ICMP type).
    """
    # R1256-4.2-a: "ICMP length (derived from the IP length) is 8 or more octets"; "ICMP Checksum is valid".
    if len(octets) < _FIXED_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), "router discovery needs 8 octets")
    if octets[0] not in (AgentSolicitation.TYPE, AgentAdvertisement.TYPE):
        raise DecodeError(DecodeReason.UNKNOWN_MESSAGE_TYPE, 0, f"ICMP type {octets[0]}")
    # R1256-4.2-a
    if not is_valid(octets):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, 2, "the ICMP checksum does not match")
    if octets[0] == AgentSolicitation.TYPE:
        _, code, _, reserved = _SOLICITATION.unpack_from(octets)
        return AgentSolicitation(decode_extensions(octets, _FIXED_LENGTH, DISCOVERY)[0], code, reserved)
    _, code, _, count, entry_size, lifetime = _ADVERTISEMENT.unpack_from(octets)
    if entry_size < MINIMUM_ENTRY_SIZE and count:
        detail = f"address entry size {entry_size}, at least 2 is expected"
        raise DecodeError(DecodeReason.BAD_VALUE, 5, detail)
    cursor = Cursor(octets, _FIXED_LENGTH)
    routers = tuple([_router(cursor.take(entry_size * 4, "router address")) for _ in range(count)])
    return AgentAdvertisement(
        code=code,
        lifetime=lifetime,
        routers=routers,
        extensions=decode_extensions(octets, cursor.position, DISCOVERY)[0],
        address_entry_size=entry_size,
    )


def _router(entry: bytes) -> RouterAddress:
    address, preference = _ENTRY.unpack_from(entry)
    return RouterAddress(IPv4Address(address), preference, entry[_ENTRY.size :])


def encode_icmp(message: AgentSolicitation | AgentAdvertisement) -> bytes:
    """The ICMP octets with their checksum.

    Raises: ValueError, naming the field that does not fit.
    """
    if isinstance(message, AgentSolicitation):
        fields = (AgentSolicitation.TYPE, message.code, 0, message.reserved)
        body = packed(_SOLICITATION, fields, _SOLICITATION_WIDTHS)
    else:
        body = _encode_advertisement(message)
    body += b"".join([extension.encode() for extension in message.extensions])
    return body[:2] + checksum(body).to_bytes(2) + body[4:]


def _encode_advertisement(message: AgentAdvertisement) -> bytes:
    count, size = len(message.routers), message.address_entry_size
    if count and size < MINIMUM_ENTRY_SIZE:
        raise ValueError(f"address_entry_size is {size}, at least {MINIMUM_ENTRY_SIZE} is expected")
    fields = (AgentAdvertisement.TYPE, message.code, 0, count, size, message.lifetime)
    head = packed(_ADVERTISEMENT, fields, _ADVERTISEMENT_WIDTHS)
    return head + b"".join([_encode_router(router, size * 4 - _ENTRY.size) for router in message.routers])


def _encode_router(router: RouterAddress, more: int) -> bytes:
    if not -(1 << 31) <= router.preference < 1 << 31:
        raise ValueError(f"preference is {router.preference}, a signed number of 32 bits is expected")
    return _ENTRY.pack(router.address.packed, router.preference) + exactly(router.more, more, "more")
