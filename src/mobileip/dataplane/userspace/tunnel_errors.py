"""ICMP errors that come back from inside a tunnel (RFC 2003 §4): soft state for us, news for the original
sender."""

from mobileip.dataplane.userspace.entry import UNREACHABLE_LIFETIME, learn
from mobileip.dataplane.userspace.header import header_length, trouble
from mobileip.dataplane.userspace.openings import QUOTED_PROTOCOLS, quoted_inner
from mobileip.dataplane.userspace.outcome import Answer
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Leg, Path
from mobileip.wire.ip.checksum import is_valid
from mobileip.wire.ip.icmp import (
    DESTINATION_UNREACHABLE,
    FRAGMENTATION_NEEDED,
    HOST_UNREACHABLE,
    TIME_EXCEEDED,
)
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, PROTOCOL_ICMP

ICMP_HEADER_LENGTH = 8

LEAST_LEARNT_MTU = 552
"""What a message from outside may make us believe at worst; Linux takes the same floor against forged
messages."""

PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)
"""RFC 1191 §7.1: MTUs worth trying where nobody told the next one."""

NET_UNREACHABLE, PROTOCOL_UNREACHABLE = 0, 2

UNREACHABLE_CODES = frozenset({NET_UNREACHABLE, HOST_UNREACHABLE, PROTOCOL_UNREACHABLE})
"""Those of Destination Unreachable that mean something to the original sender."""


def next_plateau(length: int) -> int:
    """The largest plausible MTU below the length of a packet that was too big (RFC 1191 §7)."""
    return next((plateau for plateau in PLATEAUS if plateau < length), PLATEAUS[-1])


def from_inside(tables: PacketTables, packet: bytes, now: float) -> Answer | None:
    """An ICMP packet that this machine received, its IPv4 header included. None: nothing of ours, or nobody
    to tell."""
    quoted = _quoted_outer(packet)
    if quoted is None:
        return None
    kind, code, mtu, outer = quoted
    path = tables.ends.known_path(outer[12:20])
    if path is None:
        return None
    inner = quoted_inner(outer)
    if kind == DESTINATION_UNREACHABLE and code == FRAGMENTATION_NEEDED:
        told = mtu or next_plateau(int.from_bytes(outer[2:4]))
        _narrow(tables, path, told, now)
        # R2003-4.1-f: "The encapsulator MUST relay ICMP Datagram Too Big messages to the sender".
        return _relayed(tables, path, inner, FRAGMENTATION_NEEDED)
    # R2003-4.1-e, R2003-4.1-h, R2003-4.2-a, R2003-4.3-a, R2003-4.5-a, R2003-5.2-c: others (ports, source routes,
    # quenches, redirects, parameters of a header that is ours) are not the sender's business, and no quench is made.
    if kind == TIME_EXCEEDED or (kind == DESTINATION_UNREACHABLE and code in UNREACHABLE_CODES):
        # R2003-4.4-a: Time Exceeded "MUST be reported to the sender [...] as Host Unreachable (Type 3, Code 1)".
        # R2003-4.1-c: "SHOULD relay Host Unreachable messages".
        is_host = kind == TIME_EXCEEDED or code == HOST_UNREACHABLE
        return _unreachable(tables, path, inner, is_host, now)
    return None


def _unreachable(tables: PacketTables, path: Path, inner: bytes, is_host: bool, now: float) -> Answer | None:
    """The tunnel's exit was not reached: news for the sender of `inner`, or where too little of it was quoted, for that
    of the next packet."""
    if _is_quoted(inner):
        # R2003-4.1-b, R2003-4.1-d: the code of the others "MUST be set to 0", or "Code 0 or 1" where the original
        # destination is "on the same network as the encapsulator".
        told = is_host or tables.listeners.is_at_home(inner[16:20])
        # R2003-4.1-a: "SHOULD be returned to the original sender."
        return _relayed(tables, path, inner, HOST_UNREACHABLE if told else NET_UNREACHABLE)
    # R2003-5-a, R5944-4.2.3-f: "when subsequent datagrams arrive that would transit the tunnel", see `entry`.
    path.unreachable_until = now + UNREACHABLE_LIFETIME
    path.unreachable_code = HOST_UNREACHABLE if is_host else NET_UNREACHABLE
    tables.ends.on_path(path)
    return None


def _quoted_outer(packet: bytes) -> tuple[int, int, int, bytes] | None:
    """Type, code, next-hop MTU and the tunnel packet that an intact ICMP error is about."""
    if trouble(packet) is not None or packet[9] != PROTOCOL_ICMP:
        return None
    message = packet[header_length(packet) : int.from_bytes(packet[2:4])]
    if len(message) < ICMP_HEADER_LENGTH + HEADER_LENGTH or not is_valid(message):
        return None
    outer = message[ICMP_HEADER_LENGTH:]
    # R2004-5-a: "ICMP messages are to be handled as specified in" RFC 2003, for every encapsulation.
    if outer[0] >> 4 != 4 or outer[9] not in QUOTED_PROTOCOLS:
        return None
    return message[0], message[1], int.from_bytes(message[6:8]), outer


def _narrow(tables: PacketTables, path: Path, mtu: int, now: float) -> None:
    """RFC 1191 §3: "A host MUST NOT increase its estimate of the Path MTU in response to" such a message."""
    mtu = max(mtu, LEAST_LEARNT_MTU)
    if mtu < path.mtu:
        learn(tables, path, mtu, now)


def _relayed(tables: PacketTables, path: Path, inner: bytes, code: int) -> Answer | None:
    """The news for the sender of `inner`, if enough of it was quoted and it is one that we sent into this
    tunnel."""
    leg = _leg(tables, path, inner) if _is_quoted(inner) else None
    if leg is None:
        return None
    mtu = path.mtu - leg.end.overhead if code == FRAGMENTATION_NEEDED else 0
    return Answer(inner, DESTINATION_UNREACHABLE, code, mtu)


def _leg(tables: PacketTables, path: Path, inner: bytes) -> Leg | None:
    """The tunnel that `inner` went into: its destination's, or the reverse tunnel of its source."""
    for binding in (tables.binding(inner[16:20]), tables.reverse.get(inner[12:16])):
        if binding is not None:
            for leg in binding.legs:
                if leg.end.path is path:
                    return leg
    return None


def _is_quoted(inner: bytes) -> bool:
    """Whether there is enough of an inner packet to tell its sender."""
    enough = len(inner) >= HEADER_LENGTH + ICMP_HEADER_LENGTH
    return enough and inner[0] >> 4 == 4 and header_length(inner) >= HEADER_LENGTH
