"""Network namespaces: make them, enter them, run `ip` in them, find who lives in them, remove them."""

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mobileip.lab.errors import LabError
from mobileip.lab.plan import Step

FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def path(namespace: str) -> str:
    """For `nsenter --net=`. (`ip netns exec` is not used: it remounts /sys.)"""
    return str(FOLDER / namespace)


def add(namespaces: Iterable[str]) -> None:
    _batch(["ip", "-batch", "-"], [f"netns add {name}" for name in namespaces])


def existing(prefix: str) -> list[str]:
    """The namespaces whose names begin with `prefix`."""
    return sorted(entry.name for entry in FOLDER.glob(f"{prefix}*")) if FOLDER.is_dir() else []


def remove(namespaces: Iterable[str]) -> None:
    """Removes those that are there; a half-made one (a name without a mount) too."""
    for name in namespaces:
        done = subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        if done.returncode:
            (FOLDER / name).unlink(missing_ok=True)


def ip(step: Step) -> None:
    """Raises LabError with what `ip` said when a line fails."""
    _batch(["ip", "-n", step.namespace, "-batch", "-"], step.lines)


def tc(step: Step) -> None:
    _batch(["tc", "-n", step.namespace, "-batch", "-"], step.lines)


def _batch(program: list[str], lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(program, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(program)}: {done.stderr.strip() or done.stdout.strip()}")


def set_sysctls(namespace: str, values: dict[str, str]) -> None:
    """Sets each value (path below /proc/sys); one that this kernel does not have is left out."""
    with inside(namespace):
        for name, value in values.items():
            file = Path("/proc/sys") / name
            if file.exists():
                file.write_text(value)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """The calling thread is in the namespace for a while; sockets that it makes stay there."""
    before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        wanted = os.open(path(namespace), os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(wanted)
        finally:
            os.close(wanted)
        try:
            yield
        finally:
            _enter(before)
    finally:
        os.close(before)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


def inhabitants(namespaces: Iterable[str]) -> list[int]:
    """The processes in the namespaces, by id."""
    inodes = set()
    for name in namespaces:
        try:
            status = Path(path(name)).stat()
        except FileNotFoundError:
            continue
        inodes.add((status.st_dev, status.st_ino))
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "ns/net").stat()
        except OSError:
            continue  # it has ended, or is not ours to look at
        if (status.st_dev, status.st_ino) in inodes:
            found.append(int(entry.name))
    return found
