"""Vendor extensions: 37, 38, 133, 134."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
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
