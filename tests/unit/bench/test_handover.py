"""What the handover bench counts, and what it makes of it."""

import pytest
from bench.handover.combinations import PAIRS, everything
from bench.handover.evaluate import cost, percentile
from bench.handover.quality import call, opinion, rating

MS = 1_000_000


def test_a_whole_stream_costs_nothing() -> None:
    sent = [n * 20 * MS for n in range(10)]
    found = cost(sent, [(n, at + 5 * MS) for n, at in enumerate(sent)], 0, 200 * MS)
    assert (found.sent, found.lost, found.duplicates, found.reordered) == (10, 0, 0, 0)
    assert (found.silence_ms, found.first_ms, found.delay_ms) == (20.0, 5.0, 5.0)


def test_losses_duplicates_and_order() -> None:
    sent = [n * 20 * MS for n in range(5)]
    received = [(0, 5 * MS), (2, 45 * MS), (1, 46 * MS), (2, 50 * MS), (4, 85 * MS)]
    found = cost(sent, received, 0, 100 * MS, changed=30 * MS)
    assert (found.lost, found.duplicates, found.reordered) == (1, 1, 1)
    assert (found.latest_duplicate_ms, found.silence_ms) == (20.0, 40.0)


def test_nothing_came() -> None:
    found = cost([0, 20 * MS], [], 0, 40 * MS)
    assert (found.lost, found.silence_ms, found.first_ms) == (2, 40.0, None)


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
    assert PAIRS["fa-colocated"].names == ("fa-colocated", "colocated-fa")
