"""Addresses that are lent."""

from ipaddress import IPv4Address

from mobileip.agents.home.pool import AddressPool

A, B, C = (IPv4Address(f"10.1.0.{last}") for last in (100, 101, 102))
ANN, BOB, CY, DEE = "ann@home.net", "bob@home.net", "cy@home.net", "dee@home.net"


def test_the_next_free_one_is_given() -> None:
    pool = AddressPool((A, C))
    assert pool.free(ANN) == A
    pool.take(A, ANN)
    assert pool.free(BOB) == B


def test_looking_changes_nothing() -> None:
    pool = AddressPool((A, C))
    assert [pool.free(ANN), pool.free(BOB)] == [A, A]


def test_who_comes_again_gets_what_it_had() -> None:
    pool = AddressPool((A, C))
    pool.take(A, ANN)
    pool.give_back(A)
    pool.take(B, BOB)
    assert pool.free(ANN) == A
    assert pool.has_free(A, ANN)


def test_what_somebody_uses_at_home_is_given_to_another_only_when_there_is_nothing_else() -> None:
    pool = AddressPool((A, C))
    pool.take(A, ANN)
    pool.give_back(A)
    assert not pool.has_free(A, BOB)
    pool.take(B, BOB)
    assert pool.free(CY) == C
    pool.take(C, CY)
    assert pool.free(DEE) == A
    pool.take(A, DEE)
    assert pool.free(ANN) is None
    pool.give_back(B)
    assert pool.free(ANN) == B, "what it had is another's now"


def test_who_takes_another_one_leaves_the_first_to_others() -> None:
    pool = AddressPool((A, C))
    pool.take(A, ANN)
    pool.give_back(A)
    pool.take(C, ANN)
    assert pool.free(BOB) == A


def test_none_is_left() -> None:
    pool = AddressPool((A, B))
    for address, name in ((A, ANN), (B, BOB)):
        pool.take(address, name)
    assert pool.free(CY) is None
    assert AddressPool(None).free(ANN) is None


def test_some_are_never_given() -> None:
    pool = AddressPool((A, C), taken=(A, IPv4Address("10.1.0.1"), C))
    assert not pool.has_free(A, ANN)
    assert pool.free(ANN) == B


def test_others_are_none_of_the_pool() -> None:
    pool = AddressPool((B, B))
    assert [pool.has_free(address, ANN) for address in (A, B, C)] == [False, True, False]
    assert not AddressPool(None).has_free(A, ANN)


def test_who_has_or_had_an_address_is_known_both_ways() -> None:
    pool = AddressPool((A, C))
    assert (pool.had(ANN), pool.had_last(int(A))) == (0, "")
    pool.take(A, ANN)
    pool.give_back(A)
    assert (pool.had(ANN), pool.had_last(int(A))) == (int(A), ANN)
