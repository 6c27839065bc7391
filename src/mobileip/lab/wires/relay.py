"""The wires of one lab: `python -m mobileip.lab.wires.relay ORDER.json`. Runs until SIGTERM; then prints its report.

One process serves all wires. It holds both TAP devices of each, and sleeps until a frame arrives or one is due.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import msgspec

from mobileip.lab.netns import inside
from mobileip.lab.wires.lane import Lane
from mobileip.lab.wires.protocol import End, LaneReport, Line, Order, Question, Report

_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_LONGEST_FRAME = 65536
_FRAMES_PER_TURN = 64
_GRAIN_SECONDS = 0.0001
"""While frames are on their way the relay takes those of so much time together: a turn for each costs twice as much of
a core, which what is at the wire's ends then lacks."""
_LONGEST_SLEEP_SECONDS = 3600.0


class Port:
    """One end: a TAP device, and the lane that its frames enter. `far` is the device that they come out of."""

    def __init__(self, line: Line, end: End, seed: int) -> None:
        self.name = line.name
        self.end = end
        self.lane = Lane(line.wire, seed)
        self.device = open_tap(end)
        self.far = -1

    def take(self) -> None:
        """Reads the frames that have arrived."""
        device, accept = self.device, self.lane.accept
        for _ in range(_FRAMES_PER_TURN):
            try:
                frame = os.read(device, _LONGEST_FRAME)
            except OSError:  # nothing more, or the interface is down
                return
            accept(frame, time.monotonic())

    def deliver(self) -> None:
        """Writes the frames that are due."""
        far = self.far
        for frame in self.lane.due(time.monotonic()):
            try:  # noqa: SIM105 - `suppress` costs as much again as the rest of a turn
                os.write(far, frame)
            except OSError:  # the interface at the other end is down: as on a cable
                pass

    def report(self) -> LaneReport:
        lane = self.lane
        return LaneReport(
            origin=f"{self.end.namespace}/{self.end.interface}",
            forwarded=lane.forwarded,
            lost=lane.lost,
            overflowed=lane.overflowed,
            worst_added_ms=round(lane.worst_added * 1e3, 3),
            late=tuple(lane.late),
        )


def open_tap(end: End) -> int:
    """A non-blocking descriptor of the TAP device, which exists already."""
    with inside(end.namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", end.interface.encode(), _IFF_TAP | _IFF_NO_PI))
    return descriptor


class Relay:
    """The loop."""

    def __init__(self, order: Order) -> None:
        self.ports: list[Port] = []
        for number, line in enumerate(order.lines):
            near, far = (Port(line, end, seed=2 * number + way) for way, end in enumerate(line.ends))
            near.far, far.far = far.device, near.device
            self.ports += [near, far]
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        Path(order.socket).unlink(missing_ok=True)
        self.listener.bind(order.socket)
        self.listener.listen()
        self.wake, signalled = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(signalled)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def run(self) -> None:
        """Until a signal comes."""
        by_device = {port.device: port for port in self.ports}
        readers = [self.wake, self.listener.fileno(), *by_device]
        while True:
            sleep = self._sleep_seconds()
            if sleep < _LONGEST_SLEEP_SECONDS:
                time.sleep(_GRAIN_SECONDS)
                sleep = max(0.0, sleep - _GRAIN_SECONDS)
            ready, _, _ = select.select(readers, [], [], sleep)
            if self.wake in ready:
                return
            for descriptor in ready:
                if descriptor in by_device:
                    by_device[descriptor].take()
                elif descriptor == self.listener.fileno():
                    self._answer()
            for port in self.ports:
                port.deliver()

    def _sleep_seconds(self) -> float:
        times = [at for port in self.ports if (at := port.lane.next_at()) is not None]
        return max(0.0, min(times) - time.monotonic()) if times else _LONGEST_SLEEP_SECONDS

    def _answer(self) -> None:
        with contextlib.suppress(OSError, msgspec.MsgspecError), self.listener.accept()[0] as connection:
            connection.settimeout(1.0)
            with connection.makefile("rb") as lines:
                question = msgspec.json.decode(lines.readline(), type=Question)
            for port in self.ports:
                port.lane.wire = question.set.get(port.name, port.lane.wire)
            connection.sendall(msgspec.json.encode(self.report()) + b"\n")
            if question.forget_lateness:
                for port in self.ports:
                    port.lane.forget_lateness()

    def report(self) -> Report:
        pairs = zip(self.ports[::2], self.ports[1::2], strict=True)
        return Report(wires={near.name: (near.report(), far.report()) for near, far in pairs})


def main() -> int:
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    with contextlib.suppress(PermissionError):
        os.nice(-20)  # a wire does not wait for the machines that it connects
    relay = Relay(order)
    relay.run()
    print(msgspec.json.encode(relay.report()).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
