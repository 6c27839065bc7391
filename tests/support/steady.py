"""A steady stream of numbered datagrams through a lab, thousands in a second, and which of them came.

    with steady(lab) as stream:
        ...
    assert stream.lost() == []

Both ends are processes of their own in their nodes: `python steady.py send|receive ADDRESS PORT [RATE]`.
"""

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PORT = 7400
RATE = 2000
"""Datagrams in a second."""
MOST_AT_ONCE = 32
OCTETS = 32
NUMBER = 4
RECEIVE_BUFFER = 64 << 20
SO_RCVBUFFORCE = 33
BEGIN_SECONDS = 0.3
"""How long a stream runs before and after what a test does in it."""
QUIET_SECONDS = 5.0
"""Nothing has come for as long as this, and not all: the rest is lost. Long, since a machine may stand still."""


class Steady:
    """A stream; what it tells is known when it has ended."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        """When each number was given to the kernel; ns of CLOCK_MONOTONIC."""
        self.came: set[int] = set()
        self.overflowed = 0
        """Datagrams that reached the receiver's socket and found its buffer full: no fault of those in between."""

    def lost(self) -> list[int]:
        """Numbers that did not come. Raises: AssertionError where that proves nothing."""
        assert len(self.sent) > RATE * BEGIN_SECONDS, "the stream did not flow"
        assert self.overflowed == 0, "the receiver was too slow"
        return [number for number in range(len(self.sent)) if number not in self.came]

    def lost_near(self, moments: list[int]) -> list[int]:
        """How many were lost from each of these moments (ns) to the next."""
        ends = [*moments[1:], sys.maxsize]
        lost = [self.sent[number] for number in self.lost()]
        return [sum(begin <= at < end for at in lost) for begin, end in zip(moments, ends, strict=True)]


@contextmanager
def steady(lab: Any, source: str, destination: str, *, sender: str = "mn", receiver: str = "cn") -> Iterator[Steady]:
    """`source`, `destination`: the addresses at both ends."""
    stream = Steady()
    with _end(lab, receiver, "receive", destination) as there, _end(lab, sender, "send", source, destination) as here:
        time.sleep(BEGIN_SECONDS)
        yield stream
        time.sleep(BEGIN_SECONDS)
        stream.sent = json.loads(_stopped(here))
        seen = json.loads(_stopped(there, len(stream.sent)))
        stream.came, stream.overflowed = set(seen["came"]), seen["overflowed"]


@contextmanager
def _end(lab: Any, node: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    command = lab.command(node, sys.executable, str(Path(__file__)), *words)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as end:
        try:
            assert end.stdout is not None
            assert end.stdout.readline() == "ready\n"
            yield end
        finally:
            end.kill()


def _stopped(end: "subprocess.Popen[str]", sent: int = 0) -> str:
    """What it tells. `sent`: how many datagrams the receiver is to wait for."""
    assert end.stdin is not None
    assert end.stdout is not None
    end.stdin.write(f"{sent}\n")
    end.stdin.flush()
    return end.stdout.readline()


# -- the ends


def send(source: str, destination: str) -> list[int]:
    """What the kernel refuses counts as sent: it is lost."""
    interval = 1_000_000_000 // RATE
    sent: list[int] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((source, 0))
        out.connect((destination, PORT))
        print("ready", flush=True)
        due = time.monotonic_ns()
        while True:
            for _ in range(MOST_AT_ONCE):
                now = time.monotonic_ns()
                if now < due:
                    break
                due += interval
                with suppress(OSError):
                    out.send(len(sent).to_bytes(NUMBER).ljust(OCTETS, b"\0"))
                sent.append(now)
            wait = max(0.0, (due - time.monotonic_ns()) / 1e9)
            if select.select([sys.stdin], [], [], wait)[0]:
                return sent


def receive(address: str) -> dict[str, object]:
    came: set[int] = set()
    sent = sys.maxsize
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        ear.bind((address, PORT))
        print("ready", flush=True)
        watched: list[Any] = [ear, sys.stdin]
        while len(came) < sent:
            ready = select.select(watched, [], [], QUIET_SECONDS)[0]
            if sys.stdin in ready:
                sent = int(sys.stdin.readline())
                watched.remove(sys.stdin)
            if ear in ready:
                came.add(int.from_bytes(ear.recv(OCTETS)[:NUMBER]))
            elif not ready and len(watched) == 1:
                break
        return {"came": sorted(came), "overflowed": _drops()}


def _drops() -> int:
    """Of our socket, the only one of its port here."""
    port = f":{PORT:04X}"
    lines = [line.split() for line in Path("/proc/self/net/udp").read_text().splitlines()[1:]]
    return sum(int(words[-1]) for words in lines if words[1].endswith(port))


if __name__ == "__main__":
    _, role, *addresses = sys.argv
    print(json.dumps(send(*addresses) if role == "send" else receive(*addresses)), flush=True)
