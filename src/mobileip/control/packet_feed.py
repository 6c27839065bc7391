"""Packets for those who listen. Nothing is kept for later, and while nobody listens nothing is done for it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAITING = 1000
"""Packets that a slow listener may be behind before it loses some."""


class Packets:
    """What one listener has not had yet."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._some = asyncio.Event()

    def put(self, packet: bytes) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(packet)
        else:
            self._lost += 1
        self._some.set()

    def lose(self, number: int) -> None:
        """Packets that nobody could keep."""
        self._lost += number
        self._some.set()

    async def take(self) -> tuple[list[bytes], int]:
        """All that wait, and how many were lost behind them; waits for the first."""
        await self._some.wait()
        taken, lost = list(self._waiting), self._lost
        self._waiting.clear()
        self._lost = 0
        self._some.clear()
        return taken, lost


class PacketFeed:
    """`on_wanted` hears whether anybody listens, at each change."""

    def __init__(self, on_wanted: Callable[[bool], None] = lambda _: None) -> None:
        self._on_wanted = on_wanted
        self._listeners: set[Packets] = set()

    def publish(self, packet: bytes) -> None:
        """The JSON of one."""
        for listener in self._listeners:
            listener.put(packet)

    def lose(self, number: int) -> None:
        for listener in self._listeners:
            listener.lose(number)

    @contextmanager
    def listen(self) -> Iterator[Packets]:
        listener = Packets()
        self._listeners.add(listener)
        try:
            if len(self._listeners) == 1:
                self._on_wanted(True)
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._on_wanted(False)
