"""Packets for mobile nodes whose registration is under way: their home agent's may be here before its Reply is.

A home agent tunnels from the moment at which it agrees, and what it tunnels may overtake its Reply on the way or in
here. RFC 5944 §3.7.1 has pending Requests in the visitor list; so what comes out of the tunnel that was asked for is
delivered to whoever asked, where one alone asks with that home address: nobody has vouched for it yet. Nothing is taken
from a visitor by it, nor from one that an agent before us had and that still has its packets.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.snapshot import PendingRegistration, Visitor
from mobileip.agents.outputs import ChangeForwarding, Output
from mobileip.forwarding.model import ForwardingChange, VisitorRoute
from mobileip.forwarding.tunnel import PLAIN_GRE, Encapsulation, GreOptions, Tunnel

NOBODY = IPv4Address(0)


class Awaited:
    """By home address, one for each."""

    def __init__(self, config: ForeignAgentConfig) -> None:
        self._config = config
        self._routes: dict[IPv4Address, VisitorRoute] = {}

    def look(
        self,
        home_address: IPv4Address,
        pending: Iterable[PendingRegistration],
        served: Iterable[Visitor | VisitorRoute],
    ) -> list[Output]:
        """Something has changed for that home address: who waits with it, and who gets packets with it."""
        if not self._config.early_delivery:
            return []
        visiting, waiting = tuple(served), tuple(pending)
        askers = {(each.interface, each.link_address) for each in waiting}
        wanted = self._route(waiting[-1]) if len(askers) == 1 and not visiting else None
        if wanted == self._routes.get(home_address):
            return []
        if wanted is not None:
            self._routes[home_address] = wanted
            return [ChangeForwarding(ForwardingChange(install=(wanted,)))]
        before = self._routes.pop(home_address)
        if any(visitor.realm == before.realm for visitor in visiting):
            return []  # the visitor's own route has taken its place
        return [ChangeForwarding(ForwardingChange(remove=(before.key,)))]

    def __iter__(self) -> Iterator[VisitorRoute]:
        return iter(self._routes.values())

    def _route(self, pending: PendingRegistration) -> VisitorRoute | None:
        """None: nothing will be tunnelled to us, or it is not known how."""
        is_for_us = pending.care_of_address == self._config.care_of_address
        if not (is_for_us and pending.requested_lifetime) or pending.udp_tunnel or pending.home_address == NOBODY:
            return None
        is_gre = pending.encapsulation is Encapsulation.GRE
        return VisitorRoute(
            home_address=pending.home_address,
            tunnel=Tunnel(
                local=pending.care_of_address,
                remote=pending.relayed_to,
                encapsulation=pending.encapsulation,
                gre=GreOptions(received_key=pending.received_key) if is_gre else PLAIN_GRE,
            ),
            interface=pending.interface,
            # R5944-1.7-d: by the link-layer address that the Request came from.
            link_address=pending.link_address,
            expires_at=pending.expires_at,
        )
