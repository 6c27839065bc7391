"""Sysctls bear no mark: the old value is written down before a new one is set, and restored at the end or after a
crash.
"""

import errno
from pathlib import Path

import msgspec

from mobileip.linux.whereabouts import here

ROOT = Path("/proc/sys")

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

    def current(self) -> dict[str, str]:
        """What we changed (path -> value now, perhaps set by others since). What vanished with its interface is left
        out.
        """
        now = {path: _value(path) for path in self._journal.ours}
        return {path: value for path, value in now.items() if value is not None}

    def set(self, path: str, value: str) -> int:
        """Sets one; the errno, 0 when it is set. The old value is on disk before the new one is in the kernel."""
        old = _value(path)
        if old is None:
            return errno.ENOENT
        journal = self._journal
        journal.old.setdefault(path, old)
        journal.ours[path] = value
        self._save()
        return 0 if old == value else _write(path, value)

    def restore(self, path: str) -> int:
        """Puts the old value back unless others changed it meanwhile; an interface that vanished is no error."""
        journal = self._journal
        old, ours = journal.old.get(path), journal.ours.get(path)
        result = 0
        if old is not None and _value(path) == ours and old != ours:
            result = _write(path, old)
            if path == _IP_FORWARD:
                self._repeat_forwarding()
        journal.old.pop(path, None)
        journal.ours.pop(path, None)
        self._save()
        return 0 if result == errno.ENOENT else result

    def restore_all(self) -> None:
        # ip_forward first: restoring it changes others of ours.
        for path in sorted(self._journal.ours, key=lambda path: path != _IP_FORWARD):
            self.restore(path)

    def _repeat_forwarding(self) -> None:
        """The kernel sets every link's `forwarding` with ip_forward: those that are still ours are to stay."""
        for path, value in self._journal.ours.items():
            if path.endswith("/forwarding"):
                _write(path, value)

    def _save(self) -> None:
        if not self._journal.ours:
            self._path.unlink(missing_ok=True)
            return
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(self._journal)))
        new.replace(self._path)


def _read(path: Path, namespace: int, boot: str) -> _Journal | None:
    try:
        journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
    except (OSError, msgspec.DecodeError):
        return None
    return journal if (journal.namespace, journal.boot) == (namespace, boot) else None


def _value(path: str) -> str | None:
    try:
        return (ROOT / path).read_text().strip()
    except OSError:
        return None


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
