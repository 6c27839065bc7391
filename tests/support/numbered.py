"""Numbered datagrams from one namespace to another, at a steady pace, and which of them came how often."""

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address

from tests.support.eventually import eventually
from tests.support.netns import Namespace

_PAUSE_SECONDS = 0.05
_NUMBER = 4
_OCTETS = 100


class Ear:
    """Counts what comes to a port until `stop`."""

    def __init__(self, where: Namespace, port: int) -> None:
        self.came: Counter[int] = Counter()
        self._stopping = threading.Event()
        with where.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(("0.0.0.0", port))  # noqa: S104 - in the namespace
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Returns when what was on its way has come. Twice is harmless."""
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket], [], [], _PAUSE_SECONDS)
            if ready:
                self.came[int.from_bytes(self._socket.recv(2048)[:_NUMBER])] += 1
            elif self._stopping.is_set():
                return


class Stream:
    """Runs from its making until `stop`; `ear` is where it should come to."""

    def __init__(
        self, sender: Namespace, source: IPv4Address, destination: IPv4Address, ear: Ear, *, rate: float, port: int
    ) -> None:
        self.sent = 0
        self._ear = ear
        self._pause = 1.0 / rate
        self._stopping = threading.Event()
        with sender.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((str(source), 0))
            self._socket.connect((str(destination), port))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Returns when what was sent has come, or never will. Twice is harmless."""
        self._stopping.set()
        self._thread.join()
        self._ear.stop()
        self._socket.close()

    @property
    def came(self) -> Counter[int]:
        return self._ear.came

    def last(self) -> int:
        """The highest number that came, -1 for none."""
        return max(self.came, default=-1)

    def one_more(self) -> None:
        """Waits until one that is yet to be sent has come."""
        after = self.sent
        eventually(lambda: self.last() > after)

    def lost(self) -> list[int]:
        """Numbers that have not come, of those before the last that has."""
        return [number for number in range(self.last()) if number not in self.came]

    def doubled(self) -> list[int]:
        return [number for number, times in self.came.items() if times > 1]

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            with suppress(OSError):  # an ICMP error about one before: this one did not leave, and counts as lost
                self._socket.send(self.sent.to_bytes(_NUMBER) + bytes(_OCTETS))
            self.sent += 1
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))


@contextmanager
def streams(
    one: Namespace,
    one_address: IPv4Address,
    other: Namespace,
    other_address: IPv4Address,
    *,
    rate: float = 200.0,
    port: int = 5001,
) -> Iterator[tuple[Stream, Stream]]:
    """There and back; both have begun to arrive."""
    there = Stream(one, one_address, other_address, Ear(other, port), rate=rate, port=port)
    back = Stream(other, other_address, one_address, Ear(one, port + 1), rate=rate, port=port + 1)
    try:
        for stream in (there, back):
            stream.one_more()
        yield there, back
    finally:
        there.stop()
        back.stop()


def whole(both: tuple[Stream, Stream]) -> None:
    """Nothing was lost, nothing doubled, until now."""
    for stream in both:
        stream.one_more()
    assert [(stream.lost(), stream.doubled()) for stream in both] == [([], []), ([], [])]
