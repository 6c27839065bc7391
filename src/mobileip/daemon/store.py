"""What a home agent wants to be remembered, kept in a file (`store_file.py`) for as long as it takes.

Nothing here ends a daemon. A file that is damaged, or of another version, is kept aside and a new one is begun; what
can't be written waits in memory and is tried again with the batches that follow, once a second at most. Meanwhile a
mark that says that the file is complete is gone (a full disk lets files be removed), so that the next life is careful.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mobileip.agents.memory import Moment, Record, Remembered
from mobileip.agents.outputs import Forget, Remember
from mobileip.daemon.config_file import DEFAULT_RUN_DIRECTORY, DaemonConfig
from mobileip.daemon.store_file import Contents, Entry, StoreFile, Unreadable
from mobileip.linux import clock

FILE_NAME = "home_agent.db"
MARK_NAME = "home_agent.complete"
DEFAULT_STATE_DIRECTORY = Path("/var/lib/mip")
RETRY_SECONDS = 1.0


def state_directory(settings: DaemonConfig, run_directory: Path) -> Path:
    """[daemon] state_dir; else /var/lib/mip for the daemon of the default run directory, if that can be written; else
    the run directory: several daemons on one machine (a laboratory's) have one each."""
    if settings.state_dir is not None:
        return settings.state_dir
    if run_directory != DEFAULT_RUN_DIRECTORY:
        return run_directory
    folder = DEFAULT_STATE_DIRECTORY if DEFAULT_STATE_DIRECTORY.exists() else DEFAULT_STATE_DIRECTORY.parent
    return DEFAULT_STATE_DIRECTORY if os.access(folder, os.W_OK | os.X_OK) else run_directory


class Store:
    """`on_trouble` is told when something is wrong (a line for people), and None when it can be written again."""

    def __init__(
        self,
        folder: Path,
        on_trouble: Callable[[str | None], None],
        boot_id: Callable[[], str] = clock.boot_id,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._mark = folder / MARK_NAME
        self._on_trouble = on_trouble
        self._boot_id = boot_id()
        self._now = now
        self._file: StoreFile | None = None
        self._waiting: list[Entry] = []
        """What is not written yet."""
        self._moment: Moment | None = None
        """Of the latest record of this life."""
        self._again_at = 0.0
        self._is_marked = False
        self._is_read = False
        self._lasting: list[str] = []
        """What is wrong with the file that was found, for this daemon's life."""
        self._refusal: str | None = None
        """Why nothing can be written now."""
        self.failures = 0
        """Attempts to write that failed."""

    @property
    def troubles(self) -> list[str]:
        """Lines for `mip status`."""
        if self._refusal is None:
            return self._lasting
        waiting = f"{len(self._waiting)} records wait in memory, {self.failures} attempts failed"
        return [*self._lasting, f"{self._refusal}: {waiting}"]

    def remembered(self) -> Remembered:
        """Everything, what waits in memory included. Opens the file at the first call."""
        is_first, self._is_read = not self._is_read, True
        is_complete = not is_first or not self._path.exists() or self._mark.exists()
        contents = self._contents()
        if is_first and contents.damaged:
            self._worry(f"{self._path}: {contents.damaged} rows are damaged: the bindings in them are lost")
        records: dict[int | str, Record] = dict(contents.records)
        for entry in self._waiting:
            if isinstance(entry, int | str):
                records.pop(entry, None)
            else:
                records[entry.name] = entry
        return Remembered(
            records=tuple(records.values()),
            at=self._moment or contents.at,
            is_same_boot=self._moment is not None or contents.boot_id in (None, self._boot_id),
            is_complete=is_complete and not (is_first and self._lasting),
        )

    def write(self, outputs: Sequence[Remember | Forget]) -> None:
        """All of one batch, in one transaction; the last word about a name holds."""
        self._waiting += [output.record if isinstance(output, Remember) else output.name for output in outputs]
        last = outputs[-1]
        if isinstance(last, Remember):
            self._moment = last.moment
        if self._refusal is None or self._now() >= self._again_at:
            self._flush()

    def close(self) -> None:
        """Writes what waits, if that can be done now. Harmless when it is closed."""
        if self._waiting:
            self._flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    # -- trouble

    def _flush(self) -> None:
        if self._file is None:
            self._contents()  # what its journal holds has to be known
        if self._file is None:
            return
        try:
            self._file.write(self._waiting, self._moment, self._boot_id)
        except (sqlite3.Error, OSError) as error:
            self._refused(error)
            return
        self._waiting = []
        if not self._is_marked:
            self._set_mark()
        if self._refusal is not None:
            self._refusal = None
            self._on_trouble(None)

    def _refused(self, error: Exception) -> None:
        self.failures += 1
        self._again_at = self._now() + RETRY_SECONDS
        self._waiting = _latest(self._waiting)
        self._is_marked = False
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)
        refusal = f"{self._path} can't be written ({error}): make room, or choose another [daemon] state_dir"
        if refusal != self._refusal:
            self._refusal = refusal
            self._on_trouble(refusal)

    def _worry(self, text: str) -> None:
        self._lasting.append(text)
        self._on_trouble(text)

    def _set_mark(self) -> None:
        with suppress(OSError):
            self._mark.touch(mode=0o600)
            self._is_marked = True

    # -- the file

    def _contents(self) -> Contents:
        try:
            try:
                return (self._file or self._open()).read()
            except Unreadable as error:
                return self._set_aside(str(error)).read()
        except (sqlite3.Error, OSError) as error:
            self._refused(error)
            return Contents()

    def _open(self) -> StoreFile:
        """Raises: sqlite3.Error, OSError for a file that can't be used now."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        is_new = not self._path.exists()
        try:
            self._file = StoreFile(self._path)
        except Unreadable as error:
            return self._set_aside(str(error))
        if is_new:
            self._set_mark()
        return self._file

    def _set_aside(self, why: str) -> StoreFile:
        """The file as it is gets another name, and a new one is begun.

        Raises: sqlite3.Error, OSError.
        """
        if self._file is not None:
            self._file.close()
            self._file = None
        number = 1
        while (aside := self._path.with_name(f"{FILE_NAME}.aside-{number}")).exists():
            number += 1
        for suffix in ("-wal", ""):
            with suppress(FileNotFoundError):
                self._path.with_name(FILE_NAME + suffix).rename(aside.with_name(aside.name + suffix))
        self._worry(f"{self._path} can't be read ({why}): kept as {aside.name}; bindings begin anew as nodes register")
        return self._open()


def _latest(entries: list[Entry]) -> list[Entry]:
    """Each name once: its last entry."""
    return list({entry if isinstance(entry, int | str) else entry.name: entry for entry in entries}.values())
