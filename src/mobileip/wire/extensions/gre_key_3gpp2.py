"""The GRE key as 3GPP2 has it (X.S0011-003-D), older than RFC 6245: a critical vendor extension (38).

| 38 | Reserved | Length (16) = 10 | Vendor = 5535 (32) | Type = 0x0401 (16) | Key (32) |
"""

from typing import TypeGuard

import msgspec

from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.fields import u32

VENDOR = 5535
"""SMI Private Enterprise Code of 3GPP2."""
VENDOR_TYPE = 0x0401
_KEY_LENGTH = 4

GreKeyExtension = GreKey | CriticalVendorExtension
"""Either form."""


def key_of_3gpp2(key: int) -> CriticalVendorExtension:
    """The extension that tells `key`.

    Raises: ValueError for a key that 32 bits do not hold.
    """
    return CriticalVendorExtension(vendor=VENDOR, vendor_type=VENDOR_TYPE, value=u32(key, "key"))


def is_gre_key(extension: Extension) -> TypeGuard[GreKeyExtension]:
    """Whether it tells a GRE key, in one form or the other."""
    if isinstance(extension, CriticalVendorExtension):
        kind = (extension.vendor, extension.vendor_type, len(extension.value))
        return kind == (VENDOR, VENDOR_TYPE, _KEY_LENGTH)
    return isinstance(extension, GreKey)


def told_key(extension: GreKeyExtension) -> int:
    """The key that an extension of either form tells."""
    return extension.key if isinstance(extension, GreKey) else int.from_bytes(extension.value)


def with_key(extension: GreKeyExtension, key: int) -> GreKeyExtension:
    """The answer in the form of `extension`."""
    if isinstance(extension, GreKey):
        return msgspec.structs.replace(extension, key=key)
    return msgspec.structs.replace(extension, value=u32(key, "key"), reserved=0)
