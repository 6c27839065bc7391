"""What the lab and its relay say to each other: one JSON object a line over a Unix socket."""

import socket
from pathlib import Path

import msgspec

from mobileip.lab.topology import Wire


class End(msgspec.Struct, frozen=True, kw_only=True):
    """A TAP device in a namespace (a name under /run/netns)."""

    namespace: str
    interface: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A wire to be relayed."""

    name: str
    wire: Wire
    ends: tuple[End, End]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The relay's command line: all wires of a lab, and the socket on which it answers."""

    socket: str
    lines: tuple[Line, ...]


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    """One direction; `origin` is the end that frames come from, as namespace/interface."""

    origin: str
    forwarded: int
    lost: int
    overflowed: int
    worst_added_ms: float
    late: tuple[tuple[float, float], ...] = ()
    """From when to when (CLOCK_MONOTONIC, seconds) a frame waited for the relay, beyond the delay asked for."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    wires: dict[str, tuple[LaneReport, LaneReport]]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Sets the wires named (none: just asks); each answer is a Report."""

    set: dict[str, Wire] = {}
    forget_lateness: bool = False
    """After this answer `worst_added_ms` and `late` begin anew."""


def ask(path: Path, question: Question, timeout: float = 30.0) -> Report:
    """Asks the relay that listens at `path`. Raises OSError when it does not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(msgspec.json.encode(question) + b"\n")
        with connection.makefile("rb") as answers:
            line = answers.readline()
    if not line:
        raise ConnectionError("the relay hung up")
    return msgspec.json.decode(line, type=Report)
