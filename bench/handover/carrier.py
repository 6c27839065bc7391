"""When a link came up, as the kernel told it: what a command that plugs a cable needs besides is not counted."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.dataplane.errors import BenchError

from mobileip.lab.laboratory import Lab
from mobileip.linux.netlink_decode import messages

_RTM_NEWLINK, _RTMGRP_LINK, _IFF_LOWER_UP = 16, 0x1, 0x10000
_INTERFACE = struct.Struct("@BxHiII")
"""struct ifinfomsg: family, type, index, flags, change."""
_PRIORITY = -15
_NOT_LONGER = 5.0
_TURN = 0.5
"""Seconds from one look whether it shall end to the next."""


class CarrierWatch:
    """Follows the carrier of a node's links in a thread of its own."""

    def __init__(self, events: socket.socket, indexes: dict[str, int]) -> None:
        self._socket = events
        self._indexes = indexes
        self._up: dict[int, int] = {}
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="carrier", daemon=True)
        self._thread.start()

    def up_at(self, interface: str, after: int) -> int:
        """When the link came up, later than `after` (ns, CLOCK_MONOTONIC). Raises: BenchError if it does not."""
        index = self._indexes[interface]
        with self._changed:
            if not self._changed.wait_for(lambda: self._up.get(index, 0) > after, _NOT_LONGER):
                raise BenchError(f"{interface} did not come up")
            return self._up[index]

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _follow(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
        is_up: dict[int, bool] = {}
        while not self._closing.is_set():
            try:
                octets = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            now = time.monotonic_ns()
            for message in messages(octets):
                if message.kind != _RTM_NEWLINK:
                    continue
                _, _, index, flags, _ = _INTERFACE.unpack_from(message.body)
                has_carrier = bool(flags & _IFF_LOWER_UP)
                if has_carrier and not is_up.get(index, False):
                    with self._changed:
                        self._up[index] = now
                        self._changed.notify_all()
                is_up[index] = has_carrier


@contextmanager
def carrier_watch(lab: Lab, node: str, interfaces: tuple[str, ...]) -> Iterator[CarrierWatch]:
    with lab.inside(node):
        events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        events.bind((0, _RTMGRP_LINK))
        indexes = {name: socket.if_nametoindex(name) for name in interfaces}
    with events:
        events.settimeout(_TURN)
        watch = CarrierWatch(events, indexes)
        try:
            yield watch
        finally:
            watch.close()
