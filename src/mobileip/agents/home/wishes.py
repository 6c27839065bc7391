"""What a mobile node's bindings want of the forwarding: its packets in tunnels, broadcasts too where it asked, and the
home address intercepted on a home link.
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
        """From one list to another; None: nothing was there and is there. A renewal or a move replaces the route; the
        interception stays as it is.
        """
        if not after:
            remove = self._keys(self.of(before))
            return ForwardingChange(remove=remove) if remove else None
        routes = self._routes(after)
        if not before:
            return ForwardingChange(install=(*routes, *self._interception(after)))
        if len(routes) == 1 and True in [b.broadcast_datagrams for b in before]:
            # A route for broadcasts that nobody wants any more.
            return ForwardingChange(install=routes, remove=self._keys(self._broadcasts(before)))
        return ForwardingChange(install=routes)

    def _routes(self, bindings: Bindings) -> tuple[Wish, ...]:
        route = BindingRoute(
            home_address=bindings[0].home_address,
            # RFC 5944 §3.8.2.2: "the home agent may forward a separate copy of each arriving datagram to each care-of
            # address".
            tunnels=tuple([b.tunnel for b in bindings]),
            expires_at=max([b.expires_at for b in bindings]),
        )
        if True in [b.broadcast_datagrams for b in bindings]:
            return (route, *self._broadcasts(bindings))
        return (route,)

    def _broadcasts(self, bindings: Bindings) -> tuple[Wish, ...]:
        # R5944-3.8.2-d: "If the home agent does not support broadcasts, it MUST ignore the 'B' bit (as opposed to
        # rejecting the Registration Request)."
        if not self._config.forward_broadcasts:
            return ()
        asked = [b for b in bindings if b.broadcast_datagrams]
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
