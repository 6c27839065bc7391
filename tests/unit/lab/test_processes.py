"""Processes: noted before they become what they shall be, told from others, ended exactly."""

import os
import signal
from pathlib import Path

import pytest
from tests.support.eventually import eventually

from mobileip.lab import processes
from mobileip.lab.processes import Process


def start(folder: Path, *argv: str, label: str = "x", environment: dict[str, str] | None = None) -> Process:
    notes = folder / "notes"
    notes.mkdir(exist_ok=True)
    return processes.start(list(argv), label=label, notes=notes, log=folder / "log", environment=environment)


def test_a_process_lives_until_it_is_ended(tmp_path: Path) -> None:
    process = start(tmp_path, "sleep", "600")
    assert processes.is_alive(process)
    assert processes.noted(tmp_path / "notes") == [process]
    assert os.getsid(process.pid) != os.getsid(0)
    assert processes.end(process)
    assert not processes.is_alive(process)
    assert processes.end(process), "ending what has ended is harmless"


def test_its_words_reach_it_unchanged_and_its_output_the_log(tmp_path: Path) -> None:
    process = start(tmp_path, "sh", "-c", 'echo "$1|$WORD" >&2', "sh", "two  words; $x", environment={"WORD": "y z"})
    eventually(lambda: not processes.is_alive(process))
    assert (tmp_path / "log").read_text() == "two  words; $x|y z\n"
    assert processes.last_lines(tmp_path / "log") == "two  words; $x|y z"


def test_one_that_does_not_heed_a_signal_lives_on(tmp_path: Path) -> None:
    process = start(tmp_path, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600 & wait; done")
    eventually(lambda: "ready" in (tmp_path / "log").read_text())
    assert not processes.end(process, signal.SIGTERM, wait_seconds=0.05)
    assert processes.end(process, signal.SIGKILL)


def test_another_process_with_the_same_id_is_not_taken_for_it() -> None:
    ourselves = Process(label="x", pid=os.getpid(), started=1)
    assert not processes.is_alive(ourselves)
    assert processes.end(ourselves, signal.SIGKILL), "and is not killed"


def test_ids_are_killed_and_waited_for(tmp_path: Path) -> None:
    first, second = (start(tmp_path, "sleep", "600", label=label) for label in "ab")
    processes.kill_ids([first.pid, second.pid, 2**22 + 1])
    assert not processes.is_alive(first)
    assert not processes.is_alive(second)


def test_a_half_written_note_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("123")
    (tmp_path / "y.new").write_text("123 456")
    assert processes.noted(tmp_path) == []


def test_a_log_that_is_not_there() -> None:
    assert processes.last_lines(Path("/nowhere/log")) == "(no log)"


@pytest.mark.parametrize("argv", [["/nowhere/program"], ["sh", "-c", "exit 3"]])
def test_one_that_ends_at_once_is_noted_and_seen_as_gone(tmp_path: Path, argv: list[str]) -> None:
    process = start(tmp_path, *argv)
    eventually(lambda: not processes.is_alive(process))
