"""Where the two ends of a stream run. The scheduler would move them about, and both halves of a pair with it."""

import os


def sender_core() -> int:
    return _core(0)


def receiver_core() -> int:
    """Another one where there are two."""
    return _core(1)


def _core(number: int) -> int:
    cores = sorted(os.sched_getaffinity(0))
    return cores[number % len(cores)]
