"""The visitor list."""

from math import inf

from tests.support.foreign_agent import OTHER_HOME_ADDRESS, visitor
from tests.support.messages import HOME_ADDRESS

from mobileip.agents.foreign.visitors import VisitorList


def test_one_entry_for_each_home_address() -> None:
    visitors = VisitorList()
    assert visitors.of(HOME_ADDRESS) is None
    visitors.put(visitor())
    visitors.put(visitor(expires_at=2000.0))
    visitors.put(visitor(home_address=OTHER_HOME_ADDRESS))
    assert visitors.of(HOME_ADDRESS) == visitor(expires_at=2000.0)
    assert len(visitors) == 2
    assert list(visitors) == [visitor(expires_at=2000.0), visitor(home_address=OTHER_HOME_ADDRESS)]


def test_removed_once() -> None:
    visitors = VisitorList()
    visitors.put(visitor())
    assert visitors.remove(HOME_ADDRESS) == visitor()
    assert visitors.remove(HOME_ADDRESS) is None
    assert visitors.next_deadline() == inf


def test_expiry_follows_the_last_renewal() -> None:
    visitors = VisitorList()
    visitors.put(visitor(expires_at=10.0))
    visitors.put(visitor(expires_at=20.0))
    visitors.put(visitor(home_address=OTHER_HOME_ADDRESS, expires_at=inf))
    assert visitors.next_deadline() == 20.0
    assert visitors.expire(19.9) == []
    assert visitors.expire(20.0) == [visitor(expires_at=20.0)]
    assert visitors.next_deadline() == inf
    assert len(visitors) == 1


def test_the_last_address_got_by_a_name() -> None:
    visitors = VisitorList()
    visitors.put(visitor())
    assert visitors.named("mn@example.net") is None
    first, second = (
        visitor(nai="mn@example.net"),
        visitor(home_address=OTHER_HOME_ADDRESS, nai="mn@example.net", expires_at=9.0),
    )
    visitors.put(first)
    visitors.put(second)
    assert visitors.named("mn@example.net") == second
    assert visitors.named(None) is None
    visitors.remove(HOME_ADDRESS)
    assert visitors.named("mn@example.net") == second
    assert visitors.expire(9.0) == [second]
    assert visitors.named("mn@example.net") is None
