"""Vendor extensions: 37, 38, 133, 134."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import CONTROL, decode_extensions
from mobileip.wire.extensions.vendor import CriticalVendorExtension, NormalVendorExtension


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("vendor"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("26000005000000090001", DecodeReason.BAD_LENGTH),  # too short for the vendor's type
        ("8607000000000009 00", DecodeReason.BAD_LENGTH),  # too short for the vendor's type
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (CriticalVendorExtension(vendor=1 << 32, vendor_type=0), "vendor"),
        (CriticalVendorExtension(vendor=0, vendor_type=1 << 16), "vendor_type"),
        (CriticalVendorExtension(vendor=0, vendor_type=0, reserved=256), "subtype"),
        (CriticalVendorExtension(vendor=0, vendor_type=0, value=bytes(65530)), "CriticalVendorExtension"),
        (NormalVendorExtension(vendor=0, vendor_type=0, reserved=1 << 16), "reserved"),
        (NormalVendorExtension(vendor=-1, vendor_type=0), "vendor"),
        (NormalVendorExtension(vendor=0, vendor_type=-1), "vendor_type"),
        (NormalVendorExtension(vendor=0, vendor_type=0, value=bytes(248)), "NormalVendorExtension"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


@pytest.mark.requirement("R3115-2.1-a", "R3115-2.2-a")
def test_reserved_is_sent_as_zero() -> None:
    assert CriticalVendorExtension(vendor=9, vendor_type=1).encode() == bytes.fromhex("26 00 0006 00000009 0001")
    assert NormalVendorExtension(vendor=9, vendor_type=1).encode() == bytes.fromhex("86 08 0000 00000009 0001")


@pytest.mark.requirement("R3115-2.1-b", "R3115-2.2-a")
@pytest.mark.parametrize("octets", ["26 ff 0007 00000009 0001 aa", "86 09 ffff 00000009 0001 aa"])
def test_reserved_is_ignored_on_reception(octets: str) -> None:
    (extension,), _ = decode_extensions(bytes.fromhex(octets), 0, CONTROL)
    assert isinstance(extension, CriticalVendorExtension | NormalVendorExtension)
    assert (extension.vendor, extension.vendor_type, extension.value) == (9, 1, b"\xaa")
