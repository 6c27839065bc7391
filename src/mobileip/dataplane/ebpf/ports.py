"""What the fast path needs of a machine: programs that are loaded and attached, and their tables."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class LinkFacts(msgspec.Struct, frozen=True):
    """A link as frames need it; `link_address` None: it has none."""

    index: int
    link_address: bytes | None


class Programs(Protocol):
    """Loaded programs with their tables. Tables are named as in bpf/maps.h; what is written is met by the next packet.

    Each write returns the errno, 0 when all was written; E2BIG: there is no room for all.
    """

    @property
    def room(self) -> int:
        """Entries that each table takes; there are twice as many counters."""
        ...

    @property
    def by_mark(self) -> bool:
        """Whether routes can be looked up with the mark of our own packets (Linux 6.10), as a mobile node needs."""
        ...

    def update(self, table: str, entries: Sequence[tuple[bytes, bytes]]) -> int: ...

    def delete(self, table: str, keys: Sequence[bytes]) -> int: ...

    def read_use(self, index: int) -> tuple[int, int, int]:
        """Packets, octets, boot time of the latest (ns; 0: never)."""
        ...

    def read_uses(self, count: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Packets, octets, boot time of the latest: all places from 0 to `count` - 1 at once."""
        ...

    def clear_use(self, index: int) -> None: ...

    def drops(self) -> Sequence[int]:
        """By `layout.DROP_REASONS`."""
        ...

    def totals(self) -> Sequence[tuple[int, int]]:
        """Packets and octets by `layout.Total`."""
        ...

    def grow(self, room: int) -> int:
        """Larger tables with the same records in place of those there are, without a gap; counts go on. The errno, 0 =
        done; else all goes on as it was."""
        ...

    def trace(self, until: float) -> None:
        """Copies of what goes into tunnels are to be had until then (boot time, s)."""
        ...
