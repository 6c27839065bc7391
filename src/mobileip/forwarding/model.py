"""Wishes about packets, as values: what the agents want the machine to do, without a word about how.

Each wish has a `key`; a node's whole wish is a `ForwardingState`, at most one wish for each key. Agents
state the whole state and the change; applying all changes to an empty state gives the whole (law 2).
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

import msgspec

from mobileip.forwarding.tunnel import Tunnel

Key = tuple[str, str]
"""Kind of wish and what it is about: sortable, so that every order is deterministic."""


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    @property
    def key(self) -> Key:
        return (type(self).__name__, self.subject)

    @property
    def subject(self) -> str:
        raise NotImplementedError


EVERYWHERE = IPv4Network("0.0.0.0/0")


class LinkHop(msgspec.Struct, frozen=True):
    """A neighbour by its link-layer address."""

    interface: str
    link_address: bytes


class Way(msgspec.Struct, frozen=True):
    """A link, and the router on it."""

    interface: str
    gateway: IPv4Address


# -- home agent


class HomeNetwork(_Wish, frozen=True, kw_only=True):
    """The prefix that home addresses come from. `interface` None: a virtual network, one aggregate route
    into mip0."""

    prefix: IPv4Network
    interface: str | None = None
    forwarded_groups: tuple[IPv4Network, ...] = ()
    """Multicast destinations that are treated like broadcasts."""

    @property
    def subject(self) -> str:
        return str(self.prefix)


class BindingRoute(_Wish, frozen=True, kw_only=True):
    """Packets for a home address go into tunnels (several: copies, RFC 5944 §3.8.2.2) until `expires_at`
    (boot time, s)."""

    home_address: IPv4Address
    tunnels: tuple[Tunnel, ...]
    expires_at: float
    realm: int = 0

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}"


class BroadcastCopy(msgspec.Struct, frozen=True):
    """A tunnel that broadcasts are copied into. `nested`: first encapsulated from the home agent to the home
    address, for a node behind a foreign agent, which could not know whom a bare broadcast is for (RFC 5944
    §4.3)."""

    tunnel: Tunnel
    nested: bool


class BroadcastRoute(_Wish, frozen=True, kw_only=True):
    """Broadcasts of the home network are copied to this mobile node, which asked for them, until
    `expires_at`. The network is the `HomeNetwork` that the home address is in."""

    home_address: IPv4Address
    home_agent: IPv4Address
    copies: tuple[BroadcastCopy, ...]
    expires_at: float
    realm: int = 0

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}"


class ReverseExit(_Wish, frozen=True, kw_only=True):
    """A home agent's end of a reverse tunnel: packets out of `tunnel` from the home address are forwarded as if they
    had come in on mip0, until `expires_at` (RFC 3024 §4.3.2).

    A tunnel in UDP with remote port 0 is half bound: the first keepalive tells the port (see `news.KeepaliveHeard`),
    and nothing else is taken from it.
    """

    home_address: IPv4Address
    tunnel: Tunnel
    expires_at: float
    realm: int = 0

    @property
    def subject(self) -> str:
        port = self.tunnel.udp.remote if self.tunnel.udp else ""
        return f"{self.realm}/{self.home_address}/{self.tunnel.remote}:{port}"


class Interception(_Wish, frozen=True, kw_only=True):
    """Attract packets for a home address on a real home link: a host route into mip0 and proxy ARP (RFC
    5944 §4.6)."""

    home_address: IPv4Address
    interface: str

    @property
    def subject(self) -> str:
        return str(self.home_address)


class ReturnPath(_Wish, frozen=True, kw_only=True):
    """A link by which mobile nodes' own packets come back to us by ordinary routing (the way is triangular).

    Their sources are routed into our tunnels, so a strict reverse-path check there would drop them.
    """

    interface: str

    @property
    def subject(self) -> str:
        return self.interface


# -- foreign agent


class AgentLink(_Wish, frozen=True, kw_only=True):
    """A link on which we are an agent: forward, send no redirects, accept sources that are routed
    elsewhere."""

    interface: str

    @property
    def subject(self) -> str:
        return self.interface


class VisitorRoute(_Wish, frozen=True, kw_only=True):
    """Packets out of `tunnel` for a visitor's home address go to its link-layer address, without ARP (RFC
    5944 §4.2.2)."""

    home_address: IPv4Address
    tunnel: Tunnel
    interface: str
    link_address: bytes
    expires_at: float
    realm: int = 0

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}"


class VisitorReverse(_Wish, frozen=True, kw_only=True):
    """What a visitor sends goes into `tunnel`, to its home agent (RFC 3024 §4.2.2).

    Direct delivery: all packets that come in by `interface` from the home address and, where `realm` is not 0, from
    `link_address`. Encapsulating delivery: what comes out of `delivery`, a tunnel from the home address to us; anything
    else of this visitor is forwarded by ordinary routing (§5.4).
    """

    home_address: IPv4Address
    tunnel: Tunnel
    interface: str
    link_address: bytes
    expires_at: float
    delivery: Tunnel | None = None
    realm: int = 0
    """0; or the number of an address space in which the same home address means another visitor (RFC 3024 §A.4)."""

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}"


# -- mobile node


class HomeAddress(_Wish, frozen=True, kw_only=True):
    """The home address on mip0 as a /32, the rules that make it the default source, and a fall-back route
    into mip0."""

    address: IPv4Address

    @property
    def subject(self) -> str:
        return str(self.address)


class MobileLink(_Wish, frozen=True, kw_only=True):
    """A link that a mobile node uses. `answers_arp` only at home (RFC 5944 §4.6); redirects are never
    obeyed. `is_bare`: it has no address of its own, but packets for the home address may come by it."""

    interface: str
    answers_arp: bool
    is_bare: bool = False

    @property
    def subject(self) -> str:
        return self.interface


class MobileRoute(_Wish, frozen=True, kw_only=True):
    """The way out for the home address: default route through `gateway` on `interface`, source the home
    address.

    `gateway_link_address` makes a permanent neighbour, so that nothing is asked by ARP; None leaves ARP to
    the kernel. `on_link` is the home network's prefix when the node is at home.
    """

    home_address: IPv4Address
    interface: str
    gateway: IPv4Address
    gateway_link_address: bytes | None = None
    on_link: IPv4Network | None = None
    destinations: tuple[IPv4Network, ...] = (EVERYWHERE,)
    """What goes this way; all else goes into a reverse tunnel (RFC 3024 §5.4)."""
    segment_size: int | None = None
    """The largest TCP segment (MSS) that programs offer to take: what comes back passes a tunnel, though what goes this
    way does not."""

    @property
    def subject(self) -> str:
        return str(self.home_address)


class Neighbour(_Wish, frozen=True, kw_only=True):
    """A permanent neighbour entry, so that our own signalling asks nothing by ARP on a visited link (RFC
    5944 §4.6)."""

    interface: str
    address: IPv4Address
    link_address: bytes

    @property
    def subject(self) -> str:
        return f"{self.interface}/{self.address}"


class ArpAnswer(_Wish, frozen=True, kw_only=True):
    """A foreign agent that may ask for the home address by ARP, if it asks this node alone, and is answered alone (RFC
    5944 §4.6). `link_address` is the agent's."""

    interface: str
    home_address: IPv4Address
    link_address: bytes

    @property
    def subject(self) -> str:
        return f"{self.interface}/{self.link_address.hex()}"


class TunnelExit(_Wish, frozen=True, kw_only=True):
    """A co-located mobile node's end: packets out of `tunnel` for its home address are its own. While it changes its
    care-of address it has one at each."""

    home_address: IPv4Address
    tunnel: Tunnel
    expires_at: float
    realm: int = 0

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}/{self.tunnel.local}"


class ReverseTunnel(_Wish, frozen=True, kw_only=True):
    """A mobile node's own packets that its routes lead into mip0 go into `tunnel` (RFC 3024), until `expires_at`.

    `hop`: encapsulating delivery to a foreign agent: the tunnel's packets leave as frames to it, without route and ARP.
    `way`: the one out of the care-of address's own link, for where the machine has several default routes.
    """

    home_address: IPv4Address
    tunnel: Tunnel
    expires_at: float
    hop: LinkHop | None = None
    way: Way | None = None
    realm: int = 0

    @property
    def subject(self) -> str:
        return f"{self.realm}/{self.home_address}"


class BroadcastExit(_Wish, frozen=True, kw_only=True):
    """Packets out of `tunnel` for 255.255.255.255, the broadcast address of `network` and multicast groups are
    the mobile node's own. Its end is the co-located care-of address, or for the nested form (see
    `BroadcastCopy`) the home address."""

    home_address: IPv4Address
    tunnel: Tunnel
    network: IPv4Network
    expires_at: float

    @property
    def subject(self) -> str:
        return f"{self.home_address}/{self.tunnel.local}"


Wish = (
    HomeNetwork
    | BindingRoute
    | BroadcastRoute
    | ReverseExit
    | Interception
    | ReturnPath
    | AgentLink
    | VisitorRoute
    | VisitorReverse
    | HomeAddress
    | MobileLink
    | MobileRoute
    | Neighbour
    | ArpAnswer
    | TunnelExit
    | ReverseTunnel
    | BroadcastExit
)


class ForwardingChange(msgspec.Struct, frozen=True):
    """A difference between two states: wishes to install (or replace, by key) and keys to remove."""

    install: tuple[Wish, ...] = ()
    remove: tuple[Key, ...] = ()


class ForwardingState(msgspec.Struct, frozen=True):
    """All that a node (or one agent) wants, by key."""

    wishes: Mapping[Key, Wish] = {}

    @classmethod
    def of(cls, wishes: Iterable[Wish]) -> "ForwardingState":
        return cls({wish.key: wish for wish in wishes})

    def apply(self, change: ForwardingChange) -> "ForwardingState":
        wishes = dict(self.wishes)
        for key in change.remove:
            wishes.pop(key, None)
        wishes.update((wish.key, wish) for wish in change.install)
        return ForwardingState(wishes)

    def change_to(self, wanted: "ForwardingState") -> ForwardingChange:
        """The change that leads from this state to `wanted`; empty when they are equal."""
        return ForwardingChange(
            install=tuple(w for k, w in sorted(wanted.wishes.items()) if self.wishes.get(k) != w),
            remove=tuple(sorted(k for k in self.wishes if k not in wanted.wishes)),
        )
