"""One daemon for each run directory; what can go wrong with the directory is one clear line."""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobileip.daemon import lock as module
from mobileip.daemon.config_file import DaemonConfig
from mobileip.daemon.lock import LOCK_NAME, TRIES, DaemonLock, SecondDaemon, run_directory_of
from mobileip.linux.errors import MachineError, PermissionMissing


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time here."""
    taken: list[float] = []
    monkeypatch.setattr(module.time, "sleep", taken.append)
    return taken


class Other:
    """Another process with the lock: a lock belongs to an open file, so a second descriptor will do."""

    def __init__(self, path: Path, text: str = "") -> None:
        self._file = path.open("w")
        self._file.write(text)
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def end(self) -> None:
        self._file.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    holder = Other(tmp_path / LOCK_NAME, "4711\n")
    yield holder
    holder.end()


def test_the_folder_is_made_and_says_who_holds_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "mip"
    lock = DaemonLock(folder)
    assert (folder / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    lock.release()
    assert list(folder.iterdir()) == []


def test_a_released_lock_can_be_released_and_taken_again(tmp_path: Path) -> None:
    lock = DaemonLock(tmp_path)
    lock.release()
    second = DaemonLock(tmp_path)
    lock.release()
    assert (tmp_path / LOCK_NAME).exists(), "the first one no longer has anything to do with it"
    second.release()


def test_what_a_crash_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("123456789\n")
    lock = DaemonLock(tmp_path)
    assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    lock.release()


@pytest.mark.usefixtures("other")
def test_a_second_daemon_is_told_who_the_first_is(tmp_path: Path, pauses: list[float]) -> None:
    with pytest.raises(SecondDaemon) as caught:
        DaemonLock(tmp_path)
    assert str(caught.value) == f"a daemon is running already (process 4711, {tmp_path}/{LOCK_NAME})"
    assert caught.value.hint == "mip stop ends it"
    assert len(pauses) == TRIES - 1
    assert (tmp_path / LOCK_NAME).read_text() == "4711\n"


def test_a_holder_without_a_name(tmp_path: Path, pauses: list[float]) -> None:
    holder = Other(tmp_path / LOCK_NAME)
    with pytest.raises(SecondDaemon, match="process unknown"):
        DaemonLock(tmp_path)
    holder.end()


def test_who_holds_it_for_a_moment_is_waited_for(tmp_path: Path, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda _: other.end())
    DaemonLock(tmp_path).release()


class LostRace:
    """Between our opening the file and our locking it its last holder goes, and takes the file with it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path, times: int, *, again: bool = False) -> None:
        self._path, self.left, self._again = path, times, again
        self._flock = fcntl.flock
        monkeypatch.setattr(module.fcntl, "flock", self)

    def __call__(self, descriptor: int, operation: int) -> None:
        self._flock(descriptor, operation)
        if self.left:
            self.left -= 1
            self._path.unlink()
            if self._again:
                self._path.touch()


@pytest.mark.parametrize("again", [False, True], ids=["it is gone", "another is there"])
def test_a_file_that_was_removed_meanwhile_is_no_lock(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = LostRace(monkeypatch, tmp_path / LOCK_NAME, TRIES - 1, again=again)
    lock = DaemonLock(tmp_path)
    assert race.left == 0
    assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    lock.release()


def test_where_others_come_and_go_without_end_we_give_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LostRace(monkeypatch, tmp_path / LOCK_NAME, TRIES)
    with pytest.raises(SecondDaemon, match="process unknown"):
        DaemonLock(tmp_path)


def test_a_run_directory_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "run"
    file.write_text("mine\n")
    with pytest.raises(MachineError, match=f"can't use the run directory {file}: File exists") as caught:
        DaemonLock(file)
    assert caught.value.hint == "choose another with --run-dir"
    with pytest.raises(MachineError, match="Not a directory"):
        DaemonLock(file / "below")
    assert file.read_text() == "mine\n"


def test_a_run_directory_that_is_not_for_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PermissionMissing, match=f"may not use the run directory {tmp_path}") as caught:
        DaemonLock(tmp_path)
    assert caught.value.hint == "run as root, or choose another with --run-dir"


def test_on_a_full_disk_the_lock_holds_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        lock = DaemonLock(tmp_path)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with pytest.raises(SecondDaemon):
        DaemonLock(tmp_path)
    lock.release()


@pytest.mark.parametrize(
    ("configured", "environment", "chosen"),
    [
        (None, None, "/run/mip"),
        (None, "", "/run/mip"),
        (None, "/run/other", "/run/other"),
        ("/run/mine", "/run/other", "/run/mine"),
    ],
)
def test_which_directory(
    configured: str | None, environment: str | None, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIP_RUN_DIR", raising=False)
    if environment is not None:
        monkeypatch.setenv("MIP_RUN_DIR", environment)
    settings = DaemonConfig(run_dir=Path(configured) if configured else None)
    assert run_directory_of(settings) == Path(chosen)
