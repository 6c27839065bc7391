"""Our programs in the kernel with their tables: loaded, filled, counted. Where they are attached says `attachment`."""

import errno
import mmap
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from struct import Struct
from typing import NamedTuple

from mobileip.dataplane.ebpf.compile import nanoseconds
from mobileip.dataplane.ebpf.layout import DROP_REASONS, INDEX, USE, Total
from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux.bpf.libbpf import BpfObject
from mobileip.linux.bpf.maps import BpfMap
from mobileip.linux.errors import MachineError

OBJECT_FILE = "mobileip.bpf.o"

ENCAP, DECAP_ETHERNET, DECAP_RAW = "mip_encap", "mip_decap_ethernet", "mip_decap_raw"

LEAST_ROOM = 65_536
"""About 5 MiB of memory; a home agent with more bindings has larger tables made in their place."""

BY_MARK = 1 << 5
"""A flag of bpf_fib_lookup."""
BY_MARK_SINCE = (6, 10)

SIZES = {"entries": 1, "exits": 1, "paths": 1, "uses": 2}
"""Tables whose size is this many times the room."""
COPIED = ("entries", "exits", "paths", "realms")
"""Tables that go on in larger ones."""


DEVICE = Struct("=III")
"""The first members of `layout.SETTINGS`."""
COUNT = Struct("=Q")


class _Tables:
    """One set of tables with the programs on them."""

    def __init__(self, octets: bytes, room: int) -> None:
        self.object = BpfObject(octets)
        try:
            for name, times in SIZES.items():
                self.object.set_max_entries(name, times * room)
            self.object.load()
        except BaseException:
            self.object.close()
            raise
        names = (*SIZES, "realms", "settings", "drops", "totals")
        self.maps = {name: self.object.map(name) for name in names}
        self.uses = self.maps["uses"].memory()
        self.settings = self.maps["settings"].memory()

    def counted(self) -> "_Counted":
        drops, totals = self.maps["drops"], self.maps["totals"]
        return _Counted(
            bytearray(self.uses),
            [
                sum(count for (count,) in COUNT.iter_unpack(drops.lookup(INDEX.pack(n)) or b""))
                for n in range(len(DROP_REASONS))
            ],
            [_sum(USE.iter_unpack(totals.lookup(INDEX.pack(n)) or b"")) for n in Total],
        )


class _Counted(NamedTuple):
    """What programs have counted."""

    uses: bytearray
    drops: Sequence[int]
    totals: Sequence[tuple[int, int]]


class LoadedPrograms:
    """Implements `dataplane.ebpf.ports.Programs`. `on_replaced` hears of new descriptors when `grow` has made larger
    tables: what is attached has to be replaced before it returns.

    Raises: `MachineError` when the kernel takes no programs.
    """

    def __init__(self, room: int = LEAST_ROOM, on_replaced: Callable[[], None] = lambda: None) -> None:
        self._octets = files("mobileip.linux.bpf").joinpath(OBJECT_FILE).read_bytes()
        self._on_replaced = on_replaced
        self._release = kernel_release()
        self._former: list[_Counted] = []
        """What was counted before the tables grew."""
        self._room = room
        self._now = _Tables(self._octets, room)
        # Not those that a former daemon's packets have, which may still be on the way.
        self._set(slice(12, 16), os.urandom(2) + bytes(2))

    @property
    def room(self) -> int:
        return self._room

    @property
    def by_mark(self) -> bool:
        return self._release >= BY_MARK_SINCE

    def program(self, name: str) -> int:
        """Its descriptor; another one after `grow`."""
        return self._now.object.program(name)

    def set_device(self, index: int) -> None:
        """The tunnel device of realm 0, by its index."""
        flags = BY_MARK if self.by_mark else 0
        self._set(slice(0, 12), DEVICE.pack(index, flags, SIGNALLING_MARK))

    def set_realm(self, index: int, realm: int) -> None:
        """A tunnel device of another realm; 0: no more."""
        if realm:
            self._now.maps["realms"].update(INDEX.pack(index), INDEX.pack(realm))
        else:
            self._now.maps["realms"].delete(INDEX.pack(index))

    def trace(self, until: float) -> None:
        self._set(slice(16, 24), COUNT.pack(nanoseconds(until)))

    @property
    def traced(self) -> BpfMap:
        """The ring of what went into tunnels."""
        return self._now.object.map("trace")

    def update(self, table: str, entries: Sequence[tuple[bytes, bytes]]) -> int:
        one = self._now.maps[table]
        return one.update(*entries[0]) if len(entries) == 1 else one.update_many(entries)

    def delete(self, table: str, keys: Sequence[bytes]) -> int:
        return self._now.maps[table].delete_many(keys)

    def read_use(self, index: int) -> tuple[int, int, int]:
        at = index * USE.size
        packets, octets, last = USE.unpack_from(self._now.uses, at)
        for former in self._former:
            if at < len(former.uses):
                more = USE.unpack_from(former.uses, at)
                packets, octets, last = packets + more[0], octets + more[1], max(last, more[2])
        return packets, octets, last

    def read_uses(self, count: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        packets, octets, last = _columns(self._now.uses, count)
        for former in self._former:
            for place, more in enumerate(zip(*_columns(former.uses, count), strict=True)):
                if more[0]:
                    packets[place] += more[0]
                    octets[place] += more[1]
                    last[place] = max(last[place], more[2])
        return packets, octets, last

    def clear_use(self, index: int) -> None:
        place = slice(index * USE.size, (index + 1) * USE.size)
        self._now.uses[place] = bytes(USE.size)
        for former in self._former:
            if place.stop <= len(former.uses):
                former.uses[place] = bytes(USE.size)

    def drops(self) -> Sequence[int]:
        counted = [*self._former, self._now.counted()]
        return [sum(one) for one in zip(*(former.drops for former in counted), strict=True)]

    def totals(self) -> Sequence[tuple[int, int]]:
        counted = [*self._former, self._now.counted()]
        return [_sum(one) for one in zip(*(former.totals for former in counted), strict=True)]

    def grow(self, room: int) -> int:
        former = self._now
        try:
            larger = _Tables(self._octets, room)
        except MachineError:
            return errno.ENOMEM  # what the kernel took once it refuses for want of memory
        larger.settings[:] = former.settings[:]
        for name in COPIED:
            error = former.maps[name].copy_to(larger.maps[name])
            if error:
                larger.object.close()
                return error
        self._now, self._room = larger, room
        self._on_replaced()
        # The old programs run no more: what they have counted stands still.
        self._former.append(former.counted())
        former.object.close()
        return 0

    def close(self) -> None:
        """What is attached goes on, with its tables."""
        self._now.object.close()

    def _set(self, place: slice, octets: bytes) -> None:
        self._now.settings[place] = octets


def kernel_release() -> tuple[int, int]:
    major, minor, *_ = (*os.uname().release.split("."), "0")
    return int(major), int("".join(character for character in minor if character.isdigit()) or 0)


def _columns(uses: "mmap.mmap | bytearray", count: int) -> tuple[list[int], list[int], list[int]]:
    """The members of the first counters, each by place: a million of them in the time that asking for a few takes."""
    members = len(USE.format) - 1
    with memoryview(uses) as octets, octets[: count * USE.size] as some, some.cast("Q") as numbers:
        packets, counted, last = (numbers[member::members].tolist() for member in range(members))
    return packets, counted, last


def _sum(pairs: Iterable[Sequence[int]]) -> tuple[int, int]:
    packets = octets = 0
    for one in pairs:
        packets, octets = packets + one[0], octets + one[1]
    return packets, octets
