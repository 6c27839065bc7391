"""Configuration of a foreign agent."""

from ipaddress import IPv4Address

from mobileip.agents.offers import AdvertisingConfig
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.subtypes import MessageStringSubtype

SHORTEST_PENDING_TIMEOUT = 7.0
"""Seconds. RFC 5944 §3.7.1: a pending Request may be deleted "after the request has been pending for more than 7
seconds"."""


class ForeignAgentConfig(AdvertisingConfig, frozen=True, kw_only=True):
    """What a foreign agent must know; times in seconds.

    Raises: ValueError for a `pending_timeout` that is too short, and for a `message` that no extension can hold.
    """

    links: tuple[str, ...]
    """Interfaces on which mobile nodes visit."""
    care_of_address: IPv4Address
    """One care-of address for all visitors: outer destination of the tunnels, source of relayed requests."""
    registration_lifetime: int = 1800
    """The longest registration that we advertise and allow."""
    registration_required: bool = False
    maximum_visitors: int = 1000
    """At this number we advertise busy and deny with code 66."""
    maximum_pending: int = 5
    """Pending requests of one link-layer address; RFC 5944 §3.7.1 says "typically 5"."""
    maximum_pending_total: int = 1000
    pending_timeout: float = 8.0
    """How long a home agent's answer is waited for (code 78); more than 7."""
    mobile_nodes: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Visitors that share an association with us, by home address."""
    home_agents: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Home agents that share an association with us, by address."""
    strict_reserved_bits: bool = False
    """FACTS C1: refuse requests with r or x set (70) instead of ignoring the bits."""
    foreign_home_on_deregistration: bool = False
    """Deregistrations are signed for the home agent too: RFC 3344 wants that, RFC 5944 §3.5.4 forbids it."""
    nai_registrations: bool = True
    """Whether requests without a home address are relayed, known by their NAI (RFC 2794); else code 96."""
    default_home_agent: IPv4Address | None = None
    """Where requests for any home agent go (RFC 4433); without it they are denied (code 90)."""
    revocation: bool = False
    """Registration revocation (RFC 3543) with the home agents that share an association with us; it needs every mobile
    node to register through us (R), and none with a co-located care-of address (code 65)."""
    message: str = ""
    """Words for people, in every answer to a mobile node (RFC 4917)."""

    def __post_init__(self) -> None:
        if self.pending_timeout <= SHORTEST_PENDING_TIMEOUT:
            raise ValueError(f"pending_timeout is {self.pending_timeout} s, more than 7 s is expected")
        if self.message:
            MessageString.of(MessageStringSubtype.FOREIGN_AGENT, self.message).encode()
