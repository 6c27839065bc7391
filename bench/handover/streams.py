"""One end of the streams: `python -m bench.handover.streams LOCAL PEER SECONDS FOLDER RATE...`.

For each RATE (packets in a second) it sends numbered packets to the peer, port 9000 and on, and receives the peer's on
the same ports. Lines on standard input tell it: begin; send no more; end. Then it writes what it saw: `sent`, `numbers`
and `times` of each rate into FOLDER (64-bit integers of this machine), and one JSON line (`Summary`). Times are ns of
CLOCK_MONOTONIC, which all namespaces share; an arrival's time is the kernel's, so that a late reader changes nothing.

Nothing here may stand still: room for SECONDS of packets is made before, Python's garbage collector is off, and the
process goes before those that are measured.
"""

import contextlib
import errno
import gc
import os
import select
import socket
import struct
import sys
import time
from array import array
from pathlib import Path

import msgspec

FIRST_PORT = 9000
NUMBER = struct.Struct("!HHIIQ")
"""As RTP: version and type, short sequence number, timestamp, source; then our own number."""
RTP_VERSION, SOURCE = 0x8000, 0x4D495034
VOICE_RATE, VOICE_OCTETS, SMALL_OCTETS = 50.0, 172, 32
"""160 octets of G.711 behind 12 of RTP."""
MOST_AT_ONCE = 16
TURNS_TO_RECEIVE = 8
TURNS_TO_LISTEN = 64
"""Turns, of one packet each as a rule, from one look at what has come to the next, and from one look whether it is told
something to the next."""
RECEIVE_BUFFER = 16 << 20
SEND_BUFFER = 4 << 20
"""More than the kernel keeps for a neighbour whose link-layer address it waits for (unres_qlen_bytes): such packets
are lost there and counted there, not refused here."""
PRIORITY = -13
"""Before daemons (-5) and kernel threads, behind the laboratory's wire (-20)."""
OWN_REFUSALS = frozenset({errno.EAGAIN, errno.ENOBUFS})
"""The sending socket's buffer was full: the bench's fault, nobody else's."""
ROOM_FOR_COPIES = 2
STOOD_STILL_NS = 20_000
"""Longer than this from one clock's reading to the other's: the process was interrupted in between."""

_SO_TIMESTAMPNS, _SO_RXQ_OVFL, _SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 35, 40, 32, 33
_TIMESPEC = struct.Struct("@qq")
_UINT32 = struct.Struct("@I")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(_UINT32.size)


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True):
    rate: float
    sent: int
    received: int
    """Copies too."""
    refused: list[tuple[int, int]]
    """Number and errno of packets that the kernel did not take."""
    overflows: list[tuple[int, int]]
    """When packets were missing because our own receive buffer was full, and how many."""
    worst_late_ms: float
    """How late a packet left at worst, after the time that it was due."""
    is_full: bool
    """There was no room for more packets."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    streams: list[StreamSummary]


class Clock:
    """From the time of the kernel's stamps (CLOCK_REALTIME) to that of ours. Looked at each second: it may drift."""

    def __init__(self) -> None:
        self.ahead = 0
        self._known_until = 0

    def look(self) -> None:
        before = time.monotonic_ns()
        if before < self._known_until:
            return
        wall, after = time.time_ns(), time.monotonic_ns()
        if after - before < STOOD_STILL_NS or not self._known_until:  # or it looks again next time
            self.ahead = wall - (before + after) // 2
            self._known_until = after + 1_000_000_000


class Stream:
    """One rate, both ways. `room`: so many packets can be sent."""

    def __init__(self, local: str, peer: tuple[str, int], port: int, rate: float, room: int) -> None:
        self.rate = rate
        self.interval = int(1e9 / rate)
        self.octets = VOICE_OCTETS if rate == VOICE_RATE else SMALL_OCTETS
        self.peer = peer
        self.clock = Clock()
        self.due = 0
        self.count = self.received = 0
        self.sent = array("q", bytes(8 * room))
        self.numbers = array("q", bytes(8 * ROOM_FOR_COPIES * room))
        self.times = array("q", bytes(8 * ROOM_FOR_COPIES * room))
        self.refused: list[tuple[int, int]] = []
        self.overflows: list[tuple[int, int]] = []
        self.overflowed = 0
        self.worst_late = 0
        self.is_full = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.suppress(PermissionError):
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, SEND_BUFFER)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        self.socket.setblocking(False)
        self.socket.bind((local, port))

    def send(self, now: int) -> None:
        """What is due at `now`, a few packets at most."""
        for _ in range(MOST_AT_ONCE):
            if now < self.due:
                return
            number = self.count
            if number == len(self.sent):
                self.is_full = True
                return
            head = NUMBER.pack(RTP_VERSION, number & 0xFFFF, number * 160 & 0xFFFFFFFF, SOURCE, number)
            self.sent[number] = at = time.monotonic_ns()
            self.count += 1
            self.worst_late = max(self.worst_late, at - self.due)
            try:
                self.socket.sendto(head.ljust(self.octets, b"\0"), self.peer)
            except OSError as error:
                self.refused.append((number, error.errno or 0))
            self.due += self.interval

    def receive(self) -> None:
        """What has come, a few packets at most."""
        self.clock.look()
        ahead = self.clock.ahead
        for _ in range(MOST_AT_ONCE):
            try:
                octets, ancillary, _, _ = self.socket.recvmsg(2048, _ANCILLARY)
            except OSError:
                return
            if self.received == len(self.numbers):
                self.is_full = True
                return
            at = 0
            for _, kind, value in ancillary:
                if kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = _TIMESPEC.unpack(value)
                    at = seconds * 1_000_000_000 + nanoseconds - ahead
                elif kind == _SO_RXQ_OVFL and (total := _UINT32.unpack(value)[0]) > self.overflowed:
                    self.overflows.append((time.monotonic_ns(), total - self.overflowed))
                    self.overflowed = total
            self.numbers[self.received] = NUMBER.unpack_from(octets)[4]
            self.times[self.received] = at or time.monotonic_ns()
            self.received += 1

    def write(self, folder: Path) -> StreamSummary:
        for name, numbers, count in (
            ("sent", self.sent, self.count),
            ("numbers", self.numbers, self.received),
            ("times", self.times, self.received),
        ):
            (folder / f"{self.rate:g}.{name}").write_bytes(memoryview(numbers)[:count])
        return StreamSummary(
            rate=self.rate,
            sent=self.count,
            received=self.received,
            refused=self.refused,
            overflows=self.overflows,
            worst_late_ms=round(self.worst_late / 1e6, 3),
            is_full=self.is_full,
        )


def run(streams: list[Stream], orders: int) -> None:
    """Sends and receives; a line at the descriptor `orders` ends the sending, the next one (or its end) all.

    Nothing wakes it but the time of the next packet: an arrival's time is the kernel's, so that it can wait in the
    socket until then, and a process that wakes for each takes half a core more from what is measured.
    """
    begun = time.monotonic_ns()
    for stream in streams:
        stream.due = begun
    is_sending, told, turn = True, 0, 0
    while told < 2:
        turn += 1
        if is_sending:
            for stream in streams:
                stream.send(time.monotonic_ns())
        if turn % TURNS_TO_RECEIVE == 0 or not is_sending:
            for stream in streams:
                stream.receive()
        if turn % TURNS_TO_LISTEN == 0 or not is_sending:
            ready, _, _ = select.select([orders], [], [], 0)
            if ready:
                lines = os.read(orders, 64).count(b"\n")
                told += lines or 2  # it is closed
                is_sending = False  # what is on its way still counts
        wait = (min(stream.due for stream in streams) - time.monotonic_ns()) / 1e9 if is_sending else 0.001
        if wait > 0:
            time.sleep(wait)


def main() -> int:
    local, peer, seconds, folder, *rates = sys.argv[1:]
    streams = [
        Stream(local, (peer, FIRST_PORT + i), FIRST_PORT + i, float(rate), int(float(rate) * float(seconds)))
        for i, rate in enumerate(rates)
    ]
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    gc.collect()
    gc.freeze()
    gc.disable()
    print("ready", flush=True)
    orders = sys.stdin.fileno()
    if os.read(orders, 64):
        run(streams, orders)
    summary = Summary(streams=[stream.write(Path(folder)) for stream in streams])
    print(msgspec.json.encode(summary).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
