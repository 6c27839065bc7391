"""Authentication extensions: 32, 33, 34 (RFC 5944 §3.5.2-§3.5.4) and the generalized one, 36 (RFC 4721 §5).

32-34   | Type | Length | SPI (32) | Authenticator ...             Length = 4 + len(authenticator)
36      | Type | Subtype | Length (16) | SPI (32) | Authenticator ...   Length likewise, at least 20
"""

import struct
from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.fields import packed

SPI_END = 6
"""R5944-3.5.1-a: octets from the type octet up to and with the SPI of 32-34: what an authenticator covers of its own
header."""

MINIMUM_GENERALIZED_LENGTH = 20
"""RFC 4721 §5: "MUST be at least 20"."""

_HEADER = struct.Struct("!BBI")
_HEADER_WIDTHS = {"type": 8, "length": 8, "spi": 32}
_LONG_HEADER = struct.Struct("!BBHI")
_LONG_HEADER_WIDTHS = {"type": 8, "subtype": 8, "length": 16, "spi": 32}


class AuthenticationExtension(Extension, frozen=True):
    """Common form: SPI and authenticator."""

    COVERED_OCTETS: ClassVar[int] = SPI_END
    """How much of its own header an authenticator covers: from the type octet up to and with the SPI."""

    spi: int
    authenticator: bytes

    def encode(self) -> bytes:
        return self.header(self.spi, len(self.authenticator)) + self.authenticator

    @classmethod
    def header(cls, spi: int, authenticator_length: int) -> bytes:
        """Type, Length and SPI: what the authenticator itself covers of this extension (RFC 5944 §3.5.1)."""
        # R5944-1.6-a
        return packed(_HEADER, (cls.TYPE, 4 + authenticator_length, spi), _HEADER_WIDTHS)


class MobileHomeAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.2: between mobile node and home agent."""

    TYPE: ClassVar[int] = 32


class MobileForeignAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.3: between mobile node and foreign agent."""

    TYPE: ClassVar[int] = 33


class ForeignHomeAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.4: between foreign agent and home agent."""

    TYPE: ClassVar[int] = 34


class GeneralizedAuthentication(AuthenticationExtension, frozen=True):
    """RFC 4721 §5: common form of the subtypes. The authenticator covers Type, Subtype, Length and SPI."""

    TYPE: ClassVar[int] = 36
    SUBTYPE: ClassVar[int]
    COVERED_OCTETS: ClassVar[int] = 8

    @classmethod
    def header(cls, spi: int, authenticator_length: int) -> bytes:
        length = 4 + authenticator_length
        if length < MINIMUM_GENERALIZED_LENGTH:
            raise ValueError(f"authenticator has {authenticator_length} octets, at least 16 are expected (RFC 4721 §5)")
        return packed(_LONG_HEADER, (cls.TYPE, cls.SUBTYPE, length, spi), _LONG_HEADER_WIDTHS)

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        if cursor.remaining < MINIMUM_GENERALIZED_LENGTH:
            detail = f"length {cursor.remaining}, at least {MINIMUM_GENERALIZED_LENGTH} is expected"
            raise DecodeError(DecodeReason.BAD_LENGTH, cursor.position - 2, detail)
        return cls(cursor.u32("spi"), cursor.rest())


class MobileAaaAuthentication(GeneralizedAuthentication, frozen=True):
    """RFC 4721 §6: between mobile node and its home AAA server."""

    SUBTYPE: ClassVar[int] = 1


class ForeignForeignAuthentication(GeneralizedAuthentication, frozen=True):
    """RFC 4857 §11: between foreign agents."""

    SUBTYPE: ClassVar[int] = 2


class MobileGatewayAuthentication(GeneralizedAuthentication, frozen=True):
    """RFC 4857 §11: between mobile node and gateway foreign agent."""

    SUBTYPE: ClassVar[int] = 3


class MobilePreviousRouterAuthentication(GeneralizedAuthentication, frozen=True):
    """RFC 4988 §8: between mobile node and previous access router."""

    SUBTYPE: ClassVar[int] = 4
