"""The event feed: a ring of what happened lately, and whoever listens to what comes."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

RING = 1000
"""Events kept for those who come later (`Last-Event-ID`, bug reports)."""
WAITING = 1000
"""Events that a slow listener may be behind before it loses some."""

Event = tuple[int, bytes]
"""Its number (from 1) and its JSON."""


class Feed:
    def __init__(self) -> None:
        self._ring: deque[Event] = deque(maxlen=RING)
        self._listeners: set[asyncio.Queue[Event]] = set()
        self._number = 0

    def publish(self, encode: Callable[[int], bytes]) -> int:
        """`encode` makes the JSON from the event's number, which is returned."""
        self._number += 1
        event = (self._number, encode(self._number))
        self._ring.append(event)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()  # the oldest goes; its reader sees the gap in the numbers
            queue.put_nowait(event)
        return self._number

    @contextmanager
    def listen(self, after: int | None) -> Iterator[asyncio.Queue[Event]]:
        """A queue of the events with numbers above `after` (None: only new ones), fed as long as the context lasts."""
        queue: asyncio.Queue[Event] = asyncio.Queue(WAITING)
        if after is not None:
            for event in self._ring:
                if event[0] > after:
                    queue.put_nowait(event)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
