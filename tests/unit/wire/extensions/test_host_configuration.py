"""Host configuration inside the normal vendor extension (RFC 4332)."""

import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.host_configuration import (
    CISCO,
    HOST_CONFIGURATION,
    HostConfiguration,
    HostConfigurationSubtype,
)
from mobileip.wire.extensions.registry import CONTROL, decode_extensions
from mobileip.wire.extensions.vendor import NormalVendorExtension

HEAD = "86{length:02x} 0000 00000009 000e"


def carrying(value: bytes) -> NormalVendorExtension:
    return NormalVendorExtension(vendor=CISCO, vendor_type=HOST_CONFIGURATION, value=value)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (HostConfiguration(HostConfigurationSubtype.REQUEST, b"\0\1"), "0000 0001"),
        (HostConfiguration(HostConfigurationSubtype.HOME_NETWORK_PREFIX_LENGTH, b"\0\x18"), "0001 0018"),
        (HostConfiguration(HostConfigurationSubtype.DNS_SERVERS, bytes(8)), "0002 0000000000000000"),
        (HostConfiguration(HostConfigurationSubtype.DHCP_SERVER, b"\x0a\1\0\1"), "0003 0a010001"),
        (HostConfiguration(HostConfigurationSubtype.DHCP_CLIENT_ID, b"client"), "0004" + b"client".hex()),
        (HostConfiguration(HostConfigurationSubtype.DEFAULT_GATEWAY, b"\x0a\1\0\1"), "0005 0a010001"),
        (HostConfiguration(HostConfigurationSubtype.DNS_SUFFIX, b"home.net"), "0006" + b"home.net".hex()),
        (HostConfiguration(HostConfigurationSubtype.CONFIGURATION_URL, b""), "0007"),
        (HostConfiguration(999, b"whatever"), "03e7" + b"whatever".hex()),
    ],
)
def test_vectors(item: HostConfiguration, value: str) -> None:
    octets = bytes.fromhex(HEAD.format(length=8 + len(bytes.fromhex(value))) + value)
    ((extension,), _) = decode_extensions(octets, 0, CONTROL)
    assert isinstance(extension, NormalVendorExtension)
    assert HostConfiguration.decode(extension) == item
    assert item.encode() == extension
    assert item.encode().encode() == octets


@pytest.mark.parametrize(("vendor", "vendor_type"), [(10, HOST_CONFIGURATION), (CISCO, 13)])
def test_another_vendor_or_type_is_nothing_of_ours(vendor: int, vendor_type: int) -> None:
    extension = NormalVendorExtension(vendor=vendor, vendor_type=vendor_type, value=b"\0\0\0\0")
    assert HostConfiguration.decode(extension) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",  # no subtype
        b"\0",
        b"\0\0\0",  # half a selector
        b"\0\1\0\x18\0",
        b"\0\2" + bytes(4),  # one DNS server
        b"\0\3" + bytes(5),
        b"\0\5" + bytes(3),
    ],
)
def test_refused(value: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        HostConfiguration.decode(carrying(value))
    assert caught.value.reason is DecodeReason.BAD_LENGTH


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (HostConfiguration(1 << 16, b""), "subtype is 65536"),
        (HostConfiguration(HostConfigurationSubtype.DHCP_SERVER, bytes(5)), "data has 5 octets, 4 are expected"),
    ],
)
def test_out_of_range(item: HostConfiguration, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        item.encode()
