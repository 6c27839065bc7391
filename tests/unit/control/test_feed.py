"""The event feed: a ring for those who come later, queues for those who listen."""

from mobileip.control import feed as module
from mobileip.control.feed import Feed


def publish(feed: Feed, count: int) -> None:
    for _ in range(count):
        feed.publish(lambda number: b"%d" % number)


def test_events_are_numbered_from_one() -> None:
    feed = Feed()
    with feed.listen(None) as queue:
        publish(feed, 2)
        assert [queue.get_nowait() for _ in range(2)] == [(1, b"1"), (2, b"2")]


def test_who_comes_later_may_have_what_is_kept() -> None:
    feed = Feed()
    publish(feed, 3)
    with feed.listen(0) as all_of_it, feed.listen(2) as the_rest, feed.listen(None) as only_new:
        assert (all_of_it.qsize(), the_rest.qsize(), only_new.qsize()) == (3, 1, 0)
        assert the_rest.get_nowait() == (3, b"3")


def test_no_more_is_kept_than_the_ring_holds() -> None:
    feed = Feed()
    publish(feed, module.RING + 5)
    with feed.listen(0) as queue:
        assert queue.qsize() == module.RING
        assert queue.get_nowait()[0] == 6


def test_a_slow_listener_loses_the_oldest_and_holds_nobody_up() -> None:
    feed = Feed()
    with feed.listen(None) as slow, feed.listen(None) as other:
        publish(feed, module.WAITING + 2)
        assert slow.qsize() == other.qsize() == module.WAITING
        assert slow.get_nowait()[0] == 3


def test_who_has_gone_gets_nothing() -> None:
    feed = Feed()
    with feed.listen(None) as queue:
        pass
    publish(feed, 1)
    assert queue.empty()
