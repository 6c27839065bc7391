"""What the machine's links look like, and every change of it: rtnetlink events become whole pictures of one link.

All events that one wake-up finds count together, so that a burst gives one picture.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from mobileip.agents.events import Link
from mobileip.dataplane.ports import ROUTE_PROTOCOL
from mobileip.linux.buffers import enlarge
from mobileip.linux.classic_bpf import attach, watched_events
from mobileip.linux.interface_state import MAIN_TABLE
from mobileip.linux.link_table import RTM_NEWLINK, LinkTable
from mobileip.linux.netlink_decode import Message, messages
from mobileip.linux.netlink_dump import RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, dump
from mobileip.linux.netlink_encode import RTM_NEWADDR, RTM_NEWROUTE

RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV4_RULE = 0x1, 0x10, 0x40, 0x80

RECEIVE_BUFFER = 8 << 20
READS_PER_WAKE_UP = 256
"""Events taken in before others get their turn."""


class LinkWatch:
    """Follows all interfaces but our own device; callbacks come from the event loop, one for each link that changed.

    `on_ours_changed`: something of ours was (or may have been) removed by others or with an interface, or can be
    installed now that could not before: compare and repair.
    """

    def __init__(
        self,
        device: str,
        own_port_id: int,
        *,
        on_link: Callable[[Link], None],
        on_link_removed: Callable[[str], None],
        on_ours_changed: Callable[[], None],
    ) -> None:
        self._on_link = on_link
        self._on_link_removed = on_link_removed
        self._on_ours_changed = on_ours_changed
        self._table = LinkTable(device, own_port_id)
        self._published: Mapping[str, Link] = {}
        self._resynchronising: asyncio.Task[None] | None = None
        self.local_addresses: frozenset[IPv4Address] = frozenset()
        """Every IPv4 address of this machine (network namespace), ours included."""
        self.broadcast_addresses: frozenset[IPv4Address] = frozenset()
        """Subnet broadcast addresses."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        enlarge(self._socket, receive=RECEIVE_BUFFER)
        attach(self._socket, watched_events(own_port_id, ROUTE_PROTOCOL))

    async def start(self) -> None:
        """Takes the first picture (`on_link` is called for every link) and follows from then on."""
        self._socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE))
        await self._look()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        if self._resynchronising is not None:
            self._resynchronising.cancel()
        self._socket.close()

    def links(self) -> Mapping[str, Link]:
        """All links but our own device and `lo`, by name."""
        return self._published

    def name_of(self, index: int) -> str | None:
        return self._table.name_of(index)

    def _read(self) -> None:
        ours = False
        for _ in range(READS_PER_WAKE_UP):
            try:
                octets = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._resynchronise()  # events were lost
                return
            for message in messages(octets):
                ours |= self._table.apply(message)
        self._publish()
        if ours:
            self._on_ours_changed()

    def _resynchronise(self) -> None:
        """Forgets what waits, for it has gaps; looks at everything; goes on with what happened since."""
        asyncio.get_running_loop().remove_reader(self._socket)
        while True:
            try:
                self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                continue  # ENOBUFS again
        self._resynchronising = asyncio.get_running_loop().create_task(self._look_again())

    async def _look_again(self) -> None:
        await self._look()
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        self._on_ours_changed()

    async def _look(self) -> None:
        """Every interface, address and default route as it is now."""
        inet = bytes((socket.AF_INET,))
        links = await dump(RTM_GETLINK, bytes(16))
        addresses = await dump(RTM_GETADDR, inet + bytes(7))
        routes = await dump(RTM_GETROUTE, inet + bytes(3) + bytes((MAIN_TABLE,)) + bytes(7))
        self._table.clear()
        for kind, bodies in ((RTM_NEWLINK, links), (RTM_NEWADDR, addresses), (RTM_NEWROUTE, routes)):
            for body in bodies:
                self._table.apply(Message(kind, 0, 0, body))
        self._publish()

    def _publish(self) -> None:
        """Tells of every link that is not what it was at the last time."""
        addresses = self._table.addresses()
        self.local_addresses = frozenset(address.ip for address in addresses)
        self.broadcast_addresses = frozenset(
            address.network.broadcast_address for address in addresses if address.network.prefixlen < 31
        )
        before, self._published = self._published, self._table.pictures()
        for name in before:
            if name not in self._published:
                self._on_link_removed(name)
        for name, link in self._published.items():
            if before.get(name) != link:
                self._on_link(link)
