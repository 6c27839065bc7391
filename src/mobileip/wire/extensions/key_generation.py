"""Key generation nonces from an AAA server (RFC 3957 §6): 40, 41 for a foreign agent's key, 42, 43 for a home agent's.

40, 42   | Type | Subtype | Length (16) | Mobile Node SPI (32) | subtype data ...
41/1     | ... | Lifetime (32) | AAA SPI (32) | FA SPI (32) | Algorithm (16) | nonce ...
43/1     | ... | Lifetime (32) | AAA SPI (32) | HA SPI (32) | Algorithm (16) | Replay Method (16) | nonce ...
"""

from typing import ClassVar, Self

from mobileip.wire.cursor import Cursor
from mobileip.wire.extensions.base import LongExtension
from mobileip.wire.fields import u16, u32


class KeyGenerationNonceRequest(LongExtension, frozen=True):
    """RFC 3957 §6.1, §6.3: common form. `mobile_node_spi`: the mobile node's name for the association to be made."""

    mobile_node_spi: int
    subtype: int = 1
    subtype_data: bytes = b""
    """Empty for subtype 1, the only one defined."""

    @classmethod
    def of_subtype(cls, subtype: int, cursor: Cursor) -> Self:
        return cls(cursor.u32("mobile_node_spi"), subtype, cursor.rest())

    def data(self) -> bytes:
        return u32(self.mobile_node_spi, "mobile_node_spi") + self.subtype_data


class MobileForeignKeyRequest(KeyGenerationNonceRequest, frozen=True):
    """RFC 3957 §6.1: MN-FA Key Generation Nonce Request."""

    TYPE: ClassVar[int] = 40


class MobileHomeKeyRequest(KeyGenerationNonceRequest, frozen=True):
    """RFC 3957 §6.3: MN-HA Key Generation Nonce Request."""

    TYPE: ClassVar[int] = 42


class MobileForeignKeyReply(LongExtension, frozen=True, kw_only=True):
    """RFC 3957 §6.2: MN-FA Key Generation Nonce Reply from AAA. Lifetime in seconds, nonce of 16 octets or more."""

    TYPE: ClassVar[int] = 41
    SUBTYPE: ClassVar[int] = 1

    lifetime: int
    aaa_spi: int
    foreign_agent_spi: int
    algorithm: int
    nonce: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(
            lifetime=cursor.u32("lifetime"),
            aaa_spi=cursor.u32("aaa_spi"),
            foreign_agent_spi=cursor.u32("foreign_agent_spi"),
            algorithm=cursor.u16("algorithm"),
            nonce=cursor.rest(),
        )

    def data(self) -> bytes:
        head = u32(self.lifetime, "lifetime") + u32(self.aaa_spi, "aaa_spi")
        return head + u32(self.foreign_agent_spi, "foreign_agent_spi") + u16(self.algorithm, "algorithm") + self.nonce


class MobileHomeKeyReply(LongExtension, frozen=True, kw_only=True):
    """RFC 3957 §6.4: MN-HA Key Generation Nonce Reply from AAA; `replay_method` is a `subtypes.ReplayMethod`."""

    TYPE: ClassVar[int] = 43
    SUBTYPE: ClassVar[int] = 1

    lifetime: int
    aaa_spi: int
    home_agent_spi: int
    algorithm: int
    replay_method: int
    nonce: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        return cls(
            lifetime=cursor.u32("lifetime"),
            aaa_spi=cursor.u32("aaa_spi"),
            home_agent_spi=cursor.u32("home_agent_spi"),
            algorithm=cursor.u16("algorithm"),
            replay_method=cursor.u16("replay_method"),
            nonce=cursor.rest(),
        )

    def data(self) -> bytes:
        head = u32(self.lifetime, "lifetime") + u32(self.aaa_spi, "aaa_spi")
        middle = u32(self.home_agent_spi, "home_agent_spi") + u16(self.algorithm, "algorithm")
        return head + middle + u16(self.replay_method, "replay_method") + self.nonce
