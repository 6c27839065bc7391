"""Programs that only have tables."""

import errno
from collections.abc import Sequence

TABLES = ("entries", "exits", "paths")


class FakePrograms:
    """Implements `dataplane.ebpf.ports.Programs` in memory: a record that is to be removed may be missing, a table
    takes `room` records."""

    def __init__(self, room: int = 1024, *, by_mark: bool = True) -> None:
        self.room = room
        self.by_mark = by_mark
        self.tables: dict[str, dict[bytes, bytes]] = {name: {} for name in TABLES}
        self.used: dict[int, tuple[int, int, int]] = {}
        self.refusal = 0
        """Errno of every write from now on."""
        self.writes = 0

    def update(self, table: str, entries: Sequence[tuple[bytes, bytes]]) -> int:
        assert entries
        self.writes += 1
        for key, value in entries:
            if self.refusal:
                return self.refusal
            if key not in self.tables[table] and len(self.tables[table]) == self.room:
                return errno.E2BIG
            self.tables[table][key] = value
        return 0

    def delete(self, table: str, keys: Sequence[bytes]) -> int:
        assert keys
        self.writes += 1
        for key in keys:
            self.tables[table].pop(key, None)
        return self.refusal

    def read_use(self, index: int) -> tuple[int, int, int]:
        assert 0 <= index < 2 * self.room
        return self.used.get(index, (0, 0, 0))

    def read_uses(self, count: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        packets, octets, last = zip(*(self.read_use(place) for place in range(count)), strict=True)
        return packets, octets, last

    def clear_use(self, index: int) -> None:
        assert 0 <= index < 2 * self.room
        self.used.pop(index, None)

    def drops(self) -> Sequence[int]:
        return 1, 2, 3

    def totals(self) -> Sequence[tuple[int, int]]:
        return (1, 10), (2, 20), (3, 30)

    def grow(self, room: int) -> int:
        assert room > self.room
        self.room = room
        return 0

    def trace(self, until: float) -> None:
        raise AssertionError(f"nobody traces until {until}")
