"""Processes of a lab: started apart from whoever starts them, noted by id and start time, ended exactly.

A process notes itself before it becomes the program that it shall be, so none is missed when the lab's own program is
killed at any point. The start time tells it from a later process of the same id.
"""

import os
import select
import signal
import subprocess
import time
from pathlib import Path

import msgspec

from mobileip.lab.errors import LabError

# Field 22 of /proc/PID/stat is the start time; the name of a shell holds no blank.
_NOTE_AND_BECOME = (
    "note=$1; shift; read -r a b c d e f g h i j k l m n o p q r s t u start rest </proc/$$/stat; "
    'echo "$$ $start" >"$note.new" && mv "$note.new" "$note" && exec "$@"'
)
_START_SECONDS = 10.0


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that a lab started; `started` in clock ticks since boot."""

    label: str
    pid: int
    started: int


def start(argv: list[str], *, label: str, notes: Path, log: Path, environment: dict[str, str] | None = None) -> Process:
    """Starts a program in a session of its own; its output goes to `log`, its note to `notes`/`label`.

    Raises LabError when it could not be started at all.
    """
    note = notes / label
    note.unlink(missing_ok=True)
    program = ["setsid", "--fork", "sh", "-c", _NOTE_AND_BECOME, "sh", str(note), *argv]
    with log.open("ab") as output:
        subprocess.run(
            program,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            check=True,
        )
    give_up = time.monotonic() + _START_SECONDS
    while (process := _read(note)) is None:
        if time.monotonic() > give_up:
            raise LabError(f"{label} did not start: {last_lines(log)}")
        time.sleep(0.001)
    return process


def noted(notes: Path) -> list[Process]:
    """Every process that was started and is not yet known to have ended."""
    found = (_read(note) for note in sorted(notes.glob("*")) if note.suffix != ".new")
    return [process for process in found if process is not None]


def _read(note: Path) -> Process | None:
    try:
        pid, started = note.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return Process(label=note.name, pid=int(pid), started=int(started))


def ourselves() -> Process:
    """The process that asks."""
    return Process(label="ourselves", pid=os.getpid(), started=int(_status("self")[_STARTED]))


def is_alive(process: Process) -> bool:
    """False also for a zombie, and for another process that got the same id later."""
    try:
        fields = _status(str(process.pid))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX" and int(fields[_STARTED]) == process.started


_STARTED = 19
"""Of the fields after the name, which may hold blanks and brackets."""


def _status(process: str) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def end(process: Process, how: signal.Signals = signal.SIGTERM, wait_seconds: float = 5.0) -> bool:
    """Signals the process and waits; True when it has ended."""
    if not is_alive(process):
        return True
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        if is_alive(process):
            signal.pidfd_send_signal(descriptor, how)
        _wait(descriptor, wait_seconds)
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)
    return not is_alive(process)


def kill_ids(pids: list[int]) -> None:
    """SIGKILL to each of these, and waits until they are gone."""
    descriptors = []
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except (ProcessLookupError, OSError):
            continue
        descriptors.append(descriptor)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for descriptor in descriptors:
        _wait(descriptor, 2.0)
        os.close(descriptor)


def _wait(descriptor: int, seconds: float) -> None:
    """Until the process behind a pidfd has ended, or the time is up."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(seconds * 1000)


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(lines[-count:])
