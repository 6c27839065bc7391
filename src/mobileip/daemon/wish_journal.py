"""What foreign agent and mobile node wish for, in a file of the run directory that outlives the daemon.

SQLite without waiting for the disk: one change is some 10 µs, whatever the number of visitors, and whole or not there
after `kill -9`. After a crash of the machine it is of no use anyway, since boot time begins anew.
"""

import math
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import msgspec

from mobileip.daemon.inheritance import Estate, Heir, Heritable
from mobileip.forwarding.model import (
    ArpAnswer,
    BroadcastExit,
    ForwardingChange,
    HomeAddress,
    MobileLink,
    MobileRoute,
    Neighbour,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
)
from mobileip.linux.whereabouts import here

NAME = "inheritance.db"
VERSION = 1

KINDS: tuple[type[Heritable], ...] = (
    VisitorRoute,
    VisitorReverse,
    HomeAddress,
    MobileLink,
    MobileRoute,
    Neighbour,
    ArpAnswer,
    TunnelExit,
    ReverseTunnel,
    BroadcastExit,
)

SCHEMA = f"""
DROP TABLE IF EXISTS origin;
DROP TABLE IF EXISTS wishes;
PRAGMA user_version = {VERSION};
CREATE TABLE origin (namespace INTEGER, boot TEXT, foreign_agent TEXT, mobile_node TEXT, registered_until REAL);
CREATE TABLE wishes (kind TEXT, subject TEXT, wish BLOB, PRIMARY KEY (kind, subject)) WITHOUT ROWID;
"""


PRAGMAS = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = OFF", "wal_autocheckpoint = 256")


class _Origin(msgspec.Struct, frozen=True):
    namespace: int
    boot: str
    foreign_agent: str
    mobile_node: str
    registered_until: float


def _decoded(kind: type[object], text: str) -> object:
    if kind in (IPv4Address, IPv4Network):
        return kind(text)
    raise NotImplementedError(kind)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)
_DECODERS: dict[str, msgspec.msgpack.Decoder[Heritable]] = {
    kind.__name__: msgspec.msgpack.Decoder(kind, dec_hook=_decoded) for kind in KINDS
}


class WishJournal:
    """`on_trouble` gets one line when a former daemon's journal can't be used, or ours can't be written: then there is
    none, for one that is wrong would be worse."""

    def __init__(self, run_directory: Path, on_trouble: Callable[[str], None]) -> None:
        self._path = run_directory / NAME
        self._on_trouble = on_trouble
        self._database: sqlite3.Connection | None = None
        self._registered_until = math.inf

    def read(self) -> Estate | None:
        """What the daemon before left here, if it left anything, in this boot and network namespace."""
        if not self._path.exists():
            return None
        try:
            with closing(_connect(self._path)) as database:
                return self._estate(database)
        except (sqlite3.Error, msgspec.MsgspecError, ValueError, KeyError) as error:
            self._on_trouble(f"{self._path} is ignored: it is damaged ({error})")
            return None

    def begin(self, heir: Heir, wishes: Collection[object], registered_until: float) -> None:
        """From here on it is ours and says this, whatever it was."""
        self._close()
        try:
            try:
                self._begin(heir, wishes, registered_until)
            except sqlite3.Error:  # what is there is damaged
                self._close()
                remove(self._path.parent)
                self._begin(heir, wishes, registered_until)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _begin(self, heir: Heir, wishes: Iterable[object], registered_until: float) -> None:
        self._path.touch(mode=0o600)
        self._database = database = _connect(self._path)
        # In one step: whoever kills us now leaves what the daemon before left.
        database.executescript(f"BEGIN; {SCHEMA}")
        origin = (*here(), heir.foreign_agent, heir.mobile_node, registered_until)
        database.execute("INSERT INTO origin VALUES (?, ?, ?, ?, ?)", origin)
        self._put(database, wishes)
        database.execute("COMMIT")
        self._registered_until = registered_until

    def note(self, change: ForwardingChange) -> None:
        """One change of what is wished for, all of it or nothing."""
        if self._database is None:
            return
        gone = [key for key in change.remove if key[0] in _DECODERS]
        come = [wish for wish in change.install if isinstance(wish, KINDS)]
        if not gone and not come:
            return
        try:
            self._database.execute("BEGIN")
            self._database.executemany("DELETE FROM wishes WHERE kind = ? AND subject = ?", gone)
            self._put(self._database, come)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(error)

    def note_registration(self, until: float) -> None:
        """When the mobile node's registration ends; infinite when none does."""
        if self._database is None or until == self._registered_until:
            return
        self._registered_until = until
        try:
            self._database.execute("UPDATE origin SET registered_until = ?", (until,))
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """It stays for the next daemon."""
        self._close()

    def remove(self) -> None:
        """Nothing stays."""
        self._close()
        with suppress(OSError):
            remove(self._path.parent)

    def _estate(self, database: sqlite3.Connection) -> Estate | None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            self._on_trouble(f"{self._path} is ignored: it is of another version ({version})")
            return None
        row = database.execute("SELECT * FROM origin").fetchone()
        origin = msgspec.convert(dict(zip(_Origin.__struct_fields__, row or (), strict=False)), _Origin)
        if (origin.namespace, origin.boot) != here():
            self._on_trouble(f"{self._path} is ignored: it is of another boot or network namespace")
            return None
        rows = msgspec.convert(database.execute("SELECT kind, wish FROM wishes").fetchall(), list[tuple[str, bytes]])
        return Estate(
            foreign_agent=origin.foreign_agent,
            mobile_node=origin.mobile_node,
            wishes=tuple(_DECODERS[kind].decode(octets) for kind, octets in rows),
            registered_until=origin.registered_until,
        )

    def _put(self, database: sqlite3.Connection, wishes: Iterable[object]) -> None:
        rows = [(*wish.key, _ENCODER.encode(wish)) for wish in wishes if isinstance(wish, KINDS)]
        database.executemany("REPLACE INTO wishes VALUES (?, ?, ?)", rows)

    def _give_up(self, error: Exception) -> None:
        self.remove()
        self._on_trouble(f"{self._path} can't be written: {error}; the next daemon will inherit nothing")

    def _close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None


def remove(run_directory: Path) -> None:
    """A journal with all that belongs to it. Raises: OSError."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        (run_directory / f"{NAME}{suffix}").unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    """For one user at a time, as the daemon's lock has it. Raises: sqlite3.Error."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in PRAGMAS:
            database.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        database.close()
        raise
    return database
