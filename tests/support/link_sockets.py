"""Packet sockets that a test fills, in place of `LinkSocket`."""

import socket
from collections.abc import Iterator
from typing import Any

from mobileip.linux.links import ETH_P_IP, Frame


class FakeLink:
    """As a `LinkSocket`: its reader is woken for what it is given."""

    def __init__(self, interface: str, index: int, *arguments: Any) -> None:
        self.interface, self.index, self.arguments = interface, index, arguments
        self._near, self._far = socket.socketpair()
        self._waiting: list[Frame] = []
        self.sent: list[tuple[bytes, bytes, int]] = []
        self.is_closed = False

    def give(self, *frames: Frame) -> None:
        self._waiting += frames
        self._far.send(b"!")

    def frames(self, limit: int) -> Iterator[Frame]:
        self._near.recv(100)
        taken, self._waiting = self._waiting[:limit], self._waiting[limit:]
        yield from taken

    def send(self, packet: bytes, link_destination: bytes, protocol: int = ETH_P_IP) -> int:
        self.sent.append((packet, link_destination, protocol))
        return 0

    def fileno(self) -> int:
        return self._near.fileno()

    def close(self) -> None:
        self.is_closed = True
        self._near.close()
        self._far.close()


class FakeLinks:
    """Interfaces of a machine, `x` and `y` at first, and all sockets that were opened on them."""

    def __init__(self) -> None:
        self.indexes = {"x": 3, "y": 4}
        self.made: list[FakeLink] = []

    @property
    def open(self) -> dict[str, int]:
        return {link.interface: link.index for link in self.made if not link.is_closed}

    def __call__(self, interface: str, *arguments: Any) -> FakeLink:
        if interface not in self.indexes:
            raise OSError("no interface with this name")
        self.made.append(FakeLink(interface, self.indexes[interface], *arguments))
        return self.made[-1]
