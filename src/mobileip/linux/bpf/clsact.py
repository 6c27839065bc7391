"""Programs on a device by classifiers of cls_bpf in direct action, below a clsact qdisc: the way of kernels before 6.6.

A filter of ours is known by its priority, its handle and the beginning of its name. It outlives the process that put
it there. Writes are small and rare, so that each waits for its answer.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from mobileip.linux.bpf.syscall import BPF_TCX_EGRESS, BPF_TCX_INGRESS
from mobileip.linux.netlink_decode import Message, attributes, messages

PRIORITY, HANDLE, NAME_PREFIX = 7430, 1, "mip_"

# linux/rtnetlink.h
RTM_NEWQDISC, RTM_DELQDISC, RTM_GETQDISC = 36, 37, 38
RTM_NEWTFILTER, RTM_DELTFILTER, RTM_GETTFILTER = 44, 45, 46
RTM_GETCHAIN = 102
TCA_KIND, TCA_OPTIONS = 1, 2
# linux/pkt_sched.h
TC_H_CLSACT, CLSACT_HANDLE, TC_H_INGRESS, TC_H_EGRESS = 0xFFFFFFF1, 0xFFFF0000, 0xFFFFFFF2, 0xFFFFFFF3
# linux/pkt_cls.h
TCA_BPF_FD, TCA_BPF_NAME, TCA_BPF_FLAGS, TCA_BPF_FLAGS_GEN = 6, 7, 8, 9
TCA_BPF_FLAG_ACT_DIRECT, TCA_CLS_FLAGS_SKIP_HW = 1, 1
# linux/netlink.h
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x4, 0x10, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
SOL_NETLINK, NETLINK_CAP_ACK = 270, 10

ETH_P_ALL = 3
INFO = PRIORITY << 16 | socket.htons(ETH_P_ALL)
"""Priority, and the protocol as on the wire."""

ATTEMPTS = 3
"""A table that changes during its dump is read again, but not for ever."""
PIECE = 1 << 17
"""Octets; the kernel fills at most 32 KiB of it at a time."""

_HEADER = struct.Struct("=IHHII")
_TC = struct.Struct("=BxxxiIII")
"""struct tcmsg."""
_ATTRIBUTE = struct.Struct("=HH")
_GONE = frozenset((errno.ENODEV, errno.ENOENT, errno.EINVAL))
"""Answers about what is not there, or about something on a device that is not there."""


class Direction(IntEnum):
    """By the numbers of tcx."""

    INGRESS = BPF_TCX_INGRESS
    EGRESS = BPF_TCX_EGRESS


PARENT = {Direction.INGRESS: TC_H_INGRESS, Direction.EGRESS: TC_H_EGRESS}


class Filter(NamedTuple):
    """Of one direction of one device; `handle` 0 stands for a priority as a whole."""

    priority: int
    handle: int
    name: str

    @property
    def is_ours(self) -> bool:
        return self.is_in_our_place and self.name.startswith(NAME_PREFIX)

    @property
    def is_in_our_place(self) -> bool:
        return (self.priority, self.handle) == (PRIORITY, HANDLE)


class TrafficControl:
    """A netlink socket, opened when it is needed. Blocking: the kernel answers within the call. What the kernel
    refuses raises OSError.
    """

    def __init__(self) -> None:
        self._opened: socket.socket | None = None
        self._sequence = 0

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _socket(self) -> socket.socket:
        if self._opened is None:
            made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            made.bind((0, 0))
            made.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)  # answers without a copy of the question
            self._opened = made
        return self._opened

    def qdiscs(self) -> dict[int, str]:
        """Device index -> `clsact`, or `ingress`, which has one direction and keeps a clsact away."""
        found = {}
        try:
            bodies = self._dump(RTM_GETQDISC, _message(0, 0, 0, 0))
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:  # a kernel without traffic control
                return {}
            raise
        for body in bodies:
            _, index, _, parent, _ = _TC.unpack_from(body)
            if parent == TC_H_CLSACT:
                found[index] = _text(attributes(body, _TC.size).get(TCA_KIND, b""))
        return found

    def make_qdisc(self, index: int) -> None:
        """EEXIST: another one is there."""
        body = _message(index, CLSACT_HANDLE, TC_H_CLSACT, 0) + _attribute(TCA_KIND, b"clsact\0")
        self._ask(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body)

    def remove_qdisc(self, index: int) -> None:
        """With all that is in it; one that is gone is no error."""
        self._remove(RTM_DELQDISC, _message(index, CLSACT_HANDLE, TC_H_CLSACT, 0))

    def is_used(self, index: int) -> bool:
        """Whether anything is in the device's qdisc."""
        return any(
            self._dump_of_device(kind, index, parent)
            for kind in (RTM_GETTFILTER, RTM_GETCHAIN)
            for parent in PARENT.values()
        )

    def filters(self, index: int, direction: Direction) -> list[Filter]:
        """None where the device has no qdisc for them."""
        return [_filter(body) for body in self._dump_of_device(RTM_GETTFILTER, index, PARENT[direction])]

    def put(self, index: int, direction: Direction, program: int, name: str) -> None:
        """A filter of ours: new, or in the place of our former one, so that no packet meets none of them."""
        options = (
            _attribute(TCA_BPF_FD, struct.pack("=I", program))
            + _attribute(TCA_BPF_NAME, name.encode() + b"\0")
            + _attribute(TCA_BPF_FLAGS, struct.pack("=I", TCA_BPF_FLAG_ACT_DIRECT))
            + _attribute(TCA_BPF_FLAGS_GEN, struct.pack("=I", TCA_CLS_FLAGS_SKIP_HW))
        )
        body = _message(index, HANDLE, PARENT[direction], INFO)
        body += _attribute(TCA_KIND, b"bpf\0") + _attribute(TCA_OPTIONS, options)
        self._ask(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, body)

    def remove(self, index: int, direction: Direction) -> None:
        """The filter in our place; one that is gone is no error."""
        self._remove(RTM_DELTFILTER, _message(index, HANDLE, PARENT[direction], INFO) + _attribute(TCA_KIND, b"bpf\0"))

    # -- inside

    def _remove(self, kind: int, body: bytes) -> None:
        try:
            self._ask(kind, 0, body)
        except OSError as error:
            if error.errno not in _GONE:
                raise

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        self._send(kind, flags | NLM_F_ACK, body)
        for message in self._answers():
            _refuse(message)
            return

    def _dump_of_device(self, kind: int, index: int, parent: int) -> list[bytes]:
        try:
            return self._dump(kind, _message(index, 0, parent, 0))
        except OSError as error:
            if error.errno in _GONE:
                return []
            raise

    def _dump(self, kind: int, body: bytes) -> list[bytes]:
        bodies: list[bytes] = []
        for _ in range(ATTEMPTS):
            self._send(kind, NLM_F_DUMP, body)
            bodies, is_consistent = [], True
            for message in self._answers():
                is_consistent = is_consistent and not message.flags & NLM_F_DUMP_INTR
                if message.kind in (NLMSG_DONE, NLMSG_ERROR):
                    _refuse(message)
                    break
                bodies.append(message.body)
            if is_consistent:
                break
        return bodies

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        self._socket.send(_HEADER.pack(16 + len(body), kind, flags | NLM_F_REQUEST, self._sequence, 0) + body)

    def _answers(self) -> Iterator[Message]:
        while True:
            yield from messages(self._socket.recv(PIECE))


def _message(index: int, handle: int, parent: int, info: int) -> bytes:
    return _TC.pack(socket.AF_UNSPEC, index, handle, parent, info)


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length & 3)


def _filter(body: bytes) -> Filter:
    _, _, handle, _, info = _TC.unpack_from(body)
    options = attributes(attributes(body, _TC.size).get(TCA_OPTIONS, b""), 0)
    return Filter(info >> 16, handle, _text(options.get(TCA_BPF_NAME, b"")))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _refuse(message: Message) -> None:
    """An error and the end of a dump begin with an error number, negative or 0."""
    number = -int(struct.unpack_from("=i", message.body)[0])
    if number > 0:
        raise OSError(number, os.strerror(number))
