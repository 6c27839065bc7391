"""A point of attachment: the place at which a mobile node registers, as a value."""

from enum import StrEnum
from ipaddress import IPv4Address

import msgspec

from mobileip.wire.registration import INFINITE_LIFETIME


class CareOf(StrEnum):
    HOME = "home"
    FOREIGN_AGENT = "foreign_agent"
    COLOCATED = "colocated"


ALL_AGENTS = IPv4Address("224.0.0.11")
"""The Mobile-Agents group: in place of the address of an agent that is known by the link layer alone."""


class TunnelOffer(msgspec.Struct, frozen=True):
    """What an agent's advertisement says about tunnels."""

    reverse_tunnel: bool = False
    """T (RFC 3024 §3.1)."""
    gre: bool = False
    minimal: bool = False
    behind_nat: bool = False
    """U (RFC 3519 §3.4)."""


Place = tuple[str, CareOf, IPv4Address, IPv4Address | None, int]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to register. What is not part of its `place` may change without a new registration."""

    interface: str
    care_of: CareOf
    care_of_address: IPv4Address
    """At home: the home address."""
    incarnation: int
    """Counts what happened to the link or the agent: the same place with another number is registered anew.
    """
    agent: IPv4Address | None = None
    """Where a request goes: a foreign agent, or None when it goes straight to the home agent."""
    first_hop: bytes | None = None
    """Link-layer destination of a request; None leaves it to the main table."""
    gateway: IPv4Address
    gateway_link_address: bytes | None = None
    longest_lifetime: int = INFINITE_LIFETIME
    """What the agent's advertisement allows, seconds."""
    offer: TunnelOffer = TunnelOffer()
    """The agent's, where there is one."""
    reason: str = ""
    """Why it is a candidate, in words for operators."""

    @property
    def place(self) -> Place:
        return (self.interface, self.care_of, self.care_of_address, self.agent, self.incarnation)

    @property
    def is_home(self) -> bool:
        return self.care_of is CareOf.HOME
