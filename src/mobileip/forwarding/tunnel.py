"""A tunnel as a value: its ends, and what packets look like in it."""

from enum import StrEnum
from ipaddress import IPv4Address

import msgspec


class Encapsulation(StrEnum):
    """What a packet in a tunnel looks like behind the outer header (and behind UDP where it is tunnelled in UDP)."""

    IPIP = "ipip"
    """RFC 2003."""
    MINIMAL = "minimal"
    """RFC 2004; not for fragments, which go by IP-in-IP between the same ends."""
    GRE = "gre"
    """RFC 2784, RFC 2890."""


IPV4_HEADER, UDP_HEADERS, GRE_HEADER, GRE_FIELD = 20, 12, 4, 4
"""Octets: UDP's header and the Tunnel Data message's (RFC 3519 §3.3) together; GRE's, and each optional field of it."""


class UdpPorts(msgspec.Struct, frozen=True):
    """A tunnel in UDP (RFC 3519). `remote` 0: any port, until the first packet tells which (§4.11, half bound)."""

    local: int
    remote: int


class GreOptions(msgspec.Struct, frozen=True):
    """RFC 2890. Each end assigns the key of the packets that it is to receive (RFC 6245 §5)."""

    sent_key: int | None = None
    received_key: int | None = None
    with_checksum: bool = False
    with_sequence: bool = False
    """Number what we send. What is received is put in order if it has numbers, whatever we send."""


PLAIN_GRE = GreOptions()


class Tunnel(msgspec.Struct, frozen=True):
    """One end of a tunnel as this node sees it."""

    local: IPv4Address
    remote: IPv4Address
    encapsulation: Encapsulation = Encapsulation.IPIP
    gre: GreOptions = PLAIN_GRE
    """Without meaning for other encapsulations."""
    udp: UdpPorts | None = None

    @property
    def is_half_bound(self) -> bool:
        """The other end's port is not known yet (RFC 3519 §4.11)."""
        return self.udp is not None and self.udp.remote == 0

    @property
    def overhead(self) -> int:
        """Octets that the tunnel adds to a packet, at most."""
        octets = IPV4_HEADER if self.udp is None else IPV4_HEADER + UDP_HEADERS
        if self.encapsulation is not Encapsulation.GRE:
            return octets  # minimal: 8 less, but its fragments go by IP-in-IP
        gre = self.gre
        fields = (gre.sent_key is not None) + gre.with_checksum + gre.with_sequence
        return octets + GRE_HEADER + GRE_FIELD * fields
