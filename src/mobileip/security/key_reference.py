"""A key as it is named where no secret may stand: by its SPI, and by a mark that tells whether it is still the same."""

import hmac
from functools import lru_cache

import msgspec

from mobileip.security.association import MobilitySecurityAssociation

MARK_OCTETS = 8
_PURPOSE = b"mobileip: which key is it? "


class KeyReference(msgspec.Struct, frozen=True, array_like=True):
    """`mark`: made with the key, as an authenticator is, so it gives away no more than any message on the wire."""

    spi: int
    mark: bytes


@lru_cache(maxsize=1024)
def reference_to(association: MobilitySecurityAssociation) -> KeyReference:
    """The same for the same key and algorithm under the same SPI, and for no others."""
    covered = _PURPOSE + association.algorithm.encode() + association.spi.to_bytes(4)
    return KeyReference(association.spi, hmac.digest(association.key, covered, "sha256")[:MARK_OCTETS])
