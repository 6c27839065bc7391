"""Stands in for loaded programs: their tables as dictionaries."""

import errno
from collections.abc import Sequence

from mobileip.dataplane.ebpf.layout import DROP_REASONS, Total


class FakePrograms:
    """Implements `dataplane.ebpf.ports.Programs`; refuses what it has no room for, as the kernel does."""

    def __init__(self, room: int = 1 << 16, *, by_mark: bool = True) -> None:
        self.tables: dict[str, dict[bytes, bytes]] = {"entries": {}, "exits": {}, "paths": {}}
        self.uses: dict[int, tuple[int, int, int]] = {}
        self.room = room
        self.by_mark = by_mark
        self.error = 0
        """What each write returns."""
        self.traced_until = 0.0

    def update(self, table: str, entries: Sequence[tuple[bytes, bytes]]) -> int:
        for key, record in entries:
            if self.error:
                return self.error
            if key not in self.tables[table] and len(self.tables[table]) >= self.room:
                return errno.E2BIG
            self.tables[table][key] = record
        return 0

    def delete(self, table: str, keys: Sequence[bytes]) -> int:
        for key in keys:
            self.tables[table].pop(key, None)
        return self.error

    def read_use(self, index: int) -> tuple[int, int, int]:
        return self.uses.get(index, (0, 0, 0))

    def clear_use(self, index: int) -> None:
        self.uses.pop(index, None)

    def drops(self) -> Sequence[int]:
        return [0] * len(DROP_REASONS)

    def totals(self) -> Sequence[tuple[int, int]]:
        return [(0, 0)] * len(Total)

    def grow(self, room: int) -> None:
        self.room = room

    def trace(self, until: float) -> None:
        self.traced_until = until
