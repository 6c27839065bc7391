"""From the notes of the traffic programs to figures. Times in seconds of CLOCK_BOOTTIME."""

from itertools import pairwise
from pathlib import Path

import msgspec


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a stream, or of echoes: when each sequence number was sent and when it first arrived."""

    sent: dict[int, float]
    received: dict[int, float]
    sources: frozenset[str]
    """The source addresses that the receiver saw."""

    def lost(self, begin: float, end: float) -> int:
        """How many of those sent in [begin, end) never arrived."""
        return sum(begin <= at < end and number not in self.received for number, at in self.sent.items())

    def silence(self, begin: float, end: float) -> float:
        """The longest time in [begin, end] in which nothing arrived."""
        arrivals = sorted(at for at in self.received.values() if begin <= at <= end)
        times = [begin, *arrivals, end]
        return max(later - earlier for earlier, later in pairwise(times))

    def first_arrival(self, sent_after: float) -> float | None:
        """When the first of those sent later than `sent_after` arrived; None = none did."""
        arrivals = [at for number, at in self.received.items() if self.sent.get(number, 0.0) >= sent_after]
        return min(arrivals, default=None)


def read(sent: Path, received: Path) -> Flow:
    """A line that is still being written is left out."""
    arrivals: dict[int, float] = {}
    sources = set()
    for number, at, source in _lines(received, 3):
        arrivals.setdefault(int(number), int(at) / 1e9)
        sources.add(source)
    return Flow(
        sent={int(number): int(at) / 1e9 for number, at in _lines(sent, 2)},
        received=arrivals,
        sources=frozenset(sources),
    )


def _lines(file: Path, words: int) -> list[list[str]]:
    text = file.read_text() if file.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    return [parts for line in whole.splitlines() if len(parts := line.split()) == words]


def milliseconds(at: float | None, since: float) -> float | None:
    return None if at is None else round((at - since) * 1e3, 1)
