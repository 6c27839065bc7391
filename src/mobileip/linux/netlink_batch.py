"""Writes of routes, rules, neighbours and addresses by rtnetlink, many in one system call, in order.

A library that sends one request and waits for one answer makes some 4,000 a second; a home agent that comes back with
50,000 bindings, and a mobile node whose registration must not leave before its neighbour entry is there, want a batch
(some 200,000 a second) and want it done when the call returns.
"""

import errno
import functools
import os
import socket
import struct
from collections.abc import Sequence

from mobileip.dataplane.ports import (
    Action,
    Failure,
    InterfaceAddress,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
)
from mobileip.linux.netlink_encode import IndexOf, encode

NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 0x1, 0x4, 2
SOL_NETLINK, NETLINK_CAP_ACK = 270, 10

MESSAGES_PER_CALL = 256
"""Small enough for the default socket buffer, large enough that the system call costs nothing."""

RECEIVE_BUFFER = 1 << 20
"""Octets; every message of a call may be refused, an answer takes about 800 octets of it."""

LAST_SEQUENCE = 0x7FFFFFFF
"""Where the sequence numbers begin again; a call may go beyond it."""

_HEADER = struct.Struct("=IHHII")
_ANSWER = struct.Struct("=IHHIIi")

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
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)  # answers without a copy of the question
        self._sequence = 0

    @property
    def port_id(self) -> int:
        """The kernel puts it into the events that our own writes cause, so that a watcher can leave them out."""
        return int(self._socket.getsockname()[0])

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        """Performs operations on everything but sysctls, in order; returns those that the kernel refused."""
        index_of = functools.cache(socket.if_nametoindex)  # an index is good for one call, not for longer
        failures: list[Failure] = []
        for start in range(0, len(operations), MESSAGES_PER_CALL):
            failures += self._perform_some(operations[start : start + MESSAGES_PER_CALL], index_of)
        return failures

    def close(self) -> None:
        self._socket.close()

    def _perform_some(self, operations: Sequence[Operation], index_of: IndexOf) -> list[Failure]:
        failures = []
        messages = []
        for operation in operations:
            try:
                messages.append((operation, *encode(operation, index_of)))
            except OSError:  # no such interface (any more)
                failures += _failure(operation, errno.ENODEV)
        if not messages:
            return failures
        first = self._sequence + 1 if self._sequence < LAST_SEQUENCE else 1
        last = self._sequence = first + len(messages) - 1
        self._socket.send(
            b"".join(
                # Refusals are always answered; only the last message asks for an answer when all goes well.
                _HEADER.pack(
                    16 + len(body), kind, flags | NLM_F_REQUEST | (NLM_F_ACK if sequence == last else 0), sequence, 0
                )
                + body
                for sequence, (_, kind, flags, body) in enumerate(messages, first)
            )
        )
        for sequence, number in self._answers(last):
            failures += _failure(messages[sequence - first][0], number)
        return failures

    def _answers(self, last: int) -> list[tuple[int, int]]:
        """(sequence, errno) of each answer up to the one to `last`."""
        answers = []
        while True:
            data = self._socket.recv(1 << 16)
            position = 0
            while position + 20 <= len(data):
                length, kind, _, sequence, _, number = _ANSWER.unpack_from(data, position)
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
