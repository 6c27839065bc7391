"""The authentication extensions of RFC 5944 §3.5.2-§3.5.4 (32, 33, 34) and, later in this file, RFC 4721 §5 (36).

    0                   1                   2                   3
    |     Type      |     Length    |         SPI  ....             |
    |       ... SPI (cont.)         |       Authenticator ...       |
"""

from typing import ClassVar

from mobileip.wire.extensions.base import Extension

SPI_END = 6
"""Octets from the type octet up to and with the SPI: the part of its own header that an authenticator covers."""


class AuthenticationExtension(Extension, frozen=True):
    """Common form of 32, 33 and 34: SPI and authenticator. Length = 4 + len(authenticator)."""

    spi: int
    authenticator: bytes

    def encode(self) -> bytes:
        return self.header(self.spi, len(self.authenticator)) + self.authenticator

    @classmethod
    def header(cls, spi: int, authenticator_length: int) -> bytes:
        """Type, Length and SPI: what the authenticator itself covers of this extension (RFC 5944 §3.5.1)."""
        return bytes((cls.TYPE, 4 + authenticator_length)) + spi.to_bytes(4)


class MobileHomeAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.2: between mobile node and home agent."""

    TYPE: ClassVar[int] = 32


class MobileForeignAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.3: between mobile node and foreign agent."""

    TYPE: ClassVar[int] = 33


class ForeignHomeAuthentication(AuthenticationExtension, frozen=True):
    """RFC 5944 §3.5.4: between foreign agent and home agent."""

    TYPE: ClassVar[int] = 34
