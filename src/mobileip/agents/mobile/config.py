"""Configuration of a mobile node."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation


class MoveDetection(StrEnum):
    """RFC 5944 §2.4.2."""

    BY_LIFETIME = "lifetime"
    """Algorithm 1: another agent is tried only when the current one's advertisements have ended."""
    BY_PREFIX = "prefix"
    """Algorithm 2: an agent with another prefix on the same link means that we have moved."""


class ReverseTunnelling(StrEnum):
    """Whether what we send takes the way back through a tunnel (RFC 3024)."""

    AUTO = "auto"
    """Wherever it can be had: with a co-located care-of address, or where the foreign agent offers it."""
    REQUIRED = "required"
    """Nowhere we register without it."""
    OFF = "off"
    """What we send goes straight to its destination, with our home address as its source."""


class Delivery(StrEnum):
    """How what is to be tunneled reaches the foreign agent (RFC 3024 §5)."""

    DIRECT = "direct"
    """The agent tunnels whatever we send."""
    ENCAPSULATING = "encapsulating"
    """The agent tunnels what we encapsulate to it: multicasts and broadcasts too, and not what is to go direct."""


class NatTraversal(StrEnum):
    """Whether a tunnel in UDP is asked for (RFC 3519)."""

    AUTO = "auto"
    """It is used where the home agent sees a NAT."""
    FORCE = "force"
    """It is used in any case (F)."""
    OFF = "off"


class Probing(StrEnum):
    """Whether the paths to the home agent are watched by ICMP echo requests."""

    AUTO = "auto"
    """Once the home agent has answered one, what stays unanswered means something."""
    OFF = "off"


class LinkPreference(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says of one link. Points are of one kind: the order of `links` counts 100 for each place."""

    preference: int = 0
    """Points for it."""
    cost: int = 0
    """Points against it."""
    metered: bool = False
    """What passes it is paid for: `METERED` points against it."""
    same_agent: bool = False
    """It leads to the same foreign agent each time: that which was registered with last is asked at once."""


NO_PREFERENCE = LinkPreference()

UNSPECIFIED = IPv4Address(0)
ANY_HOME_AGENT = (UNSPECIFIED, IPv4Address("255.255.255.255"))
"""RFC 4433 §2, ALL-ZERO-ONE-ADDR: a home agent is to be assigned; with 255.255.255.255 one of the home domain."""


class MobileNodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a mobile node must know; times in seconds."""

    home_address: IPv4Address = UNSPECIFIED
    """0.0.0.0: the home agent is to assign one, by `nai` (RFC 2794 §2)."""
    home_agent: IPv4Address
    """The broadcast address of `home_network`: it is to be discovered (RFC 5944 §3.6.1.2). One of `ANY_HOME_AGENT`: it
    is to be assigned (RFC 4433)."""
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
    """R5944-2.4-f, R5944-2.4-g: the back-off's upper end, which "SHOULD be chosen appropriately based upon the
    characteristics of the medium" and "SHOULD be at least one minute"."""
    deregister_on_stop: bool = True
    nai: str = ""
    """Who we are, `user@realm` (RFC 2794); empty: the home address tells."""
    home_agent_nai: str = ""
    """The home agent's own name, told in the first Request already (RFC 3846 §4); empty: it will say it."""
    agent_link_addresses: tuple[tuple[str, bytes], ...] = ()
    """By interface: the link-layer address of an agent that is known by the link alone, and does not advertise. A
    co-located care-of address is registered through it (RFC 5944 §3.6.1.1)."""
    solicitation_address: IPv4Address = IPv4Address("224.0.0.2")
    """SolicitationAddress of RFC 1256 §5.1: 224.0.0.2 or 255.255.255.255."""
    preferred_home_agent: IPv4Address | None = None
    """The home agent that we would like to be assigned (RFC 4433 §3.4.1). Without it only a foreign agent can be asked,
    which knows one."""
    simultaneous_bindings: bool = False
    """Ask to keep an earlier binding when another one is made (S)."""
    broadcasts: bool = False
    """Ask for the broadcasts of the home network (B)."""
    revocation: bool = False
    """Let the home agent tell us when it ends a registration that was made directly (RFC 3543)."""
    coarse_identification: bool = False
    """Identifications whose eleven lowest bits are zero, for home agents that keep them in floating point."""
    reverse_tunnel: ReverseTunnelling = ReverseTunnelling.OFF
    """May or must the way back go through the tunnel too?"""
    delivery: Delivery = Delivery.DIRECT
    """How packets for the reverse tunnel reach a foreign agent; one that knows direct delivery alone gets that."""
    direct_destinations: tuple[IPv4Network, ...] = ()
    """What goes direct, not through the reverse tunnel (RFC 3024 §5.4). Behind a foreign agent only with encapsulating
    delivery."""
    encapsulation: Encapsulation = Encapsulation.IPIP
    """The one to ask for; who has none but IP-in-IP gives us that."""
    nat_traversal: NatTraversal = NatTraversal.OFF
    """Ask for a tunnel in UDP with a co-located care-of address? It takes a reverse tunnel with it."""
    keepalive_interval: float = 25.0
    """Seconds of silence until the NAT is reminded of the tunnel, where the home agent tells no number of its own (RFC
    3519 §3.2). Longer ones are tried from there, up to 110 s."""
    link_preferences: tuple[tuple[str, LinkPreference], ...] = ()
    """By interface; others have nothing for or against them."""
    hysteresis: int = 10
    """Points by which another link has to be better to be changed to while this one works."""
    hold_down: float = 5.0
    """Seconds for which a link that was lost has to be there again until it is preferred to one that works, and between
    two changes that nothing forces."""
    handover_grace: float = 2.0
    """Seconds for which packets are still taken out of the tunnel that was left."""
    probing: Probing = Probing.AUTO
    probe_interval: float = 0.15
    """Seconds between two probes of the path in use while packets pass."""
    idle_probe_interval: float = 15.0
    """Seconds between two probes otherwise; where there is no other way to take, there is one probe for each place."""
    allow_unauthenticated: bool = False
    """Believe a home agent that signs nothing. For teaching labs only: whoever sees a Request can answer it."""

    def preference_of(self, link: str) -> LinkPreference:
        """What the user says of it; nothing, where that is nothing."""
        return dict(self.link_preferences).get(link, NO_PREFERENCE)

    @property
    def discovers(self) -> bool:
        """The home agent is to be found by asking all of the home network."""
        return self.home_agent == self.home_network.broadcast_address

    def seeks(self, home_agent: IPv4Address) -> bool:
        """Whether that stands in a Request for a home agent that is not known yet."""
        return home_agent in ANY_HOME_AGENT or (self.discovers and home_agent == self.home_agent)
