"""The kernel's tables as far as they are ours: implements `dataplane.ports.Kernel`.

Ours is what bears ROUTE_PROTOCOL (routes, rules, neighbours, proxy neighbours), and every IPv4 address on our
own device.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from itertools import groupby

from mobileip.dataplane.ports import (
    ROUTE_PROTOCOL,
    Action,
    Failure,
    FrameMark,
    KernelObject,
    Operation,
    Sysctl,
)
from mobileip.linux import netlink_decode
from mobileip.linux.frame_marks import FrameMarks
from mobileip.linux.netlink_batch import NetlinkBatch
from mobileip.linux.netlink_decode import Decoder, Names
from mobileip.linux.netlink_dump import RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE, RTM_GETRULE, dump
from mobileip.linux.netlink_encode import NTF_PROXY
from mobileip.linux.sysctl import SysctlJournal

TIDY_SECONDS = 60.0
"""From the time when sysctls have their old values again to that when the journal says so: a handover does not wait for
a file, nor the next one for what it then has to write again."""
OBJECTS_PER_TURN = 500
"""Decoded between two turns of the event loop: some 5 ms."""


class KernelTables:
    """`device` is our TUN device."""

    def __init__(self, device: str, journal: SysctlJournal) -> None:
        self._device = device
        self._journal = journal
        self._batch = NetlinkBatch()
        self._frame_marks = FrameMarks()
        self._tidying: asyncio.TimerHandle | None = None

    @property
    def port_id(self) -> int:
        """For `LinkWatch`: events with it are our own doing."""
        return self._batch.port_id

    async def actual(self) -> frozenset[KernelObject]:
        """Everything of ours that is there now, and the sysctls that we changed with their values now.

        Raises: OSError when the kernel refuses to tell.
        """
        names = dict(socket.if_nameindex())
        own = {index: name for index, name in names.items() if name == self._device}
        family = bytes((socket.AF_INET,))
        found: list[KernelObject] = [Sysctl(path=path, value=value) for path, value in self._journal.current().items()]
        # The kernel itself leaves out the routes of others.
        ours = family + bytes(4) + bytes((ROUTE_PROTOCOL,)) + bytes(6)
        await _read(found, RTM_GETROUTE, ours, netlink_decode.route, names)
        await _read(found, RTM_GETRULE, family + bytes(11), netlink_decode.rule, names)
        await _read(found, RTM_GETADDR, family + bytes(7), netlink_decode.address, own)
        await _read(found, RTM_GETADDR, family + bytes(7), netlink_decode.dummy_address, names)
        await _read(found, RTM_GETNEIGH, family + bytes(11), netlink_decode.neighbour, names)
        # Proxy entries are told only when they are asked for by this flag.
        proxies = family + bytes(9) + bytes((NTF_PROXY, 0))
        await _read(found, RTM_GETNEIGH, proxies, netlink_decode.proxy_neighbour, names)
        return frozenset(found) | self._frame_marks.marks

    def perform(self, operations: Sequence[Operation]) -> list[Failure]:
        """In order; consecutive netlink operations share system calls, consecutive marks one run of `nft`, consecutive
        sysctls one writing of their journal."""
        failures: list[Failure] = []
        for means, group in groupby(operations, key=_means):
            if means is Sysctl:
                failures += self._set_sysctls(list(group))
            elif means is FrameMark:
                failures += self._mark_frames(list(group))
            else:
                failures += self._batch.perform(list(group))
        return failures

    def clear_leftovers(self) -> None:
        """What a former daemon left that does not show in `actual`. Once everything is in place."""
        self._frame_marks.clear_leftovers()

    def restore_sysctls(self) -> None:
        self._journal.restore_all()

    def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            self._journal.tidy()
        self._batch.close()

    def _mark_frames(self, operations: Sequence[Operation]) -> list[Failure]:
        wanted: dict[Action, list[FrameMark]] = {Action.INSTALL: [], Action.REMOVE: []}
        for operation in operations:
            if isinstance(operation.target, FrameMark):
                wanted[operation.action].append(operation.target)
        number = self._frame_marks.change(wanted[Action.INSTALL], wanted[Action.REMOVE])
        if not number:
            return []
        reason = "nft is not installed (package nftables)" if number == errno.ENOENT else "nft refused it"
        text = f"visitors with one home address can't be told apart: {reason}"
        return [Failure(operation, number, text) for operation in operations]

    def _set_sysctls(self, operations: Sequence[Operation]) -> list[Failure]:
        failures: list[Failure] = []
        for action, group in groupby(operations, key=lambda operation: operation.action):
            some = list(group)
            targets = [one.target for one in some if isinstance(one.target, Sysctl)]
            if action is Action.INSTALL:
                numbers = self._journal.set([(target.path, target.value) for target in targets])
            else:
                numbers = self._journal.restore([target.path for target in targets])
                self._tidy_later()
            failures += [
                Failure(operation, number, f"/proc/sys/{target.path}: {os.strerror(number)}")
                for operation, target, number in zip(some, targets, numbers, strict=True)
                if number
            ]
        return failures

    def _tidy_later(self) -> None:
        """At once where no event loop runs."""
        if self._tidying is not None:
            self._tidying.cancel()
        try:
            self._tidying = asyncio.get_running_loop().call_later(TIDY_SECONDS, self._journal.tidy)
        except RuntimeError:
            self._journal.tidy()


def _means(operation: Operation) -> type[Sysctl | FrameMark] | None:
    """By what it is performed; None: netlink."""
    match operation.target:
        case Sysctl():
            return Sysctl
        case FrameMark():
            return FrameMark
        case _:
            return None


async def _read(found: list[KernelObject], kind: int, request: bytes, decode: Decoder, names: Names) -> None:
    """Appends what `decode` takes for ours in the dump of one table."""
    bodies = await dump(kind, request)
    for start in range(0, len(bodies), OBJECTS_PER_TURN):
        for body in bodies[start : start + OBJECTS_PER_TURN]:
            decoded = decode(body, names)
            if decoded is not None:
                found.append(decoded)
        await asyncio.sleep(0)
