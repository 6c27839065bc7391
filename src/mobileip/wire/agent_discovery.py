"""Agent Solicitation and Agent Advertisement: ICMP router discovery (RFC 1256 §3) with RFC 5944 §2.1's extensions."""

from ipaddress import IPv4Address
from typing import ClassVar

import msgspec

from mobileip.wire.extensions.base import Extension


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


class PrefixLengthsExtension(Extension, frozen=True):
    """RFC 5944 §2.1.2: the prefix length of each router address, in the same order."""

    TYPE: ClassVar[int] = 19

    prefix_lengths: tuple[int, ...]


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


def decode_icmp(octets: bytes) -> AgentSolicitation | AgentAdvertisement:
    """Decodes the ICMP part (from its type octet) of a router discovery message, checksum included.

    Raises: `DecodeError` (`UNKNOWN_MESSAGE_TYPE` for any other ICMP type).
    """
    raise NotImplementedError


def encode_icmp(message: AgentSolicitation | AgentAdvertisement) -> bytes:
    """The ICMP octets with their checksum."""
    raise NotImplementedError
