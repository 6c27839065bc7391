"""Registration Request (RFC 5944 §3.3) and Registration Reply (§3.4)."""

import struct
from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.extensions.base import Extension
from mobileip.wire.fields import packed

INFINITE_LIFETIME = 0xFFFF
"""RFC 5944 §3.3: "A value of 0xffff indicates infinity"."""


class RegistrationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile node asks for a binding of its home address to a care-of address. Lifetime in seconds, 0 = deregister.

     0                   1                   2                   3
    |     Type = 1  |S|B|D|M|G|r|T|x|          Lifetime             |
    |                          Home Address                         |
    |                           Home Agent                          |
    |                        Care-of Address                        |
    +                         Identification (64)                   +
    """

    TYPE: ClassVar[int] = 1

    simultaneous_bindings: bool = False
    broadcast_datagrams: bool = False
    decapsulation_by_mobile_node: bool = False
    minimal_encapsulation: bool = False
    gre_encapsulation: bool = False
    reserved_r: bool = False
    """R5944-3.3-c: r: "Sent as zero; ignored on reception. SHOULD NOT be allocated for any other uses"."""
    reverse_tunneling: bool = False
    reserved_x: bool = False
    """R5944-3.3-c: x: "Sent as zero; ignored on reception"."""
    lifetime: int
    home_address: IPv4Address
    home_agent: IPv4Address
    care_of_address: IPv4Address
    identification: int
    extensions: tuple[Extension, ...] = ()


class RegistrationReply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a home agent, or of a foreign agent that refuses.

     0                   1                   2                   3
    |     Type = 3  |     Code      |           Lifetime            |
    |                          Home Address                         |
    |                           Home Agent                          |
    +                         Identification (64)                   +
    """

    TYPE: ClassVar[int] = 3

    code: int
    """A `numbers.ReplyCode`, or a number that no registry of ours knows (kept, RFC 5944 §3.4)."""
    lifetime: int
    home_address: IPv4Address
    home_agent: IPv4Address
    identification: int
    extensions: tuple[Extension, ...] = ()


_REQUEST = struct.Struct("!BBHIIIQ")
_REQUEST_WIDTHS = {
    "type": 8,
    "flags": 8,
    "lifetime": 16,
    "home_address": 32,
    "home_agent": 32,
    "care_of_address": 32,
    "identification": 64,
}
_REPLY = struct.Struct("!BBHIIQ")
_REPLY_WIDTHS = {
    "type": 8,
    "code": 8,
    "lifetime": 16,
    "home_address": 32,
    "home_agent": 32,
    "identification": 64,
}


def decode_request(octets: bytes, extensions: tuple[Extension, ...]) -> RegistrationRequest:
    """The fixed part (24 octets, the caller has counted them)."""
    _, flags, lifetime, home_address, home_agent, care_of_address, identification = _REQUEST.unpack_from(octets)
    return RegistrationRequest(
        simultaneous_bindings=bool(flags & 0x80),
        broadcast_datagrams=bool(flags & 0x40),
        decapsulation_by_mobile_node=bool(flags & 0x20),
        minimal_encapsulation=bool(flags & 0x10),
        gre_encapsulation=bool(flags & 0x08),
        reserved_r=bool(flags & 0x04),
        reverse_tunneling=bool(flags & 0x02),
        reserved_x=bool(flags & 0x01),
        lifetime=lifetime,
        home_address=IPv4Address(home_address),
        home_agent=IPv4Address(home_agent),
        care_of_address=IPv4Address(care_of_address),
        identification=identification,
        extensions=extensions,
    )


def encode_request(request: RegistrationRequest) -> bytes:
    flags = (
        request.simultaneous_bindings << 7
        | request.broadcast_datagrams << 6
        | request.decapsulation_by_mobile_node << 5
        | request.minimal_encapsulation << 4
        | request.gre_encapsulation << 3
        | request.reserved_r << 2
        | request.reverse_tunneling << 1
        | request.reserved_x
    )
    fields = (
        RegistrationRequest.TYPE,
        flags,
        request.lifetime,
        int(request.home_address),
        int(request.home_agent),
        int(request.care_of_address),
        request.identification,
    )
    return packed(_REQUEST, fields, _REQUEST_WIDTHS)


def decode_reply(octets: bytes, extensions: tuple[Extension, ...]) -> RegistrationReply:
    """The fixed part (20 octets, the caller has counted them)."""
    _, code, lifetime, home_address, home_agent, identification = _REPLY.unpack_from(octets)
    return RegistrationReply(
        code=code,
        lifetime=lifetime,
        home_address=IPv4Address(home_address),
        home_agent=IPv4Address(home_agent),
        identification=identification,
        extensions=extensions,
    )


def encode_reply(reply: RegistrationReply) -> bytes:
    fields = (
        RegistrationReply.TYPE,
        reply.code,
        reply.lifetime,
        int(reply.home_address),
        int(reply.home_agent),
        reply.identification,
    )
    return packed(_REPLY, fields, _REPLY_WIDTHS)
