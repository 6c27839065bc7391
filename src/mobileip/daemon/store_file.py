"""The SQLite file of a home agent's memory: what is in it, and how a batch gets there in one cheap transaction.

A batch is one row of a journal, whatever it is about: a thousand mobile nodes that renew in any order cost a few pages
that lie together. In the tables by name, where each has one row, it arrives later: when the journal is long, its oldest
rows are taken over with the batches that follow, less what later rows tell anew, and dropped. Who reads takes the
tables first and the journal over them.

Written ahead (WAL) and not forced to the disk at each transaction (synchronous=NORMAL): what was written survives the
end of the process, however it ends, at once; when the machine loses power the last transactions may be lost, but never
a part of one. The few that hold a record which must not be lost are forced, with all that were written before.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from mobileip.agents.memory import FORMAT, HomeAgentRecord, MobileNodeRecord, Moment, Record, must_be_on_disk

Entry = MobileNodeRecord | HomeAgentRecord | int | str
"""A record, or the name of one that is to be forgotten."""

_RECORDS = (MobileNodeRecord, HomeAgentRecord)

JOURNAL_ENTRIES = 65_536
"""So many make the journal long: about 6 MB."""
ROW_ENTRIES = 4096
"""At most, of one row of the journal."""
_TAKEN_OVER = 2
"""Rows for each one that is written while the journal is long."""
_WAL_PAGES = 2048
"""Of 4 KiB: the log is written back when it is longer."""
_LONGEST_BOOT, _TIME_OCTETS = 1e12, 8
_APPLICATION = 0x4D495034
"""SQLite's application id: "MIP4"."""

_TABLES = """
CREATE TABLE by_address (name INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE by_text (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (number INTEGER PRIMARY KEY, entries BLOB NOT NULL);
CREATE TABLE moment (one INTEGER PRIMARY KEY, boot_id TEXT NOT NULL, boot REAL NOT NULL, time BLOB NOT NULL);
"""
_PUT = {
    int: "INSERT OR REPLACE INTO by_address VALUES (?, ?)",
    str: "INSERT OR REPLACE INTO by_text VALUES (?, ?)",
}
_DELETE = {int: "DELETE FROM by_address WHERE name = ?", str: "DELETE FROM by_text WHERE name = ?"}
_READ = ("SELECT name, record FROM by_address", "SELECT name, record FROM by_text")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode
_decode_entries = msgspec.msgpack.Decoder(list[Entry]).decode


class Unreadable(Exception):
    """The file is damaged, or nothing of ours."""


class Contents(msgspec.Struct, frozen=True):
    records: dict[int | str, Record] = {}
    at: Moment | None = None
    boot_id: str | None = None
    damaged: int = 0
    """Rows that could not be read: one record each, or one batch."""


class StoreFile:
    """An open one; made anew where there is none. It is read before it is written.

    Raises: `Unreadable`; sqlite3.OperationalError, OSError for one that can't be used now.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._connection = _connected(file)
        except sqlite3.OperationalError:  # locked, read-only, no room: nothing is wrong with what is in it
            raise
        except sqlite3.DatabaseError as error:
            raise Unreadable(str(error)) from error
        self._is_forced = False
        self._row_of: dict[int | str, int] = {}
        """The latest row of the journal that tells of a name."""
        self._first, self._next = 1, 1
        """Rows of the journal: the oldest, and the next to be written."""
        self._length = 0
        """Entries of the journal."""

    def read(self) -> Contents:
        """Everything. Raises: `Unreadable`."""
        try:
            return self._read()
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise Unreadable(str(error)) from error

    def _read(self) -> Contents:
        records, damaged = self._read_tables()
        damaged += self._read_journal(records)
        row = self._connection.execute("SELECT boot_id, boot, time FROM moment").fetchone()
        if row is None:
            return Contents(records, damaged=damaged)
        boot, time = float(row[1]), int.from_bytes(row[2])
        if not 0 <= boot < _LONGEST_BOOT or len(row[2]) > _TIME_OCTETS:
            raise ValueError("the time of its records is damaged")
        return Contents(records, Moment(boot, time), str(row[0]), damaged)

    def _read_tables(self) -> tuple[dict[int | str, Record], int]:
        records: dict[int | str, Record] = {}
        damaged = 0
        for query in _READ:
            for name, octets in self._connection.execute(query):
                try:
                    record = _decode(octets)
                except (msgspec.DecodeError, TypeError):
                    damaged += 1
                    continue
                if record.name == name:
                    records[name] = record
                else:
                    damaged += 1
        return records, damaged

    def _read_journal(self, records: dict[int | str, Record]) -> int:
        """All of it over `records`; how many rows are damaged."""
        self._row_of, self._length = {}, 0
        damaged = 0
        rows = self._connection.execute("SELECT number, entries FROM journal ORDER BY number").fetchall()
        self._first = rows[0][0] if rows else 1
        self._next = rows[-1][0] + 1 if rows else 1
        for number, octets in rows:
            entries = _entries_of(octets)
            if entries is None:
                damaged += 1
                continue
            self._note(entries, number)
            for entry in entries:
                if isinstance(entry, _RECORDS):
                    records[entry.name] = entry
                else:
                    records.pop(entry, None)
        return damaged

    def write(self, entries: Sequence[Entry], moment: Moment | None, boot_id: str) -> None:
        """One transaction; later entries hold.

        Raises: sqlite3.Error; nothing is written then.
        """
        connection = self._connection
        self._force(any(isinstance(entry, _RECORDS) and must_be_on_disk(entry) for entry in entries))
        parts = [entries[start : start + ROW_ENTRIES] for start in range(0, len(entries), ROW_ENTRIES)]
        connection.execute("BEGIN")
        try:
            for number, part in enumerate(parts, self._next):
                connection.execute("INSERT INTO journal VALUES (?, ?)", (number, _encode(part)))
            if moment is not None:
                when = (boot_id, moment.boot, moment.time.to_bytes(_TIME_OCTETS))
                connection.execute("INSERT OR REPLACE INTO moment VALUES (1, ?, ?, ?)", when)
            taken = self._take_over(_TAKEN_OVER * len(parts)) if self._length > JOURNAL_ENTRIES else []
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        for number, names in taken:
            self._first = number + 1
            self._length -= len(names)
            for name in names:
                if self._row_of.get(name) == number:
                    del self._row_of[name]
        for part in parts:
            self._note(part, self._next)
            self._next += 1

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def _force(self, on: bool) -> None:
        """The next transactions are on the disk when they have ended, or need not be."""
        if on is not self._is_forced:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if on else 'NORMAL'}")
            self._is_forced = on

    # -- from the journal to the tables

    def _note(self, entries: Sequence[Entry], number: int) -> None:
        self._row_of.update(dict.fromkeys(_names_of(entries), number))
        self._length += len(entries)

    def _take_over(self, rows: int) -> list[tuple[int, list[int | str]]]:
        """So many of the oldest rows, less what later ones tell. Each with the names of its entries."""
        limit = min(self._first + rows, self._next)
        taken = []
        query = "SELECT number, entries FROM journal WHERE number < ? ORDER BY number"
        for number, octets in self._connection.execute(query, (limit,)).fetchall():
            entries = _entries_of(octets) or []
            names = _names_of(entries)
            latest = dict(zip(names, entries, strict=True))
            self._put({name: entry for name, entry in latest.items() if self._row_of.get(name) == number})
            taken.append((number, names))
        self._connection.execute("DELETE FROM journal WHERE number < ?", (limit,))
        return taken

    def _put(self, entries: dict[int | str, Entry]) -> None:
        for kind in (int, str):
            mine = [(name, entry) for name, entry in entries.items() if isinstance(name, kind)]
            rows = [(name, _encode(entry)) for name, entry in mine if isinstance(entry, _RECORDS)]
            gone = [(name,) for name, entry in mine if not isinstance(entry, _RECORDS)]
            self._connection.executemany(_PUT[kind], rows)
            self._connection.executemany(_DELETE[kind], gone)


def _names_of(entries: Sequence[Entry]) -> list[int | str]:
    return [entry.name if isinstance(entry, _RECORDS) else entry for entry in entries]


def _entries_of(octets: bytes) -> list[Entry] | None:
    """None: the row is damaged."""
    try:
        return _decode_entries(octets)
    except (msgspec.DecodeError, TypeError):
        return None


def _connected(file: Path) -> sqlite3.Connection:
    """Raises: sqlite3.Error, OSError, `Unreadable`."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # where nodes are is nobody else's business
    connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"wal_autocheckpoint = {_WAL_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not version and not tables:
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"
            )
        elif version != FORMAT:
            raise Unreadable(f"it is of version {version}, ours is {FORMAT}")
    except BaseException:
        connection.close()
        raise
    return connection
