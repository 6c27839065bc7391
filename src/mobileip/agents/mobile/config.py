"""Configuration of a mobile node."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.security.association import MobilitySecurityAssociation


class MoveDetection(StrEnum):
    """RFC 5944 §2.4.2."""

    BY_LIFETIME = "lifetime"
    """Algorithm 1: another agent is tried only when the current one's advertisements have ended."""
    BY_PREFIX = "prefix"
    """Algorithm 2: an agent with another prefix on the same link means that we have moved."""


class MobileNodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a mobile node must know; times in seconds."""

    home_address: IPv4Address
    home_agent: IPv4Address
    home_network: IPv4Network
    home_gateway: IPv4Address | None = None
    """Default gateway at home; None = the home agent, or the router that advertises there."""
    links: tuple[str, ...]
    """Interfaces to use, best first."""
    association: MobilitySecurityAssociation
    foreign_agents: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Foreign agents that share an association with us, by address."""
    requested_lifetime: int = 1800
    move_detection: MoveDetection = MoveDetection.BY_PREFIX
    colocated: bool = True
    """May a co-located care-of address be used where no agent is heard?"""
    colocated_wait: float = 0.2
    """How long after link-up an agent is waited for before an address is used as a care-of address."""
    solicit_maximum_interval: float = 60.0
    """RFC 5944 §2.4: the back-off's upper end, at least 60 s."""
    deregister_on_stop: bool = True
