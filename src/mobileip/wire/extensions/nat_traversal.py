"""UDP tunnelling through NAT (RFC 3519): request 144 (§3.1) and reply 44 (§3.2).

144   | Type | Length = 6 | Subtype = 0 | Reserved 1 |F|R| Reserved 2 | Encapsulation | Reserved 3 (16) |
44    | Type | Length = 6 | Subtype = 0 | Reply Code |F|        Reserved (15)         | Keepalive (16)  |
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import Extension, ShortExtension, UnknownExtension
from mobileip.wire.extensions.framing import short
from mobileip.wire.fields import u8, u16, unsigned


class UdpTunnelRequest(ShortExtension, frozen=True, kw_only=True):
    """RFC 3519 §3.1: the sender can tunnel in UDP. Skippable."""

    TYPE: ClassVar[int] = 144
    SUBTYPE: ClassVar[int] = 0

    force: bool = False
    """F: tunnel in UDP even if no NAT is detected."""
    through_foreign_agent: bool = False
    """R: a co-located address is registered through a foreign agent because that one's advertisement demands it."""
    encapsulation: int = 0
    """IP protocol number 4, 47 or 55; 0: as the M and G bits of the Request say (§3.1.4)."""
    reserved_1: int = 0
    reserved_2: int = 0
    """Six bits."""

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        reserved_1, flags = cursor.u8("reserved_1"), cursor.u8("flags")
        encapsulation = cursor.u8("encapsulation")
        cursor.take(2, "reserved_3")
        return cls(
            force=bool(flags & 0x80),
            through_foreign_agent=bool(flags & 0x40),
            encapsulation=encapsulation,
            reserved_1=reserved_1,
            reserved_2=flags & 0x3F,
        )

    def data(self) -> bytes:
        flags = self.force << 7 | self.through_foreign_agent << 6 | unsigned(self.reserved_2, 6, "reserved_2")
        head = u8(self.reserved_1, "reserved_1") + u8(flags, "flags")
        return head + u8(self.encapsulation, "encapsulation") + b"\0\0"


_request = short(UdpTunnelRequest)


def udp_tunnel_request(octets: bytes, offset: int) -> tuple[Extension, int]:
    """A decoder of 144."""
    extension, end = _request(octets, offset)
    if any(octets[end - 2 : end]):
        # RFC 3519 §3.1.3: "the 'Reserved 3' field must be 0 on receipt, otherwise this extension MUST be handled as not
        # understood and silently skipped".
        extension = UnknownExtension(UdpTunnelRequest.TYPE, octets[offset + 2 : end])
    return extension, end


class UdpTunnelReply(ShortExtension, frozen=True, kw_only=True):
    """RFC 3519 §3.2: whether the home agent will tunnel in UDP. Not skippable."""

    TYPE: ClassVar[int] = 44
    SUBTYPE: ClassVar[int] = 0

    code: int = 0
    """A `subtypes.UdpTunnelReplyCode`; 0-63 assent, 64-255 refuse (§3.2.1)."""
    forced: bool = False
    """F: tunnelling is forced because the request asked for it."""
    keepalive_interval: int = 0
    """Seconds; 0: the mobile node's own default."""
    reserved: int = 0
    """Fifteen bits."""

    @property
    def is_assent(self) -> bool:
        return self.code < 64

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        code, flags = cursor.u8("code"), cursor.u16("flags")
        return cls(
            code=code,
            forced=bool(flags & 0x8000),
            reserved=flags & 0x7FFF,
            keepalive_interval=cursor.u16("keepalive_interval"),
        )

    def data(self) -> bytes:
        flags = self.forced << 15 | unsigned(self.reserved, 15, "reserved")
        return u8(self.code, "code") + u16(flags, "flags") + u16(self.keepalive_interval, "keepalive_interval")
