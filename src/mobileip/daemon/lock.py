"""One daemon for each run directory: a lock that the kernel gives up when its holder dies, however it dies."""

import fcntl
import os
import time
from pathlib import Path

from mobileip.linux.errors import MachineError

LOCK_NAME = "mipd.lock"
TRIES, PAUSE_SECONDS = 5, 0.02


class SecondDaemon(MachineError):
    """Another daemon holds the lock."""


class DaemonLock:
    """Held as long as the object lives and is not released.

    Raises: `SecondDaemon`, `MachineError` when the folder can't be used.
    """

    def __init__(self, run_directory: Path) -> None:
        path = run_directory / LOCK_NAME
        try:
            run_directory.mkdir(parents=True, exist_ok=True, mode=0o755)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise MachineError(f"can't use {path}: {error.strerror}", "choose another with --run-dir") from error
        try:
            _lock(self._file)
        except OSError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            raise SecondDaemon(
                f"a daemon is running already (process {holder or 'unknown'}, {path})", "mip stop ends it"
            ) from error
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._file)


def _lock(descriptor: int) -> None:
    """A sweeper (sweep.py) that looks whether it is still needed holds the lock for an instant: it is asked again."""
    for _ in range(TRIES - 1):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(PAUSE_SECONDS)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
