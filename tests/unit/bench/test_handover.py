"""What the handover bench counts, from times made by hand."""

import os
import subprocess
from collections.abc import Sequence

import pytest
from bench.handover.combinations import COMPETITORS, COMPETITORS_PAIR, PAIRS, RUNS, Kind, everything
from bench.handover.cores import Side, keep, kept_to, of
from bench.handover.evaluate import Cost, Stream, Way, Window, costs, percentile, united, windows
from bench.handover.quality import call, opinion, rating

MS = 1_000_000
INTERVAL = 20 * MS
DELAY = 5 * MS


def window(begin: int = 0, change: int = 100, end: int = 400) -> Window:
    """In ms; nothing but the way changes."""
    return Window(begin=begin * MS, left=change * MS, began=change * MS, done=change * MS, end=end * MS)


def stream(arrivals: Sequence[tuple[int, float]], count: int = 20, way: Way = Way.DOWN, **more: object) -> Stream:
    """Packets leave each 20 ms; `arrivals`: number and ms."""
    return Stream(
        way=way,
        interval=INTERVAL,
        sent=[number * INTERVAL for number in range(count)],
        numbers=[number for number, _ in arrivals],
        times=[int(at * MS) for _, at in arrivals],
        **more,  # type: ignore[arg-type]
    )


def whole(count: int = 20, without: Sequence[int] = ()) -> list[tuple[int, float]]:
    """Each comes 5 ms after it left, but those `without`."""
    return [(number, number * 20 + 5.0) for number in range(count) if number not in without]


def one(arrivals: Sequence[tuple[int, float]], **more: object) -> Cost:
    (found,) = costs(stream(arrivals, **more), [window()])  # type: ignore[arg-type]
    return found


def test_a_whole_stream_costs_nothing() -> None:
    found = one(whole())
    assert (found.sent, found.lost, found.duplicates, found.reordered) == (20, 0, 0, 0)
    assert (found.silence_ms, found.first_ms, found.delay_ms) == (20.0, 5.0, 5.0)
    assert (found.delay_before_ms, found.delay_after_ms) == (5.0, 5.0)


def test_what_was_lost_at_the_change_is_missed() -> None:
    found = one(whole(without=[5, 6]))
    assert (found.lost, found.silence_ms, found.first_ms) == (2, 60.0, 45.0)
    assert found.missing_ms == [0.0, 20.0]


def test_what_was_lost_last_makes_silence_too() -> None:
    assert one(whole(without=[18, 19])).silence_ms == 40.0


def test_nothing_came() -> None:
    found = one([])
    assert (found.lost, found.silence_ms, found.first_ms, found.first_arrival_ms) == (20, 400.0, None, None)


def test_a_packet_belongs_to_the_handover_in_whose_window_it_was_sent() -> None:
    """Number 9 leaves before the second change and comes after it."""
    first, second = costs(stream([*whole(9), (9, 260.0)]), [window(0, 100, 200), window(200, 250, 400)])
    assert (first.sent, first.lost, first.duplicates) == (10, 0, 0)
    assert (second.sent, second.lost) == (10, 10)


def test_windows_begin_before_their_change_and_leave_no_packet_out() -> None:
    found = windows([(1000, 1010, 1020), (3000, 3010, 3020)], finished=5000, lead=100)
    assert [(each.begin, each.end) for each in found] == [(900, 2900), (2900, 5000)]
    assert [(each.left, each.began, each.done) for each in found] == [(1000, 1010, 1020), (3000, 3010, 3020)]


def test_what_is_in_flight_when_the_streams_end_is_not_among_the_packets() -> None:
    (found,) = costs(stream(whole(15)), [window(0, 100, 300)])
    assert (found.sent, found.lost) == (15, 0)


@pytest.mark.parametrize(("way", "first"), [(Way.UP, 40.0), (Way.DOWN, 90.0)])
def test_the_first_packet_left_after_link_up_and_is_timed_at_the_mobile_node(way: Way, first: float) -> None:
    """Number 4 left before and comes after; 5 and 6 are lost; 7 leaves 40 ms after link-up and comes after 90."""
    arrivals = [*whole(4), (4, 150.0), (7, 190.0), *((n, n * 20 + 50.0) for n in range(8, 20))]
    found = one(arrivals, way=way)
    assert (found.lost, found.first_ms, found.first_arrival_ms) == (2, first, 90.0)


def test_copies_in_and_out_of_the_change() -> None:
    inside = one([*whole(), (6, 140.0), (6, 150.0)])
    assert (inside.lost, inside.duplicates, inside.duplicates_outside, inside.latest_duplicate_ms) == (0, 2, 0, 50.0)
    before = one([*whole(), (2, 60.0)])
    assert (before.duplicates, before.duplicates_outside, before.latest_duplicate_ms) == (1, 1, 0.0)
    late = one([*whole(), (6, 2101.0)])
    assert (late.duplicates, late.duplicates_outside, late.latest_duplicate_ms) == (1, 1, 2001.0)


def test_copies_break_no_silence() -> None:
    assert one([*whole(without=[6, 7]), (5, 130.0)]).silence_ms == 60.0


def test_how_long_packets_were_overtaken() -> None:
    found = one([*whole(without=[5, 6]), (6, 146.0), (5, 148.0)])
    assert (found.lost, found.reordered, found.reordered_ms) == (0, 2, 3.0)  # after number 7, at 145


def test_what_the_wire_was_late_is_no_overtaking_of_ours() -> None:
    arrivals = [*whole(without=[5, 6]), (6, 146.0), (5, 148.0)]
    (found,) = costs(stream(arrivals), [window()], [(141 * MS, 143 * MS), (149 * MS, 170 * MS)])
    assert (found.reordered, found.reordered_ms) == (2, 1.0)


def test_the_two_ways_delays_are_told_apart() -> None:
    found = one([(n, n * 20 + (5.0 if n < 5 else 9.0)) for n in range(20)])
    assert (found.delay_before_ms, found.delay_after_ms) == (5.0, 9.0)


def test_what_the_bench_itself_lost_is_told_apart() -> None:
    refused = one(whole(without=[3, 8]), not_sent=frozenset({8}))
    assert (refused.lost, refused.lost_by_bench) == (1, 1)
    overflowed = one(whole(without=[3, 8]), overflows=[(160 * MS, 1), (900 * MS, 7)])
    assert (overflowed.lost, overflowed.lost_by_bench) == (1, 1)


def test_what_sender_and_wire_were_late_is_no_silence_of_ours() -> None:
    late = stream([(n, n * 20 + 5.0 + (30 if n >= 8 else 0)) for n in range(20)])
    (stalled,) = costs(late, [window()])
    assert stalled.silence_ms == 50.0
    (wire,) = costs(late, [window()], [(145 * MS, 175 * MS)])
    assert wire.silence_ms == 20.0
    (elsewhere,) = costs(late, [window()], [(300 * MS, 330 * MS)])
    assert elsewhere.silence_ms == 50.0
    sent = [n * INTERVAL + (30 * MS if n >= 8 else 0) for n in range(20)]
    (sender,) = costs(
        Stream(way=Way.UP, interval=INTERVAL, sent=sent, numbers=late.numbers, times=late.times), [window()]
    )
    assert sender.silence_ms == 20.0


def test_times_are_united() -> None:
    assert united([(5, 7), (1, 3), (2, 4), (6, 9)]) == [(1, 4), (5, 9)]


def test_percentiles() -> None:
    assert [percentile([3.0, 1.0, 2.0], part) for part in (0.0, 0.5, 0.99)] == [1.0, 2.0, 3.0]
    assert percentile([], 0.5) == 0.0


@pytest.mark.parametrize(("factor", "score"), [(93.2, 4.41), (80.0, 4.02), (50.0, 2.58), (0.0, 1.0), (100.0, 4.5)])
def test_the_score_of_a_rating(factor: float, score: float) -> None:
    """ITU-T G.107 annex B."""
    assert opinion(factor) == pytest.approx(score, abs=0.011)


def test_delay_and_loss_impair_a_call() -> None:
    assert rating(0.0, 0.0) == 93.2
    assert rating(200.0, 0.0) == pytest.approx(93.2 - 4.8 - 2.497)
    assert call(3.0, 5, 100) < call(3.0, 0, 100)


def test_each_part_has_a_name_of_its_own() -> None:
    names = [part.name for part in everything()]
    assert len(set(names)) == len(names)
    assert "make_before_break.fa-fa.1ms.ebpf" in names
    others = [part for part in everything() if part.engine in COMPETITORS]
    assert {part.pair for part in others} == {COMPETITORS_PAIR}
    assert "break_before_make.colocated-colocated.100ms.wireguard-go" in names
    assert len(others) == len(COMPETITORS) * len(Kind) * len(RUNS)
    assert PAIRS["fa-colocated"].names == ("fa-colocated", "colocated-fa")


def test_equipment_and_node_have_cores_of_their_own() -> None:
    assert [of(side, {0, 1, 2, 5}) for side in Side] == [{0, 2}, {1, 5}]
    assert [of(side, {3}) for side in Side] == [{3}, {3}]


def test_what_is_started_meanwhile_keeps_to_its_cores() -> None:
    allowed = os.sched_getaffinity(0)
    with kept_to(Side.NODE):
        assert os.sched_getaffinity(0) == of(Side.NODE, allowed)
    assert os.sched_getaffinity(0) == allowed


def test_a_process_that_runs_keeps_to_its_cores() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        keep(sleeper.pid, Side.EQUIPMENT)
        assert os.sched_getaffinity(sleeper.pid) == of(Side.EQUIPMENT, os.sched_getaffinity(0))
    finally:
        sleeper.kill()
        sleeper.wait()
