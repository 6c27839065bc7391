"""Captures: AF_PACKET sockets at several places of a lab, read by one thread into one list."""

import contextlib
import os
import selectors
import socket
import struct
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mobileip.lab import pcap
from mobileip.lab.netns import inside

_ETH_P_ALL = 0x0003
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_AUXDATA = 263, 8
_PACKET_OUTGOING = 4
_BUFFER_OCTETS = 16 << 20
_LONGEST_FRAME = 65550


class Place(msgspec.Struct, frozen=True, kw_only=True):
    node: str
    interface: str
    namespace: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """`outgoing`: sent by the node. `time`: nanoseconds since 1970. `octets` may be cut; `length` is the whole."""

    place: Place
    outgoing: bool
    time: int
    length: int
    octets: bytes

    @property
    def destination(self) -> bytes:
        return self.octets[:6]

    @property
    def source(self) -> bytes:
        return self.octets[6:12]

    @property
    def ether_type(self) -> int:
        return int.from_bytes(self.octets[12:14], "big")

    @property
    def payload(self) -> bytes:
        return self.octets[14:]


class Capture:
    """Runs from its making until `close`; also a context manager. `snap_octets` is kept of each frame."""

    def __init__(self, places: Iterable[Place], *, snap_octets: int = _LONGEST_FRAME) -> None:
        self.places = tuple(places)
        self._snap = snap_octets
        self._frames: list[Frame] = []
        self._selector = selectors.DefaultSelector()
        for place in self.places:
            self._selector.register(_open(place), selectors.EVENT_READ, place)
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._selector.register(self._stop, selectors.EVENT_READ)
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="mip-lab-capture", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def frames(self) -> list[Frame]:
        """Those so far; complete after `close`."""
        return list(self._frames)

    def close(self) -> None:
        """Takes in what has arrived and ends. Twice is harmless."""
        if self._thread is None:
            return
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        self._thread = None
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        os.close(self._stop)

    def save(self, file: Path) -> None:
        """As a classic pcap file."""
        records = (pcap.Record(time=f.time, length=f.length, octets=f.octets) for f in self._frames)
        pcap.write(file, records)

    def _run(self) -> None:
        while True:
            stopping = False
            for key, _ in self._selector.select():
                if isinstance(key.fileobj, socket.socket):
                    self._take(key.fileobj, key.data)
                else:
                    stopping = True
            if stopping:
                for key in self._selector.get_map().values():
                    if isinstance(key.fileobj, socket.socket):
                        self._take(key.fileobj, key.data)
                return

    def _take(self, source: socket.socket, place: Place) -> None:
        while True:
            try:
                octets, ancillary, _, address = source.recvmsg(self._snap, 128)
            except OSError:  # nothing more, or the interface went down
                return
            told = {(level, kind): data for level, kind, data in ancillary}
            seconds, nanoseconds = struct.unpack("@qq", told[socket.SOL_SOCKET, _SO_TIMESTAMPNS])
            length = struct.unpack_from("@II", told[_SOL_PACKET, _PACKET_AUXDATA])[1]
            self._frames.append(
                Frame(
                    place=place,
                    outgoing=address[2] == _PACKET_OUTGOING,
                    time=seconds * 1_000_000_000 + nanoseconds,
                    length=length,
                    octets=octets,
                )
            )


def _open(place: Place) -> socket.socket:
    with inside(place.namespace):
        source = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # it hears nothing until bound to its interface
    source.setblocking(False)
    with contextlib.suppress(PermissionError):  # in a user namespace
        source.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
    source.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    source.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    source.bind((place.interface, _ETH_P_ALL))
    return source
