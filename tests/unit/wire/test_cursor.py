"""The bounded reader."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason


def test_numbers_are_read_from_left_to_right_in_network_order() -> None:
    cursor = Cursor(bytes(range(1, 16)))
    assert cursor.u8("a") == 0x01
    assert cursor.u16("b") == 0x0203
    assert cursor.u32("c") == 0x04050607
    assert cursor.u64("d") == 0x08090A0B0C0D0E0F
    assert (cursor.position, cursor.remaining) == (15, 0)


def test_addresses() -> None:
    cursor = Cursor(bytes.fromhex("c000020120010db8000000000000000000000001"))
    assert cursor.address("home_address") == IPv4Address("192.0.2.1")
    assert cursor.ipv6_address("prefix") == IPv6Address("2001:db8::1")


def test_only_the_octets_between_start_and_end_are_read() -> None:
    cursor = Cursor(b"abcdef", 2, 4)
    assert cursor.remaining == 2
    assert cursor.rest() == b"cd"
    assert cursor.rest() == b""


@pytest.mark.parametrize(
    ("read", "count"),
    [
        (Cursor.u8, 1),
        (Cursor.u16, 2),
        (Cursor.u32, 4),
        (Cursor.u64, 8),
        (Cursor.address, 4),
        (Cursor.ipv6_address, 16),
    ],
)
def test_an_overrun_names_field_octet_and_what_is_left(read: Callable[[Cursor, str], object], count: int) -> None:
    cursor = Cursor(bytes(20), 5, 5 + count - 1)
    with pytest.raises(DecodeError) as caught:
        read(cursor, "lifetime")
    assert caught.value.reason is DecodeReason.TRUNCATED
    assert caught.value.offset == 5
    assert caught.value.detail == f"lifetime needs {count} octets, {count - 1} are left"
    assert cursor.position == 5


def test_take_up_to_the_last_octet() -> None:
    cursor = Cursor(b"abc")
    assert cursor.take(3, "all") == b"abc"
    assert cursor.take(0, "nothing") == b""


def test_text_is_all_that_is_left() -> None:
    cursor = Cursor("xréseau".encode(), 1)
    assert cursor.text("name") == "réseau"
    assert cursor.remaining == 0


def test_empty_text_is_refused() -> None:
    with pytest.raises(DecodeError, match="name is empty") as caught:
        Cursor(b"ab", 2).text("name")
    assert (caught.value.reason, caught.value.offset) == (DecodeReason.BAD_LENGTH, 2)


def test_text_that_is_not_utf_8_is_refused_at_its_first_wrong_octet() -> None:
    with pytest.raises(DecodeError, match="name is not UTF-8") as caught:
        Cursor(b"--ab\xff", 2).text("name")
    assert (caught.value.reason, caught.value.offset) == (DecodeReason.BAD_VALUE, 4)


def test_a_window_is_read_by_itself_and_the_outer_cursor_goes_on_behind_it() -> None:
    outer = Cursor(b"abcdef")
    inner = outer.window(4, "item")
    assert outer.rest() == b"ef"
    assert inner.rest() == b"abcd"


def test_beyond_a_window_a_length_is_wrong_and_nothing_is_truncated() -> None:
    inner = Cursor(b"abcdef").window(4, "item")
    with pytest.raises(DecodeError) as caught:
        inner.take(5, "field")
    assert caught.value.reason is DecodeReason.BAD_LENGTH


def test_a_window_must_fit_into_what_is_left() -> None:
    with pytest.raises(DecodeError, match="item needs 4 octets, 3 are left") as caught:
        Cursor(b"abc").window(4, "item")
    assert caught.value.reason is DecodeReason.TRUNCATED


def test_a_window_in_a_window_keeps_its_reason() -> None:
    with pytest.raises(DecodeError) as caught:
        Cursor(b"abcdef").window(4, "item").window(5, "part")
    assert caught.value.reason is DecodeReason.BAD_LENGTH


def test_finish_refuses_what_nothing_has_read() -> None:
    cursor = Cursor(b"abc")
    cursor.u8("first")
    with pytest.raises(DecodeError, match="2 octets behind the end of item") as caught:
        cursor.finish("item")
    assert (caught.value.reason, caught.value.offset) == (DecodeReason.TRAILING_OCTETS, 1)


def test_finish_is_content_when_all_is_read() -> None:
    cursor = Cursor(b"abc")
    cursor.rest()
    cursor.finish("item")
    assert cursor.position == 3
