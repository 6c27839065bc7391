"""Links, addresses and default routes as netlink messages make them, one message at a time; no socket in here.

Some losses have no event: the kernel drops routes with an interface that goes down, and routes and neighbours with
the last address of an interface. Those are inferred.
"""

from collections.abc import Mapping
from ipaddress import IPv4Interface

import msgspec

from mobileip.agents.events import Link
from mobileip.dataplane.ports import DUMMY_ADDRESS, ROUTE_PROTOCOL, ROUTING_TABLE
from mobileip.linux.interface_state import DefaultRoute, InterfaceState, default_routes, interface_state, table_of
from mobileip.linux.netlink_decode import ROUTE_HEADER, RULE_HEADER, Message, attributes, indexed_address
from mobileip.linux.netlink_encode import (
    FRA_PROTOCOL,
    NLM_F_REPLACE,
    RTM_DELADDR,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWADDR,
    RTM_NEWROUTE,
)

RTM_NEWLINK, RTM_DELLINK = 16, 17
LOOPBACK = "lo"


class _Interface(msgspec.Struct):
    state: InterfaceState
    addresses: set[IPv4Interface] = msgspec.field(default_factory=set)


class LinkTable:
    """`device` is our own, `own_port_id` the netlink port of our own writes."""

    def __init__(self, device: str, own_port_id: int) -> None:
        self._device = device
        self._own_port_id = own_port_id
        self._interfaces: dict[int, _Interface] = {}
        self._routes: list[DefaultRoute] = []

    def clear(self) -> None:
        self._interfaces.clear()
        self._routes.clear()

    def apply(self, message: Message) -> bool:
        """Takes one message in. Whether something of ours was removed (or may have been, or can be installed now that
        could not be before) without us.
        """
        kind = message.kind
        if kind == RTM_NEWLINK:
            return self._link(message.body)
        if kind == RTM_DELLINK:
            return self._link_gone(message.body)
        if kind in (RTM_NEWADDR, RTM_DELADDR):
            return self._address(message)
        if kind in (RTM_NEWROUTE, RTM_DELROUTE):
            return self._route(message)
        return (
            kind == RTM_DELRULE
            and message.port_id != self._own_port_id
            and attributes(message.body, RULE_HEADER).get(FRA_PROTOCOL) == bytes((ROUTE_PROTOCOL,))
        )

    def name_of(self, index: int) -> str | None:
        interface = self._interfaces.get(index)
        return interface.state.name if interface else None

    def addresses(self) -> list[IPv4Interface]:
        """Of all interfaces, our own device included."""
        return [address for interface in self._interfaces.values() for address in interface.addresses]

    def pictures(self) -> Mapping[str, Link]:
        """All links but our own device and `lo`, by name."""
        links = (self._picture(i) for i in self._interfaces.values() if i.state.name not in (self._device, LOOPBACK))
        return {link.name: link for link in links}

    def _picture(self, interface: _Interface) -> Link:
        state = interface.state
        routes = [route for route in self._routes if route.interface == state.index]
        return Link(
            name=state.name,
            index=state.index,
            carrier=state.carrier,
            link_address=state.link_address,
            addresses=tuple(sorted(interface.addresses)),
            gateway=min(routes).gateway if routes else None,
            carrier_changes=state.carrier_changes,
        )

    def _link(self, body: bytes) -> bool:
        state = interface_state(body)
        if state is None:
            return False
        known = self._interfaces.get(state.index)
        if known is None:
            self._interfaces[state.index] = _Interface(state)
            return True  # wishes about a link of this name have waited for it
        was_up, known.state = known.state.up, state
        if not state.up:
            self._routes = [route for route in self._routes if route.interface != state.index]
        # What was on a link that was down can be there again; our own device is to be brought up again.
        return state.up != was_up and (state.up or state.name == self._device)

    def _link_gone(self, body: bytes) -> bool:
        state = interface_state(body)
        if state is None:
            return False
        self._interfaces.pop(state.index, None)
        self._routes = [route for route in self._routes if route.interface != state.index]
        return state.name == self._device

    def _address(self, message: Message) -> bool:
        index, address = indexed_address(message.body)
        interface = self._interfaces.get(index)
        if interface is None or address is None:
            return False
        if address == DUMMY_ADDRESS:
            return message.kind != RTM_NEWADDR and message.port_id != self._own_port_id
        if message.kind == RTM_NEWADDR:
            interface.addresses.add(address)
            return False
        interface.addresses.discard(address)
        self._routes = [route for route in self._routes if route.source != address.ip]
        if interface.addresses:
            return interface.state.name == self._device and message.port_id != self._own_port_id
        # The kernel has dropped every route and neighbour of the interface with its last address.
        self._routes = [route for route in self._routes if route.interface != index]
        return interface.state.name != self._device or message.port_id != self._own_port_id

    def _route(self, message: Message) -> bool:
        if message.body[5:6] == bytes((ROUTE_PROTOCOL,)):
            return message.kind == RTM_DELROUTE  # our own doing is filtered out before
        if message.kind == RTM_NEWROUTE and message.flags & NLM_F_REPLACE and _is_in_our_table(message.body):
            return True  # the kernel tells of the one that took our route's place only
        for route in default_routes(message.body):
            if message.kind == RTM_DELROUTE:
                self._routes = [r for r in self._routes if r != route]
                continue
            if message.flags & NLM_F_REPLACE:
                # The kernel tells of the new one only.
                self._routes = [r for r in self._routes if r.metric != route.metric]
            if route not in self._routes:
                self._routes.append(route)
        return False


def _is_in_our_table(body: bytes) -> bool:
    return len(body) >= ROUTE_HEADER and table_of(body, attributes(body, ROUTE_HEADER)) == ROUTING_TABLE
