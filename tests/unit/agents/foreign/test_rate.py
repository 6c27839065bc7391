"""How often a foreign agent denies."""

from tests.support.foreign_agent import MAC, OTHER_MAC

from mobileip.agents.foreign.rate import DenialLimit


def test_once_a_second_each() -> None:
    limit = DenialLimit(10)
    assert limit.take(MAC, 0.0)
    assert not limit.take(MAC, 0.9)
    assert limit.take(OTHER_MAC, 0.9)
    assert limit.take(MAC, 1.0)
    assert not limit.take(OTHER_MAC, 1.8)


def test_it_remembers_no_more_than_it_can() -> None:
    limit = DenialLimit(100)
    answered = sum(limit.take(number.to_bytes(6), 0.0) for number in range(10_000))
    assert (answered, len(limit)) == (10_000, 100)
    assert limit.take(MAC, 1.0)
    assert len(limit) == 1


def test_a_crowd_silences_nobody() -> None:
    limit = DenialLimit(2)
    assert limit.take(MAC, 0.0)
    assert limit.take(OTHER_MAC, 0.1)
    assert limit.take(b"\x02crowd", 0.2)
    assert not limit.take(OTHER_MAC, 0.3)
