"""The octets of what we write by rtnetlink: one operation on a kernel object becomes one message body.

Attributes are in host order; addresses are as on the wire.
"""

import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from socket import AF_INET, IPPROTO_UDP

from mobileip.dataplane.ports import (
    DUMMY_ADDRESS,
    ROUTE_PROTOCOL,
    Action,
    FrameMark,
    InterfaceAddress,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)

# linux/netlink.h
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
# linux/rtnetlink.h
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTM_NEWRULE, RTM_DELRULE = 32, 33
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_TABLE = 1, 4, 5, 6, 7, 8, 15
RTAX_ADVMSS = 8
RTN_UNICAST, RTN_BROADCAST, RTNH_F_ONLINK = 1, 3, 4
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST = 0, 253, 254
# linux/fib_rules.h
FRA_SRC, FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE = 2, 3, 6, 10, 14, 15
FRA_FWMASK, FRA_PROTOCOL, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE = 16, 21, 22, 23, 24
FR_ACT_TO_TBL = 1
# linux/neighbour.h
NDA_DST, NDA_LLADDR, NDA_PROTOCOL = 1, 2, 12
NUD_PERMANENT, NTF_PROXY = 0x80, 0x08
# linux/if_addr.h
IFA_ADDRESS, IFA_LOCAL, IFA_PROTO = 1, 2, 11

_ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg, and of the same form struct fib_rule_hdr."""
NEIGHBOUR = struct.Struct("=BxxxiHBB")
"""struct ndmsg: family, interface, state, flags, type."""
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_U32 = struct.Struct("=HHI")

IndexOf = Callable[[str], int]
"""The index of a named interface. Raises: OSError (ENODEV)."""


def encode(operation: Operation, index_of: IndexOf) -> tuple[int, int, bytes]:
    """Message type, flags and body of one operation.

    Raises: OSError when `index_of` does: there is no such interface.
    """
    install = operation.action is Action.INSTALL
    match operation.target:
        case Route() as route:
            return (
                RTM_NEWROUTE if install else RTM_DELROUTE,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _route(route, index_of(route.interface)),
            )
        case Rule() as rule:
            return (
                RTM_NEWRULE if install else RTM_DELRULE,
                NLM_F_CREATE | NLM_F_EXCL if install else 0,
                _rule(rule),
            )
        case NeighbourEntry(interface=interface, address=address, link_address=link_address):
            body = _neighbour(index_of(interface), address, 0) + attribute(NDA_LLADDR, link_address)
            return (
                RTM_NEWNEIGH if install else RTM_DELNEIGH,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                body,
            )
        case ProxyNeighbour(interface=interface, address=address):
            return (
                RTM_NEWNEIGH if install else RTM_DELNEIGH,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _neighbour(index_of(interface), address, NTF_PROXY),
            )
        case InterfaceAddress() as address_:
            return (
                RTM_NEWADDR if install else RTM_DELADDR,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _address(address_.address, index_of(address_.interface)),
            )
        case Sysctl() | FrameMark() as other:  # no other
            raise TypeError(f"{other} is no object of rtnetlink")


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute of a message, padded to four octets."""
    length = 4 + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length & 3)


def _u32(kind: int, value: int) -> bytes:
    return _U32.pack(8, kind, value)


def _route(route: Route, index: int) -> bytes:
    scope = RT_SCOPE_UNIVERSE if route.gateway else RT_SCOPE_LINK
    # R5944-1.7-d: a foreign agent is a neighbour, whatever the prefixes of the addresses.
    flags = RTNH_F_ONLINK if route.gateway else 0
    head = _ROUTE.pack(
        AF_INET,
        route.prefix.prefixlen,
        0,
        0,
        route.table if route.table < 256 else 0,
        ROUTE_PROTOCOL,
        scope,
        RTN_BROADCAST if route.is_broadcast else RTN_UNICAST,
        flags,
    )
    body = attribute(RTA_DST, route.prefix.network_address.packed) + _u32(RTA_OIF, index) + _u32(RTA_TABLE, route.table)
    if route.gateway is not None:
        body += attribute(RTA_GATEWAY, route.gateway.packed)
    if route.source is not None:
        body += attribute(RTA_PREFSRC, route.source.packed)
    if route.metric:
        body += _u32(RTA_PRIORITY, route.metric)
    if route.segment_size is not None:
        body += attribute(RTA_METRICS, _u32(RTAX_ADVMSS, route.segment_size))
    return head + body


def _rule(rule: Rule) -> bytes:
    source_length = 32 if rule.source is not None else 0
    head = _ROUTE.pack(
        AF_INET,
        0,
        source_length,
        0,
        rule.table if rule.table < 256 else 0,
        0,
        0,
        FR_ACT_TO_TBL,
        0,
    )
    body = (
        _u32(FRA_PRIORITY, rule.priority)
        + _u32(FRA_TABLE, rule.table)
        + attribute(FRA_PROTOCOL, bytes((ROUTE_PROTOCOL,)))
    )
    if rule.source is not None:
        body += attribute(FRA_SRC, rule.source.packed)
    if rule.arriving_by is not None:
        body += attribute(FRA_IIFNAME, rule.arriving_by.encode() + b"\0")
    if rule.mark is not None:
        body += _u32(FRA_FWMARK, rule.mark) + _u32(FRA_FWMASK, 0xFFFFFFFF)
    if rule.udp_ports is not None:
        source, destination = rule.udp_ports
        body += attribute(FRA_IP_PROTO, bytes((IPPROTO_UDP,)))
        body += attribute(FRA_SPORT_RANGE, struct.pack("=HH", source, source))
        body += attribute(FRA_DPORT_RANGE, struct.pack("=HH", destination, destination))
    if rule.suppress_prefix_length is not None:
        body += _u32(FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefix_length)
    return head + body


def _neighbour(index: int, address: IPv4Address, flags: int) -> bytes:
    head = NEIGHBOUR.pack(AF_INET, index, NUD_PERMANENT, flags, 0)
    return head + attribute(NDA_DST, address.packed) + _OUR_NEIGHBOUR


def _address(address: IPv4Interface, index: int) -> bytes:
    head = _ADDRESS.pack(
        AF_INET,
        address.network.prefixlen,
        0,
        _scope(address),
        index,
    )
    return (
        head
        + attribute(IFA_LOCAL, address.ip.packed)
        + attribute(IFA_ADDRESS, address.ip.packed)
        + attribute(IFA_PROTO, bytes((ROUTE_PROTOCOL,)))
    )


def _scope(address: IPv4Interface) -> int:
    """What names nobody is no source of what leaves the link, or the machine."""
    if address == DUMMY_ADDRESS:
        return RT_SCOPE_LINK
    return RT_SCOPE_HOST if address.ip.is_loopback else RT_SCOPE_UNIVERSE


_OUR_NEIGHBOUR = attribute(NDA_PROTOCOL, bytes((ROUTE_PROTOCOL,)))
