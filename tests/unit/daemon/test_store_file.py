"""The file of a home agent's memory: what is written is read, whatever ended the writer."""

import shutil
import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest

from mobileip.agents.memory import HomeAgentRecord, MobileNodeRecord, Moment
from mobileip.daemon import store_file as module
from mobileip.daemon.store_file import StoreFile, Unreadable

FIRST = 0x0A010001
AT = Moment(12.5, 1 << 63)
BOOT = "a-boot"
GENERAL = HomeAgentRecord(("eth0",), None)


def record(number: int, latest: int = 1, refused: tuple[tuple[int, int], ...] = ()) -> MobileNodeRecord:
    name = number + FIRST
    return MobileNodeRecord(name, None, name, 1, latest, None, refused, (), None, None, ())


def named(nai: str) -> MobileNodeRecord:
    return MobileNodeRecord(nai, nai, 0, 1, 1, None, (), (), None, None, ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home_agent.db"


def killed(path: Path) -> Path:
    """The files as they are when the process that holds them is killed now."""
    copy = path.with_name("killed.db")
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
    return copy


def found(path: Path) -> list[object]:
    file = StoreFile(path)
    contents = file.read()
    file.close()
    assert contents.damaged == 0
    return sorted(contents.records.values(), key=lambda each: str(each.name))


def test_a_new_file_is_empty_and_nobody_elses_to_read(path: Path) -> None:
    file = StoreFile(path)
    assert file.read() == module.Contents()
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_written_is_there_for_the_next_process_however_this_one_ended(path: Path) -> None:
    file = StoreFile(path)
    file.write([record(1), named("a@example.net"), GENERAL], AT, BOOT)
    file.write([record(1, latest=2), record(2), "a@example.net"], Moment(13.0, 7), BOOT)
    after_kill = StoreFile(killed(path))
    contents = after_kill.read()
    assert contents.records == {record(1).name: record(1, latest=2), record(2).name: record(2), "": GENERAL}
    assert (contents.at, contents.boot_id) == (Moment(13.0, 7), BOOT)
    after_kill.close()
    file.close()
    assert found(path) == [GENERAL, record(1, latest=2), record(2)]
    assert file._connection is not None


def test_a_record_that_is_forgotten_stays_away_after_a_clean_end_too(path: Path) -> None:
    file = StoreFile(path)
    file.write([record(1), named("a@example.net")], AT, BOOT)
    file.close()
    file = StoreFile(path)
    assert len(file.read().records) == 2
    file.write([record(1).name, "a@example.net"], None, BOOT)
    assert found(killed(path)) == []
    file.close()
    assert found(path) == []


def test_the_journal_is_taken_over_bit_by_bit_and_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOURNAL_ENTRIES", 500)
    monkeypatch.setattr(module, "ROW_ENTRIES", 64)
    file = StoreFile(path)
    latest: dict[int | str, object] = {}
    longest = 0
    for turn in range(60):
        batch = [record((turn * 37 + n) % 300, latest=turn) for n in range(50)]
        batch += [named(f"{turn % 7}@example.net")] if turn % 2 else []
        gone: list[int | str] = [batch[3].name] if turn % 5 == 0 else []
        file.write([*batch, *gone], AT, BOOT)
        latest.update({each.name: each for each in batch})
        for name in gone:
            latest.pop(name, None)
        longest = max(longest, _journal_rows(file))
        if turn % 10 == 0:
            assert found(killed(path)) == sorted(latest.values(), key=lambda each: str(each.name))  # type: ignore[attr-defined]
    assert longest < 40, "of 60 rows: parts were dropped"
    file.close()
    assert found(path) == sorted(latest.values(), key=lambda each: str(each.name))  # type: ignore[attr-defined]


def _journal_rows(file: StoreFile) -> int:
    return int(file._connection.execute("SELECT count(*) FROM journal").fetchone()[0])


def test_what_one_transaction_could_not_write_is_not_there_in_part(path: Path) -> None:
    file = StoreFile(path)
    file.write([record(1)], AT, BOOT)
    with pytest.raises(sqlite3.Error):
        file.write([record(2)], AT, object())  # type: ignore[arg-type]
    assert found(killed(path)) == [record(1)]
    file.write([record(3)], AT, BOOT)
    file.close()
    assert found(path) == [record(1), record(3)]


def test_what_must_not_be_lost_is_forced_to_the_disk(path: Path) -> None:
    file = StoreFile(path)

    def synchronous() -> int:
        return int(file._connection.execute("PRAGMA synchronous").fetchone()[0])

    file.write([record(1)], AT, BOOT)
    assert synchronous() == 1
    file.write([record(1, refused=((5, 6),))], AT, BOOT)
    assert synchronous() == 2
    file.write([record(2)], AT, BOOT)
    assert synchronous() == 1
    file.close()


@pytest.mark.parametrize(
    "octets", [b"no database at all, but long enough to be one" * 100, b"SQLite format 3\0" + bytes(4096)]
)
def test_what_is_no_database_is_unreadable(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)
    with pytest.raises(Unreadable):
        StoreFile(path)
    assert path.read_bytes() == octets


@pytest.mark.parametrize(
    "script", ["PRAGMA user_version = 2", "CREATE TABLE other (a)", "PRAGMA user_version = 7; CREATE TABLE other (a)"]
)
def test_another_version_or_anothers_file_is_unreadable(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    with pytest.raises(Unreadable, match=r"version -?\d, ours is 1"):
        StoreFile(path)


def test_a_file_that_another_holds_is_not_unreadable(path: Path) -> None:
    file = StoreFile(path)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        StoreFile(path)
    file.close()


@pytest.mark.parametrize(
    ("script", "damaged"),
    [
        ("INSERT INTO by_address VALUES (5, x'00')", 1),
        ("INSERT INTO by_address VALUES (5, 'text')", 1),
        ("INSERT INTO journal VALUES (9, x'ff')", 1),
        ("INSERT INTO journal VALUES (9, 'text')", 1),
        ("INSERT INTO by_text VALUES ('a', x'0102')", 1),
    ],
)
def test_damaged_rows_are_counted_and_the_others_read(path: Path, script: str, damaged: int) -> None:
    file = StoreFile(path)
    file.write([record(1)], AT, BOOT)
    file._connection.executescript(script)
    contents = file.read()
    assert contents.damaged == damaged
    assert list(contents.records.values()) == [record(1)]
    file.close()


def test_a_row_under_another_name_than_its_own_is_damaged(path: Path) -> None:
    file = StoreFile(path)
    file._connection.execute("INSERT INTO by_address VALUES (5, ?)", (msgspec.msgpack.encode(record(1)),))
    assert (file.read().damaged, file.read().records) == (1, {})
    file.close()


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE by_text",
        "INSERT INTO moment VALUES (1, 'b', 'soon', x'00')",
        "INSERT INTO moment VALUES (1, 'b', -1.0, x'00')",
        "INSERT INTO moment VALUES (1, 'b', 1.0, x'000000000000000000ff')",
        "INSERT INTO moment VALUES (1, 'b', 1.0, 'text')",
    ],
)
def test_a_file_without_its_tables_or_with_an_impossible_time_is_unreadable(path: Path, script: str) -> None:
    file = StoreFile(path)
    file._connection.executescript(script)
    with pytest.raises(Unreadable):
        file.read()
    file.close()
