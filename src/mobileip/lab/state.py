"""What is known of a lab between commands: a folder under /run/mip/lab for each, and a lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mobileip.lab.errors import FAILED, NO_SUCH_OBJECT, NOT_PERMITTED, LabError
from mobileip.lab.processes import Process, is_alive
from mobileip.lab.roles import Settings

ROOT = Path("/run/mip/lab")


class State(msgspec.Struct, frozen=True, kw_only=True):
    topology: str
    rp_filter: int
    netem: bool
    ready: bool
    """False while a lab is being built: one found so is what a crash left."""
    settings: Settings
    holder: Process | None = None
    """Who removes it at its own end; None: it stays until somebody does."""

    @property
    def is_up(self) -> bool:
        """False: what a crash left, of whoever built it or of whoever held it."""
        return self.ready and (self.holder is None or is_alive(self.holder))


class Folder:
    """The files of one lab."""

    def __init__(self, name: str) -> None:
        self.path = ROOT / name
        self.notes = self.path / "processes"
        self.logs = self.path / "logs"
        self.nodes = self.path / "nodes"
        self.wires = self.path / "wires.sock"
        self._state = self.path / "lab.json"

    def make(self) -> None:
        for folder in (self.notes, self.logs, self.nodes):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, state: State) -> None:
        new = self._state.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(state))
        new.replace(self._state)

    def read(self) -> State | None:
        """None = there is no such lab, or not yet."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=State)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None


def running() -> list[str]:
    """The labs that are up."""
    names = sorted(entry.name for entry in ROOT.iterdir() if entry.is_dir()) if ROOT.is_dir() else []
    return [name for name in names if (state := Folder(name).read()) is not None and state.is_up]


def choose(name: str | None) -> str:
    """The lab that a command without a name means: MIP_LAB, or the only one that is up."""
    up = running()
    wanted = name or os.environ.get("MIP_LAB")
    if wanted is not None:
        if wanted not in up:
            raise LabError(f"no lab named {wanted} is up (mip lab up)", NO_SUCH_OBJECT)
        return wanted
    if not up:
        raise LabError("no lab is up (mip lab up)", NO_SUCH_OBJECT)
    if len(up) > 1:
        raise LabError(f"several labs are up, say which with --name: {', '.join(up)}", FAILED)
    return up[0]


@contextmanager
def locked(name: str, *, wait: bool = True) -> Iterator[None]:
    """One at a time builds or removes a lab. Raises LabError when this user may not, or (`wait` False) another does."""
    file = ROOT / f"{name}.lock"
    descriptor = _lock(file, wait=wait)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(file: Path, *, wait: bool) -> int:
    while True:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise LabError(f"a lab needs root: {error.filename}: {error.strerror}", NOT_PERMITTED) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise LabError(f"{file.stem} is at work already ({file} is locked)") from error
        # Who held it before has removed the file: what was locked is then no longer what others would lock.
        if _is_still(file, descriptor):
            return descriptor
        os.close(descriptor)


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def leftovers() -> list[str]:
    """Labs that a crash left, half-made or whole."""
    names = sorted(entry.name for entry in ROOT.iterdir() if entry.is_dir()) if ROOT.is_dir() else []
    return [name for name in names if name not in running()]
