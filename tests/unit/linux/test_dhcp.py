from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobileip.linux.dhcp import MAGIC, router_of

ROUTER = IPv4Address("192.0.2.1")
HEAD = bytes((2, 1, 6, 0)) + bytes(232)
ACK = b"\x35\x01\x05"


def answer(options: bytes, head: bytes = HEAD, magic: bytes = MAGIC) -> bytes:
    return head + magic + options


def test_the_first_router_of_an_answer() -> None:
    both = b"\x03\x08" + ROUTER.packed + IPv4Address("192.0.2.2").packed
    assert router_of(answer(ACK + b"\0\0" + both + b"\xff")) == ROUTER
    assert router_of(answer(ACK + both)) == ROUTER  # no end option: it is there all the same


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        answer(ACK + b"\xff"),
        answer(b"\xff\x03\x04" + ROUTER.packed),  # behind the end
        answer(b"\x03\x04\xc0\x00\x02"),  # cut off
        answer(b"\x03\x02\xc0\x00\xff"),  # too short
        answer(b"\x03"),
        answer(b"\x03\x04" + ROUTER.packed, head=b"\x01" + HEAD[1:]),  # a question
        answer(b"\x03\x04" + ROUTER.packed, magic=b"\0\0\0\0"),
    ],
)
def test_anything_else_tells_of_none(payload: bytes) -> None:
    assert router_of(payload) is None


@settings(max_examples=2000, deadline=None)
@given(st.binary(max_size=80) | st.binary(max_size=80).map(answer))
def test_no_octets_raise(payload: bytes) -> None:
    router_of(payload)
