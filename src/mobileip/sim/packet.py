"""What travels: control messages, router discovery, and whole IPv4 packets, each with what its headers would say."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any

import msgspec

from mobileip.dataplane.userspace.openings import is_tunnel_packet
from mobileip.wire.ip.icmp import ECHO_REPLY, ECHO_REQUEST
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import encode_udp
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

REQUEST, REPLY, OTHER = "request", "reply", "other"
ADVERTISEMENT, SOLICITATION = "advertisement", "solicitation"
ANNOUNCEMENT = "gratuitous_arp"
DATA, TUNNEL, ICMP_ERROR, ECHO = "data", "tunnelled", "icmp_error", "echo"

SIGNALLING = frozenset({REQUEST, REPLY, OTHER, ADVERTISEMENT, SOLICITATION, ANNOUNCEMENT})

WHOLE = frozenset({DATA, TUNNEL, ICMP_ERROR, ECHO})
"""Their payload is the whole IPv4 packet."""

# The same few addresses are in all packets of a stream.
_address = lru_cache(maxsize=4096)(IPv4Address)

_BY_TYPE: Mapping[int, str] = {RegistrationRequest.TYPE: REQUEST, RegistrationReply.TYPE: REPLY}
_ARP_LENGTH = 28
_HEADERS: Mapping[str, int] = {REQUEST: 28, REPLY: 28, OTHER: 28, ADVERTISEMENT: 20, SOLICITATION: 20}


class Packet(msgspec.Struct, kw_only=True, eq=False):
    """One packet. `payload`: of UDP, of ICMP, or the whole IPv4 packet, as `kind` says."""

    kind: str
    payload: bytes
    source: IPv4Address
    destination: IPv4Address
    source_port: int = 434
    destination_port: int = 434
    ttl: int = 64
    link_source: bytes | None = None
    link_destination: bytes | None = None
    via: IPv4Address | None = None
    """Of data: the care-of address by which it came."""
    attack: str | None = None
    """An attacker made it, and this is what for."""
    event: Any = None
    """What receivers share, made by the first of them: decoding is the same for all."""

    @property
    def length(self) -> int:
        """Octets of the IPv4 packet (of ARP: of its payload)."""
        return len(self.payload) + _HEADERS.get(self.kind, 0)

    def octets(self) -> bytes:
        """The IPv4 packet as a capture shows it; empty for ARP, which is none."""
        if self.kind in WHOLE:
            return self.payload
        if self.kind == ANNOUNCEMENT:
            return b""
        protocol, payload = PROTOCOL_ICMP, self.payload
        if self.kind in (REQUEST, REPLY, OTHER):
            protocol = PROTOCOL_UDP
            payload = encode_udp(self.source, self.destination, self.source_port, self.destination_port, self.payload)
        return encode_ipv4(
            Ipv4Packet(
                source=self.source, destination=self.destination, protocol=protocol, payload=payload, ttl=self.ttl
            )
        )


def kind_of_message(octets: bytes) -> str:
    """request, reply or other, by the message's type octet."""
    return _BY_TYPE.get(octets[0], OTHER) if octets else OTHER


def announcement(address: IPv4Address) -> Packet:
    return Packet(kind=ANNOUNCEMENT, payload=bytes(_ARP_LENGTH), source=address, destination=address)


def _kind(octets: bytes) -> str:
    if octets[9] == PROTOCOL_ICMP:
        return ECHO if octets[HEADER_LENGTH] in (ECHO_REQUEST, ECHO_REPLY) else ICMP_ERROR
    # What the simulator's traffic sends is UDP, to other ports.
    return TUNNEL if is_tunnel_packet(octets) else DATA


def ip_packet(octets: bytes) -> Packet:
    """A whole IPv4 packet on its way."""
    return Packet(
        kind=_kind(octets),
        payload=octets,
        source=_address(octets[12:16]),
        destination=_address(octets[16:20]),
        ttl=octets[8],
    )
