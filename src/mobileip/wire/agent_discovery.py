"""Agent Solicitation and Agent Advertisement: ICMP router discovery (RFC 1256 §3) with RFC 5944 §2.1's extensions."""

import struct
from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.registry import decode_extensions, simple
from mobileip.wire.ip.checksum import checksum, is_valid


class AgentSolicitation(msgspec.Struct, frozen=True):
    """RFC 5944 §2.2: an ICMP Router Solicitation (type 10) with TTL 1."""

    TYPE: ClassVar[int] = 10
    extensions: tuple[Extension, ...] = ()


class RouterAddress(msgspec.Struct, frozen=True):
    """One entry of the router list (RFC 1256 §3); preference is signed, higher is better."""

    address: IPv4Address
    preference: int = 0


class MobilityAgentAdvertisementExtension(Extension, frozen=True, kw_only=True):
    """RFC 5944 §2.1.1: what an agent offers. At least one of `home_agent`, `foreign_agent`."""

    TYPE: ClassVar[int] = 16

    sequence_number: int
    registration_lifetime: int
    registration_required: bool = False
    busy: bool = False
    home_agent: bool = False
    foreign_agent: bool = False
    minimal_encapsulation: bool = False
    gre_encapsulation: bool = False
    reserved_r: bool = False
    reverse_tunneling: bool = False
    udp_tunneling: bool = False
    registration_revocation: bool = False
    regional_registration: bool = False
    reserved: int = 0
    """The low five bits, kept as received (law 4)."""
    care_of_addresses: tuple[IPv4Address, ...] = ()

    def encode(self) -> bytes:
        flags = sum(bit for bit, name in _FLAGS.items() if getattr(self, name)) | self.reserved
        addresses = b"".join([address.packed for address in self.care_of_addresses])
        head = struct.pack("!BBHHH", 16, 6 + len(addresses), self.sequence_number, self.registration_lifetime, flags)
        return head + addresses


_FLAGS = {
    0x8000: "registration_required",
    0x4000: "busy",
    0x2000: "home_agent",
    0x1000: "foreign_agent",
    0x0800: "minimal_encapsulation",
    0x0400: "gre_encapsulation",
    0x0200: "reserved_r",
    0x0100: "reverse_tunneling",
    0x0080: "udp_tunneling",
    0x0040: "registration_revocation",
    0x0020: "regional_registration",
}


class PrefixLengthsExtension(Extension, frozen=True):
    """RFC 5944 §2.1.2: the prefix length of each router address, in the same order."""

    TYPE: ClassVar[int] = 19

    prefix_lengths: tuple[int, ...]

    def encode(self) -> bytes:
        return bytes((19, len(self.prefix_lengths), *self.prefix_lengths))


class AgentAdvertisement(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 5944 §2.1: an ICMP Router Advertisement (type 9) with a Mobility Agent Advertisement Extension.

    A plain router's advertisement decodes to this too, with `mobility` None.
    """

    TYPE: ClassVar[int] = 9

    code: int = 0
    lifetime: int
    """Seconds for which the router addresses (and so the agent) may be believed (RFC 1256 §3)."""
    routers: tuple[RouterAddress, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def mobility(self) -> MobilityAgentAdvertisementExtension | None:
        return next((e for e in self.extensions if isinstance(e, MobilityAgentAdvertisementExtension)), None)

    @property
    def prefix_lengths(self) -> PrefixLengthsExtension | None:
        return next((e for e in self.extensions if isinstance(e, PrefixLengthsExtension)), None)


def _mobility(octets: bytes, offset: int) -> tuple[Extension, int]:
    data, end = simple(octets, offset)
    if len(data) < 6 or (len(data) - 6) % 4:
        raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, f"length {len(data)}, expected 6 + 4 for each address")
    sequence, lifetime, flags = struct.unpack_from("!HHH", data)
    return MobilityAgentAdvertisementExtension(
        sequence_number=sequence,
        registration_lifetime=lifetime,
        reserved=flags & 0x1F,
        care_of_addresses=tuple(IPv4Address(data[i : i + 4]) for i in range(6, len(data), 4)),
        **{name: bool(flags & bit) for bit, name in _FLAGS.items()},
    ), end


def _prefix_lengths(octets: bytes, offset: int) -> tuple[Extension, int]:
    data, end = simple(octets, offset)
    return PrefixLengthsExtension(tuple(data)), end


DISCOVERY = {16: _mobility, 19: _prefix_lengths}


def decode_icmp(octets: bytes) -> AgentSolicitation | AgentAdvertisement:
    """Decodes the ICMP part (from its type octet) of a router discovery message, checksum included.

    Raises: `DecodeError` (`UNKNOWN_MESSAGE_TYPE` for any other ICMP type).
    """
    if len(octets) < 8:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), "router discovery needs 8 octets")
    if not is_valid(octets):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, 2, "the ICMP checksum does not match")
    if octets[0] == AgentSolicitation.TYPE:
        return AgentSolicitation(decode_extensions(octets, 8, DISCOVERY)[0])
    if octets[0] != AgentAdvertisement.TYPE:
        raise DecodeError(DecodeReason.UNKNOWN_MESSAGE_TYPE, 0, f"ICMP type {octets[0]}")
    _, code, _, count, entry_size, lifetime = struct.unpack_from("!BBHBBH", octets)
    end = 8 + count * entry_size * 4
    if entry_size < 2 and count:
        raise DecodeError(DecodeReason.BAD_VALUE, 5, f"address entry size {entry_size}, at least 2")
    if end > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"{count} router addresses end at octet {end}")
    routers = tuple(
        RouterAddress(IPv4Address(octets[i : i + 4]), struct.unpack_from("!i", octets, i + 4)[0])
        for i in range(8, end, (entry_size or 1) * 4)
    )
    extensions, _ = decode_extensions(octets, end, DISCOVERY)
    return AgentAdvertisement(code=code, lifetime=lifetime, routers=routers, extensions=extensions)


def encode_icmp(message: AgentSolicitation | AgentAdvertisement) -> bytes:
    """The ICMP octets with their checksum."""
    if isinstance(message, AgentSolicitation):
        body = bytes((10, 0, 0, 0, 0, 0, 0, 0))
    else:
        body = struct.pack("!BBHBBH", 9, message.code, 0, len(message.routers), 2, message.lifetime)
        body += b"".join([struct.pack("!4si", r.address.packed, r.preference) for r in message.routers])
    body += b"".join([extension.encode() for extension in message.extensions])
    return body[:2] + checksum(body).to_bytes(2) + body[4:]
