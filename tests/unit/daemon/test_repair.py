"""Repairs: one at a time, nothing overlooked, and again when it is time or when the kernel would not tell."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mobileip.daemon import repair
from mobileip.daemon.repair import Repairer
from mobileip.dataplane.engine import Repair


class Engine:
    """Gives the answers one after the other, then empty ones; an exception is raised."""

    def __init__(self, *answers: Repair | OSError) -> None:
        self.answers = list(answers)
        self.looks = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def repair(self, _: float) -> Repair:
        self.looks += 1
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else Repair()
        if isinstance(answer, OSError):
            raise answer
        return answer


class Heard:
    def __init__(self) -> None:
        self.repairs: list[Repair] = []
        self.troubles: list[str] = []

    def repairer(self, engine: Engine) -> Repairer:
        return Repairer(engine, self.repairs.append, self.troubles.append)  # type: ignore[arg-type]  # no whole engine


async def turns() -> None:
    """Lets everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@contextmanager
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(repair, "SHORTEST_PAUSE_SECONDS", 0.0)
        patch.setattr(repair, "REFUSED_PAUSE_SECONDS", 0.0)
        yield


async def test_nothing_runs_before_it_is_woken() -> None:
    heard = Heard()
    await heard.repairer(Engine()).stop()
    assert heard.repairs == []


async def test_each_wake_is_one_look() -> None:
    engine, heard = Engine(Repair(restored=3)), Heard()
    repairer = heard.repairer(engine)
    repairer.wake()
    await turns()
    assert heard.repairs == [Repair(restored=3)]
    repairer.wake()
    await turns()
    assert engine.looks == 2
    await repairer.stop()


async def test_what_changes_while_a_repair_goes_on_is_looked_at_again() -> None:
    engine, heard = Engine(), Heard()
    engine.gate.clear()
    repairer = heard.repairer(engine)
    repairer.wake()
    await turns()
    for _ in range(3):
        repairer.wake()
    await turns()
    assert engine.looks == 1, "one repair at a time"
    engine.gate.set()
    await turns()
    assert engine.looks == 2, "and one more for all that came meanwhile"
    await repairer.stop()


async def test_a_wake_during_the_pause_of_a_fight_is_heard() -> None:
    engine, heard = Engine(Repair(again_at=float("inf"))), Heard()
    repairer = heard.repairer(engine)
    repairer.wake()
    await turns()
    assert engine.looks == 1
    repairer.wake()
    await turns()
    assert engine.looks == 2
    await repairer.stop()


async def test_what_is_held_back_is_tried_again_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, heard = Engine(Repair(again_at=0.0)), Heard()
    repairer = heard.repairer(engine)
    with no_pauses(monkeypatch):
        repairer.wake()
        async with asyncio.timeout(10):
            while engine.looks < 2:
                await asyncio.sleep(0)
    await repairer.stop()


async def test_a_kernel_that_would_not_tell_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, heard = Engine(OSError(105, "No buffer space available"), Repair(restored=1)), Heard()
    repairer = heard.repairer(engine)
    with no_pauses(monkeypatch):
        repairer.wake()
        async with asyncio.timeout(10):
            while not heard.repairs:
                await asyncio.sleep(0)
    assert heard.troubles == ["compare with the kernel's tables: [Errno 105] No buffer space available"]
    await repairer.stop()
