"""Fractions out of an event's entropy."""

import math

import pytest

from mobileip.agents.mobile.draws import Draws


def test_without_entropy_all_are_zero() -> None:
    draws = Draws(b"")
    assert [draws.fraction() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_the_first_half_is_left_to_the_identification() -> None:
    assert Draws(b"\xff" * 16).fraction() == 0.0


def test_one_after_the_other_from_the_second_half_and_around() -> None:
    draws = Draws(bytes(16) + b"\x80\0\0\0" + b"\x40\0\0\0" + bytes(8))
    assert [draws.fraction() for _ in range(5)] == [0.5, 0.25, 0.0, 0.0, 0.5]


def test_the_greatest_is_below_one() -> None:
    assert 0.999 < Draws(b"\xff" * 32).fraction() < 1


@pytest.mark.parametrize("length", [17, 19, 22, 31])
def test_an_odd_length_is_no_error(length: int) -> None:
    draws = Draws(b"\xff" * length)
    assert [math.ceil(draws.fraction()) for _ in range(3)] == [1, 1, 1]
