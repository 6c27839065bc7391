import pytest

from mobileip.agents.mobile.keepalive_interval import IntervalSearch


def after(search: IntervalSearch, *, forgets_after: float, times: int) -> list[float]:
    """The intervals that follow behind a NAT that forgets what is unused for that long."""
    intervals = []
    for _ in range(times):
        if search.interval < forgets_after:
            search.answered(search.interval)
        else:
            search.lost(search.interval)
        intervals.append(search.interval)
    return intervals


def test_begins_with_our_own() -> None:
    assert IntervalSearch(25.0, 0).interval == 25.0


def test_begins_with_what_the_home_agent_tells() -> None:
    assert IntervalSearch(25.0, 200).interval == 200.0


@pytest.mark.requirement("R3519-4.10-b")
def test_never_under_ten_seconds() -> None:
    assert IntervalSearch(25.0, 3).interval == 10.0
    assert after(IntervalSearch(25.0, 0), forgets_after=1.0, times=4)[-1] == 10.0


def test_searches_upwards_to_110_s() -> None:
    assert after(IntervalSearch(25.0, 0), forgets_after=1000.0, times=5) == [50.0, 100.0, 110.0, 110.0, 110.0]


def test_the_home_agents_number_is_not_exceeded() -> None:
    search = IntervalSearch(25.0, 40)
    assert after(search, forgets_after=1000.0, times=2) == [40.0, 40.0]
    assert search.worked == 40.0


def test_settles_between_what_worked_and_what_did_not() -> None:
    intervals = after(IntervalSearch(25.0, 0), forgets_after=60.0, times=8)
    assert intervals[:3] == [50.0, 100.0, 50.0]
    assert intervals[-1] == intervals[-2] == 50.0
    assert 75.0 in intervals


def test_the_longest_that_worked_is_kept_when_more_is_of_no_use() -> None:
    search = IntervalSearch(25.0, 0)
    after(search, forgets_after=30.0, times=8)
    assert search.interval == 25.0
    assert search.failed == 37.5


def test_a_nat_that_forgets_sooner_than_it_did() -> None:
    search = IntervalSearch(25.0, 0)
    search.answered(25.0)
    search.answered(50.0)
    search.interval = 50.0
    search.lost(50.0)
    assert (search.worked, search.interval) == (0.0, 25.0)


def test_a_tunnel_that_was_used_tells_nothing() -> None:
    search = IntervalSearch(25.0, 0)
    search.answered(10.0)
    search.lost(10.0)
    assert search.interval == 25.0
