"""Writes of routes, rules, neighbours and addresses by rtnetlink, many in one system call, in order.

pyroute2 sends one request and waits for one answer (some 4,000/s); a home agent that comes back with 50,000 bindings, and a
mobile node whose registration must not leave before its neighbour entry is there, want a batch and want it done when
the call returns. Only what we write is encoded here; dumps and events are pyroute2's (kernel_tables.py, watch.py).
"""

import errno
import os
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address

from mobileip.dataplane.ports import (
    ROUTE_PROTOCOL,
    Action,
    Failure,
    InterfaceAddress,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)

# linux/netlink.h
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x100, 0x200, 0x400
NLMSG_ERROR = 2
# linux/rtnetlink.h
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTM_NEWRULE, RTM_DELRULE = 32, 33
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_TABLE = 1, 4, 5, 6, 7, 15
RTN_UNICAST, RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RTNH_F_ONLINK = 1, 0, 253, 4
# linux/fib_rules.h
FRA_SRC, FRA_PRIORITY, FRA_FWMARK, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE = 2, 6, 10, 14, 15
FRA_FWMASK, FRA_PROTOCOL, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE = 16, 21, 22, 23, 24
FR_ACT_TO_TBL = 1
# linux/neighbour.h
NDA_DST, NDA_LLADDR, NDA_PROTOCOL = 1, 2, 12
NUD_PERMANENT, NTF_PROXY = 0x80, 0x08
# linux/if_addr.h
IFA_ADDRESS, IFA_LOCAL, IFA_PROTO = 1, 2, 11

MESSAGES_PER_CALL = 256
"""Small enough for the default socket buffer, large enough that the system call costs nothing."""

_HEADER = struct.Struct("=IHHII")

WritableObject = Route | Rule | NeighbourEntry | ProxyNeighbour | InterfaceAddress

_GONE = {
    Route: (errno.ESRCH, errno.ENODEV),
    Rule: (errno.ENOENT,),
    NeighbourEntry: (errno.ENOENT, errno.ENODEV),
    ProxyNeighbour: (errno.ENOENT, errno.ENODEV),
    InterfaceAddress: (errno.EADDRNOTAVAIL, errno.ENODEV),
}
"""What the kernel answers when the thing to remove is not there: then it is as we want it."""


class NetlinkBatch:
    """A netlink socket for writing. Blocking: the kernel answers within the call."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._sequence = 0

    @property
    def port_id(self) -> int:
        """The kernel puts it into the events that our own writes cause, so that a watcher can leave them out."""
        return int(self._socket.getsockname()[0])

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        """Performs operations on everything but sysctls, in order; returns those that the kernel refused."""
        failures: list[Failure] = []
        for start in range(0, len(operations), MESSAGES_PER_CALL):
            failures += self._perform_some(operations[start : start + MESSAGES_PER_CALL])
        return failures

    def close(self) -> None:
        self._socket.close()

    def _perform_some(self, operations: Sequence[Operation]) -> list[Failure]:
        failures = []
        sent: dict[int, Operation] = {}
        messages: list[tuple[int, int, bytes]] = []
        for operation in operations:
            try:
                kind, flags, body = encode(operation)
            except OSError as error:  # no such interface (any more)
                failures += _failure(operation, error.errno or errno.ENODEV)
                continue
            self._sequence = (self._sequence + 1) & 0xFFFFFFFF
            sent[self._sequence] = operation
            messages.append((kind, flags, body))
        if not messages:
            return failures
        first = self._sequence - len(messages) + 1
        # Refusals are always reported; only the last message asks for an answer when all went well.
        octets = b"".join(
            _HEADER.pack(
                16 + len(body),
                kind,
                flags | NLM_F_REQUEST | (NLM_F_ACK if i == len(messages) - 1 else 0),
                first + i & 0xFFFFFFFF,
                0,
            )
            + body
            for i, (kind, flags, body) in enumerate(messages)
        )
        self._socket.send(octets)
        for sequence, number in self._answers(self._sequence):
            if sequence in sent:
                failures += _failure(sent[sequence], number)
        return failures

    def _answers(self, last: int) -> list[tuple[int, int]]:
        """(sequence, errno) of each answer up to the one to `last`."""
        answers = []
        while True:
            data = self._socket.recv(1 << 16)
            position = 0
            while position + 20 <= len(data):
                length, kind, _, sequence, _, number = struct.unpack_from("=IHHIIi", data, position)
                position += (length + 3) & ~3
                if kind == NLMSG_ERROR:
                    answers.append((sequence, -number))
                    if sequence == last:
                        return answers


def _failure(operation: Operation, number: int) -> list[Failure]:
    if number == 0:
        return []
    if operation.action is Action.REMOVE and number in _GONE.get(type(operation.target), ()):
        return []
    if operation.action is Action.INSTALL and isinstance(operation.target, Rule) and number == errno.EEXIST:
        return []  # rules know no replace: an equal one is there
    return [Failure(operation, number, os.strerror(number))]


def encode(operation: Operation) -> tuple[int, int, bytes]:
    """Message type, flags and body of one operation.

    Raises: OSError (ENODEV) when its interface does not exist.
    """
    install = operation.action is Action.INSTALL
    match operation.target:
        case Route() as route:
            return (
                RTM_NEWROUTE if install else RTM_DELROUTE,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _route(route),
            )
        case Rule() as rule:
            return (
                RTM_NEWRULE if install else RTM_DELRULE,
                NLM_F_CREATE | NLM_F_EXCL if install else 0,
                _rule(rule),
            )
        case NeighbourEntry(interface=interface, address=address, link_address=link_address):
            body = _neighbour(interface, address, NUD_PERMANENT, 0) + _attribute(NDA_LLADDR, link_address)
            return (
                RTM_NEWNEIGH if install else RTM_DELNEIGH,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                body,
            )
        case ProxyNeighbour(interface=interface, address=address):
            return (
                RTM_NEWNEIGH if install else RTM_DELNEIGH,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _neighbour(interface, address, NUD_PERMANENT, NTF_PROXY),
            )
        case InterfaceAddress() as address_:
            return (
                RTM_NEWADDR if install else RTM_DELADDR,
                NLM_F_CREATE | NLM_F_REPLACE if install else 0,
                _address(address_),
            )
        case Sysctl():
            raise TypeError("a sysctl is no netlink object")


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length & 3)


def _u32(kind: int, value: int) -> bytes:
    return struct.pack("=HHI", 8, kind, value)


def _route(route: Route) -> bytes:
    scope = RT_SCOPE_UNIVERSE if route.gateway else RT_SCOPE_LINK
    head = struct.pack(
        "=BBBBBBBBI",
        socket.AF_INET,
        route.prefix.prefixlen,
        0,
        0,
        route.table if route.table < 256 else 0,
        ROUTE_PROTOCOL,
        scope,
        RTN_UNICAST,
        RTNH_F_ONLINK if route.gateway else 0,
    )
    body = (
        _attribute(RTA_DST, route.prefix.network_address.packed)
        + _u32(RTA_OIF, socket.if_nametoindex(route.interface))
        + _u32(RTA_TABLE, route.table)
    )
    if route.gateway is not None:
        body += _attribute(RTA_GATEWAY, route.gateway.packed)
    if route.source is not None:
        body += _attribute(RTA_PREFSRC, route.source.packed)
    if route.metric:
        body += _u32(RTA_PRIORITY, route.metric)
    return head + body


def _rule(rule: Rule) -> bytes:
    source_length = 32 if rule.source is not None else 0
    head = struct.pack(
        "=BBBBBBBBI",
        socket.AF_INET,
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
        + _attribute(FRA_PROTOCOL, bytes((ROUTE_PROTOCOL,)))
    )
    if rule.source is not None:
        body += _attribute(FRA_SRC, rule.source.packed)
    if rule.mark is not None:
        body += _u32(FRA_FWMARK, rule.mark) + _u32(FRA_FWMASK, 0xFFFFFFFF)
    if rule.udp_ports is not None:
        source, destination = rule.udp_ports
        body += _attribute(FRA_IP_PROTO, bytes((socket.IPPROTO_UDP,)))
        body += _attribute(FRA_SPORT_RANGE, struct.pack("=HH", source, source))
        body += _attribute(FRA_DPORT_RANGE, struct.pack("=HH", destination, destination))
    if rule.suppress_prefix_length is not None:
        body += _u32(FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefix_length)
    return head + body


def _neighbour(interface: str, address: IPv4Address, state: int, flags: int) -> bytes:
    head = struct.pack("=BxxxiHBB", socket.AF_INET, socket.if_nametoindex(interface), state, flags, 0)
    return head + _attribute(NDA_DST, address.packed) + _attribute(NDA_PROTOCOL, bytes((ROUTE_PROTOCOL,)))


def _address(target: InterfaceAddress) -> bytes:
    address = target.address
    head = struct.pack(
        "=BBBBI",
        socket.AF_INET,
        address.network.prefixlen,
        0,
        RT_SCOPE_UNIVERSE,
        socket.if_nametoindex(target.interface),
    )
    return (
        head
        + _attribute(IFA_LOCAL, address.ip.packed)
        + _attribute(IFA_ADDRESS, address.ip.packed)
        + _attribute(IFA_PROTO, bytes((ROUTE_PROTOCOL,)))
    )
