"""Where we were refused, and for how long that place waits."""

from ipaddress import IPv4Address

from mobileip.agents.mobile.attachment import CareOf, Place
from mobileip.agents.mobile.refusals import LIMIT_KEPT, MOST_REFUSALS, Refusals
from mobileip.wire.registration import INFINITE_LIFETIME


def place(number: int) -> Place:
    return ("eth0", CareOf.FOREIGN_AGENT, IPv4Address(number), None, 1)


def test_each_refusal_in_a_row_doubles_the_wait_up_to_the_longest() -> None:
    refusals, now, waits = Refusals(), 0.0, []
    for _ in range(9):
        until = refusals.note(place(1), 10.0, now, avoid=True)
        waits.append(until - now)
        now = until
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_refusals_that_nobody_signed_wait_half_a_minute_at_most() -> None:
    refusals, now, waits = Refusals(), 0.0, []
    for _ in range(4):
        until = refusals.note(place(1), 10.0, now, avoid=True, is_signed=False)
        waits.append(until - now)
        now = until
    assert waits == [10, 20, 30, 30]
    assert refusals.note(place(1), 300.0, now, avoid=True, is_signed=False) == now + 30


def test_refusals_that_nobody_signed_do_not_prolong_the_wait_after_a_signed_one_nor_shorten_it() -> None:
    refusals = Refusals()
    waits = [
        refusals.note(place(1), 10.0, 0.0, avoid=True, is_signed=is_signed)
        for is_signed in (False, True, False, False, True, False)
    ]
    assert waits == [10, 10, 20, 30, 20, 30]


def test_refusals_without_end_overflow_nothing() -> None:
    refusals = Refusals()
    assert [refusals.note(place(1), 2.0, 0.0, avoid=True) for _ in range(5000)][-1] == 600.0


def test_a_refusal_long_ago_does_not_count() -> None:
    refusals = Refusals()
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    assert refusals.note(place(1), 10.0, 609.0, avoid=True) == 629.0
    refusals.clear()
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    assert refusals.note(place(1), 10.0, 611.0, avoid=True) == 621.0


def test_each_place_counts_by_itself() -> None:
    refusals = Refusals()
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    assert refusals.note(place(2), 10.0, 0.0, avoid=True) == 10.0


def test_only_some_are_avoided_and_only_until_their_wait_ends() -> None:
    refusals = Refusals()
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    refusals.note(place(2), 10.0, 0.0, avoid=False)
    assert refusals.avoided(9.9) == {place(1)}
    assert refusals.avoided(10.0) == set()


def test_the_next_end_lies_ahead() -> None:
    refusals = Refusals()
    assert refusals.next_end(0.0) is None
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    refusals.note(place(2), 30.0, 0.0, avoid=False)
    assert refusals.next_end(5.0) == 10.0
    assert refusals.next_end(10.0) == 30.0
    assert refusals.next_end(30.0) is None


def test_an_acceptance_is_forgiveness() -> None:
    refusals = Refusals()
    refusals.note(place(1), 10.0, 0.0, avoid=True)
    refusals.note(place(2), 10.0, 0.0, avoid=True)
    refusals.forget(place(1))
    refusals.forget(place(7))
    assert refusals.avoided(0.0) == {place(2)}
    assert refusals.note(place(1), 10.0, 0.0, avoid=True) == 10.0


def test_memory_is_bounded_and_the_newest_stay() -> None:
    refusals = Refusals()
    for number in range(200):
        refusals.note(place(number), 10.0, 0.0, avoid=True)
    avoided = refusals.avoided(0.0)
    assert len(avoided) == MOST_REFUSALS
    assert place(199) in avoided


def test_a_place_that_is_known_pushes_no_other_out() -> None:
    refusals = Refusals()
    for number in range(MOST_REFUSALS):
        refusals.note(place(number), 10.0, 0.0, avoid=True)
    refusals.note(place(5), 10.0, 0.0, avoid=True)
    assert len(refusals.avoided(0.0)) == MOST_REFUSALS


def test_what_code_69_named_is_remembered_for_its_place_and_forgotten() -> None:
    refusals = Refusals()
    assert refusals.longest(place(1), 0.0) == INFINITE_LIFETIME
    refusals.limit(place(1), 120, 0.0)
    assert refusals.longest(place(1), LIMIT_KEPT - 1) == 120
    assert refusals.longest(place(2), 0.0) == INFINITE_LIFETIME
    assert refusals.longest(place(1), LIMIT_KEPT) == INFINITE_LIFETIME


def test_few_of_these_are_remembered() -> None:
    refusals = Refusals()
    for number in range(MOST_REFUSALS + 1):
        refusals.limit(place(number), 120, 0.0)
    assert refusals.longest(place(0), 0.0) == INFINITE_LIFETIME
    assert refusals.longest(place(1), 0.0) == 120
