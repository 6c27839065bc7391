"""Mobility security associations: who shares which key under which SPI, and how freshness is judged (RFC
5944 §1.6, §5).
"""

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address

import msgspec

RESERVED_SPIS = range(256)
"""R5944-1.6-b: "SPI values 0 through 255 are reserved and MUST NOT be used in any Mobility Security
Association".
"""


class Algorithm(StrEnum):
    HMAC_MD5 = "hmac-md5"
    """The mandatory default (RFC 5944 §3.5.1, §5.1)."""
    KEYED_MD5 = "keyed-md5"
    """Prefix+suffix MD5 that covers the SPI too (RFC 3344/5944 §5.1)."""
    KEYED_MD5_RFC2002 = "keyed-md5-rfc2002"
    """Prefix+suffix MD5 whose coverage ends before the SPI (RFC 2002 §3.5.1)."""
    HMAC_SHA1 = "hmac-sha1"
    HMAC_SHA256 = "hmac-sha256"


class ReplayStyle(StrEnum):
    TIMESTAMPS = "timestamps"
    NONCES = "nonces"


class MobilitySecurityAssociation(msgspec.Struct, frozen=True, kw_only=True):
    """One shared secret with one peer.

    Raises: ValueError for a reserved SPI or an empty key.
    """

    spi: int
    key: bytes
    algorithm: Algorithm = Algorithm.HMAC_MD5
    """R5944-3.5.1-d, R5944-5.1-a: "The default algorithm is HMAC-MD5"."""
    replay: ReplayStyle = ReplayStyle.TIMESTAMPS
    """R5944-5.7-b: "A mobile node and its home agent MUST agree on which method of replay protection will be used"."""
    timestamp_window: float = 7.0
    """Seconds. R5944-5.7.1-a: "a default value of 7 seconds MAY be used to limit the time difference. This value SHOULD
    be greater than 3 seconds"."""

    def __post_init__(self) -> None:
        # R5944-1.6-b
        if self.spi in RESERVED_SPIS:
            raise ValueError(f"SPI {self.spi} is reserved: use 256 or above (RFC 5944 §1.6)")
        if not 0 < self.spi < 1 << 32:
            raise ValueError(f"SPI {self.spi} is not a number of 32 bits")
        if not self.key:
            raise ValueError("the key is empty")

    def __repr__(self) -> str:
        return f"MobilitySecurityAssociation(spi={self.spi}, algorithm={self.algorithm}, replay={self.replay})"


Peer = IPv4Address | bytes
"""An association is found by address, or by Network Access Identifier (octets) once nodes may have no
address.
"""


class Associations:
    """Associations by peer, and by peer and SPI; fixed once made.

    Raises: ValueError when one peer has two associations with the same SPI.
    """

    __slots__ = ("_by_peer",)

    def __init__(self, entries: Iterable[tuple[Peer, MobilitySecurityAssociation]] = ()) -> None:
        self._by_peer: dict[Peer, dict[int, MobilitySecurityAssociation]] = {}
        for peer, association in entries:
            shared = self._by_peer.setdefault(peer, {})
            if association.spi in shared:
                raise ValueError(f"two associations with {peer!r} have SPI {association.spi}")
            shared[association.spi] = association

    def find(self, peer: Peer, spi: int) -> MobilitySecurityAssociation | None:
        """The association that `peer` and the SPI of a received extension select.

        R5944-3.2-a: "indexed by their SPI and IP address. In the case of the mobile node, this must be its home
        address."
        """
        shared = self._by_peer.get(peer)
        # R5944-3.2-a
        return None if shared is None else shared.get(spi)

    def first(self, peer: Peer) -> MobilitySecurityAssociation | None:
        """The association to sign with when nothing received names one: the first, which the peer has had
        longest.
        """
        shared = self._by_peer.get(peer)
        return None if shared is None else next(iter(shared.values()))

    def __contains__(self, peer: object) -> bool:
        return peer in self._by_peer

    def __len__(self) -> int:
        """The number of peers."""
        return len(self._by_peer)
