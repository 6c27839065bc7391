"""The wishes about packets, compiled for the path: one dictionary look-up for a packet, one small change
for a wish.

Bindings are compiled at their first packet: a home agent with a million of them pays for those that are used.
"""

from collections import Counter
from collections.abc import Mapping
from ipaddress import IPv4Address

from mobileip.dataplane.changes import by_key
from mobileip.dataplane.claims import Claims
from mobileip.dataplane.userspace.ends import RouteMtu, TunnelEnds
from mobileip.dataplane.userspace.exits import Exits
from mobileip.dataplane.userspace.listeners import Listeners
from mobileip.dataplane.userspace.rate_limit import RateLimit
from mobileip.dataplane.userspace.tunnels import Binding, Leg
from mobileip.forwarding.model import (
    ArpAnswer,
    BindingRoute,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Key,
    LinkHop,
    ReverseTunnel,
    VisitorReverse,
    VisitorRoute,
    Wish,
)

Octets = bytes

COPIES_PER_SECOND, COPIES_BURST = 1000.0, 500.0
"""Of broadcasts to mobile nodes. A home network of many listeners is as loud as their number."""


class PacketTables:
    """What `path` looks packets up in. Addresses are 4 octets.

    `route_mtu` is asked, seldom, for the MTU of our own way by which a tunnel's packets leave; 0 = unknown.
    """

    def __init__(self, route_mtu: RouteMtu = lambda _: 0) -> None:
        self.wishes: dict[Key, Wish] = {}
        """Every wish that is in force, those that concern no packet included."""
        self.ends = TunnelEnds(route_mtu)
        self.exits = Exits(self.ends)
        self._routes: Claims[Octets, tuple[Key, BindingRoute]] = Claims()
        self._compiled: dict[Octets, Binding] = {}
        self._reverse: Claims[Octets, Binding] = Claims()
        self._realms: Counter[int] = Counter()
        self._own: Claims[Octets, bool] = Claims()
        self._virtual: Claims[tuple[int, int], bool] = Claims()
        self._identification = 0
        self.arp_answers: dict[Key, ArpAnswer] = {}
        """Who may ask for a home address of our own."""
        self.listeners = Listeners(self.ends.of, self.ends.use)
        """Who hears broadcasts."""
        self.copies = RateLimit(COPIES_PER_SECOND, COPIES_BURST)
        """How many copies of broadcasts may leave."""
        self.reverse: Mapping[Octets, Binding] = self._reverse.winners
        """What a source (see `source_key`) sends into our device goes into a tunnel (RFC 3024)."""
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
            self.ends.forget(key, wish)

    def binding(self, home_address: Octets) -> Binding | None:
        """The binding of a destination, compiled at its first packet."""
        binding = self._compiled.get(home_address)
        if binding is None:
            claim = self._routes.winners.get(home_address)
            if claim is None:
                return None
            key, route = claim
            legs = tuple(Leg(self.ends.of(tunnel), self.ends.use(key, tunnel)) for tunnel in route.tunnels)
            binding = self._compiled[home_address] = Binding(legs, route.expires_at)
        return binding

    def route(self, home_address: Octets) -> tuple[Key, BindingRoute] | None:
        """The wish that a destination's packets follow."""
        return self._routes.winners.get(home_address)

    def reverse_claimant(self, source: Octets) -> Key | None:
        """The wish that packets of a source (see `source_key`) in our device follow."""
        return self._reverse.claimant(source)

    def next_identification(self) -> int:
        """Of an outer header; never 0, which the kernel would replace."""
        self._identification = self._identification % 0xFFFF + 1
        return self._identification

    def leg_towards(self, home_address: IPv4Address, home_agent: IPv4Address) -> Leg | None:
        """The tunnel that leads from here to a mobile node's home agent; a foreign agent's may be one that carries
        packets in the other direction alone."""
        for key, wish in self.wishes.items():
            if isinstance(wish, ReverseTunnel | VisitorReverse | VisitorRoute) and (
                wish.home_address,
                wish.tunnel.remote,
            ) == (home_address, home_agent):
                return Leg(self.ends.of(wish.tunnel), self.ends.use(key, wish.tunnel))
        return None

    def last_use(self, key: Key) -> float:
        """When something passed for a wish last; boot time, s."""
        return max((use.at for use in self.ends.uses().get(key, {}).values()), default=float("-inf"))

    @property
    def realms(self) -> frozenset[int]:
        """Those beside realm 0 whose visitors' packets are routed into a device of their own."""
        return frozenset(self._realms)

    def _enter(self, key: Key, wish: Wish) -> None:
        match wish:
            case BindingRoute(home_address=home_address):
                self._routes.claim(home_address.packed, key, (key, wish))
                self._compiled.pop(home_address.packed, None)
            case ReverseTunnel(hop=hop):
                self._reverse.claim(source_key(wish.home_address, 0), key, self._into(key, wish, hop))
            case VisitorReverse(delivery=None, realm=realm):
                self._reverse.claim(source_key(wish.home_address, realm), key, self._into(key, wish, None))
                self._realms.update([realm] if realm else ())
            case HomeAddress(address=address):
                self._own.claim(address.packed, key, True)
            case ArpAnswer():
                self.arp_answers[key] = wish
            case HomeNetwork(interface=None):
                self._virtual.claim(_span(wish), key, True)
            case _:
                pass
        self.exits.enter(key, wish)
        self.listeners.enter(key, wish)

    def _leave(self, key: Key, wish: Wish) -> None:
        match wish:
            case BindingRoute(home_address=home_address):
                self._routes.release(home_address.packed, key)
                self._compiled.pop(home_address.packed, None)
            case ReverseTunnel():
                self._reverse.release(source_key(wish.home_address, 0), key)
            case VisitorReverse(delivery=None, realm=realm):
                self._reverse.release(source_key(wish.home_address, realm), key)
                self._realms -= Counter([realm] if realm else ())  # what comes to 0 is left out
            case HomeAddress(address=address):
                self._own.release(address.packed, key)
            case ArpAnswer():
                del self.arp_answers[key]
            case HomeNetwork(interface=None):
                self._virtual.release(_span(wish), key)
            case _:
                pass
        self.exits.leave(key, wish)
        self.listeners.leave(key)

    def _into(self, key: Key, wish: ReverseTunnel | VisitorReverse, hop: LinkHop | None) -> Binding:
        leg = Leg(self.ends.of(wish.tunnel), self.ends.use(key, wish.tunnel), hop=hop)
        return Binding((leg,), wish.expires_at)


def source_key(home_address: IPv4Address, realm: int) -> Octets:
    """By what `PacketTables.reverse` knows a source in the device of a realm."""
    return home_address.packed + bytes((realm,)) if realm else home_address.packed


def _span(network: HomeNetwork) -> tuple[int, int]:
    return int(network.prefix.network_address), int(network.prefix.netmask)
