"""Configuration of a home agent."""

from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.security.association import MobilitySecurityAssociation


class MobileNodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile node that we serve. Several associations may be valid at once (key change); each has its
    own SPI.
    """

    home_address: IPv4Address
    associations: tuple[MobilitySecurityAssociation, ...]


class HomeAgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a home agent must know; times in seconds."""

    address: IPv4Address
    """Our address: Home Agent field of requests, outer source of tunnels."""
    home_network: IPv4Network
    home_link: str | None = None
    """Interface of the home network; None = virtual network."""
    mobile_nodes: tuple[MobileNodeEntry, ...] = ()
    foreign_agents: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Foreign agents that share an association with us, by address."""
    maximum_lifetime: int = 1800
    maximum_simultaneous_bindings: int = 1
    advertisement_interval: float = 1.0
    """On the home link."""
    advertisement_lifetime: int = 3
    announcements: int = 3
    """Gratuitous ARPs at each change, one a second (RFC 5944 §4.6: "a small number of times")."""
    strict_reserved_bits: bool = False
    """FACTS C1: refuse requests with r or x set (134) instead of ignoring the bits."""
    require_foreign_home_authentication: bool = False
