"""One each interval on average, and a small burst."""

from mobileip.agents.mobile.rate import RateLimit


def test_the_first_is_ready_at_once() -> None:
    assert RateLimit(1.0).ready_at(5.0) == 5.0


def test_the_next_waits_for_the_interval() -> None:
    limit = RateLimit(1.0)
    limit.take(5.0)
    assert limit.ready_at(5.25) == 6.0
    assert limit.ready_at(6.0) == 6.0
    assert limit.ready_at(7.0) == 7.0


def test_what_was_not_used_is_not_saved_up() -> None:
    limit = RateLimit(1.0)
    limit.take(5.0)
    limit.take(100.0)
    assert limit.ready_at(100.0) == 101.0


def test_a_burst_leaves_at_once_and_the_next_waits() -> None:
    limit = RateLimit(1.0, burst=3)
    for _ in range(3):
        assert limit.ready_at(5.0) == 5.0
        limit.take(5.0)
    assert limit.ready_at(5.0) == 6.0


def test_a_burst_fills_up_one_by_one() -> None:
    limit = RateLimit(1.0, burst=3)
    for _ in range(3):
        limit.take(5.0)
    limit.take(6.0)
    assert limit.ready_at(6.0) == 7.0
    assert limit.ready_at(9.0) == 9.0
    for _ in range(3):
        limit.take(9.0)
    assert limit.ready_at(9.0) == 10.0


def test_one_that_left_too_early_is_made_up_for() -> None:
    """A farewell is not held up; what follows waits for both."""
    limit = RateLimit(1.0)
    limit.take(5.0)
    limit.take(5.5)
    assert limit.ready_at(5.5) == 7.0
