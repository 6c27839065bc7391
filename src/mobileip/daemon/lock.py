"""One daemon for each run directory: a lock that the kernel gives up when its holder dies, however it dies."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from mobileip.daemon.config_file import DEFAULT_RUN_DIRECTORY, DaemonConfig
from mobileip.linux.errors import MachineError, PermissionMissing

LOCK_NAME = "mipd.lock"
TRIES, PAUSE_SECONDS = 5, 0.02


def run_directory_of(settings: DaemonConfig) -> Path:
    """[daemon] run_dir, else $MIP_RUN_DIR, else /run/mip."""
    if settings.run_dir is not None:
        return settings.run_dir
    return Path(os.environ.get("MIP_RUN_DIR") or DEFAULT_RUN_DIRECTORY)


class SecondDaemon(MachineError):
    """Another daemon holds the lock."""


class DaemonLock:
    """Held as long as the object lives and is not released.

    Raises: `SecondDaemon`, `MachineError` when the folder can't be used.
    """

    def __init__(self, run_directory: Path) -> None:
        self._path = run_directory / LOCK_NAME
        try:
            run_directory.mkdir(parents=True, exist_ok=True, mode=0o755)
            self._file = _locked(self._path)
        except BlockingIOError as error:
            raise SecondDaemon(
                f"a daemon is running already (process {_holder(self._path)}, {self._path})", "mip stop ends it"
            ) from error
        except PermissionError as error:
            raise PermissionMissing(
                f"may not use the run directory {run_directory}", "run as root, or choose another with --run-dir"
            ) from error
        except OSError as error:
            raise MachineError(
                f"can't use the run directory {run_directory}: {error.strerror}", "choose another with --run-dir"
            ) from error
        with suppress(OSError):  # who holds the lock is told to people alone: a full disk is no hindrance
            os.truncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Nothing of it stays. Harmless when it is released."""
        if self._file < 0:
            return
        self._path.unlink(missing_ok=True)  # while it is held: whoever waits for this file sees that it is gone
        os.close(self._file)
        self._file = -1


def _locked(path: Path) -> int:
    """A descriptor of the locked file. A sweeper (sweep.py) that looks whether it is still needed holds the lock for
    an instant: it is asked again.

    Raises: BlockingIOError when another holds it, OSError when the file can't be made.
    """
    for tries_left in reversed(range(TRIES)):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
        except BlockingIOError:
            if not tries_left:
                os.close(descriptor)
                raise
            time.sleep(PAUSE_SECONDS)
        os.close(descriptor)
    raise BlockingIOError  # each time another came and went


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file was not unlinked (by its last holder) between our opening and our locking it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"
