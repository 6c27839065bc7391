"""What a home agent shows of itself: to the control API, to tests, to "forged input changes nothing"."""

from ipaddress import IPv4Address

import msgspec

from mobileip.forwarding.tunnel import Tunnel
from mobileip.security.association import MobilitySecurityAssociation


class RevocationTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What home agent and foreign side agreed on when a binding was registered (RFC 3543 §4.2.1)."""

    peer: IPv4Address
    """Where the Request came from: our Revocations go there (§3.3)."""
    peer_timestamp: int
    """Of the peer's latest Revocation Support extension; 32 bits."""
    own_timestamp: int
    """Of ours."""
    inform: bool
    """I: the peer leaves it to us whether the mobile node is told."""
    is_direct: bool
    """The peer is the mobile node itself, with a co-located care-of address."""
    association: MobilitySecurityAssociation
    """With the peer: what protected its extension protects what we tell it."""
    foreign_agent: IPv4Address | None = None
    """Under which address that association is kept; None for a direct mobile node."""


class MobilityBinding(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the binding list (RFC 5944 §3.8.1). Times are boot time, seconds; `lifetime` as
    granted, `expires_at` infinite for a lifetime of 0xffff.
    """

    home_address: IPv4Address
    care_of_address: IPv4Address
    """As registered: the binding's name. A tunnel in UDP ends elsewhere (RFC 3519 §4.6)."""
    home_agent: IPv4Address
    tunnel: Tunnel
    lifetime: int
    registered_at: float
    expires_at: float
    identification: int
    """Of the Reply (RFC 5944 §3.8.1)."""
    spi: int
    request_identification: int = 0
    """Of the Request: one that repeats it is a duplicate (RFC 5944 §3.8.2.2)."""
    decapsulation_by_mobile_node: bool = False
    reverse_tunneling: bool = False
    broadcast_datagrams: bool = False
    simultaneous_bindings: bool = False
    nai: str | None = None
    """Of the mobile node, where it has one (RFC 2794)."""
    revocation: RevocationTerms | None = None
    """None: nobody is told when it is revoked."""

    @property
    def is_half_bound(self) -> bool:
        """Its tunnel in UDP waits for the first keepalive, which tells the port (RFC 3519 §4.11)."""
        return self.tunnel.is_half_bound

    @property
    def has_reverse_tunnel(self) -> bool:
        """Whether packets of the mobile node come by its tunnel."""
        # A tunnel in UDP is one without T too: keepalives come by it, echo requests of the mobile node to us.
        return self.reverse_tunneling or self.tunnel.udp is not None


class HomeAgentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    address: IPv4Address
    bindings: tuple[MobilityBinding, ...] = ()
    revocations: int = 0
    """Revocations that wait for an acknowledgment."""
    counters: dict[str, int] = {}
    """Accepted, denied by code, discarded by reason: `accepted`, `denied_133`,
    `discarded_bad_authenticator`, ...
    """
