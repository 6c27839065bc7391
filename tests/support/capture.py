"""What passes on a link of a test's namespace: every frame, both ways, and frames of the test's own making."""

import select
import socket
import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address

from tests.support.netns import Namespace

ETH_P_ALL, ETH_P_IP, ETH_P_ARP = 0x0003, 0x0800, 0x0806
BROADCAST = b"\xff" * 6
PATIENCE = 10.0
"""Seconds after which something that must come is given up."""


class Wire:
    """A raw packet socket on one interface of a namespace."""

    def __init__(self, where: Namespace, interface: str) -> None:
        self.link_address = where.link_address(interface)
        with where.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, payload: bytes, protocol: int = ETH_P_IP, destination: bytes = BROADCAST) -> None:
        self._socket.send(destination + self.link_address + struct.pack("!H", protocol) + payload)

    def until(self, wanted: Callable[[bytes], bool]) -> list[bytes]:
        """All frames up to the first that is wanted, itself included.

        Raises: AssertionError when it does not come.
        """
        frames: list[bytes] = []
        end = time.monotonic() + PATIENCE
        while not frames or not wanted(frames[-1]):
            ready, _, _ = select.select([self._socket], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"it did not come; these did: {[frame.hex() for frame in frames]}"
            frames.append(self._socket.recv(65_535))
        return frames


def is_arp(frame: bytes, operation: int | None = None) -> bool:
    """`operation`: 1 request, 2 reply, None either."""
    return frame[12:14] == b"\x08\x06" and operation in (None, frame[21])


def arp_request(link_address: bytes, source: IPv4Address, target: IPv4Address) -> bytes:
    head = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 1)
    return head + link_address + source.packed + bytes(6) + target.packed


def is_arp_reply_for(address: IPv4Address) -> Callable[[bytes], bool]:
    return lambda frame: is_arp(frame, 2) and frame[28:32] == address.packed
