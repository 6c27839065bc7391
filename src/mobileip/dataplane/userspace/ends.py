"""The tunnel ends that wishes name, and what has passed through them for each wish. Kept as long as one names them."""

from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

from mobileip.dataplane.userspace.tunnels import NO_MTU, Path, TunnelEnd, Use
from mobileip.forwarding.model import BindingRoute, BroadcastRoute, Key, Wish
from mobileip.forwarding.tunnel import Tunnel

ROUTE_MTU_LIFETIME = 10.0
"""How long an answer about our own route's MTU is good for, s."""

RouteMtu = Callable[[Tunnel], int]
"""The MTU of the way that packets of a tunnel take now; 0: unknown."""


class TunnelEnds:
    """`route_mtu` is asked when the first TCP connection through a tunnel begins, and then from time to time."""

    def __init__(self, route_mtu: RouteMtu) -> None:
        self._route_mtu = route_mtu
        self._paths: WeakValueDictionary[bytes, Path] = WeakValueDictionary()
        self._ends: WeakValueDictionary[Tunnel, TunnelEnd] = WeakValueDictionary()
        self._uses: dict[Key, dict[Tunnel, Use]] = {}
        self.on_path: Callable[[Path], None] = lambda _: None
        """Hears of each path that something was learnt about, or told and so forgotten."""

    def of(self, tunnel: Tunnel) -> TunnelEnd:
        end = self._ends.get(tunnel)
        if end is None:
            ends = tunnel.local.packed + tunnel.remote.packed
            path = self._paths.get(ends)
            if path is None:
                path = self._paths[ends] = Path(ends)
            end = self._ends[tunnel] = TunnelEnd(tunnel, path)
        return end

    def known_path(self, ends: bytes) -> Path | None:
        """The path between these ends (8 octets), if it belongs to a tunnel that packets have met."""
        return self._paths.get(ends)

    def paths(self) -> list[Path]:
        """Those of all tunnels that packets have met."""
        return list(self._paths.values())

    def mtu(self, end: TunnelEnd, now: float) -> int:
        """The largest outer packet that is known to get through; `NO_MTU`: nothing is known."""
        path = end.path
        if now - path.route_mtu_at >= ROUTE_MTU_LIFETIME:
            path.route_mtu = self._route_mtu(end.tunnel) or NO_MTU
            path.route_mtu_at = now
        return min(path.route_mtu, path.mtu if now < path.mtu_until else NO_MTU)

    def use(self, key: Key, tunnel: Tunnel) -> Use:
        uses = self._uses.setdefault(key, {})
        use = uses.get(tunnel)
        if use is None:
            use = uses[tunnel] = Use(self.of(tunnel))
        return use

    def forget(self, key: Key, wish: Wish | None) -> None:
        """What passed through tunnels that the wish of this key names no more."""
        uses = self._uses.get(key)
        if uses is None:
            return
        kept = tunnels_of(wish)
        for tunnel in [tunnel for tunnel in uses if tunnel not in kept]:
            del uses[tunnel]
        if not uses:
            del self._uses[key]

    def uses(self) -> Mapping[Key, Mapping[Tunnel, Use]]:
        """What has passed, by wish and tunnel; wishes that no packet has met yet may be missing."""
        return self._uses


def tunnels_of(wish: Wish | None) -> tuple[Tunnel, ...]:
    """Those that packets of a wish pass."""
    if isinstance(wish, BindingRoute):
        return wish.tunnels
    if isinstance(wish, BroadcastRoute):
        return tuple(copy.tunnel for copy in wish.copies)
    tunnel: Tunnel | None = getattr(wish, "tunnel", None)
    return () if tunnel is None else (tunnel,)
