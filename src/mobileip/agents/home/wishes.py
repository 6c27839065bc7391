"""What a mobile node's bindings want of the forwarding: its packets in tunnels, broadcasts too where it asked, ends of
its reverse tunnels, and the home address intercepted on a home link.
"""

from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.forwarding.model import (
    BindingRoute,
    BroadcastCopy,
    BroadcastRoute,
    ForwardingChange,
    Interception,
    Key,
    ReverseExit,
    Wish,
)

Bindings = tuple[MobilityBinding, ...]


class BindingWishes:
    """By one configuration. Each mobile node's bindings (oldest first) by themselves."""

    __slots__ = ("_config",)

    def __init__(self, config: HomeAgentConfig) -> None:
        self._config = config

    def of(self, bindings: Bindings) -> tuple[Wish, ...]:
        """All of one mobile node; none for one that is at home."""
        if not bindings:
            return ()
        return (*self._routes(bindings), *self._interception(bindings))

    def change(self, before: Bindings, after: Bindings) -> ForwardingChange | None:
        """From one list to another; None: nothing was there and is there. A renewal or a move replaces the routes; the
        interception stays as it is.
        """
        if not after:
            remove = self._keys(self.of(before))
            return ForwardingChange(remove=remove) if remove else None
        routes = self._routes(after)
        if not before:
            return ForwardingChange(install=(*routes, *self._interception(after)))
        if True not in [_has_more_than_a_route(b) for b in (*before, *after)]:
            return ForwardingChange(install=routes)  # a mere shortcut: most renewals and moves
        # Broadcasts that nobody wants any more, the end of a tunnel that is elsewhere now (RFC 3519: another address or
        # port of a NAT), a route that waits for a keepalive.
        wanted = self._keys(routes)
        return ForwardingChange(
            install=routes, remove=tuple(key for key in self._keys(self._routes(before)) if key not in wanted)
        )

    def _routes(self, bindings: Bindings) -> tuple[Wish, ...]:
        first = bindings[0]
        if len(bindings) == 1 and not _has_more_than_a_route(first):  # a mere shortcut: most lists
            return (
                BindingRoute(home_address=first.home_address, tunnels=(first.tunnel,), expires_at=first.expires_at),
            )
        # R3519-4.6-g: "the home agent MUST wait for the first keepalive packet from the mobile node to arrive, before
        # it can send traffic back".
        ready = [b for b in bindings if not b.is_half_bound]
        exits = self._exits(bindings)
        if not ready:
            return exits
        route = BindingRoute(
            home_address=ready[0].home_address,
            # RFC 5944 §3.8.2.2: "the home agent may forward a separate copy of each arriving datagram to each care-of
            # address".
            tunnels=tuple([b.tunnel for b in ready]),
            expires_at=max([b.expires_at for b in ready]),
        )
        return (route, *self._broadcasts([b for b in ready if b.broadcast_datagrams]), *exits)

    @staticmethod
    def _exits(bindings: Bindings) -> tuple[Wish, ...]:
        """R3024-4.3.2-b: packets come in by a "mobility binding whose care-of address is the source of the outer
        header, and whose mobile node address is the source of the inner header", as long as that is.
        """
        exits = {}
        for binding in bindings:
            # R3024-4.3.2-b, R3024-4.3.2-c: without a reverse tunnel nothing comes by it.
            if binding.has_reverse_tunnel:
                # R3024-4.3.2-f: what comes by it is taken out and forwarded.
                found = ReverseExit(
                    home_address=binding.home_address, tunnel=binding.tunnel, expires_at=binding.expires_at
                )
                exits[found.key] = found  # two bindings of one end: the later one
        return tuple(exits.values())

    def _broadcasts(self, asked: list[MobilityBinding]) -> tuple[Wish, ...]:
        # R5944-3.8.2-d: "If the home agent does not support broadcasts, it MUST ignore the 'B' bit (as opposed to
        # rejecting the Registration Request)."
        if not asked or not self._config.forward_broadcasts:
            return ()
        # R5944-3.6.1.2-c, R5944-3.6.1.2-d, R5944-3.6.1.2-e: with D "the home agent MUST tunnel broadcast datagrams" to
        # the co-located care-of address; without, it "MUST first encapsulate the broadcast datagram in a unicast
        # datagram addressed to the mobile node's home address, and then MUST tunnel the resulting encapsulated datagram
        # to the mobile node's registered care-of address".
        copies = tuple(BroadcastCopy(b.tunnel, nested=not b.decapsulation_by_mobile_node) for b in asked)
        return (
            BroadcastRoute(
                home_address=asked[0].home_address,
                home_agent=self._config.address,
                copies=copies,
                expires_at=max(b.expires_at for b in asked),
            ),
        )

    def _interception(self, bindings: Bindings) -> tuple[Wish, ...]:
        link = self._config.home_link
        # R5944-3.8.2.2-n, R5944-3.8.2.2-o: on a home network with ARP "follow the procedures with regard to gratuitous
        # ARP, proxy ARP, and intercepting"; with an earlier binding it "MUST continue".
        return () if link is None else (Interception(home_address=bindings[0].home_address, interface=link),)

    @staticmethod
    def _keys(wishes: tuple[Wish, ...]) -> tuple[Key, ...]:
        return tuple(wish.key for wish in wishes)


def _has_more_than_a_route(binding: MobilityBinding) -> bool:
    return binding.broadcast_datagrams or binding.has_reverse_tunnel
