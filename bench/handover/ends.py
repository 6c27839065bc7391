"""The processes at both ends of the streams: started in their nodes, told when to end, asked what they saw."""

import contextlib
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from bench.dataplane.errors import BenchError
from bench.handover.evaluate import Stream, Way
from bench.handover.streams import OWN_REFUSALS, StreamSummary, Summary

from mobileip.lab.laboratory import Lab

REPOSITORY = Path(__file__).resolve().parents[2]


class Seen(msgspec.Struct, frozen=True):
    """One rate at one end."""

    summary: StreamSummary
    sent: Sequence[int]
    numbers: Sequence[int]
    times: Sequence[int]


class End:
    """The streams at one node; `close` ends them however they stand."""

    def __init__(self, lab: Lab, node: str, local: str, peer: str, *, rates: tuple[int, ...], seconds: float) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mip-handover-")
        self._node = node
        words = [local, peer, f"{seconds:g}", self._folder.name, *map(str, rates)]
        self._process = subprocess.Popen(
            lab.command(node, sys.executable, "-m", "bench.handover.streams", *words),
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line().strip() != "ready":
            self.close()
            raise BenchError(f"the streams at {node} don't begin")

    def say(self) -> None:
        """Begin; then: send no more; then: end."""
        if self._process.stdin is None:
            raise BenchError("a stream has no standard input")
        try:
            self._process.stdin.write("next\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BenchError(f"the streams at {self._node} have ended") from None

    def seen(self) -> list[Seen]:
        """What it saw of each rate, when it was told to end. Raises: BenchError when it could not see all."""
        line = self._line()
        if not line:
            raise BenchError(f"the streams at {self._node} have ended")
        return [self._read(one) for one in msgspec.json.decode(line, type=Summary).streams]

    def _read(self, one: StreamSummary) -> Seen:
        if one.is_full:
            raise BenchError(f"there was no room for all packets at {self._node}")
        names = [f"{one.rate:g}.{name}" for name in ("sent", "numbers", "times")]
        return Seen(one, *(array("q", (Path(self._folder.name) / name).read_bytes()) for name in names))

    def _line(self) -> str:
        if self._process.stdout is None:
            raise BenchError("a stream has no standard output")
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


@contextlib.contextmanager
def end(lab: Lab, node: str, local: str, peer: str, *, rates: tuple[int, ...], seconds: float) -> Iterator[End]:
    """Closed after; `seconds`: for so long there is room."""
    with contextlib.closing(End(lab, node, local, peer, rates=rates, seconds=seconds)) as made:
        yield made


def stream(way: Way, sender: Seen, receiver: Seen) -> Stream:
    """What both ends saw of one way of one rate."""
    return Stream(
        way=way,
        interval=int(1e9 / sender.summary.rate),
        sent=sender.sent,
        numbers=receiver.numbers,
        times=receiver.times,
        not_sent=frozenset(number for number, code in sender.summary.refused if code in OWN_REFUSALS),
        overflows=receiver.summary.overflows,
    )
