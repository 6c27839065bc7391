"""What we attached in the kernel and could not find again by a mark: written down before it is done."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Record(msgspec.Struct):
    namespace: int
    """Inode of the network namespace; a journal of another (a namespace that is gone) is ignored."""
    boot: str
    """Boot id: inodes are given out anew after a reboot."""
    qdiscs: dict[int, str] = {}
    """Devices, by index and name, to which we gave a clsact qdisc."""
    folders: list[str] = []
    """Where our folder with pinned links was, in whatever bpffs."""


class AttachmentJournal:
    """`path` is the journal's file, which is there while there is something in it; its folder exists."""

    def __init__(self, path: Path, namespace: int) -> None:
        self._path = path
        boot = BOOT_ID.read_text().strip()
        self._record = _read(path, namespace, boot) or _Record(namespace, boot)

    @property
    def qdiscs(self) -> dict[int, str]:
        return dict(self._record.qdiscs)

    @property
    def folders(self) -> list[Path]:
        return [Path(folder) for folder in self._record.folders]

    def note_qdisc(self, index: int, name: str) -> None:
        self._record.qdiscs[index] = name
        self._save()

    def drop_qdisc(self, index: int) -> None:
        if self._record.qdiscs.pop(index, None) is not None:
            self._save()

    def set_folders(self, folders: Iterable[Path]) -> None:
        names = [str(folder) for folder in folders]
        if names != self._record.folders:
            self._record.folders = names
            self._save()

    def _save(self) -> None:
        if not (self._record.qdiscs or self._record.folders):
            self._path.unlink(missing_ok=True)
            return
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(self._record)))
        new.replace(self._path)


def _read(path: Path, namespace: int, boot: str) -> _Record | None:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, msgspec.DecodeError):
        return None
    return record if (record.namespace, record.boot) == (namespace, boot) else None
