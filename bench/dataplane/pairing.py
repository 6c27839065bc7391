"""Two halves of a pair, measured in turn: what drifts with the machine's load drifts in both.

Each run begins with the half that the run before ended with, so that none is always the one after a change.
"""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Result(msgspec.Struct, frozen=True):
    """Medians of some paired runs. `ratio` is the median of the runs' own ratios to their baseline, `spread` the least
    and the greatest of these."""

    name: str
    value: float
    unit: str
    baseline: float
    ratio: float
    runs: int
    spread: tuple[float, float]
    machine: str


def alternate(baseline: Callable[[], T], measured: Callable[[], T], run: int) -> tuple[T, T]:
    """One run: what each half came to, as (measured, baseline)."""
    if run % 2:
        found = measured()
        return found, baseline()
    before = baseline()
    return measured(), before


def summarize(name: str, unit: str, pairs: Sequence[tuple[float, float]]) -> Result:
    """`pairs`: of each run (measured, baseline)."""
    ratios = sorted(measured / baseline for measured, baseline in pairs)
    return Result(
        name=name,
        value=_rounded(statistics.median(measured for measured, _ in pairs)),
        unit=unit,
        baseline=_rounded(statistics.median(baseline for _, baseline in pairs)),
        ratio=round(statistics.median(ratios), 4),
        runs=len(pairs),
        spread=(round(ratios[0], 4), round(ratios[-1], 4)),
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    )


def _rounded(value: float) -> float:
    """Four digits; a count of packets needs no fraction."""
    return float(f"{value:.4g}") if value < 1000 else round(value)
