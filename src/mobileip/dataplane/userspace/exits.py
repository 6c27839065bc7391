"""What tunnels we are the exit of, and where the packets that come out of them go.

Exits of home agents are compiled at their first packet, as bindings are: there may be a million of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from mobileip.dataplane.claims import Claims
from mobileip.dataplane.plan import SMALLEST_WITH_BROADCASTS
from mobileip.dataplane.userspace.ends import TunnelEnds
from mobileip.dataplane.userspace.listeners import EVERYBODY
from mobileip.dataplane.userspace.tunnels import Exit, Leg, received
from mobileip.forwarding.model import (
    BroadcastExit,
    Key,
    ReverseExit,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel

ANY_GROUP = bytes((224, 0, 0, 0))
"""Stands for every multicast address among the inner destinations of `exits`; no group has it (RFC 1112 §4)."""

_Forward = VisitorRoute | TunnelExit | BroadcastExit
"""Exits towards a mobile node, found by the inner destination."""
_Reverse = ReverseExit | VisitorReverse
"""Exits of what mobile nodes send, found by the inner source."""


class Exits:
    """Keys are octets: what `tunnels.received` gives, and the inner destination or source behind it."""

    def __init__(self, ends: TunnelEnds) -> None:
        self._tunnel_ends = ends
        self._forward: Claims[bytes, Exit] = Claims()
        self._reverse: Claims[bytes, tuple[Key, _Reverse]] = Claims()
        self._compiled: dict[bytes, Exit] = {}
        self._half_bound: Claims[bytes, tuple[Key, ReverseExit]] = Claims()
        self._receiving: Counter[bytes] = Counter()
        self._visited: Counter[bytes] = Counter()
        self._in_udp: Counter[IPv4Address] = Counter()
        self.forward: Mapping[bytes, Exit] = self._forward.winners
        """R3024-A.2-a: by outer source, outer destination (with the selector) and inner destination."""

    def reverse(self, key: bytes) -> Exit | None:
        """Where what a mobile node sent goes on, by the tunnel that it came out of and its inner source."""
        leaving = self._compiled.get(key)
        if leaving is None:
            claim = self._reverse.winners.get(key)
            if claim is None:
                return None
            leaving = self._compiled[key] = self._exit(*claim)
        return leaving

    def forward_claimant(self, arriving: bytes, destination: bytes) -> Key | None:
        """The wish that says where packets with this inner destination out of a tunnel (`received`) go."""
        return self._forward.claimant(arriving + destination)

    def reverse_claim(self, arriving: bytes, source: bytes) -> tuple[Key, _Reverse] | None:
        """The wish that says where those with this inner source go."""
        return self._reverse.winners.get(arriving + source)

    def half_bound(self, ends: bytes, source: bytes) -> Exit | None:
        """The exit of a tunnel in UDP whose other port is not known yet, by outer addresses and inner source."""
        claim = self._half_bound.winners.get(ends + source)
        return self._exit(*claim) if claim is not None else None

    def receiving(self, ends: bytes) -> bool | None:
        """Whether a tunnel of these ends (8 octets) is one of a foreign agent; None: we are the exit of none."""
        return ends in self._visited if ends in self._receiving else None

    @property
    def addresses_in_udp(self) -> frozenset[IPv4Address]:
        """Ours at which tunnels in UDP end."""
        return frozenset(self._in_udp)

    def enter(self, key: Key, wish: Wish) -> None:
        if isinstance(wish, _Forward):
            arriving = received(wish.tunnel)
            leaving = self._exit(key, wish)
            for destination in destinations(wish):
                self._forward.claim(arriving + destination, key, leaving)
            self._count(arriving, wish.tunnel, wish, 1)
        elif isinstance(wish, ReverseExit) and wish.tunnel.is_half_bound:
            self._half_bound.claim(_half_bound_key(wish), key, (key, wish))
            self._count(received(wish.tunnel), wish.tunnel, wish, 1)
        elif isinstance(wish, _Reverse):
            tunnel = arriving_by(wish)
            if tunnel is not None:
                arriving = received(tunnel)
                self._reverse.claim(arriving + wish.home_address.packed, key, (key, wish))
                self._compiled.pop(arriving + wish.home_address.packed, None)
                self._count(arriving, tunnel, wish, 1)

    def leave(self, key: Key, wish: Wish) -> None:
        if isinstance(wish, _Forward):
            arriving = received(wish.tunnel)
            for destination in destinations(wish):
                self._forward.release(arriving + destination, key)
            self._count(arriving, wish.tunnel, wish, -1)
        elif isinstance(wish, ReverseExit) and wish.tunnel.is_half_bound:
            self._half_bound.release(_half_bound_key(wish), key)
            self._count(received(wish.tunnel), wish.tunnel, wish, -1)
        elif isinstance(wish, _Reverse):
            tunnel = arriving_by(wish)
            if tunnel is not None:
                arriving = received(tunnel)
                self._reverse.release(arriving + wish.home_address.packed, key)
                self._compiled.pop(arriving + wish.home_address.packed, None)
                self._count(arriving, tunnel, wish, -1)

    def _count(self, arriving: bytes, tunnel: Tunnel, wish: Wish, change: int) -> None:
        ends = arriving[:8]
        if tunnel.udp is not None:
            self._in_udp[tunnel.local] += change
            if not self._in_udp[tunnel.local]:
                del self._in_udp[tunnel.local]
        counters = (self._receiving, self._visited) if isinstance(wish, VisitorRoute) else (self._receiving,)
        for counter in counters:
            counter[ends] += change
            if not counter[ends]:
                del counter[ends]

    def _exit(self, key: Key, wish: _Forward | _Reverse) -> Exit:
        ends = self._tunnel_ends
        expires_at = wish.expires_at
        match wish:
            case VisitorReverse(delivery=delivery):
                # Only with encapsulating delivery anything comes out of a tunnel.
                onwards = Leg(ends.of(wish.tunnel), ends.use(key, wish.tunnel))
                end = ends.of(delivery if delivery is not None else wish.tunnel)
                return Exit(end, expires_at, onwards.use, interface=wish.interface, onwards=onwards)
            case ReverseExit():
                return Exit(ends.of(wish.tunnel), expires_at, ends.use(key, wish.tunnel), is_reverse=True)
            case VisitorRoute(interface=interface, link_address=link_address):
                use = ends.use(key, wish.tunnel)
                # R5944-1.7-d, R5944-4.2.2-h: the link-layer address that its messages came from, as long as it visits.
                return Exit(ends.of(wish.tunnel), expires_at, use, interface=interface, link_address=link_address)
            # R5944-4.1-b: a node with a co-located care-of address "MUST support receiving datagrams tunneled".
            # R5944-4.4-g: "the mobile node MUST be capable of decapsulating packets sent to its home address in order
            # to receive multicast datagrams".
            case TunnelExit() | BroadcastExit():
                return Exit(ends.of(wish.tunnel), expires_at, ends.use(key, wish.tunnel))


def destinations(wish: _Forward) -> Iterable[bytes]:
    """The inner destinations that are taken out for this wish."""
    if not isinstance(wish, BroadcastExit):
        return (wish.home_address.packed,)
    destinations = (EVERYBODY, ANY_GROUP)
    if wish.network.prefixlen > SMALLEST_WITH_BROADCASTS:
        return destinations
    return (*destinations, wish.network.broadcast_address.packed)


def arriving_by(wish: Wish) -> Tunnel | None:
    """The tunnel that packets for this wish come out of; None: they come without one."""
    if isinstance(wish, VisitorReverse):
        return wish.delivery
    return wish.tunnel if isinstance(wish, _Forward | ReverseExit) else None


def _half_bound_key(wish: ReverseExit) -> bytes:
    return received(wish.tunnel)[:8] + wish.home_address.packed
