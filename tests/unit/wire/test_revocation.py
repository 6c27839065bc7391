"""Fixed parts of Registration Revocation and Revocation Acknowledgment, octet by octet."""

from ipaddress import IPv4Address

import msgspec
import pytest

from mobileip.wire.extensions.base import Padding
from mobileip.wire.revocation import (
    RegistrationRevocation,
    RevocationAcknowledgment,
    decode_acknowledgment,
    decode_revocation,
    encode_acknowledgment,
    encode_revocation,
)

REVOCATION = RegistrationRevocation(
    from_home_agent=True,
    inform=True,
    home_address=IPv4Address("10.1.0.5"),
    home_domain_address=IPv4Address("10.1.0.1"),
    foreign_domain_address=IPv4Address("192.0.2.1"),
    revocation_identifier=0xE0000000,
    reserved_1=0x12,
    reserved_2=0x2345,
)
REVOCATION_FIXED = bytes.fromhex("07 12 e345 0a010005 0a010001 c0000201 e0000000")
ACKNOWLEDGMENT = RevocationAcknowledgment(
    inform=True,
    home_address=IPv4Address("10.1.0.5"),
    revocation_identifier=0xE0000000,
    reserved_1=0x12,
    reserved_2=0x2345,
)
ACKNOWLEDGMENT_FIXED = bytes.fromhex("0f 12 a345 0a010005 e0000000")


def test_revocation_vector() -> None:
    assert encode_revocation(REVOCATION) == REVOCATION_FIXED
    assert decode_revocation(REVOCATION_FIXED, ()) == REVOCATION


def test_acknowledgment_vector() -> None:
    assert encode_acknowledgment(ACKNOWLEDGMENT) == ACKNOWLEDGMENT_FIXED
    assert decode_acknowledgment(ACKNOWLEDGMENT_FIXED, ()) == ACKNOWLEDGMENT


@pytest.mark.parametrize(
    ("flags", "from_home_agent", "inform", "reserved"),
    [
        ("8000", True, False, 0),
        ("4000", False, True, 0),
        ("3fff", False, False, 0x3FFF),
        ("0000", False, False, 0),
    ],
)
def test_flags_of_a_revocation(flags: str, from_home_agent: bool, inform: bool, reserved: int) -> None:
    octets = REVOCATION_FIXED[:2] + bytes.fromhex(flags) + REVOCATION_FIXED[4:]
    message = decode_revocation(octets, ())
    assert (message.from_home_agent, message.inform, message.reserved_2) == (from_home_agent, inform, reserved)
    assert encode_revocation(message) == octets


@pytest.mark.parametrize(("flags", "inform", "reserved"), [("8000", True, 0), ("7fff", False, 0x7FFF)])
def test_flags_of_an_acknowledgment(flags: str, inform: bool, reserved: int) -> None:
    octets = ACKNOWLEDGMENT_FIXED[:2] + bytes.fromhex(flags) + ACKNOWLEDGMENT_FIXED[4:]
    message = decode_acknowledgment(octets, ())
    assert (message.inform, message.reserved_2) == (inform, reserved)
    assert encode_acknowledgment(message) == octets


def test_extensions_are_those_that_the_caller_has_decoded() -> None:
    assert decode_revocation(REVOCATION_FIXED + b"\0", (Padding(),)).extensions == (Padding(),)
    assert decode_acknowledgment(ACKNOWLEDGMENT_FIXED + b"\0", (Padding(),)).extensions == (Padding(),)


@pytest.mark.parametrize(
    ("field", "value"), [("reserved_1", 256), ("reserved_2", 1 << 14), ("revocation_identifier", 1 << 32)]
)
def test_a_revocation_that_does_not_fit_names_the_field(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        encode_revocation(msgspec.structs.replace(REVOCATION, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value"), [("reserved_1", -1), ("reserved_2", 1 << 15), ("revocation_identifier", -1)]
)
def test_an_acknowledgment_that_does_not_fit_names_the_field(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        encode_acknowledgment(msgspec.structs.replace(ACKNOWLEDGMENT, **{field: value}))


@pytest.mark.requirement("R3543-3.3-a", "R3543-3.4-a")
def test_what_is_reserved_is_sent_as_zero() -> None:
    home_address, home_agent, foreign = (IPv4Address(f"10.1.0.{n}") for n in (5, 1, 2))
    revocation = RegistrationRevocation(
        home_address=home_address,
        home_domain_address=home_agent,
        foreign_domain_address=foreign,
        revocation_identifier=1,
    )
    assert encode_revocation(revocation)[1:4] == bytes(3)
    acknowledgment = RevocationAcknowledgment(home_address=home_address, revocation_identifier=1)
    assert encode_acknowledgment(acknowledgment)[1:4] == bytes(3)
