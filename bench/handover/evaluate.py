"""What a handover cost a stream in one direction: pure, from the times at both ends (ns of one clock)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec

MILLISECOND = 1e6


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one handover, from one moment to another."""

    sent: int
    lost: int
    duplicates: int
    latest_duplicate_ms: float
    """After the change; 0: none."""
    reordered: int
    """That came after one with a greater number."""
    silence_ms: float
    """The longest time between two arrivals."""
    first_ms: float | None
    """From the beginning of the window to the first packet that was sent after it, and came."""
    delay_ms: float
    """Median, one way."""


def cost(
    sent: Sequence[int], received: Sequence[tuple[int, int]], begin: int, end: int, changed: int | None = None
) -> Cost:
    """`sent`: when each number left; `received`: numbers and when they came, in that order. What was sent in
    [begin, end) counts; `changed`: when the way was another one (default: at the beginning)."""
    first, last = bisect_left(sent, begin), bisect_left(sent, end)
    mine = [(number, at) for number, at in received if first <= number < last]
    times = Counter(number for number, _ in mine)
    seen: set[int] = set()
    late, greatest, reordered = 0.0, -1, 0
    for number, at in mine:
        if number in seen:
            late = max(late, (at - (changed if changed is not None else begin)) / MILLISECOND)
            continue
        seen.add(number)
        reordered += number < greatest
        greatest = max(greatest, number)
    arrivals = sorted(at for _, at in mine)
    gaps = [b - a for a, b in pairwise(arrivals)]
    delays = sorted(at - sent[number] for number, at in mine)
    return Cost(
        sent=last - first,
        lost=last - first - len(times),
        duplicates=len(mine) - len(times),
        latest_duplicate_ms=round(late, 3),
        reordered=reordered,
        silence_ms=round(max(gaps, default=end - begin) / MILLISECOND, 3),
        first_ms=round((arrivals[0] - begin) / MILLISECOND, 3) if arrivals else None,
        delay_ms=round(delays[len(delays) // 2] / MILLISECOND, 3) if delays else 0.0,
    )


def percentile(values: Sequence[float], part: float) -> float:
    """The least value that `part` (0 to 1) of all do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
