"""`mipd` from its first line to its last: refusals with their exit codes, and every way to end."""

import argparse
import logging
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mobileip.control.schema import ErrorView
from mobileip.daemon import main as module
from mobileip.daemon.config_file import Configuration, DaemonConfig
from mobileip.daemon.lock import LOCK_NAME
from mobileip.daemon.main import main, run_directory
from mobileip.daemon.service import End
from mobileip.linux.errors import MachineError, PermissionMissing, PortOccupied

GOOD = '[foreign_agent]\nlinks = ["eth1"]\ncare_of_address = "192.0.2.1"\n'

Captured = pytest.CaptureFixture[str]


class FakeService:
    """A service that does at once what a test planned, instead of serving."""

    refusal: Exception | None = None
    at_start: Callable[["FakeService"], None] = staticmethod(lambda _: None)
    while_stopping: Callable[["FakeService"], None] = staticmethod(lambda _: None)
    lives: list["FakeService"]

    def __init__(self, configuration: Configuration, run_directory: Path, on_end: Callable[[End], Any]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.configuration, self.run_directory, self.end = configuration, run_directory, on_end
        self.stopped: list[End] = []
        self.lives.append(self)

    async def start(self) -> None:
        assert (self.run_directory / LOCK_NAME).exists()
        self.at_start(self)

    async def stop(self, end: End) -> None:
        assert (self.run_directory / LOCK_NAME).exists()
        self.stopped.append(end)
        self.while_stopping(self)

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(verdict="all is well")


class Stage:
    """A machine that lacks nothing, a configuration that is good, and notes of what `mipd` did besides."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.patch = patch
        self.file = folder / "mipd.toml"
        self.file.write_text(GOOD)
        self.run_dir = folder / "run"
        self.notes: list[str] = []
        self.frozen: list[int] = []
        """How many services there were each time that what is there was taken from the collector."""
        self.swept: list[tuple[str, Path, str]] = []
        self.service = type("Service", (FakeService,), {"lives": []})
        patch.setattr(module, "Service", self.service)
        patch.setattr(module, "missing_capabilities", list)
        patch.setattr(module, "has_tun", lambda: True)
        patch.setattr(module, "notify", lambda *lines: self.notes.extend(lines))
        patch.setattr(module.gc, "freeze", lambda: self.frozen.append(len(self.service.lives)))
        patch.setattr(module.sweep, "start", lambda *what: self.swept.append(("later", *what)))
        patch.setattr(module.sweep, "remove_all", self._remove_all)

    async def _remove_all(self, directory: Path, device: str) -> None:
        self.swept.append(("now", directory, device))

    def plan(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self.service, name, staticmethod(value) if callable(value) else value)

    def run(self, *words: str) -> int:
        return main(["--config", str(self.file), "--run-dir", str(self.run_dir), *words])

    @property
    def stopped(self) -> list[End]:
        (life,) = self.service.lives
        return life.stopped


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    yield Stage(monkeypatch, tmp_path)
    module.log.LOGGER.handlers = []
    module.log.LOGGER.propagate = True
    module.log.LOGGER.setLevel(logging.NOTSET)


# -- before anything runs


def test_every_error_of_the_configuration_has_a_line(stage: Stage, capsys: Captured) -> None:
    stage.file.write_text("[foreign_agent]\nlinks = []\nx = 1\n")
    assert stage.run() == 7
    lines = capsys.readouterr().err.splitlines()
    start = f"mipd: {stage.file}: foreign_agent."
    assert [line.removeprefix(start).partition(":")[0] for line in lines] == ["links", "care_of_address", "x"]
    assert not stage.run_dir.exists()


def test_a_file_that_is_not_there_is_named_once(stage: Stage, capsys: Captured) -> None:
    stage.file.unlink()
    assert stage.run() == 7
    assert capsys.readouterr().err == f"mipd: {stage.file}: can't be read: No such file or directory\n"


def test_a_configuration_can_be_checked_and_nothing_else(stage: Stage, capsys: Captured) -> None:
    assert stage.run("--check") == 0
    assert capsys.readouterr().out == f"{stage.file}: good (foreign_agent)\n"
    assert not stage.run_dir.exists()


@pytest.mark.parametrize("words", [[], ["--config"], ["--config", "x", "more"], ["--confg", "x"]])
def test_usage(words: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mipd")


def test_the_version(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"mipd {version('mobileip')}\n"


def test_capabilities_that_are_missing(stage: Stage, capsys: Captured) -> None:
    stage.patch.setattr(module, "missing_capabilities", lambda: ["CAP_NET_ADMIN", "CAP_NET_RAW"])
    assert stage.run() == 6
    assert capsys.readouterr().err == (
        "mipd: missing: CAP_NET_ADMIN, CAP_NET_RAW (run as root or give the service these capabilities)\n"
    )
    assert not stage.run_dir.exists()


def test_no_tun_device(stage: Stage, capsys: Captured) -> None:
    stage.patch.setattr(module, "has_tun", lambda: False)
    assert stage.run() == 1
    assert "no TUN device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("refusal", "code", "line"),
    [
        (
            PortOccupied("UDP port 434 is in use", "stop the other"),
            1,
            "mipd: UDP port 434 is in use (stop the other)\n",
        ),
        (MachineError("no luck"), 1, "mipd: no luck\n"),
        (PermissionMissing("not for you"), 6, "mipd: not for you\n"),
    ],
)
def test_what_the_machine_refuses(refusal: Exception, code: int, line: str, stage: Stage, capsys: Captured) -> None:
    stage.plan(refusal=refusal)
    assert stage.run() == code
    assert capsys.readouterr().err == line
    assert list(stage.run_dir.iterdir()) == []


def test_a_run_directory_that_is_a_file(stage: Stage, capsys: Captured) -> None:
    stage.run_dir.touch()
    assert stage.run() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mipd: can't use the run directory {stage.run_dir}: File exists")


def test_a_run_directory_that_is_not_for_us(stage: Stage, capsys: Captured) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    stage.patch.setattr(Path, "mkdir", refuse)
    assert stage.run() == 6
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mipd: may not use the run directory {stage.run_dir}")


@pytest.mark.parametrize(
    ("option", "configured", "chosen"),
    [("/a", "/b", "/a"), (None, "/b", "/b"), (None, None, "/c")],
)
def test_which_run_directory(
    option: str | None, configured: str | None, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIP_RUN_DIR", "/c")
    settings = DaemonConfig(run_dir=Path(configured) if configured else None)
    words = argparse.Namespace(run_dir=Path(option) if option else None)
    assert run_directory(words, Configuration(daemon=settings)) == Path(chosen)


# -- ends


def test_an_operator_says_stop(stage: Stage, capsys: Captured) -> None:
    stage.plan(at_start=lambda service: service.end(End.REMOVE))
    assert stage.run() == 0
    assert stage.stopped == [End.REMOVE]
    assert (stage.swept, list(stage.run_dir.iterdir())) == ([], [])
    assert stage.notes == ["READY=1", "STATUS=all is well", "STOPPING=1"]
    log = capsys.readouterr().err.splitlines()
    assert log[0].endswith(f"event=started roles=foreign_agent run_dir={stage.run_dir}")
    assert log[1].endswith("event=ended how=remove")


@pytest.mark.parametrize(("number", "how"), [(signal.SIGINT, End.REMOVE), (signal.SIGTERM, End.LEAVE)])
def test_signals(number: int, how: End, stage: Stage) -> None:
    stage.plan(at_start=lambda _: os.kill(os.getpid(), number))
    assert stage.run() == 0
    assert stage.stopped == [how]
    assert stage.swept == ([("later", stage.run_dir, "mip0")] if how is End.LEAVE else [])
    assert list(stage.run_dir.iterdir()) == []


def test_the_collector_does_not_look_again_at_what_is_there_when_the_service_runs(stage: Stage) -> None:
    stage.plan(at_start=lambda service: service.end(End.REMOVE))
    assert stage.run() == 0
    assert stage.frozen == [1]


def test_a_second_signal_while_we_end_leaves_nothing(stage: Stage) -> None:
    stage.plan(
        at_start=lambda service: service.end(End.LEAVE),
        while_stopping=lambda service: service.end(End.LEAVE),
    )
    assert stage.run() == 0
    assert stage.stopped == [End.LEAVE]
    assert stage.swept == [("now", stage.run_dir, "mip0")]


def test_a_second_signal_changes_nothing_where_all_is_removed_anyway(stage: Stage) -> None:
    stage.plan(
        at_start=lambda service: service.end(End.REMOVE),
        while_stopping=lambda service: service.end(End.LEAVE),
    )
    assert stage.run() == 0
    assert stage.swept == []


class Replaced(Exception):
    """The process is another program now."""


def test_a_restart_is_the_same_command_again(stage: Stage) -> None:
    def execv(path: str, words: list[str]) -> None:
        raise Replaced(path, *words)

    stage.patch.setattr(os, "execv", execv)
    stage.plan(at_start=lambda service: service.end(End.RESTART))
    with pytest.raises(Replaced) as caught:
        stage.run("-v")
    words = ["-m", "mobileip.daemon.main", "--config", str(stage.file), "--run-dir", str(stage.run_dir), "-v"]
    assert list(caught.value.args) == [sys.executable, sys.executable, *words]
    assert stage.stopped == [End.RESTART]
    assert stage.swept == [("later", stage.run_dir, "mip0")]
    assert list(stage.run_dir.iterdir()) == []


def test_no_restart_with_a_configuration_that_would_be_refused(stage: Stage) -> None:
    answers: list[ErrorView | None] = []

    def spoil(service: FakeService) -> None:
        stage.file.write_text("[foreign_agent]\nlinks = []\nx = 1\n")
        answers.append(service.end(End.RESTART))
        answers.append(service.end(End.REMOVE))

    stage.plan(at_start=spoil)
    assert stage.run() == 0
    assert stage.stopped == [End.REMOVE]
    refusal, done = answers
    assert done is None
    assert refusal is not None
    assert (refusal.code, refusal.hint) == ("configuration", "mended? once more")
    assert refusal.message.startswith(f"{stage.file}: foreign_agent.links: [] is wrong")
    assert refusal.message.endswith("; foreign_agent.x: unknown key")


def test_the_lock_is_given_up_when_the_start_fails(stage: Stage, capsys: Captured) -> None:
    def fail(_: FakeService) -> None:
        raise MachineError("can't start", "nothing was left behind")

    stage.plan(at_start=fail)
    assert stage.run() == 1
    assert capsys.readouterr().err == "mipd: can't start (nothing was left behind)\n"
    assert (stage.notes, list(stage.run_dir.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("words", "settings", "level"),
    [([], "", logging.INFO), (["-v"], "", logging.DEBUG), ([], '[daemon]\nlog_level = "error"\n', logging.ERROR)],
)
def test_how_much_is_logged(words: list[str], settings: str, level: int, stage: Stage) -> None:
    levels: list[int] = []

    def look(service: FakeService) -> None:
        levels.append(module.log.LOGGER.level)
        service.end(End.REMOVE)

    stage.file.write_text(GOOD + settings)
    stage.plan(at_start=look)
    assert stage.run(*words) == 0
    assert levels == [level]


def test_it_is_a_program(stage: Stage, capsys: Captured) -> None:
    stage.patch.setattr(sys, "argv", ["mipd", "--config", str(stage.file), "--check"])
    stage.patch.delitem(sys.modules, "mobileip.daemon.main")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.daemon.main", run_name="__main__")
    assert ended.value.code == 0
    assert "good (foreign_agent)" in capsys.readouterr().out
