"""What the machine's links look like, and every change of it: rtnetlink events become whole pictures of one link.

The events are read by a socket of our own, so that a filter in the kernel can leave out those that our own writes
cause (50,000 routes at a home agent's start); pyroute2 decodes them and makes the first dump.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Interface
from typing import NamedTuple

import msgspec
from pyroute2 import AsyncIPRoute
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from mobileip.agents.events import Link
from mobileip.dataplane.ports import ROUTE_PROTOCOL
from mobileip.linux.attributes import address_of, attributes_of, number_of
from mobileip.linux.classic_bpf import attach, skip_netlink_port

RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV4_RULE = 0x1, 0x10, 0x40, 0x80
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
MAIN_TABLE = 254
RECEIVE_BUFFER = 4 << 20


class _DefaultRoute(NamedTuple):
    """Sorts by preference: lowest metric first."""

    metric: int
    interface: int
    gateway: IPv4Address


class _Interface(msgspec.Struct):
    """What the kernel said of one interface."""

    index: int
    name: str
    up: bool
    carrier: bool
    link_address: bytes | None
    carrier_changes: int
    addresses: set[IPv4Interface] = msgspec.field(default_factory=set)


class LinkWatch:
    """Follows all interfaces but our own device; callbacks come from the event loop, one for each link that changed."""

    def __init__(
        self,
        device: str,
        own_port_id: int,
        *,
        on_link: Callable[[Link], None],
        on_link_removed: Callable[[str], None],
        on_ours_changed: Callable[[], None],
    ) -> None:
        self._device = device
        self._on_link = on_link
        self._on_link_removed = on_link_removed
        self._on_ours_changed = on_ours_changed
        self._interfaces: dict[int, _Interface] = {}
        self._routes: set[_DefaultRoute] = set()
        self._published: dict[str, Link] = {}
        self._marshal = MarshalRtnl()
        self._socket = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC,
            socket.NETLINK_ROUTE,
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        attach(self._socket, skip_netlink_port(own_port_id))
        self._resynchronising: asyncio.Task[None] | None = None
        self.local_addresses: frozenset[IPv4Address] = frozenset()
        """Every IPv4 address of this machine (network namespace), ours included."""
        self.broadcast_addresses: frozenset[IPv4Address] = frozenset()
        """Subnet broadcast addresses."""

    async def start(self) -> None:
        """Takes the first picture (`on_link` is called for every link) and follows from then on."""
        self._socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE))
        await self._dump()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        if self._resynchronising is not None:
            self._resynchronising.cancel()
        self._socket.close()

    def links(self) -> Mapping[str, Link]:
        """All links but our own device, by name."""
        return self._published

    def name_of(self, index: int) -> str | None:
        interface = self._interfaces.get(index)
        return interface.name if interface else None

    def _read(self) -> None:
        ours = False
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:  # events were lost: look at everything anew
                    self._resynchronise()
                    break
                raise
            for message in self._marshal.parse(data):
                ours |= self._apply(str(message["event"]), attributes_of(message))
        self._publish()
        if ours:
            self._on_ours_changed()

    def _resynchronise(self) -> None:
        if self._resynchronising is None or self._resynchronising.done():
            self._resynchronising = asyncio.get_running_loop().create_task(self._dump())

    async def _dump(self) -> None:
        async with AsyncIPRoute() as netlink:
            links = [m async for m in await netlink.link("dump")]
            addresses = [m async for m in await netlink.addr("dump", family=socket.AF_INET)]
            routes = [m async for m in await netlink.route("dump", family=socket.AF_INET, table=MAIN_TABLE)]
        self._interfaces.clear()
        self._routes.clear()
        for message in (*links, *addresses, *routes):
            self._apply(str(message["event"]), attributes_of(message))
        self._publish()

    def _apply(self, event: str, message: Mapping[str, object]) -> bool:
        """Takes one message in; whether something of ours was changed by others."""
        match event:
            case "RTM_NEWLINK":
                return self._link(message)
            case "RTM_DELLINK":
                if number_of(message, "family") == socket.AF_UNSPEC:
                    self._interfaces.pop(number_of(message, "index"), None)
            case "RTM_NEWADDR" | "RTM_DELADDR":
                return self._address(event == "RTM_NEWADDR", message)
            case "RTM_NEWROUTE" | "RTM_DELROUTE":
                return self._route(event == "RTM_NEWROUTE", message)
            case "RTM_DELRULE":
                return number_of(message, "FRA_PROTOCOL") == ROUTE_PROTOCOL
        return False

    def _link(self, message: Mapping[str, object]) -> bool:
        if number_of(message, "family") != socket.AF_UNSPEC:
            return False  # a bridge telling about a port of its own
        index = number_of(message, "index")
        flags = number_of(message, "flags")
        link_address = message.get("IFLA_ADDRESS")
        known = self._interfaces.get(index)
        up = bool(flags & IFF_UP)
        self._interfaces[index] = _Interface(
            index=index,
            name=str(message["IFLA_IFNAME"]),
            up=up,
            carrier=up and bool(flags & IFF_LOWER_UP),
            link_address=bytes.fromhex(link_address.replace(":", "")) if isinstance(link_address, str) else None,
            carrier_changes=number_of(message, "IFLA_CARRIER_CHANGES"),
            addresses=known.addresses if known else set(),
        )
        if not up:
            # The kernel tells of no route that it drops with an interface.
            self._routes = {route for route in self._routes if route.interface != index}
        # A link that was down has lost our routes and neighbours without an event.
        return known is not None and not known.up and up

    def _address(self, new: bool, message: Mapping[str, object]) -> bool:
        interface = self._interfaces.get(number_of(message, "index"))
        address = address_of(message, "IFA_LOCAL") or address_of(message, "IFA_ADDRESS")
        if interface is None or address is None:
            return False
        value = IPv4Interface((address, number_of(message, "prefixlen")))
        if new:
            interface.addresses.add(value)
        else:
            interface.addresses.discard(value)
        return not new and interface.name == self._device

    def _route(self, new: bool, message: Mapping[str, object]) -> bool:
        if number_of(message, "proto") == ROUTE_PROTOCOL:
            return not new
        table = number_of(message, "RTA_TABLE") or number_of(message, "table")
        gateway = address_of(message, "RTA_GATEWAY")
        if table != MAIN_TABLE or number_of(message, "dst_len") or gateway is None:
            return False
        route = _DefaultRoute(number_of(message, "RTA_PRIORITY"), number_of(message, "RTA_OIF"), gateway)
        if new:
            # One route for each metric: a new one replaces (RTM_NEWROUTE with NLM_F_REPLACE tells no deletion).
            self._routes = {r for r in self._routes if (r.metric, r.interface) != (route.metric, route.interface)} | {
                route
            }
        else:
            self._routes.discard(route)
        return False

    def _publish(self) -> None:
        pictures = {i.name: self._picture(i) for i in self._interfaces.values() if i.name not in (self._device, "lo")}
        addresses = [address for i in self._interfaces.values() for address in i.addresses]
        self.local_addresses = frozenset(address.ip for address in addresses)
        self.broadcast_addresses = frozenset(
            address.network.broadcast_address for address in addresses if address.network.prefixlen < 31
        )
        gone = [name for name in self._published if name not in pictures]
        changed = [link for name, link in pictures.items() if self._published.get(name) != link]
        self._published = pictures
        for name in gone:
            self._on_link_removed(name)
        for link in changed:
            self._on_link(link)

    def _picture(self, interface: _Interface) -> Link:
        gateways = sorted(route for route in self._routes if route.interface == interface.index)
        return Link(
            name=interface.name,
            index=interface.index,
            carrier=interface.carrier,
            link_address=interface.link_address,
            addresses=tuple(sorted(interface.addresses)),
            gateway=gateways[0].gateway if gateways else None,
            carrier_changes=interface.carrier_changes,
        )
