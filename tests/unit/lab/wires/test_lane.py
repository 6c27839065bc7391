"""A lane in virtual time: delay, rate, loss, order, the full queue, the relay's own lateness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobileip.lab.topology import Wire
from mobileip.lab.wires.lane import QUEUE_LIMIT_FRAMES, Lane


def drain(lane: Lane, until: float) -> list[tuple[float, bytes]]:
    """Everything that comes out by `until`, each frame at its own time."""
    out = []
    while (at := lane.next_at()) is not None and at <= until:
        out += [(at, frame) for frame in lane.due(at)]
    return out


def test_a_frame_comes_out_after_its_time_on_the_wire_and_the_delay() -> None:
    lane = Lane(Wire(delay_ms=5, rate_mbit=10), seed=0)
    lane.accept(bytes(1250), now=1.0)  # 10,000 bits: 1 ms at 10 Mbit/s
    assert lane.next_at() == pytest.approx(1.006)
    assert lane.due(1.0059) == []
    assert lane.due(1.0061) == [bytes(1250)]
    assert lane.next_at() is None


def test_the_rate_holds_over_many_frames() -> None:
    lane = Lane(Wire(delay_ms=0, rate_mbit=8), seed=0)
    for _ in range(100):
        lane.accept(bytes(1000), now=0.0)  # 1 ms each
    assert len(drain(lane, 0.0505)) == 50


def test_an_idle_wire_does_not_save_up() -> None:
    lane = Lane(Wire(delay_ms=0, rate_mbit=8), seed=0)
    lane.accept(bytes(1000), now=0.0)
    lane.accept(bytes(1000), now=10.0)
    assert [at for at, _ in drain(lane, 11.0)] == pytest.approx([0.001, 10.001])


@given(st.lists(st.tuples(st.floats(0, 0.01), st.integers(60, 1514)), max_size=60), st.floats(0, 50))
def test_frames_never_overtake_and_none_is_early(gaps: list[tuple[float, int]], delay_ms: float) -> None:
    lane = Lane(Wire(delay_ms=delay_ms, rate_mbit=100), seed=0)
    now, entered = 0.0, []
    for number, (gap, size) in enumerate(gaps):
        now += gap
        lane.accept(number.to_bytes(2, "big") + bytes(size - 2), now)
        entered.append(now)
    left = drain(lane, now + 10)
    assert [int.from_bytes(frame[:2], "big") for _, frame in left] == list(range(len(gaps)))
    assert all(at >= start + delay_ms / 1e3 for (at, _), start in zip(left, entered, strict=True))


def test_loss_is_as_frequent_as_asked_and_the_same_at_each_run() -> None:
    def lost(seed: int) -> int:
        lane = Lane(Wire(loss=0.1), seed)
        for number in range(2000):
            lane.accept(b"x", float(number))
            lane.due(number + 0.5)
        assert lane.forwarded + lane.lost == 2000
        return lane.lost

    assert 150 < lost(1) < 250
    assert lost(1) == lost(1)
    assert lost(1) != lost(2)


def test_a_full_queue_drops_at_the_tail() -> None:
    lane = Lane(Wire(delay_ms=1000), seed=0)
    for number in range(QUEUE_LIMIT_FRAMES + 5):
        lane.accept(number.to_bytes(2, "big"), 0.0)
    assert lane.overflowed == 5
    assert [frame for _, frame in drain(lane, 9.0)][-1] == (QUEUE_LIMIT_FRAMES - 1).to_bytes(2, "big")


def test_frames_on_a_long_cable_fill_no_queue() -> None:
    lane = Lane(Wire(delay_ms=100, rate_mbit=1000), seed=0)
    count = 3 * QUEUE_LIMIT_FRAMES
    for number in range(count):
        lane.accept(bytes(100), number / 20_000)  # 50 us apart, 0.8 us on the wire each: 2,000 are under way at once
    assert lane.overflowed == 0
    assert len(drain(lane, 9.0)) == count


def test_a_queue_that_has_drained_takes_frames_again() -> None:
    lane = Lane(Wire(delay_ms=100, rate_mbit=8), seed=0)
    for _ in range(QUEUE_LIMIT_FRAMES + 1):
        lane.accept(bytes(1000), 0.0)  # 1 ms each
    lane.accept(bytes(1000), 0.0105)  # ten are on the cable by now
    assert lane.overflowed == 1
    assert len(drain(lane, 9.0)) == QUEUE_LIMIT_FRAMES + 1


def test_lateness_is_told() -> None:
    lane = Lane(Wire(delay_ms=5), seed=0)
    lane.accept(b"", 0.0)
    lane.due(0.0075)
    assert lane.worst_added == pytest.approx(0.0025)
    assert list(lane.late) == [(0.005, 0.0075)]
    lane.forget_lateness()
    assert (lane.worst_added, list(lane.late)) == (0.0, [])


def test_a_turn_that_is_hardly_late_is_not_remembered() -> None:
    lane = Lane(Wire(delay_ms=5), seed=0)
    lane.accept(b"", 0.0)
    lane.due(0.0060)
    assert list(lane.late) == []


def test_a_change_counts_for_frames_that_enter_later() -> None:
    lane = Lane(Wire(delay_ms=5), seed=0)
    lane.accept(b"", 0.0)
    lane.wire = Wire(delay_ms=50)
    lane.accept(b"", 0.0)
    assert [at for at, _ in drain(lane, 1.0)] == pytest.approx([0.005, 0.050])
