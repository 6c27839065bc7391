"""What a home agent remembers is kept through kills, full disks, damaged files and other versions."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from mobileip.agents.memory import MobileNodeRecord, Moment, Remembered
from mobileip.agents.outputs import Forget, Remember
from mobileip.daemon import store as module
from mobileip.daemon.config_file import DEFAULT_RUN_DIRECTORY, DaemonConfig
from mobileip.daemon.store import FILE_NAME, MARK_NAME, RETRY_SECONDS, Store, state_directory
from mobileip.daemon.store_file import StoreFile

AT = Moment(12.5, 1 << 63)


def record(number: int, latest: int = 1) -> MobileNodeRecord:
    return MobileNodeRecord(number, None, number, 1, latest, None, (), (), None, None, ())


class Machine:
    """One folder; daemons come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.boot_id = "first"
        self.now = 0.0
        self.told: list[str | None] = []
        self.store = self.another()

    def another(self) -> Store:
        return Store(self.folder, self.told.append, boot_id=lambda: self.boot_id, now=lambda: self.now)

    def put(self, *records: MobileNodeRecord) -> None:
        self.store.write([Remember(each, AT) for each in records])

    def kill(self) -> None:
        """The files as the killed process leaves them are the next one's."""
        left = {entry.name: entry.read_bytes() for entry in self.folder.iterdir()}
        if self.store._file is not None:
            self.store._file.close()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for name, octets in left.items():
            (self.folder / name).write_bytes(octets)
        self.store = self.another()

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.folder.iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "state")


def test_at_the_first_start_nothing_is_remembered_and_nothing_is_missing(machine: Machine) -> None:
    assert machine.store.remembered() == Remembered()
    assert machine.store.troubles == []
    machine.store.close()
    machine.store.close()
    assert machine.told == []


def test_what_was_written_survives_a_kill(machine: Machine) -> None:
    machine.store.remembered()
    machine.put(record(1), record(2))
    machine.put(record(1, latest=2))
    machine.store.write([Forget(2)])
    machine.kill()
    assert machine.store.remembered() == Remembered(records=(record(1, latest=2),), at=AT)
    machine.store.close()


def test_another_boot_is_told(machine: Machine) -> None:
    machine.store.remembered()
    machine.put(record(1))
    machine.store.close()
    machine.boot_id = "second"
    machine.store = machine.another()
    assert machine.store.remembered() == Remembered(records=(record(1),), at=AT, is_same_boot=False)
    machine.put(record(1, latest=2))
    assert machine.store.remembered().is_same_boot  # a new configuration of the same daemon
    machine.store.close()


def test_a_kill_before_the_first_record_loses_nothing(machine: Machine) -> None:
    machine.store.remembered()
    machine.kill()
    assert machine.store.remembered() == Remembered()
    machine.store.close()


# -- files that can't be read


@pytest.mark.parametrize("octets", [b"x" * 10_000, b"SQLite format 3\0" + bytes(4096)])
def test_a_damaged_file_is_kept_aside_and_said_once_with_what_follows(machine: Machine, octets: bytes) -> None:
    machine.folder.mkdir()
    (machine.folder / FILE_NAME).write_bytes(octets)
    (machine.folder / f"{FILE_NAME}.aside-1").write_bytes(b"an older one")
    assert machine.store.remembered() == Remembered(is_complete=False)
    (text,) = machine.told
    assert text is not None
    assert "can't be read" in text
    assert f"kept as {FILE_NAME}.aside-2" in text
    assert machine.store.troubles == [text]
    assert (machine.folder / f"{FILE_NAME}.aside-2").read_bytes() == octets
    assert (machine.folder / f"{FILE_NAME}.aside-1").read_bytes() == b"an older one"
    machine.put(record(1))
    machine.kill()
    assert machine.store.remembered() == Remembered(records=(record(1),), at=AT)
    machine.store.close()


def test_another_version_is_kept_aside_with_its_log(machine: Machine) -> None:
    machine.folder.mkdir()
    connection = sqlite3.connect(machine.folder / FILE_NAME)
    connection.executescript("PRAGMA user_version = 2; CREATE TABLE a (b)")
    connection.close()
    (machine.folder / f"{FILE_NAME}-wal").touch()
    assert not machine.store.remembered().is_complete
    assert "it is of version 2, ours is 1" in machine.store.troubles[0]
    assert f"{FILE_NAME}.aside-1" in machine.names()
    machine.store.close()


def test_a_file_that_shows_its_damage_when_it_is_read_is_kept_aside_too(machine: Machine) -> None:
    machine.store.remembered()
    machine.put(record(1))
    machine.store.close()
    connection = sqlite3.connect(machine.folder / FILE_NAME)
    connection.execute("DROP TABLE journal")
    connection.close()
    machine.store = machine.another()
    assert machine.store.remembered() == Remembered(is_complete=False)
    assert f"{FILE_NAME}.aside-1" in machine.names()
    machine.store.close()


def test_damaged_rows_are_said_and_make_the_next_life_careful(machine: Machine) -> None:
    machine.store.remembered()
    machine.put(record(1))
    machine.store.close()
    connection = sqlite3.connect(machine.folder / FILE_NAME)
    connection.execute("INSERT INTO by_address VALUES (7, x'00')")
    connection.commit()
    connection.close()
    machine.store = machine.another()
    remembered = machine.store.remembered()
    assert (remembered.records, remembered.is_complete) == ((record(1),), False)
    assert "1 rows are damaged" in machine.store.troubles[0]
    assert machine.store.remembered().is_complete, "what is asked for again is what was said meanwhile"
    assert len(machine.store.troubles) == 1
    machine.store.close()


# -- files that can't be written


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While it is [True] no transaction succeeds."""
    state = [True]
    write = StoreFile.write

    def refusing(self: StoreFile, *arguments: object) -> None:
        if state[0]:
            raise sqlite3.OperationalError("database or disk is full")
        write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(StoreFile, "write", refusing)
    return state


def test_what_can_not_be_written_waits_is_said_once_and_is_written_later(machine: Machine, full: list[bool]) -> None:
    machine.store.remembered()
    machine.put(record(1), record(2))
    machine.put(record(1, latest=2))
    machine.store.write([Forget(2)])
    (text,) = machine.told
    assert text is not None
    assert "database or disk is full" in text
    assert "make room" in text
    machine.now += RETRY_SECONDS
    machine.put(record(3))
    assert machine.store.failures == 2
    assert "3 records wait in memory, 2 attempts failed" in machine.store.troubles[0]
    assert MARK_NAME not in machine.names()
    full[0] = False
    machine.put(record(4))  # too early to try again
    assert machine.store.troubles
    machine.now += RETRY_SECONDS
    machine.put(record(5))
    assert machine.told == [text, None]
    assert machine.store.troubles == []
    assert MARK_NAME in machine.names()
    machine.kill()
    assert machine.store.remembered().records == tuple(record(n, latest=2 if n == 1 else 1) for n in (1, 3, 4, 5))
    machine.store.close()


def test_a_new_configuration_gets_what_waits_too(machine: Machine, full: list[bool]) -> None:
    machine.store.remembered()
    full[0] = False
    machine.put(record(1), record(2))
    full[0] = True
    machine.store.write([Remember(record(1, latest=2), AT), Forget(2), Remember(record(3), AT)])
    remembered = machine.store.remembered()
    assert set(remembered.records) == {record(1, latest=2), record(3)}
    assert remembered.is_complete
    machine.store.close()


def test_a_kill_meanwhile_makes_the_next_life_careful(machine: Machine, full: list[bool]) -> None:
    machine.store.remembered()
    machine.put(record(1))
    machine.kill()
    assert machine.store.remembered() == Remembered(is_complete=False)
    full[0] = False
    machine.put(record(2))
    machine.kill()
    assert machine.store.remembered().is_complete
    machine.store.close()


def test_the_end_writes_what_waits(machine: Machine, full: list[bool]) -> None:
    machine.store.remembered()
    machine.put(record(1))
    full[0] = False
    machine.store.close()
    machine.store = machine.another()
    assert machine.store.remembered().records == (record(1),)
    machine.store.close()


def test_a_folder_that_can_not_be_used_ends_nothing(machine: Machine) -> None:
    machine.folder.touch()  # it is a file
    assert machine.store.remembered() == Remembered()
    machine.put(record(1))
    assert "can't be written" in machine.store.troubles[0]
    machine.folder.unlink()
    machine.now += RETRY_SECONDS
    machine.put(record(2))
    assert machine.store.troubles == []
    machine.store.close()
    machine.store = machine.another()
    assert machine.store.remembered().records == (record(1), record(2))
    machine.store.close()


def test_a_file_that_another_daemon_holds_is_left_alone(machine: Machine) -> None:
    machine.store.remembered()
    machine.put(record(1))
    second = machine.another()
    assert second.remembered().records == ()
    second.write([Remember(record(2), AT)])
    assert "locked" in second.troubles[0]
    machine.store.close()
    second.close()
    machine.store = machine.another()
    assert machine.store.remembered().records == (record(1), record(2))
    machine.store.close()


# -- where it is


def test_the_folder_is_the_configured_one_or_that_of_another_run_directory(tmp_path: Path) -> None:
    assert state_directory(DaemonConfig(state_dir=Path("/some/where")), tmp_path) == Path("/some/where")
    assert state_directory(DaemonConfig(), tmp_path) == tmp_path


def test_the_default_daemon_has_a_lasting_folder_where_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = tmp_path / "mip"
    monkeypatch.setattr(module, "DEFAULT_STATE_DIRECTORY", lasting)
    assert state_directory(DaemonConfig(), DEFAULT_RUN_DIRECTORY) == lasting
    assert not lasting.exists(), "asking makes nothing"
    lasting.mkdir()
    assert state_directory(DaemonConfig(), DEFAULT_RUN_DIRECTORY) == lasting
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert state_directory(DaemonConfig(), DEFAULT_RUN_DIRECTORY) == DEFAULT_RUN_DIRECTORY
