"""What handovers cost a stream in one direction: pure, from the times at both ends (ns of one clock)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

MILLISECOND = 1e6
GRACE_NS = 2_000_000_000
"""`handover_grace`'s default: so long after a change packets of the way that was left are still taken."""
SETTLED_NS = 100_000_000
"""So long after a change its packets' delays are those of the new way."""


class Way(StrEnum):
    UP = "up"
    """From the mobile node."""
    DOWN = "down"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One handover, and which packets are its own: those that were sent in [begin, end)."""

    begin: int
    """Before `left`, by more than a packet takes: those that were in flight at the change are among its packets."""
    left: int
    """The old way was taken away, or the command was given."""
    began: int
    """The new way was there, or the command was given."""
    done: int
    """The daemon said so."""
    end: int


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One way of one stream."""

    way: Way
    interval: int
    """ns between two packets."""
    sent: Sequence[int]
    """When each number left."""
    numbers: Sequence[int]
    """Of packets, in the order in which they came."""
    times: Sequence[int]
    """When they came."""
    not_sent: frozenset[int] = frozenset()
    """Numbers that the sender's own socket refused, its buffer being full."""
    overflows: Sequence[tuple[int, int]] = ()
    """When so many packets did not fit into the receiver's own buffer."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one handover."""

    sent: int
    lost: int
    lost_by_bench: int
    """The bench's own sockets refused them or had no room; not among `lost`."""
    missing_ms: list[float]
    """When those that did not come had left, after the change began (before it: less than 0)."""
    duplicates: int
    duplicates_outside: int
    """Copies that came before the change began, or later than the grace time after it."""
    latest_duplicate_ms: float
    """After the change; 0: none."""
    reordered: int
    """That came after one with a greater number."""
    reordered_ms: float
    """How long after it, at worst, less what the laboratory's wire was late while it was on its way."""
    silence_ms: float
    """The longest time between two arrivals, less what the sender or the laboratory's wire was late meanwhile."""
    first_ms: float | None
    """From link-up to the first packet that left after it, and came: when it left (up) or came (down), so both times
    at the mobile node. None: none came."""
    first_arrival_ms: float | None
    """The same, when it came, at whichever end."""
    delay_ms: float
    """Median, one way."""
    delay_before_ms: float
    """Median of those that came by the old way."""
    delay_after_ms: float


Arrival = tuple[int, int]
"""Number, time."""


def windows(changes: Sequence[tuple[int, int, int]], finished: int, lead: int) -> list[Window]:
    """Of handovers as (left, began, done), one after the other: each packet from the first on belongs to one of them.
    `lead`: ns, longer than a packet is on its way; `finished`: when the streams ended."""
    begins = [left - lead for left, _, _ in changes]
    return [
        Window(begin=begin, left=left, began=began, done=done, end=end)
        for (left, began, done), (begin, end) in zip(changes, pairwise([*begins, finished]), strict=True)
    ]


def united(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same times, in order, none overlapping another."""
    made: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(stop, made[-1][1]))
        else:
            made.append((start, stop))
    return made


def costs(stream: Stream, windows: Sequence[Window], late: Sequence[tuple[int, int]] = ()) -> list[Cost]:
    """Of each handover; `windows` in order, none overlapping another. `late`: when the laboratory's wire was (ns), in
    order too."""
    spans = [(bisect_left(stream.sent, one.begin), bisect_left(stream.sent, one.end)) for one in windows]
    mine: list[list[Arrival]] = [[] for _ in spans]
    firsts, current = [first for first, _ in spans], 0
    for number, at in zip(stream.numbers, stream.times, strict=True):
        first, last = spans[current]
        if not first <= number < last:
            found = bisect_right(firsts, number) - 1
            if found < 0 or number >= spans[found][1]:
                continue
            current = found
        mine[current].append((number, at))
    return [
        _cost(
            stream, one, (first, last), arrivals, [span for span in late if span[1] > one.begin and span[0] < one.end]
        )
        for one, (first, last), arrivals in zip(windows, spans, mine, strict=True)
    ]


def _cost(stream: Stream, one: Window, span: tuple[int, int], mine: list[Arrival], late: list[tuple[int, int]]) -> Cost:
    first, last = span
    came: dict[int, int] = {}  # in the order of arrival
    copies: list[int] = []
    greatest, reordered, reordered_by = -1, 0, 0
    for number, at in mine:
        if number in came:
            copies.append(at)
            continue
        came[number] = at
        if number > greatest:
            greatest = number
            continue
        reordered += 1
        overtaken_at = next(first for other, first in came.items() if other > number)
        reordered_by = max(reordered_by, at - overtaken_at - _overlap(late, stream.sent[number], at))
    missing = [number for number in range(first, last) if number not in came]
    refused = sum(number in stream.not_sent for number in missing)
    overflowed = sum(count for at, count in stream.overflows if one.begin <= at < one.end)
    by_bench = min(len(missing), refused + overflowed)
    delays = {number: at - stream.sent[number] for number, at in came.items()}
    after = [number for number in came if stream.sent[number] >= one.began]
    left = min((stream.sent[number] for number in after), default=None)
    arrived = min((came[number] for number in after), default=None)
    return Cost(
        sent=last - first,
        lost=len(missing) - by_bench,
        lost_by_bench=by_bench,
        missing_ms=[_milliseconds(stream.sent[number] - one.began) for number in missing],
        duplicates=len(copies),
        duplicates_outside=sum(at < one.began or at > one.done + GRACE_NS for at in copies),
        latest_duplicate_ms=_milliseconds(max((0, *(at - one.done for at in copies)))),
        reordered=reordered,
        reordered_ms=_milliseconds(reordered_by),
        silence_ms=_milliseconds(max(_gaps(stream, one, last, list(came.items()), late))),
        first_ms=_since(one.began, left if stream.way is Way.UP else arrived),
        first_arrival_ms=_since(one.began, arrived),
        delay_ms=_median(delays.values()),
        delay_before_ms=_median([delay for number, delay in delays.items() if came[number] < one.left]),
        delay_after_ms=_median(
            [delay for number, delay in delays.items() if stream.sent[number] >= one.done + SETTLED_NS]
        ),
    )


def _gaps(
    stream: Stream, one: Window, last: int, arrivals: list[Arrival], late: list[tuple[int, int]]
) -> Iterator[int]:
    """Times without a packet, ns; at least one."""
    if not arrivals:
        yield one.end - one.begin
        return
    for (number, at), (next_number, next_at) in pairwise(arrivals):
        gap = next_at - at
        if gap > stream.interval:
            sender = stream.sent[next_number] - stream.sent[number] - (next_number - number) * stream.interval
            gap -= max(0, sender, _overlap(late, at, next_at))  # the greater one: both may have stood still together
        yield gap
    delays = sorted(at - stream.sent[number] for number, at in arrivals)
    yield stream.sent[last - 1] + delays[len(delays) // 2] - arrivals[-1][1]  # the last ones did not come


def _overlap(spans: list[tuple[int, int]], start: int, stop: int) -> int:
    """How much of the time from `start` to `stop` is in the spans."""
    return sum(max(0, min(span[1], stop) - max(span[0], start)) for span in spans)


def _since(began: int, at: int | None) -> float | None:
    return None if at is None else _milliseconds(at - began)


def _milliseconds(nanoseconds: float) -> float:
    return round(nanoseconds / MILLISECOND, 3)


def _median(delays: Iterable[int]) -> float:
    ordered = sorted(delays)
    return _milliseconds(ordered[len(ordered) // 2]) if ordered else 0.0


def percentile(values: Sequence[float], part: float) -> float:
    """The least value that `part` (0 to 1) of all do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
