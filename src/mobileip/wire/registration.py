"""Registration Request (RFC 5944 §3.3) and Registration Reply (§3.4)."""

from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.extensions.base import Extension

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
    reverse_tunneling: bool = False
    reserved_x: bool = False
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
