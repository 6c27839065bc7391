"""Dynamic home agent address, 139 (RFC 4433 §3.4).

    as drawn    | Type | Subtype | Length (16) = 4 | Home agent address |
    as short    | Type | Length = 5 | Subtype | Home agent address |

The text calls it skippable, the figure has the long format, which a skippable extension can't have (RFC 5944
§1.10); some write the short one. We send what the figure draws and read both.
"""

from ipaddress import IPv4Address
from typing import ClassVar

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.subtypes import DynamicHomeAgentSubtype

_SUBTYPES = tuple(DynamicHomeAgentSubtype)


class DynamicHomeAgent(Extension, frozen=True):
    """RFC 4433 §3.4.1, §3.4.2: the home agent asked for (subtype 1) or to be tried next (subtype 2)."""

    TYPE: ClassVar[int] = 139

    subtype: int
    home_agent: IPv4Address
    short_form: bool = False
    """Received in the short format."""

    def encode(self) -> bytes:
        if self.subtype not in _SUBTYPES:
            raise ValueError(f"subtype is {self.subtype}, 1 or 2 is expected")
        head = (5, self.subtype) if self.short_form else (self.subtype, 0, 4)
        return bytes((self.TYPE, *head)) + self.home_agent.packed


def dynamic_home_agent(octets: bytes, offset: int) -> tuple[Extension, int]:
    """A decoder of 139 in both forms."""
    cursor = Cursor(octets, offset + 1)
    first, second = cursor.u8("subtype or length"), cursor.u8("length or subtype")
    # R3344-1.10-a: a skippable extension in the long format, which RFC 5944 has banned: it is read like the short one.
    short_form = first == 5 and second in _SUBTYPES
    if not short_form and (first not in _SUBTYPES or second or cursor.u8("length") != 4):
        detail = f"dynamic home agent of neither form: {octets[offset : offset + 4].hex()}"
        raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, detail)
    subtype = second if short_form else first
    return DynamicHomeAgent(subtype, cursor.address("home_agent"), short_form), cursor.position
