"""Generalized link-layer and IPv4 address (RFC 4881 §9): 138 in control messages, 140 in router discovery.

| Type | Length | Subtype | address ...     (the texts of §9.1-§9.7 print the subtype's number as Type)
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import ShortExtension
from mobileip.wire.fields import octets
from mobileip.wire.subtypes import LinkLayerAddressSubtype

FIXED_LENGTHS: dict[int, int] = {
    LinkLayerAddressSubtype.ETHERNET: 6,
    LinkLayerAddressSubtype.EUI_64: 8,
    LinkLayerAddressSubtype.SOLICITED_IPV4_ADDRESS: 4,
    LinkLayerAddressSubtype.ACCESS_POINT: 4,
    LinkLayerAddressSubtype.FOREIGN_AGENT_IPV4_ADDRESS: 4,
}
"""Octets of address by subtype (RFC 4881 §9.3-§9.7); the others vary."""


class GeneralizedLinkLayerAddress(ShortExtension, frozen=True):
    """RFC 4881 §9: common form; `subtype` is a `subtypes.LinkLayerAddressSubtype` or unknown, all are kept."""

    subtype: int
    address: bytes

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        length = FIXED_LENGTHS.get(subtype, cursor.remaining)
        if cursor.remaining != length:
            detail = f"subtype {subtype} has {cursor.remaining} octets of address, {length} are expected"
            raise DecodeError(DecodeReason.BAD_LENGTH, cursor.position, detail)
        return cls(subtype, cursor.rest())

    def data(self) -> bytes:
        return octets(self.address, FIXED_LENGTHS.get(self.subtype, len(self.address)), "address")


class LinkLayerAddress(GeneralizedLinkLayerAddress, frozen=True):
    """In Registration Requests."""

    TYPE: ClassVar[int] = 138


class AdvertisedLinkLayerAddress(GeneralizedLinkLayerAddress, frozen=True):
    """In advertisements and solicitations."""

    TYPE: ClassVar[int] = 140
