"""IPv4, UDP, IP-in-IP, and what a packet meets on the userspace path."""

from ipaddress import IPv4Address

from tools.fuzz.target import Refused, Target, with_checksum

from mobileip.dataplane.userspace.arrivals import from_tunnel
from mobileip.dataplane.userspace.icmp_errors import error_about, may_be_told
from mobileip.dataplane.userspace.outcome import Answer, Outcome, Several
from mobileip.dataplane.userspace.path import from_device
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnel_errors import from_inside
from mobileip.forwarding.model import BindingRoute, ForwardingState, TunnelExit
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.ip import icmp
from mobileip.wire.ip.ipip import decapsulate, encapsulate
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp

A, B, HOME = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7"), IPv4Address("10.1.0.5")


def _ipv4(octets: bytes) -> bytes:
    again = encode_ipv4(decode_ipv4(octets))
    decode_ipv4(octets, verify_checksum=False)
    # A checksum of ffff is as right as 0, but not what we write; padding behind the packet is the link's.
    return again[:10] + octets[10:12] + again[12:] + octets[len(again) :]


def _header_repaired(octets: bytes) -> bytes:
    return with_checksum(octets, 0, 10, (octets[0] & 15) * 4) if octets else octets


def _udp(octets: bytes) -> bytes:
    datagram = decode_udp(octets, A, B, verify_checksum=False)
    again = encode_udp(A, B, datagram.source_port, datagram.destination_port, datagram.payload)
    decode_udp(octets, A, B)
    return again[:6] + octets[6:8] + again[8:] + octets[len(again) :]


def _udp_repaired(octets: bytes) -> bytes:
    pseudo_header = A.packed + B.packed + b"\0\x11" + octets[4:6]
    return with_checksum(pseudo_header + octets, 0, 18, 12 + int.from_bytes(octets[4:6]))[12:]


def _ip_in_ip(octets: bytes) -> bytes:
    source, destination, inner = decapsulate(octets)
    return octets[:12] + source + destination + octets[20 : len(octets) - len(inner)] + inner


_TUNNEL = Tunnel(A, B)
_TABLES = PacketTables.of(
    ForwardingState.of(
        [
            BindingRoute(home_address=HOME, tunnels=(_TUNNEL,), expires_at=1e9),
            TunnelExit(home_address=HOME, tunnel=Tunnel(B, A), expires_at=1e9),
        ]
    )
)


def _path(octets: bytes) -> bytes:
    """Through both directions; nothing is refused, every packet has an outcome."""
    for outcome in (from_device(_TABLES, octets, 1.0), from_tunnel(_TABLES, octets, 1.0)):
        _told(outcome)
    return octets


def _icmp_from_inside(octets: bytes) -> bytes:
    """A router's ICMP error about a packet of a tunnel."""
    answer = from_inside(_TABLES, octets, 1.0)
    if answer is None:
        raise Refused
    _told(answer)
    return octets


def _told(outcome: Outcome) -> None:
    for single in outcome.outcomes if isinstance(outcome, Several) else (outcome,):
        if isinstance(single, Answer) and may_be_told(single.original):
            decode_ipv4(error_about(single.original, single.kind, single.code, single.mtu))


def _both_repaired(octets: bytes) -> bytes:
    start = (octets[0] & 15) * 4 if octets else 0
    end = int.from_bytes(octets[2:4])
    return _header_repaired(with_checksum(octets, start, start + 2, end))


_INNER = encode_ipv4(Ipv4Packet(source=B, destination=HOME, protocol=17, payload=bytes(30), options=bytes(4)))
_OUTER = encapsulate(_INNER, A.packed, B.packed, identification=7)
_ARRIVING = encapsulate(
    encode_ipv4(Ipv4Packet(source=B, destination=HOME, protocol=17, payload=bytes(30))),
    B.packed,
    A.packed,
    identification=7,
)
_PACKETS = (
    _INNER,
    _OUTER,
    _ARRIVING,
    encode_ipv4(
        Ipv4Packet(
            source=A, destination=B, protocol=17, payload=encode_udp(A, B, 434, 434, b"\1" * 24), fragment=0x2005
        )
    ),
)
_ERRORS = tuple(
    encode_ipv4(Ipv4Packet(source=B, destination=A, protocol=PROTOCOL_ICMP, payload=message))
    for message in (
        icmp.fragmentation_needed(1400, _OUTER),
        icmp.unreachable(icmp.HOST_UNREACHABLE, _OUTER),
        icmp.time_exceeded(_OUTER),
        icmp.echo(True, 1, 2, b"data"),
    )
)


TARGETS = (
    Target(name="ipv4", again=_ipv4, seeds=_PACKETS, repair=_header_repaired),
    Target(
        name="udp",
        again=_udp,
        seeds=(encode_udp(A, B, 434, 434, b"payload"), bytes(4) + b"\0\x08\0\0"),
        repair=_udp_repaired,
    ),
    Target(name="ip in ip", again=_ip_in_ip, seeds=(_OUTER, _ARRIVING)),
    Target(name="path", again=_path, seeds=_PACKETS, refusals=(), repair=_header_repaired),
    Target(name="icmp", again=_icmp_from_inside, seeds=_ERRORS, refusals=(Refused,), repair=_both_repaired),
)
