"""Addresses that are lent."""

from ipaddress import IPv4Address

from mobileip.agents.home.pool import AddressPool

A, B, C = (IPv4Address(f"10.1.0.{last}") for last in (100, 101, 102))


def test_the_next_free_one_is_given() -> None:
    pool = AddressPool((A, C))
    assert pool.free() == A
    pool.take(A)
    assert pool.free() == B


def test_looking_changes_nothing() -> None:
    pool = AddressPool((A, C))
    assert [pool.free(), pool.free()] == [A, A]


def test_one_that_was_given_back_rests() -> None:
    pool = AddressPool((A, C))
    pool.take(A)
    pool.give_back(A)
    assert pool.has_free(A)
    assert pool.free() == B
    pool.take(C)
    assert pool.free() == A


def test_none_is_left() -> None:
    pool = AddressPool((A, B))
    for address in (A, B):
        pool.take(address)
    assert pool.free() is None
    assert AddressPool(None).free() is None


def test_some_are_never_given() -> None:
    pool = AddressPool((A, C), taken=(A, IPv4Address("10.1.0.1"), C))
    assert not pool.has_free(A)
    assert pool.free() == B


def test_others_are_none_of_the_pool() -> None:
    pool = AddressPool((B, B))
    assert [pool.has_free(address) for address in (A, B, C)] == [False, True, False]
    assert not AddressPool(None).has_free(A)
