from mobileip.dataplane.userspace.rate_limit import RateLimit


def test_a_burst_then_the_rate():
    limit = RateLimit(rate=10.0, burst=3.0)
    assert [limit.allows(100.0) for _ in range(4)] == [True, True, True, False]
    assert not limit.allows(100.05)
    assert limit.allows(100.15)
    assert not limit.allows(100.15)


def test_a_pause_fills_no_more_than_the_burst():
    limit = RateLimit(rate=10.0, burst=2.0)
    assert [limit.allows(1e6) for _ in range(3)] == [True, True, False]


def test_time_that_goes_back_gives_nothing():
    limit = RateLimit(rate=10.0, burst=1.0)
    assert limit.allows(100.0)
    assert not limit.allows(50.0)


def test_what_costs_more_than_is_there_is_paid_off_before_the_next():
    limit = RateLimit(10.0, 5.0)
    assert limit.allows(0.0, 25.0)
    assert not limit.allows(2.0)
    assert limit.allows(2.2)
