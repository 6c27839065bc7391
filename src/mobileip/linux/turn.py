"""How much is read from one descriptor at one wake-up before others get their turn: no signalling waits for packets."""

from collections.abc import Callable

PACKETS_PER_WAKE_UP = 64
TURNS_TO_EMPTY = 32
"""How often it is read at once where nothing is to be left: 2048 packets, four times what our device's queue takes."""
OCTETS_PER_WAKE_UP = 1 << 18
"""A read from our device may be a train of 45 packets: this is about 180 large ones, 2 ms of work."""


def until_nothing_waits(read: Callable[[], bool]) -> None:
    """Reads again as long as `read` says that something was there, but not for ever."""
    for _ in range(TURNS_TO_EMPTY):
        if not read():
            return
