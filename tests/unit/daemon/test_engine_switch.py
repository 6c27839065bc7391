"""What forwards packets, shown and changed while the daemon runs."""

import asyncio

import pytest
from tests.support.fake_machine import FakeAccelerator, NotingEngine

from mobileip.control.schema import EngineView, ErrorView
from mobileip.daemon.engine_switch import EngineSwitch


class Bench:
    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.engine = NotingEngine([])
        self.accelerator = FakeAccelerator([], self.engine)
        self.switch = EngineSwitch(self.engine, self.accelerator, self.events.append)  # type: ignore[arg-type]


async def test_what_was_chosen_is_shown_and_told() -> None:
    bench = Bench()
    view = await bench.switch.choose("ebpf")
    assert view == EngineView(name="ebpf", reason="chosen", choice="ebpf")
    assert bench.switch.view() == view
    assert bench.switch.warnings == []
    assert bench.events == [{"event": "engine_chosen", "choice": "ebpf", "engine": "ebpf", "reason": "chosen"}]
    await bench.switch.choose("ebpf")
    assert len(bench.events) == 1, "nothing has changed"


async def test_an_engine_that_nobody_knows() -> None:
    refused = await Bench().switch.choose("warp")
    assert refused == ErrorView(code="usage", message="there is no engine warp", hint="one of auto, ebpf, userspace")


async def test_an_engine_that_can_not_be_had_is_an_error_and_a_warning() -> None:
    bench = Bench()
    bench.accelerator.is_possible = False
    refused = await bench.switch.choose("ebpf")
    assert isinstance(refused, ErrorView)
    assert (refused.code, refused.message) == ("failed", "no fast path: a test")
    assert bench.switch.warnings == ["engine ebpf was chosen, but packets go through user space: no fast path: a test"]
    assert isinstance(await bench.switch.choose("auto"), EngineView), "whatever there is was asked for"
    assert bench.switch.warnings == []


async def test_a_fast_path_that_was_given_up_is_a_warning_until_someone_chooses() -> None:
    bench = Bench()
    bench.switch.changed("no room")
    assert bench.events == [{"event": "engine_changed", "engine": "userspace", "reason": "no room"}]
    (warning,) = bench.switch.warnings
    assert "no room" in warning
    await bench.switch.choose("auto")
    assert bench.switch.warnings == []


async def test_one_change_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    at_work: list[str] = []
    go_on = asyncio.Event()

    async def slow(choice: str) -> None:
        at_work.append(choice)
        await go_on.wait()

    monkeypatch.setattr(bench.accelerator, "choose", slow)
    changes = [asyncio.create_task(bench.switch.choose(name)) for name in ("ebpf", "userspace")]
    for _ in range(3):
        await asyncio.sleep(0)
    assert at_work == ["ebpf"]
    go_on.set()
    await asyncio.gather(*changes)
    assert at_work == ["ebpf", "userspace"]
