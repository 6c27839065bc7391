"""Where the two ends of a stream run, and those of a tunnel. The scheduler would move them about, and both halves of a
pair with them; of two cores it has been seen to give one to both ends of a tunnel for seconds.
"""

import os


def sender_core() -> int:
    return _core(0)


def receiver_core() -> int:
    """Another one where there are two."""
    return _core(1)


def _core(number: int) -> int:
    cores = sorted(os.sched_getaffinity(0))
    return cores[number % len(cores)]


def tunnel_core(*, takes_in: bool) -> int:
    """For the end of a tunnel that takes packets in, away from their sender: it has most to do. For the other end, the
    other core."""
    return receiver_core() if takes_in else sender_core()
