"""The GRE key extension in the form of 3GPP2, and in that of RFC 6245."""

import pytest

from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.gre_key_3gpp2 import GreKeyExtension, is_gre_key, key_of_3gpp2, told_key, with_key
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.vendor import CriticalVendorExtension


def vendor(vendor: int = 5535, vendor_type: int = 0x0401, value: bytes = b"\0\0\0\7") -> CriticalVendorExtension:
    return CriticalVendorExtension(vendor=vendor, vendor_type=vendor_type, value=value, reserved=9)


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        (GreKey(7), True),
        (vendor(), True),
        (vendor(vendor=5536), False),
        (vendor(vendor_type=0x0402), False),
        (vendor(value=b"\0\0\7"), False),
        (vendor(value=b"\0\0\0\0\7"), False),
        (MobileNodeNai("mn@example.net"), False),
    ],
)
def test_which_extensions_tell_a_gre_key(extension: Extension, expected: bool) -> None:
    assert is_gre_key(extension) is expected


@pytest.mark.parametrize("extension", [GreKey(7), vendor()])
def test_the_answer_has_the_form_of_the_question(extension: GreKeyExtension) -> None:
    assert told_key(extension) == 7
    answer = with_key(extension, 0xDEADBEEF)
    assert type(answer) is type(extension)
    assert told_key(answer) == 0xDEADBEEF


def test_octets_are_those_of_3gpp2() -> None:
    octets = with_key(vendor(), 0x0A01000A).encode()
    assert octets == bytes.fromhex("2600 000a 0000159f 0401 0a01000a")


def test_a_key_that_is_told() -> None:
    assert told_key(key_of_3gpp2(7)) == 7
    assert is_gre_key(key_of_3gpp2(0xFFFFFFFF))
    with pytest.raises(ValueError, match="key"):
        key_of_3gpp2(1 << 32)
