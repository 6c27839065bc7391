"""Values to octets, and the names of those that do not fit."""

import struct
from collections.abc import Callable

import pytest

from mobileip.wire.fields import octets, packed, text, u8, u16, u32, u64, unsigned

WRITERS = [(u8, 8), (u16, 16), (u32, 32), (u64, 64)]


@pytest.mark.parametrize(("write", "bits"), WRITERS)
def test_smallest_and_largest_number(write: Callable[[int, str], bytes], bits: int) -> None:
    assert write(0, "lifetime") == bytes(bits // 8)
    assert write((1 << bits) - 1, "lifetime") == b"\xff" * (bits // 8)
    assert write(1, "lifetime")[-1] == 1  # network order


@pytest.mark.parametrize(("write", "bits"), WRITERS)
@pytest.mark.parametrize("beyond", [False, True])
def test_a_number_that_does_not_fit_is_named(write: Callable[[int, str], bytes], bits: int, beyond: bool) -> None:
    value = 1 << bits if beyond else -1
    with pytest.raises(ValueError, match=f"^lifetime is {value}, a number of {bits} bits is expected$"):
        write(value, "lifetime")


def test_odd_widths() -> None:
    assert unsigned(31, 5, "reserved") == 31
    with pytest.raises(ValueError, match="reserved is 32, a number of 5 bits"):
        unsigned(32, 5, "reserved")


def test_text_is_utf_8() -> None:
    assert text("réseau", "name") == b"r\xc3\xa9seau"


def test_empty_text_is_refused() -> None:
    with pytest.raises(ValueError, match="name is empty"):
        text("", "name")


def test_text_without_a_utf_8_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"name .* has no UTF-8 form"):
        text("\ud800", "name")


def test_octets_of_exactly_the_length() -> None:
    assert octets(b"abc", 3, "address") == b"abc"
    for length in (2, 4):
        with pytest.raises(ValueError, match=f"address has 3 octets, {length} are expected"):
            octets(b"abc", length, "address")


def test_packed_by_a_layout() -> None:
    assert packed(struct.Struct("!BHI"), (1, 2, 3), {"type": 8, "length": 16, "spi": 32}) == b"\1\0\2\0\0\0\3"


def test_packed_names_every_field_that_does_not_fit_and_no_other() -> None:
    with pytest.raises(ValueError, match=r"^out of range: type is -1, spi is 4294967296$"):
        packed(struct.Struct("!BHI"), (-1, 2, 1 << 32), {"type": 8, "length": 16, "spi": 32})
