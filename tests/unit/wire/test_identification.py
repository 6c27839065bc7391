"""Halves and differences of the 64-bit Identification."""

import pytest

from mobileip.wire.identification import HALF, difference, high, join, low

NTP = 0xE0000000_12345678


def test_halves() -> None:
    assert high(NTP) == 0xE0000000
    assert low(NTP) == 0x12345678
    assert join(high(NTP), low(NTP)) == NTP


def test_join_keeps_each_half_to_its_32_bits() -> None:
    assert join(HALF, HALF + 5) == 5
    assert join(-1, 0) == 0xFFFFFFFF_00000000


@pytest.mark.parametrize(
    ("later", "earlier", "expected"),
    [
        (NTP, NTP, 0),
        (NTP + 3, NTP, 3),
        (NTP, NTP + 3, -3),
        (5, 2**64 - 5, 10),  # RFC 5944 §5.7.1, RFC 1305: NTP seconds wrap on 7 February 2036
        (2**64 - 5, 5, -10),
        (2**63 - 1, 0, 2**63 - 1),
        (2**63, 0, -(2**63)),  # half way round is taken for the past
    ],
)
def test_difference_is_signed_and_right_across_the_wrap(later: int, earlier: int, expected: int) -> None:
    assert difference(later, earlier) == expected
