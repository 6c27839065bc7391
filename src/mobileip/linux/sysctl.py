"""Sysctls bear no mark: the old value is written down before a new one is set, and restored at the end or after a
crash.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mobileip.linux.whereabouts import here

ROOT = Path("/proc/sys")
_LONGEST = 256
"""Octets of a value; ours are numbers."""

_IP_FORWARD, _ALL_ACCEPT_REDIRECTS = "net/ipv4/ip_forward", "net/ipv4/conf/all/accept_redirects"


class _Journal(msgspec.Struct):
    namespace: int
    """Inode of the network namespace; a journal of another (a namespace that is gone) is ignored."""
    boot: str
    """Boot id: inodes are given out anew after a reboot."""
    old: dict[str, str] = {}
    ours: dict[str, str] = {}


class SysctlJournal:
    """`path` is the journal's file; its folder exists."""

    def __init__(self, path: Path) -> None:
        self._path = path
        namespace, boot = here()
        self._journal = _read(path, namespace, boot) or _Journal(namespace, boot)
        self._noted = self._ours()
        """What the file has: all that is ours, and what was so until lately. A node that goes to and fro need not wait
        for a file each time; no old value comes back but where ours stands still."""

    def current(self) -> dict[str, str]:
        """What we changed (path -> value now, perhaps set by others since). What vanished with its interface is left
        out.
        """
        now = {path: _value(path) for path in self._journal.ours}
        return {path: value for path, value in now.items() if value is not None}

    def set(self, wanted: Sequence[tuple[str, str]]) -> list[int]:
        """Sets each path to its value, in order; their errnos, 0 for one that is set. All old values are on disk, by
        one writing, before the first new one is in the kernel: a handover waits for this. Where they can't be written
        down nothing is set.
        """
        journal = self._journal
        before = {path: _value(path) for path, _ in wanted}
        there = [(path, value, old) for path, value in wanted if (old := before[path]) is not None]
        until_now = journal.old.copy(), journal.ours.copy()
        for path, value, old in there:
            journal.old.setdefault(path, old)
            journal.ours[path] = value
        try:
            self._note()
        except OSError as error:
            journal.old, journal.ours = until_now
            return [error.errno or errno.EIO] * len(wanted)
        # Writing ip_forward changes others.
        changes = {path for path, value, old in there if old != value or _IP_FORWARD in before}
        return [
            errno.ENOENT if before[path] is None else _write(path, value) if path in changes else 0
            for path, value in wanted
        ]

    def restore(self, paths: Sequence[str]) -> list[int]:
        """Puts the old values back, in order, but for those that others changed meanwhile; their errnos. An interface
        that vanished is no error. They are crossed out of the file by `tidy`.
        """
        journal, results = self._journal, []
        for path in paths:
            old, ours = journal.old.get(path), journal.ours.get(path)
            result = 0
            if old is not None and old != ours and _value(path) == ours:
                result = _write(path, old)
                if path == _IP_FORWARD:
                    self._repeat_forwarding()
            journal.old.pop(path, None)
            journal.ours.pop(path, None)
            results.append(0 if result == errno.ENOENT else result)
        return results

    def restore_all(self) -> None:
        # ip_forward first: restoring it changes others of ours.
        self.restore(sorted(self._journal.ours, key=lambda path: path != _IP_FORWARD))
        self.tidy()

    def tidy(self) -> None:
        """The file has what is ours now, and no more. One that can't be written keeps what it has: no harm is done."""
        ours = self._ours()
        try:
            if not ours:
                self._path.unlink(missing_ok=True)
            elif ours != self._noted:
                self._write_file(ours)
        except OSError:
            return
        self._noted = ours

    def _repeat_forwarding(self) -> None:
        """The kernel sets every link's `forwarding` with ip_forward: those that are still ours are to stay."""
        for path, value in self._journal.ours.items():
            if path.endswith("/forwarding"):
                _write(path, value)

    def _ours(self) -> dict[str, tuple[str, str]]:
        """By path: the old value, and ours."""
        old = self._journal.old
        return {path: (old[path], ours) for path, ours in self._journal.ours.items() if path in old}

    def _note(self) -> None:
        ours = self._ours()
        if not ours.items() <= self._noted.items():
            noted = self._noted | ours
            self._write_file(noted)
            self._noted = noted

    def _write_file(self, values: dict[str, tuple[str, str]]) -> None:
        old, ours = ({path: both[side] for path, both in values.items()} for side in (0, 1))
        journal = msgspec.structs.replace(self._journal, old=old, ours=ours)
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(journal)))
        new.replace(self._path)


def _read(path: Path, namespace: int, boot: str) -> _Journal | None:
    try:
        journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
    except (OSError, msgspec.DecodeError):
        return None
    return journal if (journal.namespace, journal.boot) == (namespace, boot) else None


def _value(path: str) -> str | None:
    # By hand: a file object asks the kernel five things more, and there are many sysctls in a handover.
    try:
        descriptor = os.open(f"{ROOT}/{path}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, _LONGEST).decode(errors="replace").strip()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _write(path: str, value: str) -> int:
    # The kernel sets all/accept_redirects to the opposite of ip_forward whenever that is written. It shall stay as
    # it was.
    redirects = _value(_ALL_ACCEPT_REDIRECTS) if path == _IP_FORWARD else None
    try:
        (ROOT / path).write_text(value)
        if redirects is not None:
            (ROOT / _ALL_ACCEPT_REDIRECTS).write_text(redirects)
    except OSError as error:
        return error.errno or errno.EIO
    return 0
