"""Configuration of a foreign agent."""

from ipaddress import IPv4Address

import msgspec

from mobileip.security.association import MobilitySecurityAssociation


class ForeignAgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a foreign agent must know; times in seconds."""

    links: tuple[str, ...]
    """Interfaces on which mobile nodes visit."""
    care_of_address: IPv4Address
    """One care-of address for all visitors: outer destination of the tunnels, source of relayed requests."""
    registration_lifetime: int = 1800
    """The longest registration that we advertise and allow."""
    advertisement_interval: float = 1.0
    advertisement_lifetime: int = 3
    registration_required: bool = False
    maximum_visitors: int = 1000
    """At this number we advertise busy and deny with code 66."""
    maximum_pending: int = 5
    """Pending requests of one link-layer address; RFC 5944 §3.7.1 says "typically 5"."""
    maximum_pending_total: int = 1000
    pending_timeout: float = 7.0
    """RFC 5944 §3.7.1: a pending request may be dropped after more than 7 s (code 78)."""
    mobile_nodes: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Visitors that share an association with us, by home address."""
    home_agents: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Home agents that share an association with us, by address."""
    strict_reserved_bits: bool = False
    """FACTS C1: refuse requests with r or x set (70) instead of ignoring the bits."""
