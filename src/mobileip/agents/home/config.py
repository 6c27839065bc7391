"""Configuration of a home agent."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.agents.offers import AdvertisingConfig
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation

LONGEST_TEXT = 254
"""Octets of a message string or identity: an extension's 255 less the subtype (RFC 5944 §1.11)."""

_LABORATORY = tuple(
    IPv4Network(prefix)
    for prefix in (
        "10.0.0.0/8",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
"""Loopback, private (RFC 1918) and documentation (RFC 5737) prefixes."""


class ReverseTunnels(StrEnum):
    """What becomes of Requests with and without T (RFC 3024)."""

    ALLOWED = "allowed"
    REQUIRED = "required"
    """Requests without T are denied (code 138)."""
    REQUIRED_IF_PRIVATE = "required_if_private"
    """So are those from home addresses of RFC 1918; others may have it."""
    REFUSED = "refused"
    """Requests with T are denied (code 137)."""


class MobileNodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile node that we serve. Several associations may be valid at once (key change); each has its
    own SPI.
    """

    home_address: IPv4Address | None = None
    """None: it is known by its NAI alone and gets an address of the pool."""
    nai: str | None = None
    """Network Access Identifier (RFC 2794)."""
    message: str | None = None
    """Text for people in what we send to this one (RFC 4917); None: the home agent's."""
    associations: tuple[MobilitySecurityAssociation, ...]

    @property
    def name(self) -> str:
        """For messages."""
        return str(self.home_address or self.nai)


class HomeAgentConfig(AdvertisingConfig, frozen=True, kw_only=True):
    """What a home agent must know; times in seconds.

    Raises: ValueError for what contradicts itself.
    """

    address: IPv4Address
    """Our address: Home Agent field of requests, outer source of tunnels."""
    home_network: IPv4Network
    home_link: str | None = None
    """Interface of the home network; None = virtual network."""
    mobile_nodes: tuple[MobileNodeEntry, ...] = ()
    foreign_agents: tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...] = ()
    """Foreign agents that share an association with us, by address."""
    address_pool: tuple[IPv4Address, IPv4Address] | None = None
    """First and last home address for mobile nodes that have none of their own (RFC 2794)."""
    maximum_lifetime: int = 1800
    maximum_simultaneous_bindings: int = 1
    handover_grace: float = 0.0
    """How long packets still come by the reverse tunnel of a care-of address that was left."""
    announcements: int = 3
    """Gratuitous ARPs at each change, one a second (RFC 5944 §4.6: "a small number of times")."""
    forward_broadcasts: bool = True
    """Copy broadcasts of the home network to mobile nodes that ask for them (B bit); else the bit is ignored."""
    forwarded_groups: tuple[IPv4Network, ...] = ()
    """Multicast groups of the home network that are copied as its broadcasts are, to the same mobile nodes."""
    revocation: bool = False
    """Take part in registration revocation (RFC 3543)."""
    redirect_to: IPv4Address | None = None
    """Send mobile nodes that leave the choice of home agent to us to this one (RFC 4433)."""
    identity: str | None = None
    """Our NAI or host name (RFC 3846), told to mobile nodes that are not registered."""
    message: str | None = None
    """Text for people in every Reply and Revocation (RFC 4917)."""
    strict_reserved_bits: bool = False
    """FACTS C1: refuse requests with r or x set (134) instead of ignoring the bits."""
    require_foreign_home_authentication: bool = False
    foreign_home_on_deregistration: bool = False
    """Sign Replies to deregistrations for the foreign agent too, as those of RFC 3344 want (5944: MUST NOT)."""
    allow_unauthenticated: bool = False
    """Mobile nodes without an association may register, unauthenticated: for teaching labs alone."""
    reverse_tunnel: ReverseTunnels = ReverseTunnels.REFUSED
    """Whether what mobile nodes send may come, or has to come, through a tunnel to us (RFC 3024)."""
    encapsulations: tuple[Encapsulation, ...] = (Encapsulation.IPIP,)
    """What tunnels may look like; other Requests are denied (codes 139, 142). IP-in-IP always belongs to it."""
    gre_checksum: bool = False
    """Put a checksum into each GRE packet (RFC 2784)."""
    gre_sequence: bool = False
    """Number the GRE packets (RFC 2890)."""
    nat_traversal: bool = False
    """Tunnel in UDP to mobile nodes and foreign agents behind a NAT (RFC 3519); else their Requests are denied (code
    129) if they ask for it."""
    force_udp: bool = True
    """Mobile nodes may have a tunnel in UDP without a NAT too; else code 129."""
    keepalive_interval: int = 0
    """How often a NAT is to be reminded of a tunnel in UDP, as we tell mobile nodes; 0 leaves it to them."""
    nat_maximum_lifetime: int = 60
    """Of bindings with a tunnel in UDP; RFC 3519 §5.2 suggests 60: a NAT that forgets goes unnoticed no longer."""

    def __post_init__(self) -> None:
        # R5944-4.1-a, R3519-4.1-a: "Any home agent and mobile node that implements Mobile IP UDP tunnelling MUST
        # implement this encapsulation type", as without UDP.
        if Encapsulation.IPIP not in self.encapsulations:
            raise ValueError("encapsulations: ipip is not among them (RFC 5944 §4.1 demands it)")
        if self.nat_traversal and self.reverse_tunnel is ReverseTunnels.REFUSED:
            raise ValueError("nat_traversal: keepalives come by the reverse tunnel, and reverse_tunnel is refused")
        if self.announcements < 1:
            raise ValueError(f"announcements: {self.announcements}, at least one is expected (RFC 5944 §4.6)")
        if self.redirect_to == self.address:
            raise ValueError(f"redirect_to: {self.redirect_to} is this home agent itself")
        if self.identity is not None:
            identity_of(self.identity)
        for text in (self.message, *(entry.message for entry in self.mobile_nodes)):
            if text is not None and not 0 < len(text.encode()) <= LONGEST_TEXT:
                raise ValueError(f"message: {len(text.encode())} octets, 1 to {LONGEST_TEXT} are expected")
        self._check_pool()
        self._check_groups()
        if self.allow_unauthenticated:
            self._check_laboratory()

    def _check_pool(self) -> None:
        if self.address_pool is None:
            return
        first, last = self.address_pool
        if first > last or first not in self.home_network or last not in self.home_network:
            raise ValueError(f"address_pool: {first}-{last} is no range within home_network {self.home_network}")

    def _check_groups(self) -> None:
        for group in self.forwarded_groups:
            if not group.is_multicast:
                raise ValueError(f"forwarded_groups: {group} is no prefix of multicast groups (224.0.0.0/4)")
        if self.forwarded_groups and not self.forward_broadcasts:
            raise ValueError("forwarded_groups: are copied as broadcasts are, and forward_broadcasts is false")

    def _check_laboratory(self) -> None:
        homes = [entry.home_address for entry in self.mobile_nodes if entry.home_address is not None]
        named = (self.address, *homes, *(address for address, _ in self.foreign_agents))
        strangers = [str(address) for address in named if not is_laboratory(address)]
        if not any(self.home_network.subnet_of(prefix) for prefix in _LABORATORY):
            strangers.append(str(self.home_network))
        if strangers:
            raise ValueError(
                f"allow_unauthenticated: {strangers[0]} is no loopback, private or documentation address: "
                "anybody could take its packets"
            )


def is_laboratory(address: IPv4Address) -> bool:
    """Whether nobody on the Internet has this address."""
    return any(address in prefix for prefix in _LABORATORY)


def identity_of(text: str) -> str:
    """A home agent's identity as RFC 3846 §4 has it, `hostname@realm`, from that or from a host name.

    Raises: ValueError.
    """
    host, _, realm = text.partition("@" if "@" in text else ".")
    identity = f"{host}@{realm}"
    if not host or not realm or "@" in realm or len(identity.encode()) > LONGEST_TEXT:
        raise ValueError(f"identity: {text} is neither hostname.realm nor hostname@realm (RFC 3846 §4)")
    return identity
