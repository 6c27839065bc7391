"""Configuration of a foreign agent."""

from enum import StrEnum
from ipaddress import IPv4Address

from mobileip.agents.offers import AdvertisingConfig
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.subtypes import MessageStringSubtype

SHORTEST_PENDING_TIMEOUT = 7.0
"""Seconds. RFC 5944 §3.7.1: a pending Request may be deleted "after the request has been pending for more than 7
seconds"."""


class ReverseTunnels(StrEnum):
    """What becomes of Requests for a reverse tunnel (RFC 3024)."""

    OFFERED = "offered"
    REQUIRED = "required"
    """Requests without T are denied (code 75)."""
    OFF = "off"
    """Requests with T are denied (code 74)."""


class GreKeyForm(StrEnum):
    """How GRE keys are told to a home agent."""

    RFC6245 = "rfc6245"
    THREE_GPP2 = "3gpp2"
    """X.S0011-003-D: a critical vendor extension (38) of vendor 5535."""
    NONE = "none"
    """Not at all: for home agents older than both, which would discard the Request."""


class ForeignAgentConfig(AdvertisingConfig, frozen=True, kw_only=True):
    """What a foreign agent must know; times in seconds.

    Raises: ValueError for a `pending_timeout` that is too short, for a `message` that no extension can hold, and for
    tunnels that contradict each other.
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
    reverse_tunnel: ReverseTunnels = ReverseTunnels.OFF
    """Whether what visitors send is tunnelled to their home agents, if they ask for it (RFC 3024)."""
    encapsulating_delivery: bool = True
    """Whether visitors may encapsulate what is to be tunnelled (RFC 3024 §5.2); else code 79."""
    refuse_private_addresses: bool = False
    """Home addresses of RFC 1918 are served with a reverse tunnel only, else code 75 (RFC 3024 §A.4)."""
    encapsulations: tuple[Encapsulation, ...] = (Encapsulation.IPIP,)
    """What tunnels to us may look like; advertised, other Requests are denied (code 72). IP-in-IP always belongs to
    it."""
    prefer_gre: bool = False
    """GRE with keys for all visitors, asked for or not (RFC 6245 §4.1)."""
    gre_key_form: GreKeyForm = GreKeyForm.RFC6245
    """How GRE keys are told to home agents."""
    gre_key_forms: tuple[tuple[IPv4Address, GreKeyForm], ...] = ()
    """Home agents that are told in another way, by address."""
    early_delivery: bool = False
    """Deliver what a home agent tunnels for a mobile node whose registration is under way (see `awaited.py`)."""
    behind_nat: bool = False
    """We are behind a NAT: tunnels in UDP are asked for (RFC 3519) and advertised (U); Requests without T are denied
    (code 75)."""
    nat_keeps_addresses: bool = False
    """The NAT leaves home addresses alone, and nobody filters them: visitors need no reverse tunnel."""
    keepalive_interval: float = 25.0
    """Seconds after which a NAT is reminded of a tunnel in UDP; home agents may want less."""

    def __post_init__(self) -> None:
        if self.pending_timeout <= SHORTEST_PENDING_TIMEOUT:
            raise ValueError(f"pending_timeout is {self.pending_timeout} s, more than 7 s is expected")
        if self.message:
            MessageString.of(MessageStringSubtype.FOREIGN_AGENT, self.message).encode()
        # R6245-4.1-a: "The FA MUST support IP-in-IP tunneling of datagrams".
        if Encapsulation.IPIP not in self.encapsulations:
            raise ValueError("encapsulations: ipip is not among them (RFC 5944 §4.1 demands it)")
        if self.prefer_gre and Encapsulation.GRE not in self.encapsulations:
            raise ValueError("prefer_gre: gre is not among encapsulations")
        if self.needs_reverse_tunnel and self.reverse_tunnel is ReverseTunnels.OFF:
            raise ValueError("behind_nat: nobody could register: reverse_tunnel is off, and the NAT changes addresses")

    @property
    def needs_reverse_tunnel(self) -> bool:
        """Whether Requests without T are denied."""
        # R3519-4.5-e, R3519-4.5-f, R3519-4.5-g: "If the behaviour of the NAT is unknown in this respect, it SHOULD be
        # assumed that it will translate all addresses".
        return self.reverse_tunnel is ReverseTunnels.REQUIRED or (self.behind_nat and not self.nat_keeps_addresses)
