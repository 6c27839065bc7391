"""Deadlines by key."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from mobileip.agents.deadlines import Deadlines


def test_the_earliest_is_next_and_each_is_told_once() -> None:
    deadlines: Deadlines[str] = Deadlines()
    assert deadlines.next() == inf
    deadlines.set("late", 3.0)
    deadlines.set("early", 1.0)
    assert deadlines.next() == 1.0
    assert deadlines.take_due(0.9) == []
    assert deadlines.take_due(3.0) == ["early", "late"]
    assert deadlines.take_due(9.0) == []
    assert len(deadlines) == 0


def test_a_moved_deadline_holds_once() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("a", 2.0)
    assert deadlines.next() == 2.0
    assert deadlines.take_due(1.0) == []
    assert deadlines.take_due(2.0) == ["a"]


def test_cancelled_and_infinite_ones_never_come() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.cancel("a")
    deadlines.cancel("never set")
    deadlines.set("b", 1.0)
    deadlines.set("b", inf)
    assert deadlines.next() == inf
    assert deadlines.take_due(5.0) == []


def test_the_time_of_one_key_can_be_asked() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("a", 2.0)
    assert deadlines.time_of("a") == 2.0
    assert deadlines.time_of("b") == inf
    deadlines.take_due(2.0)
    assert deadlines.time_of("a") == inf


def test_equal_times_come_in_the_order_of_setting_and_keys_need_no_order() -> None:
    deadlines: Deadlines[object] = Deadlines()
    keys = [object() for _ in range(5)]
    for key in keys:
        deadlines.set(key, 1.0)
    assert deadlines.take_due(1.0) == keys


def test_moving_deadlines_for_ever_takes_no_memory() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for turn in range(10_000):
        deadlines.set(turn % 7, 10.0 + turn)
    assert len(deadlines._heap) <= 2 * 7 + 64
    assert deadlines.next() == 10.0 + 9_993
    assert sorted(deadlines.take_due(1e6)) == list(range(7))


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.floats(0, 100))), max_size=200))
def test_it_agrees_with_a_plain_table(steps: list[tuple[int, float | None]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    table: dict[int, float] = {}
    for key, at in steps:
        if at is None:
            deadlines.cancel(key)
            table.pop(key, None)
        else:
            deadlines.set(key, at)
            table[key] = at
        assert deadlines.next() == min(table.values(), default=inf)
        assert len(deadlines) == len(table)
    assert set(deadlines.take_due(50.0)) == {key for key, at in table.items() if at <= 50.0}
