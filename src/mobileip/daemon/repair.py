"""Puts back what others changed or removed of ours: one repair at a time, none of their changes overlooked."""

import asyncio
from collections.abc import Callable

from mobileip.dataplane.engine import Engine, Repair
from mobileip.linux import clock

SHORTEST_PAUSE_SECONDS, REFUSED_PAUSE_SECONDS = 0.1, 1.0
"""Before the next repair of its own accord: after one that held something back (see `dataplane.fight`), after none."""


class Repairer:
    """Runs in a task of its own from the first `wake` until `stop`."""

    def __init__(self, engine: Engine, on_repair: Callable[[Repair], None], on_trouble: Callable[[str], None]) -> None:
        """`on_repair`: what was done. `on_trouble`: why nothing could be done; it is tried again."""
        self._engine = engine
        self._on_repair = on_repair
        self._on_trouble = on_trouble
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something of ours was changed: compare and repair, also what is changed while a repair is going on."""
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        pause: float | None = None
        while True:
            await self._wait(pause)
            self._changed.clear()  # before the look: what changes from here on is looked at again
            pause = await self._repair()

    async def _wait(self, pause: float | None) -> None:
        """Until the next change; at most `pause` seconds."""
        try:
            async with asyncio.timeout(pause):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _repair(self) -> float | None:
        """One round; seconds until the next one of its own accord, None = none is due."""
        try:
            repair = await self._engine.repair(clock.now().boot)
        except OSError as error:  # the kernel would not tell what is there
            self._on_trouble(f"compare with the kernel's tables: {error}")
            return REFUSED_PAUSE_SECONDS
        self._on_repair(repair)
        if repair.again_at is None:
            return None
        return max(SHORTEST_PAUSE_SECONDS, repair.again_at - clock.now().boot)
