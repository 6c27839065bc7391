"""The wishes about packets, compiled for the path: one dictionary look-up for a packet, one small change
for a wish.

Bindings are compiled at their first packet: a home agent with a million of them pays for those that are used.
"""

from collections.abc import Iterable, Mapping
from weakref import WeakValueDictionary

from mobileip.dataplane.changes import by_key
from mobileip.dataplane.claims import Claims
from mobileip.dataplane.plan import SMALLEST_WITH_BROADCASTS
from mobileip.dataplane.userspace.listeners import EVERYBODY, Listeners
from mobileip.dataplane.userspace.rate_limit import RateLimit
from mobileip.dataplane.userspace.tunnels import Binding, Exit, Leg, TunnelEnd, Use
from mobileip.forwarding.model import (
    ArpAnswer,
    BindingRoute,
    BroadcastExit,
    BroadcastRoute,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Key,
    Tunnel,
    TunnelExit,
    VisitorRoute,
    Wish,
)

Octets = bytes

COPIES_PER_SECOND, COPIES_BURST = 1000.0, 500.0
"""Of broadcasts to mobile nodes. A home network of many listeners is as loud as their number."""

ANY_GROUP = bytes((224, 0, 0, 0))
"""Stands for every multicast address among the inner destinations of `exits`; no group has it (RFC 1112 §4)."""


_Exiting = VisitorRoute | TunnelExit | BroadcastExit


class PacketTables:
    """What `path` looks packets up in. Addresses are 4 octets, ends of a tunnel 8 (outer source, outer
    destination)."""

    def __init__(self) -> None:
        self.wishes: dict[Key, Wish] = {}
        """Every wish that is in force, those that concern no packet included."""
        self._routes: Claims[Octets, tuple[Key, BindingRoute]] = Claims()
        self._compiled: dict[Octets, Binding] = {}
        self._exits: Claims[Octets, Exit] = Claims()
        self._receiving: Claims[Octets, bool] = Claims()
        self._own: Claims[Octets, bool] = Claims()
        self._virtual: Claims[tuple[int, int], bool] = Claims()
        self._ends: WeakValueDictionary[Octets, TunnelEnd] = WeakValueDictionary()
        self._uses: dict[Key, dict[Tunnel, Use]] = {}
        self._identification = 0
        self.arp_answers: dict[Key, ArpAnswer] = {}
        """Who may ask for a home address of our own."""
        self.listeners = Listeners(self.end, self._use)
        """Who hears broadcasts."""
        self.copies = RateLimit(COPIES_PER_SECOND, COPIES_BURST)
        """How many copies of broadcasts may leave."""
        self.exits: Mapping[Octets, Exit] = self._exits.winners
        """Outer source, outer destination, inner destination -> where the inner packet goes (RFC 3024
        §A.2)."""
        self.receiving: Mapping[Octets, bool] = self._receiving.winners
        """Ends of the tunnels that we are the exit of -> is it one of a foreign agent?"""
        self.own: Mapping[Octets, bool] = self._own.winners
        """Home addresses of our own."""
        self.virtual: Mapping[tuple[int, int], bool] = self._virtual.winners
        """Virtual home networks: first address and netmask."""

    @classmethod
    def of(cls, state: ForwardingState) -> "PacketTables":
        tables = cls()
        tables.put(state.wishes)
        return tables

    def apply(self, change: ForwardingChange) -> None:
        self.put(by_key(change))

    def put(self, wishes: Mapping[Key, Wish | None]) -> None:
        """Each key holds the wish given, or none. Counters and soft state of what stays are kept."""
        for key, wish in wishes.items():
            before = self.wishes.pop(key, None)
            if before is not None:
                self._leave(key, before)
            if wish is not None:
                self.wishes[key] = wish
                self._enter(key, wish)
            self._forget_uses(key, wish)

    def binding(self, home_address: Octets) -> Binding | None:
        """The binding of a destination, compiled at its first packet."""
        binding = self._compiled.get(home_address)
        if binding is None:
            claim = self._routes.winners.get(home_address)
            if claim is None:
                return None
            key, route = claim
            legs = tuple(Leg(self.end(tunnel), self._use(key, tunnel)) for tunnel in route.tunnels)
            binding = self._compiled[home_address] = Binding(legs, route.expires_at)
        return binding

    def end(self, tunnel: Tunnel) -> TunnelEnd:
        ends = tunnel.local.packed + tunnel.remote.packed
        end = self._ends.get(ends)
        if end is None:
            end = self._ends[ends] = TunnelEnd(tunnel)
        return end

    def known_end(self, ends: Octets) -> TunnelEnd | None:
        """The tunnel of these ends, if packets have gone into it."""
        return self._ends.get(ends)

    def next_identification(self) -> int:
        """Of an outer header; never 0, which the kernel would replace."""
        self._identification = self._identification % 0xFFFF + 1
        return self._identification

    def uses(self) -> Mapping[Key, Mapping[Tunnel, Use]]:
        """What has passed, by wish and tunnel; wishes that no packet has met yet may be missing."""
        return self._uses

    def _enter(self, key: Key, wish: Wish) -> None:
        if isinstance(wish, BindingRoute):
            address = wish.home_address.packed
            self._routes.claim(address, key, (key, wish))
            self._compiled.pop(address, None)
        elif isinstance(wish, VisitorRoute):
            # R5944-1.7-d, R5944-4.2.2-h: the link-layer address that its messages came from, as long as it visits.
            leaving = Exit(wish.interface, wish.link_address, wish.expires_at, self._use(key, wish.tunnel))
            self._claim_exits(key, wish, (wish.home_address.packed,), leaving)
        # R5944-4.1-b: a node with a co-located care-of address "MUST support receiving datagrams tunneled".
        elif isinstance(wish, TunnelExit):
            leaving = Exit(None, b"", wish.expires_at, self._use(key, wish.tunnel))
            self._claim_exits(key, wish, (wish.home_address.packed,), leaving)
        # R5944-4.4-g: "the mobile node MUST be capable of decapsulating packets sent to its home address in order to
        # receive multicast datagrams".
        elif isinstance(wish, BroadcastExit):
            self._claim_exits(key, wish, _heard_by(wish), Exit(None, b"", wish.expires_at, self._use(key, wish.tunnel)))
        elif isinstance(wish, HomeAddress):
            self._own.claim(wish.address.packed, key, True)
        elif isinstance(wish, ArpAnswer):
            self.arp_answers[key] = wish
        elif isinstance(wish, HomeNetwork) and wish.interface is None:
            self._virtual.claim(_span(wish), key, True)
        self.listeners.enter(key, wish)

    def _leave(self, key: Key, wish: Wish) -> None:
        if isinstance(wish, BindingRoute):
            address = wish.home_address.packed
            self._routes.release(address, key)
            self._compiled.pop(address, None)
        elif isinstance(wish, VisitorRoute | TunnelExit):
            self._release_exits(key, wish, (wish.home_address.packed,))
        elif isinstance(wish, BroadcastExit):
            self._release_exits(key, wish, _heard_by(wish))
        elif isinstance(wish, HomeAddress):
            self._own.release(wish.address.packed, key)
        elif isinstance(wish, ArpAnswer):
            del self.arp_answers[key]
        elif isinstance(wish, HomeNetwork):
            self._virtual.release(_span(wish), key)
        self.listeners.leave(key)

    def _claim_exits(self, key: Key, wish: _Exiting, destinations: Iterable[Octets], leaving: Exit) -> None:
        arriving = _arriving(wish.tunnel)
        for destination in destinations:
            self._exits.claim(arriving + destination, key, leaving)
        self._receiving.claim(arriving, key, isinstance(wish, VisitorRoute))

    def _release_exits(self, key: Key, wish: _Exiting, destinations: Iterable[Octets]) -> None:
        arriving = _arriving(wish.tunnel)
        for destination in destinations:
            self._exits.release(arriving + destination, key)
        self._receiving.release(arriving, key)

    def _use(self, key: Key, tunnel: Tunnel) -> Use:
        return self._uses.setdefault(key, {}).setdefault(tunnel, Use())

    def _forget_uses(self, key: Key, wish: Wish | None) -> None:
        uses = self._uses.get(key)
        if uses is None:
            return
        kept = _tunnels(wish)
        for tunnel in [tunnel for tunnel in uses if tunnel not in kept]:
            del uses[tunnel]
        if not uses:
            del self._uses[key]


def _arriving(tunnel: Tunnel) -> Octets:
    """The ends as packets that come out of the tunnel bear them."""
    return tunnel.remote.packed + tunnel.local.packed


def _tunnels(wish: Wish | None) -> tuple[Tunnel, ...]:
    if isinstance(wish, BindingRoute):
        return wish.tunnels
    if isinstance(wish, BroadcastRoute):
        return tuple(copy.tunnel for copy in wish.copies)
    return (wish.tunnel,) if isinstance(wish, _Exiting) else ()


def _heard_by(wish: BroadcastExit) -> tuple[Octets, ...]:
    """The inner destinations that a mobile node takes for its own beside its home address."""
    destinations = (EVERYBODY, ANY_GROUP)
    if wish.network.prefixlen > SMALLEST_WITH_BROADCASTS:
        return destinations
    return (*destinations, wish.network.broadcast_address.packed)


def _span(network: HomeNetwork) -> tuple[int, int]:
    return int(network.prefix.network_address), int(network.prefix.netmask)
