"""The programs' tables follow the wishes: changes one by one end where writing the whole ends."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from tests.support.programs import FakePrograms
from tests.support.wishes import changes, states

from mobileip.dataplane.changes import by_key
from mobileip.dataplane.ebpf.fast_path import EbpfFastPath
from mobileip.dataplane.ebpf.layout import ENTRY, EXIT
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.tunnel import Tunnel

LINKS = {"eth0": LinkFacts(2, bytes(5) + b"\1"), "eth1": LinkFacts(3, None)}
USE_OF_ENTRY, USE_OF_EXIT = 6, 1
"""Members that hold a place among the counters."""


def towards(tunnel: Tunnel) -> tuple[LinkFacts, int] | None:
    return (LINKS["eth0"], 1500) if int(tunnel.local) % 2 else None


class World:
    def __init__(self, state: ForwardingState, *, room: int = 1 << 16, by_mark: bool = True) -> None:
        self.tables = PacketTables.of(state)
        self.programs = FakePrograms(room, by_mark=by_mark)
        self.fast = EbpfFastPath(self.programs, self.tables, LINKS.get, towards)
        assert self.fast.begin() == 0

    def apply(self, change: ForwardingChange) -> None:
        wishes = by_key(change)
        steps = {key: (self.tables.wishes.get(key), wish) for key, wish in wishes.items()}
        self.tables.put(wishes)
        assert self.fast.enter(steps) == 0

    def records(self) -> tuple[object, ...]:
        """All of them, without their places among the counters."""
        entries, exits = self.programs.tables["entries"], self.programs.tables["exits"]
        return (
            {key: without(ENTRY.unpack(record), USE_OF_ENTRY) for key, record in entries.items()},
            {key: without(EXIT.unpack(record), USE_OF_EXIT) for key, record in exits.items()},
        )

    def places(self) -> list[int]:
        entries, exits = self.programs.tables["entries"], self.programs.tables["exits"]
        return [ENTRY.unpack(record)[USE_OF_ENTRY] for record in entries.values()] + [
            EXIT.unpack(record)[USE_OF_EXIT] for record in exits.values()
        ]


def without(members: Iterable[object], place: int) -> tuple[object, ...]:
    kept = list(members)
    del kept[place]
    return tuple(kept)


@given(states, st.lists(changes, max_size=5), st.booleans())
def test_changes_one_by_one_end_where_writing_the_whole_ends(
    start: ForwardingState, steps: list[ForwardingChange], by_mark: bool
) -> None:
    world = World(start, by_mark=by_mark)
    for step in steps:
        world.apply(step)
    assert world.records() == World(ForwardingState(world.tables.wishes), by_mark=by_mark).records()


@given(states, st.lists(changes, max_size=5))
def test_tables_that_are_too_small_grow(start: ForwardingState, steps: list[ForwardingChange]) -> None:
    narrow, wide = World(start, room=1), World(start)
    for step in steps:
        narrow.apply(step)
        wide.apply(step)
    assert narrow.records() == wide.records()


@given(states, st.lists(changes, max_size=5))
def test_every_record_has_a_counter(start: ForwardingState, steps: list[ForwardingChange]) -> None:
    world = World(start)
    for step in steps:
        world.apply(step)
    assert all(0 < place <= world.fast.counters.highest < 2 * world.programs.room for place in world.places())
