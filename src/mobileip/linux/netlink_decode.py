"""The counterpart of `netlink_encode`: message bodies of the kernel's dumps become kernel objects of ours.

Each `Decoder` gives None for what does not bear our mark, hangs on an interface that is gone, or has a form that we
don't know: no octets of a future kernel raise anything.
"""

import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import NamedTuple

from mobileip.dataplane.ports import (
    DUMMY_ADDRESS,
    ROUTE_PROTOCOL,
    InterfaceAddress,
    NeighbourEntry,
    ProxyNeighbour,
    Route,
    Rule,
)
from mobileip.linux.netlink_encode import (
    FRA_DPORT_RANGE,
    FRA_FWMARK,
    FRA_IIFNAME,
    FRA_PRIORITY,
    FRA_PROTOCOL,
    FRA_SPORT_RANGE,
    FRA_SRC,
    FRA_SUPPRESS_PREFIXLEN,
    FRA_TABLE,
    IFA_LOCAL,
    NDA_DST,
    NDA_LLADDR,
    NDA_PROTOCOL,
    NTF_PROXY,
    RTA_DST,
    RTA_GATEWAY,
    RTA_METRICS,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    RTAX_ADVMSS,
    RTN_BROADCAST,
)

ROUTE_HEADER, RULE_HEADER, NEIGHBOUR_HEADER, ADDRESS_HEADER = 12, 12, 12, 8
"""Octets before the first attribute."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF
"""Without NLA_F_NESTED and NLA_F_NET_BYTEORDER."""
_OURS = bytes((ROUTE_PROTOCOL,))
_NO_SUPPRESSION = 0xFFFFFFFF
"""What the kernel reports for a rule that suppresses nothing."""

Names = Mapping[int, str]
"""Interface names by index."""

Decoder = Callable[[bytes, Names], Route | Rule | NeighbourEntry | ProxyNeighbour | InterfaceAddress | None]


class Message(NamedTuple):
    kind: int
    flags: int
    port_id: int
    """Who caused it: the requester's port in events, 0 for the kernel itself."""
    body: bytes


def messages(octets: bytes) -> Iterator[Message]:
    """The messages of one read, in order."""
    position, end = 0, len(octets)
    while position + 16 <= end:
        length, kind, flags, _, port_id = _HEADER.unpack_from(octets, position)
        yield Message(kind, flags, port_id, octets[position + 16 : position + length])
        position += max((length + 3) & ~3, 16)


def attributes(body: bytes, start: int) -> dict[int, bytes]:
    """Attribute type -> value, from octet `start` on."""
    found = {}
    end = len(body)
    while start + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(body, start)
        if length < 4:
            break
        found[kind & _TYPE_MASK] = body[start + 4 : start + length]
        start += (length + 3) & ~3
    return found


def route(body: bytes, names: Names) -> Route | None:
    if body[5:6] != _OURS:
        return None
    found = attributes(body, ROUTE_HEADER)
    interface = names.get(number(found.get(RTA_OIF)))
    if interface is None:
        return None
    try:
        prefix = IPv4Network((found.get(RTA_DST, b"\0\0\0\0"), body[1]))
    except ValueError:
        return None
    return Route(
        prefix=prefix,
        interface=interface,
        table=number(found.get(RTA_TABLE)) or body[4],
        gateway=to_address(found.get(RTA_GATEWAY)),
        source=to_address(found.get(RTA_PREFSRC)),
        metric=number(found.get(RTA_PRIORITY)),
        is_broadcast=body[7] == RTN_BROADCAST,
        segment_size=number(attributes(found.get(RTA_METRICS, b""), 0).get(RTAX_ADVMSS)) or None,
    )


def rule(body: bytes, _names: Names) -> Rule | None:
    found = attributes(body, RULE_HEADER)
    if found.get(FRA_PROTOCOL) != _OURS:
        return None
    suppress = number(found.get(FRA_SUPPRESS_PREFIXLEN, b"\xff\xff\xff\xff"))
    source_ports, destination_ports = found.get(FRA_SPORT_RANGE), found.get(FRA_DPORT_RANGE)
    ports = None
    if source_ports is not None and destination_ports is not None:
        ports = (number(source_ports[:2]), number(destination_ports[:2]))
    return Rule(
        priority=number(found.get(FRA_PRIORITY)),
        table=number(found.get(FRA_TABLE)) or body[4],
        mark=number(found.get(FRA_FWMARK)) or None,
        source=to_address(found.get(FRA_SRC)),
        udp_ports=ports,
        suppress_prefix_length=None if suppress == _NO_SUPPRESSION else suppress,
        arriving_by=_name(found.get(FRA_IIFNAME)),
    )


def address(body: bytes, names: Names) -> InterfaceAddress | None:
    """Any IPv4 address: whose it is the interface tells."""
    index, found = indexed_address(body)
    interface = names.get(index)
    if found is None or interface is None:
        return None
    return InterfaceAddress(interface=interface, address=found)


def dummy_address(body: bytes, names: Names) -> InterfaceAddress | None:
    """Of a link that has none: nobody else would give it one (RFC 7600)."""
    found = address(body, names)
    return found if found is not None and found.address == DUMMY_ADDRESS else None


def indexed_address(body: bytes) -> tuple[int, IPv4Interface | None]:
    """The index of its interface, and the address; None where there is none of IPv4."""
    index, local = number(body[4:8]), attributes(body, ADDRESS_HEADER).get(IFA_LOCAL)
    try:
        return index, IPv4Interface((local, body[1])) if local is not None else None
    except ValueError:
        return index, None


def neighbour(body: bytes, names: Names) -> NeighbourEntry | None:
    found = attributes(body, NEIGHBOUR_HEADER)
    interface = names.get(number(body[4:8]))
    destination, link_address = to_address(found.get(NDA_DST)), found.get(NDA_LLADDR)
    if found.get(NDA_PROTOCOL) != _OURS or interface is None or destination is None or link_address is None:
        return None
    return NeighbourEntry(interface=interface, address=destination, link_address=link_address)


def proxy_neighbour(body: bytes, names: Names) -> ProxyNeighbour | None:
    found = attributes(body, NEIGHBOUR_HEADER)
    interface = names.get(number(body[4:8]))
    destination = to_address(found.get(NDA_DST))
    if found.get(NDA_PROTOCOL) != _OURS or not body[10] & NTF_PROXY or interface is None or destination is None:
        return None
    return ProxyNeighbour(interface=interface, address=destination)


def number(value: bytes | None) -> int:
    """In host order; 0 where it is missing."""
    return int.from_bytes(value, sys.byteorder) if value else 0


def _name(value: bytes | None) -> str | None:
    return value.partition(b"\0")[0].decode(errors="replace") if value else None


def to_address(value: bytes | None) -> IPv4Address | None:
    """None where it is missing, or no IPv4 address."""
    return IPv4Address(value) if value and len(value) == 4 else None
