"""Host configuration (RFC 4332): what a home agent tells a mobile node about its home network.

Inside extension 134 with vendor 9 (Cisco), type 14:

    0    Sub-Type (16) | Selector (16)            5    Sub-Type (16) | default gateway (32)
    1    Sub-Type (16) | prefix length (16)       6    Sub-Type (16) | DNS suffix ...
    2    Sub-Type (16) | two DNS servers (64)     7    Sub-Type (16) | URL ...
    3    Sub-Type (16) | DHCP server (32)
    4    Sub-Type (16) | DHCP client id ...

The text calls Sub-Type "an integer from 0 to 255", the figures draw it 16 bits wide; we follow the figures.
"""

from enum import IntEnum
from typing import Self

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.vendor import NormalVendorExtension
from mobileip.wire.fields import octets, u16

CISCO = 9
"""SMI Private Enterprise Code."""
HOST_CONFIGURATION = 14
"""Vendor-NVSE-Type."""


class HostConfigurationSubtype(IntEnum):
    """RFC 4332 §3.1-§3.8."""

    REQUEST = 0
    HOME_NETWORK_PREFIX_LENGTH = 1
    DNS_SERVERS = 2
    DHCP_SERVER = 3
    DHCP_CLIENT_ID = 4
    DEFAULT_GATEWAY = 5
    DNS_SUFFIX = 6
    CONFIGURATION_URL = 7


_FIXED_LENGTHS: dict[int, int] = {
    HostConfigurationSubtype.REQUEST: 2,
    HostConfigurationSubtype.HOME_NETWORK_PREFIX_LENGTH: 2,
    HostConfigurationSubtype.DNS_SERVERS: 8,
    HostConfigurationSubtype.DHCP_SERVER: 4,
    HostConfigurationSubtype.DEFAULT_GATEWAY: 4,
}


class HostConfiguration(msgspec.Struct, frozen=True):
    """One item; `data` is what follows its subtype, of the length that the figure gives, where it gives one."""

    subtype: int
    """A `HostConfigurationSubtype`, or unknown."""
    data: bytes

    @classmethod
    def decode(cls, extension: NormalVendorExtension) -> Self | None:
        """The item that the extension carries, None when it is another vendor's or of another type.

        Raises: `DecodeError`.
        """
        if (extension.vendor, extension.vendor_type) != (CISCO, HOST_CONFIGURATION):
            return None
        subtype, data = int.from_bytes(extension.value[:2]), extension.value[2:]
        if len(extension.value) < 2 or len(data) != _FIXED_LENGTHS.get(subtype, len(data)):
            detail = f"host configuration {subtype} with {len(data)} octets"
            raise DecodeError(DecodeReason.BAD_LENGTH, 0, detail)
        return cls(subtype, data)

    def encode(self) -> NormalVendorExtension:
        """The extension that carries it. Raises: ValueError."""
        data = octets(self.data, _FIXED_LENGTHS.get(self.subtype, len(self.data)), "data")
        value = u16(self.subtype, "subtype") + data
        return NormalVendorExtension(vendor=CISCO, vendor_type=HOST_CONFIGURATION, value=value)
