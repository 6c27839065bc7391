"""What a foreign agent shows of itself."""

from ipaddress import IPv4Address

import msgspec

from mobileip.forwarding.tunnel import Encapsulation


class RevocationTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the home agent and we agreed on for one registration (RFC 3543 §4.2.1)."""

    timestamp: int
    """The home agent's 32-bit clock when it accepted: its revocations are later."""
    inform: bool
    """I: the home agent decides whether the mobile node is told."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the visitor list (RFC 5944 §3.7.1). Times are boot time, seconds."""

    home_address: IPv4Address
    home_agent: IPv4Address
    care_of_address: IPv4Address
    interface: str
    link_address: bytes
    udp_port: int
    source: IPv4Address
    destination: IPv4Address
    requested_lifetime: int
    lifetime: int
    requested_at: float
    """When its Request was relayed."""
    registered_at: float
    expires_at: float
    identification: int
    nai: str | None = None
    """Its name, where it asked for a home address by that (RFC 2794)."""
    revocation: RevocationTerms | None = None
    """None: this registration can't be revoked by message."""
    encapsulation: Encapsulation = Encapsulation.IPIP
    """Of the tunnel between home agent and us, both ways."""
    received_key: int | None = None
    """GRE key (RFC 6245) that we assigned: of what the home agent sends."""
    sent_key: int | None = None
    """GRE key that the home agent assigned: of what we send."""
    udp_tunnel: bool = False
    """The tunnel is in UDP (RFC 3519)."""
    keepalive_interval: float = 0.0
    """Seconds; of a tunnel in UDP."""
    reverse_tunnel: bool = False
    """What it sends is tunnelled to its home agent (RFC 3024)."""
    delivery: Encapsulation | None = None
    """How it encapsulates what it wants tunnelled (encapsulating delivery style); None: direct delivery."""
    agent_address: IPv4Address = IPv4Address(0)
    """Our address for it: source of the latest Reply."""
    realm: int = 0
    """Tells apart visitors with the same home address: no two of them have the same (RFC 3024 §A.4)."""


class PendingRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was relayed and has no answer yet (RFC 5944 §3.7.1). Times are boot time, seconds."""

    home_address: IPv4Address
    home_agent: IPv4Address
    """The Request's field, to be copied into denials."""
    relayed_to: IPv4Address
    """The home agent: that field's, or the one that stands for "any" there (RFC 4433)."""
    interface: str
    link_address: bytes
    udp_port: int
    source: IPv4Address
    destination: IPv4Address
    """Where the mobile node sent it: our answer comes from there (RFC 5944 §3.7.2.3)."""
    care_of_address: IPv4Address
    decapsulation_by_mobile_node: bool = False
    """A co-located care-of address: no packet is tunnelled to us."""
    identification: int
    requested_lifetime: int
    received_at: float
    expires_at: float
    mobile_foreign_spi: int | None = None
    """SPI of the association that authenticated it to us, where there is one."""
    nai: str | None = None
    home_agent_signs: bool = False
    """The home agent shares an association with us and the Reply has to prove it."""
    offers_revocation: bool = False
    """The Request went with our Revocation Support extension (RFC 3543)."""
    encapsulation: Encapsulation = Encapsulation.IPIP
    """What was asked of the home agent."""
    received_key: int | None = None
    """GRE key that went with the Request: what the home agent sends is to bear it (RFC 6245)."""
    udp_tunnel: bool = False
    """The Request went with our UDP Tunnel Request extension (RFC 3519)."""
    reverse_tunnel: bool = False
    delivery: Encapsulation | None = None
    """How the mobile node will encapsulate what is to be tunnelled; None: direct delivery (RFC 3024 §5)."""


class ForeignAgentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    care_of_address: IPv4Address
    links: tuple[str, ...] = ()
    busy: bool = False
    visitors: tuple[Visitor, ...] = ()
    pending: tuple[PendingRegistration, ...] = ()
    counters: dict[str, int] = {}
