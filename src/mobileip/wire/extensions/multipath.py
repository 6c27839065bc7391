"""Several bindings and flows, 154 (RFC 7629 §4).

    154/1   | Type | Subtype | Length (16) = 4 | If-ATT | If-Label | Binding ID |B|O| Reserved (6) |
    154/2   | Type | Subtype | Length (16) | Action | BID Count | BIDs ... | TS Format | Traffic Selector ...

The number lies in the skippable range, yet the text calls it non-skippable and gives it the long format: a home
agent that does not know it takes the subtype for a Length and misreads the message.
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension
from mobileip.wire.fields import u8, unsigned


class MultipathBinding(LongExtension, frozen=True, kw_only=True):
    """RFC 7629 §4.1: this registration is one of several care-of addresses."""

    TYPE: ClassVar[int] = 154
    SUBTYPE: ClassVar[int] = 1

    access_technology: int
    """The number space of RFC 5213, not that of RFC 5563."""
    interface_label: int
    binding_id: int
    bulk_registration: bool = False
    """B: renew all bindings of the mobile node."""
    overwrite: bool = False
    """O: replace all bindings of the mobile node by this one."""
    reserved: int = 0
    """Six bits."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        technology, label, binding_id = cursor.take(3, "multipath fields")
        flags = cursor.u8("flags")
        return cls(
            access_technology=technology,
            interface_label=label,
            binding_id=binding_id,
            bulk_registration=bool(flags & 0x80),
            overwrite=bool(flags & 0x40),
            reserved=flags & 0x3F,
        )

    def data(self) -> bytes:
        head = u8(self.access_technology, "access_technology") + u8(self.interface_label, "interface_label")
        flags = self.bulk_registration << 7 | self.overwrite << 6 | unsigned(self.reserved, 6, "reserved")
        return head + u8(self.binding_id, "binding_id") + u8(flags, "flags")


class FlowBinding(LongExtension, frozen=True, kw_only=True):
    """RFC 7629 §4.2: a rule which flows take which bindings."""

    TYPE: ClassVar[int] = 154
    SUBTYPE: ClassVar[int] = 2

    action: int
    """A `subtypes.FlowAction`."""
    binding_ids: tuple[int, ...]
    selector_format: int
    """1 IPv4 and 2 IPv6 binary traffic selector of RFC 6088."""
    selector: bytes = b""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        action, count = cursor.u8("action"), cursor.u8("binding id count")
        return cls(
            action=action,
            binding_ids=tuple(cursor.take(count, "binding_ids")),
            selector_format=cursor.u8("selector_format"),
            selector=cursor.rest(),
        )

    def data(self) -> bytes:
        ids = b"".join([u8(binding_id, "binding_ids") for binding_id in self.binding_ids])
        head = u8(self.action, "action") + u8(len(ids), "binding id count") + ids
        return head + u8(self.selector_format, "selector_format") + self.selector
