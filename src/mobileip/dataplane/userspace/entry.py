"""One packet into one tunnel: loops, size, soft state, the outer header (RFC 2003 §3, §5).

Pure, but for the tables' counter of Identifications and the soft state of the tunnel's end.
"""

from collections.abc import Iterable

from mobileip.dataplane.userspace.fragments import fragment
from mobileip.dataplane.userspace.openings import is_tunnel_packet
from mobileip.dataplane.userspace.outcome import (
    DROPS,
    Answer,
    Delivery,
    Outcome,
    Outer,
    Several,
    Single,
)
from mobileip.dataplane.userspace.segment_size import opens_connection, with_room
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import NO_MTU, Binding, Exit, Leg, Path, TunnelEnd
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.icmp import DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED

PATH_MTU_LIFETIME = 600.0
"""RFC 1191 §6.3: an estimate is forgotten after ten minutes, s."""

UNREACHABLE_LIFETIME = 30.0
"""How long the sender of a later packet may be told of an error that came without enough of its own, s."""

NARROWEST_INSIDE = 68
"""RFC 791's smallest MTU."""


def into(tables: PacketTables, leg: Leg, packet: bytes, now: float) -> Outcome:
    """`packet`, its TTL above 0, into the tunnel of `leg`."""
    if loops(leg.end, packet):
        # R2003-3.2-b, R2003-3.2-d: "instead, the datagram SHOULD be discarded."
        return DROPS[DropReason.TUNNEL_LOOP]
    return encapsulated(tables, leg, packet, now)


def encapsulated(tables: PacketTables, leg: Leg, packet: bytes, now: float) -> Outcome:
    """As `into`, for a packet that can't loop."""
    end = leg.end
    # The other end is our own: no tunnel is needed, and this is one router that decrements the TTL once.
    straight = tables.exits.forward.get(end.sent + packet[16:20]) or tables.exits.reverse(end.sent + packet[12:16])
    if straight is not None and straight.onwards is None:
        return hand_over(straight, packet, now)
    if opens_connection(packet):
        packet = with_room(packet, tables.ends.mtu(end, now) - end.overhead)
    path = end.path
    total = len(packet) + end.overhead
    if total > path.mtu:
        if now < path.mtu_until or total > NO_MTU:
            return _too_big(tables, leg, packet)
        path.mtu = NO_MTU
    outer = Outer(end.encapsulate(packet, tables.next_identification()), leg, packet)
    if path.unreachable_until and not leg.is_quiet:
        return _with_news(tables, path, outer, now)
    return outer


def from_mobile_node(tables: PacketTables, binding: Binding, packet: bytes, now: float) -> Outcome:
    """A packet of a mobile node into its reverse tunnel (RFC 3024); to the home agent itself too, but for what is
    itself a tunnel's packet."""
    if now >= binding.expires_at:
        return DROPS[DropReason.EXPIRED]
    leg = binding.legs[0]
    end = leg.end
    # R2003-3.2-c. R3519-4.2-a: Registration Requests "SHALL NOT be tunnelled".
    if packet[12:16] == end.remote or (packet[16:20] == end.remote and is_tunnel_packet(packet)):
        return DROPS[DropReason.TUNNEL_LOOP]
    return encapsulated(tables, leg, packet, now)


def loops(end: TunnelEnd, packet: bytes) -> bool:
    """Whether `packet` has been in this tunnel, or would be for ever."""
    source = packet[12:16]
    # R2004-4-a: "a router should follow the same procedures outlined in" RFC 2003, whatever the encapsulation.
    # R2003-3.2-c: "If the IP Source Address of the datagram matches the IP address of the tunnel
    # destination [...] the router MUST NOT tunnel the datagram".
    if source == end.remote or packet[16:20] == end.remote:
        return True
    # R2003-3.2-a: "If the IP Source Address of the datagram matches the router's own IP address [...] the
    # router MUST NOT tunnel the datagram". That is of datagrams to be forwarded; the kernel lets none with
    # our source in, so what bears it was made here. Our own programs may speak to mobile nodes; our own
    # tunnel packets go round.
    return source == end.local and is_tunnel_packet(packet)


def hand_over(leaving: Exit, packet: bytes, now: float) -> Single:
    if now >= leaving.expires_at:
        return DROPS[DropReason.EXPIRED]
    return Delivery(packet, leaving)


def _with_news(tables: PacketTables, path: Path, outer: Outer, now: float) -> Outcome:
    """The first packet after an error that quoted too little goes out as any other, and its sender hears of it."""
    # R5944-4.2.3-f, R2003-5-a: the soft state lets "ICMP error messages returned from the tunnel [...] correctly
    # be reflected back to the original senders".
    told = now < path.unreachable_until
    path.unreachable_until = 0.0
    tables.ends.on_path(path)
    return Several((outer, Answer(outer.inner, DESTINATION_UNREACHABLE, path.unreachable_code))) if told else outer


def refused(tables: PacketTables, outer: Outer, mtu: int, now: float) -> Outcome:
    """`outer` was too big for its route, which takes `mtu` octets: what to do instead, and remember it (RFC
    1191)."""
    end = outer.leg.end
    learn(tables, end.path, max(mtu, NARROWEST_INSIDE + end.overhead), now)
    return _too_big(tables, outer.leg, outer.inner)


def learn(tables: PacketTables, path: Path, mtu: int, now: float) -> None:
    """What a route or a router told of the tunnel's path."""
    # R2003-5.1-a: "all encapsulator implementations MUST support Path MTU Discovery soft state within their
    # tunnels". R5944-4.2.3-f, R2003-5-a: the "tunnel soft state" of RFC 2003.
    path.mtu = mtu
    path.mtu_until = now + PATH_MTU_LIFETIME
    tables.ends.on_path(path)


def _too_big(tables: PacketTables, leg: Leg, packet: bytes) -> Outcome:
    # R2003-5.1-b: the MTU told "SHOULD be the MTU of the tunnel minus the size of the encapsulating IP header".
    end = leg.end
    inside = end.path.mtu - end.overhead
    if packet[6] & 0x40:
        if leg.is_quiet:
            return DROPS[DropReason.TOO_BIG]
        return Answer(packet, DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED, inside, DropReason.TOO_BIG)
    # R3519-4.8-a, R3519-4.8-b: in UDP "the fragmentation MUST be done prior to the encapsulation"; it is here for all.
    pieces = fragment(packet, inside)
    return all_of(Outer(end.encapsulate(piece, tables.next_identification()), leg, piece) for piece in pieces)


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    flat: list[Single] = []
    for outcome in outcomes:
        if isinstance(outcome, Several):
            flat.extend(outcome.outcomes)
        else:
            flat.append(outcome)
    return Several(tuple(flat))
