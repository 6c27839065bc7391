"""What the kernel says about one interface and about default routes: message bodies become values for `watch.py`."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

import msgspec

from mobileip.dataplane.ports import ROUTE_PROTOCOL
from mobileip.linux.netlink_decode import ROUTE_HEADER, attributes, number, to_address
from mobileip.linux.netlink_encode import (
    RTA_GATEWAY,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    RTN_UNICAST,
)

INTERFACE_HEADER = 16
IFLA_ADDRESS, IFLA_IFNAME, IFLA_WIRELESS, IFLA_OPERSTATE, IFLA_CARRIER_CHANGES = 1, 3, 11, 16, 35
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
OPERSTATE_DORMANT = 5
"""There is a carrier, but nothing passes yet (a Wi-Fi that has not authenticated us)."""
RTA_MULTIPATH = 9
NEXT_HOP_HEADER = 8
MAIN_TABLE = 254


class InterfaceState(msgspec.Struct, frozen=True):
    index: int
    name: str
    up: bool
    """As the administrator wants it."""
    carrier: bool
    link_address: bytes | None
    carrier_changes: int


class DefaultRoute(NamedTuple):
    """Sorts by preference: lowest metric first."""

    metric: int
    interface: int
    gateway: IPv4Address
    source: IPv4Address = IPv4Address(0)
    """Preferred source; the route dies with that address."""


def interface_state(body: bytes) -> InterfaceState | None:
    """None for a message that is about something else (a bridge's port, a wireless event)."""
    found = attributes(body, INTERFACE_HEADER)
    name = found.get(IFLA_IFNAME)
    if name is None or body[0] or IFLA_WIRELESS in found:
        return None
    flags = number(body[8:12])
    up = bool(flags & IFF_UP)
    dormant = found.get(IFLA_OPERSTATE) == bytes((OPERSTATE_DORMANT,))
    return InterfaceState(
        index=number(body[4:8]),
        name=name.rstrip(b"\0").decode(errors="surrogateescape"),
        up=up,
        # Not the state UP: the kernel's link watcher sets it up to a second after the carrier is there.
        carrier=up and bool(flags & IFF_LOWER_UP) and not dormant,
        link_address=found.get(IFLA_ADDRESS),
        carrier_changes=number(found.get(IFLA_CARRIER_CHANGES)),
    )


def default_routes(body: bytes) -> list[DefaultRoute]:
    """The next hops of a default route of the main table that others made; empty for any other route."""
    if len(body) < ROUTE_HEADER or body[1] or body[3] or body[5] == ROUTE_PROTOCOL or body[7] != RTN_UNICAST:
        return []
    found = attributes(body, ROUTE_HEADER)
    if table_of(body, found) != MAIN_TABLE:
        return []
    metric = number(found.get(RTA_PRIORITY))
    source = to_address(found.get(RTA_PREFSRC)) or IPv4Address(0)
    hops = [(number(found.get(RTA_OIF)), to_address(found.get(RTA_GATEWAY)))]
    hops += _next_hops(found.get(RTA_MULTIPATH, b""))
    return [DefaultRoute(metric, index, gateway, source) for index, gateway in hops if index and gateway]


def table_of(body: bytes, found: Mapping[int, bytes]) -> int:
    """The number of the table that a route is in; its header has no room for one above 255."""
    return number(found.get(RTA_TABLE)) or body[4]


def _next_hops(octets: bytes) -> list[tuple[int, IPv4Address | None]]:
    """struct rtnexthop: length, flags, weight, interface; then attributes."""
    hops = []
    while len(octets) >= NEXT_HOP_HEADER:
        length = max(number(octets[:2]), NEXT_HOP_HEADER)
        gateway = attributes(octets[:length], NEXT_HOP_HEADER).get(RTA_GATEWAY)
        hops.append((number(octets[4:8]), to_address(gateway)))
        octets = octets[(length + 3) & ~3 :]
    return hops
