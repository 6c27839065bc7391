"""Who hears the broadcasts of which home network: the wishes for them, compiled at the first broadcast."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network

from mobileip.dataplane.plan import SMALLEST_WITH_BROADCASTS
from mobileip.dataplane.userspace.tunnels import Leg, TunnelEnd, Use
from mobileip.forwarding.model import BroadcastRoute, HomeNetwork, Key, Wish
from mobileip.forwarding.tunnel import Tunnel

EVERYBODY = b"\xff\xff\xff\xff"
"""The limited broadcast address (RFC 919)."""


class Copy:
    """One copy for one mobile node. `nest` encapsulates it before, for a node behind a foreign agent."""

    __slots__ = ("expires_at", "home_address", "leg", "nest")

    def __init__(self, home_address: bytes, leg: Leg, nest: TunnelEnd | None, expires_at: float) -> None:
        self.home_address = home_address
        self.leg = leg
        self.nest = nest
        self.expires_at = expires_at


class Network:
    """A home network with the copies of each of its broadcasts. `interface` None: a virtual one."""

    __slots__ = ("_broadcasts", "_groups", "copies", "interface")

    def __init__(self, wish: HomeNetwork, copies: tuple[Copy, ...]) -> None:
        self.interface = wish.interface
        self.copies = copies
        self._broadcasts = {EVERYBODY}
        if wish.prefix.prefixlen <= SMALLEST_WITH_BROADCASTS:
            self._broadcasts.add(wish.prefix.broadcast_address.packed)
        # R5944-4.3-b: "it is a matter of configuration at the home agent as to which specific categories".
        self._groups = [(int(group.network_address), int(group.broadcast_address)) for group in wish.forwarded_groups]

    def takes(self, destination: bytes) -> bool:
        """Whether a packet to `destination` is for all of this network, or treated so."""
        if destination in self._broadcasts:
            return True
        number = int.from_bytes(destination)
        return any(first <= number <= last for first, last in self._groups)


class Listeners:
    """Compiled anew after a change, when the next broadcast comes: that costs as much as it has copies."""

    def __init__(self, end: Callable[[Tunnel], TunnelEnd], use: Callable[[Key, Tunnel], Use]) -> None:
        self._end = end
        self._use = use
        self._homes: dict[Key, HomeNetwork] = {}
        self._routes: dict[Key, BroadcastRoute] = {}
        self._compiled: dict[str | None, tuple[Network, ...]] | None = {}

    def enter(self, key: Key, wish: Wish) -> None:
        if isinstance(wish, HomeNetwork):
            self._homes[key] = wish
            self._compiled = None
        # R5944-4.3-a: it "MUST NOT forward the datagram to any mobile nodes [...] other than those that have requested
        # forwarding of broadcast datagrams": only this wish says that one has.
        elif isinstance(wish, BroadcastRoute):
            self._routes[key] = wish
            self._compiled = None

    def leave(self, key: Key) -> None:
        if self._homes.pop(key, None) or self._routes.pop(key, None):
            self._compiled = None

    def networks(self, interface: str | None) -> tuple[Network, ...]:
        """The home networks on a link, or the virtual ones, that anybody listens to."""
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled.get(interface, ())

    @property
    def links(self) -> Mapping[str, bool]:
        """The links that are to be listened to -> multicasts too?"""
        if not self._routes:
            return {}
        links: dict[str, bool] = {}
        for home in self._homes.values():
            if home.interface is not None:
                links[home.interface] = links.get(home.interface, False) or bool(home.forwarded_groups)
        return links

    def is_at_home(self, address: bytes) -> bool:
        """Whether `address` is one of a home network here."""
        number = int.from_bytes(address)
        return any(_holds(home.prefix, number) for home in self._homes.values())

    def _compile(self) -> dict[str | None, tuple[Network, ...]]:
        # The narrowest network that an address is in is its own.
        homes = sorted(self._homes.values(), key=lambda home: home.prefix.prefixlen, reverse=True)
        copies: list[list[Copy]] = [[] for _ in homes]
        for key, route in self._routes.items():
            number = int(route.home_address)
            for home, heard in zip(homes, copies, strict=True):
                if _holds(home.prefix, number):
                    heard.extend(self._copies(key, route))
                    break
        compiled: dict[str | None, tuple[Network, ...]] = {}
        for home, heard in zip(homes, copies, strict=True):
            if heard:
                compiled[home.interface] = (*compiled.get(home.interface, ()), Network(home, tuple(heard)))
        return compiled

    def _copies(self, key: Key, route: BroadcastRoute) -> list[Copy]:
        nest = self._end(Tunnel(route.home_agent, route.home_address))
        return [
            Copy(
                route.home_address.packed,
                Leg(self._end(copy.tunnel), self._use(key, copy.tunnel), is_quiet=True),
                nest if copy.nested else None,
                route.expires_at,
            )
            for copy in route.copies
        ]


def _holds(prefix: IPv4Network, number: int) -> bool:
    return number & int(prefix.netmask) == int(prefix.network_address)
