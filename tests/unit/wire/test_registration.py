"""Fixed parts of Registration Request and Reply, octet by octet."""

from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support import vectors

from mobileip.wire.extensions.base import Padding
from mobileip.wire.registration import (
    INFINITE_LIFETIME,
    RegistrationReply,
    RegistrationRequest,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

REPLY = RegistrationReply(
    code=133,
    lifetime=300,
    home_address=IPv4Address("10.1.0.5"),
    home_agent=IPv4Address("10.1.0.1"),
    identification=0x0102030405060708,
)
REPLY_FIXED = bytes.fromhex("0385012c 0a010005 0a010001 0102030405060708")

FLAGS = {
    "simultaneous_bindings": 0x80,
    "broadcast_datagrams": 0x40,
    "decapsulation_by_mobile_node": 0x20,
    "minimal_encapsulation": 0x10,
    "gre_encapsulation": 0x08,
    "reserved_r": 0x04,
    "reverse_tunneling": 0x02,
    "reserved_x": 0x01,
}
"""RFC 5944 §3.3: S, B, D, M, G, r, T, x."""


def test_request_vector() -> None:
    assert len(vectors.REQUEST_FIXED) == 24
    assert encode_request(vectors.REQUEST) == vectors.REQUEST_FIXED
    assert decode_request(vectors.REQUEST_FIXED, ()) == vectors.REQUEST


def test_reply_vector() -> None:
    assert len(REPLY_FIXED) == 20
    assert encode_reply(REPLY) == REPLY_FIXED
    assert decode_reply(REPLY_FIXED, ()) == REPLY


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_has_its_bit(flag: str) -> None:
    without = msgspec.structs.replace(vectors.REQUEST, **dict.fromkeys(FLAGS, False))
    request = msgspec.structs.replace(without, **{flag: True})
    octets = encode_request(request)
    assert octets[1] == FLAGS[flag]
    assert decode_request(octets, ()) == request
    assert encode_request(without)[1] == 0


def test_extensions_are_those_that_the_caller_has_decoded() -> None:
    extensions = (Padding(), Padding())
    assert decode_request(vectors.REQUEST_FIXED + bytes(2), extensions).extensions == extensions
    assert decode_reply(REPLY_FIXED + bytes(2), extensions).extensions == extensions


def test_infinity_is_the_largest_lifetime() -> None:
    request = msgspec.structs.replace(vectors.REQUEST, lifetime=INFINITE_LIFETIME)
    assert encode_request(request)[2:4] == b"\xff\xff"


def test_a_code_that_no_registry_knows_is_kept() -> None:
    octets = b"\x03\xfe" + REPLY_FIXED[2:]
    assert decode_reply(octets, ()).code == 254
    assert encode_reply(decode_reply(octets, ())) == octets


@pytest.mark.parametrize(("field", "value"), [("lifetime", 1 << 16), ("lifetime", -1), ("identification", 1 << 64)])
def test_a_request_that_does_not_fit_names_the_field(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^out of range: {field} is {value}$"):
        encode_request(msgspec.structs.replace(vectors.REQUEST, **{field: value}))


@pytest.mark.parametrize(("field", "value"), [("code", 256), ("lifetime", 1 << 16), ("identification", -1)])
def test_a_reply_that_does_not_fit_names_the_field(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^out of range: {field} is {value}$"):
        encode_reply(msgspec.structs.replace(REPLY, **{field: value}))


@pytest.mark.requirement("R5944-3.3-c")
def test_what_is_reserved_is_sent_as_zero() -> None:
    request = RegistrationRequest(
        lifetime=1,
        home_address=IPv4Address("10.1.0.5"),
        home_agent=IPv4Address("10.1.0.1"),
        care_of_address=IPv4Address("192.0.2.1"),
        identification=1,
    )
    assert encode_request(request)[1] == 0
