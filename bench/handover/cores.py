"""On which cores the equipment runs: wire and correspondent on some, the mobile node's streams on the others; the ends
of a tunnel, which are what is measured, run where the kernel likes.

It balances cores by priorities, of which the wire has the highest: left to itself it puts both streams and more for
tenths of a second on one core, while the wire leaves half of its own idle.
"""

import contextlib
import os
from collections.abc import Iterator
from enum import Enum


class Side(Enum):
    EQUIPMENT = 0
    NODE = 1


@contextlib.contextmanager
def kept_to(side: Side) -> Iterator[None]:
    """What is started meanwhile keeps to that side's cores."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, of(side, allowed))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def keep(pid: int, side: Side) -> None:
    """A process that runs already keeps to that side's cores from now on."""
    os.sched_setaffinity(pid, of(side, os.sched_getaffinity(0)))


def of(side: Side, allowed: set[int]) -> set[int]:
    """Every second core; where there is one alone, it is both sides'."""
    return set(sorted(allowed)[side.value :: 2]) or allowed
