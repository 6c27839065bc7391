"""One packet in, what becomes of it out: pure, but for the tables' counter of Identifications and their
soft state.

`from_device` is the order of decisions on our device (a packet that the kernel routed into it),
`from_tunnel` the order at the end of a tunnel (an outer packet that the raw socket received, whole: the
kernel has reassembled it).
"""

from mobileip.dataplane.userspace.fragments import fragment
from mobileip.dataplane.userspace.header import (
    forwarded,
    has_valid_checksum,
    header_length,
    total_length,
    trouble,
    with_congestion_experienced,
)
from mobileip.dataplane.userspace.outcome import (
    DROPS,
    Answer,
    Delivery,
    Drop,
    Outcome,
    Outer,
    Several,
    Single,
)
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import NO_MTU, Exit, Leg, TunnelEnd
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.icmp import (
    DESTINATION_UNREACHABLE,
    FRAGMENTATION_NEEDED,
    HOST_UNREACHABLE,
    TIME_EXCEEDED,
)
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_IPIP

PATH_MTU_LIFETIME = 600.0
"""RFC 1191 §6.3: an estimate is forgotten after ten minutes, s."""

NARROWEST_TUNNEL = 68 + HEADER_LENGTH
"""RFC 791's smallest MTU inside."""

CONGESTION_EXPERIENCED = 3


def from_device(tables: PacketTables, packet: bytes, now: float) -> Outcome:
    """A packet that was routed into our device; the kernel has checked it and decremented its TTL."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    binding = tables.binding(packet[16:20])
    if binding is None:
        return _without_binding(tables, packet)
    if now >= binding.expires_at:
        return DROPS[DropReason.EXPIRED]
    if packet[8] == 0:
        return DROPS[DropReason.TTL_EXPIRED]  # RFC 2003 §3.1: "MUST NOT encapsulate a datagram with TTL = 0"
    length = total_length(packet)
    if length != len(packet):
        packet = packet[:length]
    legs = binding.legs
    if len(legs) == 1:
        return _into(tables, legs[0], packet, now)
    # RFC 5944 §4.2.3: "it tunnels a copy to each care-of address in the mobile node's mobility binding list".
    return _all_of([_into(tables, leg, packet, now) for leg in legs])


def _into(tables: PacketTables, leg: Leg, packet: bytes, now: float) -> Outcome:
    """One copy into one tunnel."""
    end = leg.end
    if tables.exits:
        visitor = tables.exits.get(end.ends + packet[16:20])
        if visitor is not None:
            # The care-of address is ours: no tunnel is needed, and this is one router that decrements the
            # TTL once.
            return _hand_over(visitor, packet, now)
    if _loops(end, packet):
        return DROPS[DropReason.TUNNEL_LOOP]
    total = len(packet) + HEADER_LENGTH
    if total > end.mtu:
        if now < end.mtu_until or total > NO_MTU:
            return _too_big(tables, leg, packet)
        end.mtu = NO_MTU
    return Outer(end.encapsulate(packet, tables.next_identification()), leg, packet)


def _loops(end: TunnelEnd, packet: bytes) -> bool:
    source = packet[12:16]
    # RFC 2003 §3.2: "If the IP Source Address of the datagram matches the IP address of the tunnel
    # destination [...] the router MUST NOT tunnel the datagram". RFC 5944 §4.2.3 asks it for packets that
    # are already encapsulated.
    if source == end.remote or packet[16:20] == end.remote:
        return True
    # RFC 2003 §3.2: "If the IP Source Address of the datagram matches the router's own IP address [...] the
    # router MUST NOT tunnel the datagram". That is of datagrams to be forwarded; the kernel lets none with
    # our source in, so what bears it was made here. Our own programs may speak to mobile nodes; our own
    # tunnel packets go round.
    return source == end.local and packet[9] == PROTOCOL_IPIP


def _without_binding(tables: PacketTables, packet: bytes) -> Outcome:
    if packet[12:16] in tables.own:
        return DROPS[DropReason.NOT_REGISTERED]
    destination = int.from_bytes(packet[16:20])
    for first, mask in tables.virtual:
        last = first | ~mask & 0xFFFFFFFF
        if first <= destination <= last:
            if last - first > 1 and destination in (first, last):
                break  # RFC 1812 §4.3.2.7: no error about a packet to a broadcast address
            return Answer(packet, DESTINATION_UNREACHABLE, HOST_UNREACHABLE, reason=DropReason.NO_BINDING)
    return DROPS[DropReason.NO_BINDING]


def from_tunnel(tables: PacketTables, packet: bytes, now: float) -> Outcome:
    """An IP-in-IP packet addressed to this machine, with its outer header (which the kernel has checked)."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    if packet[9] != PROTOCOL_IPIP:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    if int.from_bytes(packet[6:8]) & (MORE_FRAGMENTS | OFFSET_MASK):
        return DROPS[DropReason.TRUNCATED]
    start = header_length(packet)
    bad = trouble(packet, start)
    if bad is not None:
        return DROPS[bad]
    end = start + total_length(packet, start)
    if end > total_length(packet):
        return DROPS[DropReason.TRUNCATED]
    leaving = tables.exits.get(packet[12:20] + packet[start + 16 : start + 20])
    if leaving is None:
        return _stranger(tables, packet)
    if not has_valid_checksum(packet, start):
        return DROPS[DropReason.BAD_CHECKSUM]
    return _out_of(leaving, packet, start, end, now)


def _stranger(tables: PacketTables, packet: bytes) -> Drop:
    """RFC 5944 §4.2.2: "SHOULD be silently discarded. ICMP Destination Unreachable MUST NOT be sent"."""
    of_foreign_agent = tables.receiving.get(packet[12:20])
    if of_foreign_agent is None:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    return DROPS[DropReason.NO_VISITOR if of_foreign_agent else DropReason.WRONG_INNER_ADDRESS]


def _out_of(leaving: Exit, packet: bytes, start: int, end: int, now: float) -> Outcome:
    """The inner packet in `packet[start:end]` goes on."""
    ttl = packet[start + 8]
    if ttl == 0:
        return DROPS[DropReason.TTL_EXPIRED]  # RFC 2003 §3.1: "the decapsulator MUST discard the datagram"
    if leaving.interface is None:
        inner = packet[start:end]
    elif ttl == 1:
        return Answer(packet[start:end], TIME_EXCEEDED, 0, reason=DropReason.TTL_EXPIRED)
    else:
        # RFC 2003 §3.1: "it will decrement the TTL as a result of doing normal IP forwarding".
        inner = forwarded(packet, start, end)
    if packet[1] & 3 == CONGESTION_EXPERIENCED and inner[1] & 3 != CONGESTION_EXPERIENCED:
        # RFC 6040 §4.2: a mark set inside the tunnel goes on where the transport understands it, else it is
        # a drop.
        if inner[1] & 3 == 0:
            return DROPS[DropReason.CONGESTION]
        inner = with_congestion_experienced(inner)
    return _hand_over(leaving, inner, now)


def _hand_over(leaving: Exit, packet: bytes, now: float) -> Single:
    if now >= leaving.expires_at:
        return DROPS[DropReason.EXPIRED]
    return Delivery(packet, leaving)


def refused(tables: PacketTables, outer: Outer, mtu: int, now: float) -> Outcome:
    """`outer` was too big for its route, which takes `mtu` octets: what to do instead, and remember it (RFC
    1191)."""
    learn(outer.leg.end, max(mtu, NARROWEST_TUNNEL), now)
    return _too_big(tables, outer.leg, outer.inner)


def learn(end: TunnelEnd, mtu: int, now: float) -> None:
    """RFC 2003 §5.1: "all encapsulator implementations MUST support Path MTU Discovery soft state within
    their tunnels"."""
    end.mtu = mtu
    end.mtu_until = now + PATH_MTU_LIFETIME


def _too_big(tables: PacketTables, leg: Leg, packet: bytes) -> Outcome:
    # RFC 2003 §5.1: the MTU told "SHOULD be the MTU of the tunnel minus the size of the encapsulating IP
    # header".
    end = leg.end
    inside = end.mtu - HEADER_LENGTH
    if packet[6] & 0x40:
        return Answer(packet, DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED, inside, DropReason.TOO_BIG)
    pieces = fragment(packet, inside)
    return _all_of([Outer(end.encapsulate(piece, tables.next_identification()), leg, piece) for piece in pieces])


def _all_of(outcomes: list[Outcome]) -> Outcome:
    flat: list[Single] = []
    for outcome in outcomes:
        if isinstance(outcome, Several):
            flat.extend(outcome.outcomes)
        else:
            flat.append(outcome)
    return Several(tuple(flat))
