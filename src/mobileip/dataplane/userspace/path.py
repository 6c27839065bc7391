"""One packet in, what becomes of it out: pure, but for the tables' counter of Identifications and their
soft state.

`from_device` is the order of decisions on our device (a packet that the kernel routed into it),
`from_tunnel` the order at the end of a tunnel (an outer packet that the raw socket received, whole: the
kernel has reassembled it).
"""

from mobileip.dataplane.userspace.broadcasts import copies
from mobileip.dataplane.userspace.entry import all_of, hand_over, into
from mobileip.dataplane.userspace.header import (
    forwarded,
    has_valid_checksum,
    header_length,
    total_length,
    trouble,
    with_congestion_experienced,
)
from mobileip.dataplane.userspace.outcome import DROPS, Answer, Drop, Outcome
from mobileip.dataplane.userspace.tables import ANY_GROUP, PacketTables
from mobileip.dataplane.userspace.tunnels import Binding, Exit
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.icmp import DESTINATION_UNREACHABLE, HOST_UNREACHABLE, TIME_EXCEEDED
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_IPIP

CONGESTION_EXPERIENCED = 3

FIRST_GROUP, LAST_GROUP = 0xE0, 0xEF
"""First octets of multicast addresses (RFC 1112 §4)."""


def from_device(tables: PacketTables, packet: bytes, now: float) -> Outcome:
    """A packet that was routed into our device; the kernel has checked it and decremented its TTL."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    # R2003-3.1-e: "an encapsulator MUST NOT encapsulate a datagram with TTL = 0."
    if packet[8] == 0:
        return DROPS[DropReason.TTL_EXPIRED]
    length = total_length(packet)
    if length != len(packet):
        packet = packet[:length]
    # R5944-4.2.3-a, R5944-4.2.3-b: "examine the IP Destination Address of all arriving datagrams".
    binding = tables.binding(packet[16:20])
    if binding is None:
        heard = copies(tables, None, packet, now)
        return _without_binding(tables, packet) if heard is None else heard
    if now >= binding.expires_at:
        return DROPS[DropReason.EXPIRED]
    # R5944-4.2.3-k: "the home agent MUST examine the datagram to check if it is already encapsulated."
    if packet[9] == PROTOCOL_IPIP and _comes_back(binding, packet):
        return DROPS[DropReason.TUNNEL_LOOP]
    legs = binding.legs
    if len(legs) == 1:
        return into(tables, legs[0], packet, now)
    # R5944-4.2.3-b: "it tunnels a copy to each care-of address in the mobile node's mobility binding list".
    return all_of([into(tables, leg, packet, now) for leg in legs])


def _comes_back(binding: Binding, packet: bytes) -> bool:
    """Whether a tunnel packet to a mobile node is one of ours, sent on by a care-of address that it left."""
    start = header_length(packet)
    # R5944-4.2.3-l: "If the inner (encapsulated) Destination Address is the same as the outer Destination Address [...]
    # the home agent MUST also examine the outer Source Address". R5944-4.2.3-o: "Otherwise [...] encapsulate the
    # datagram again (nested encapsulation)".
    if packet[start + 16 : start + 20] != packet[16:20]:
        return False
    # R5944-4.2.3-m: "If this outer Source Address is the same as the mobile node's current care-of address, the home
    # agent MUST silently discard that datagram". R5944-4.2.3-n: if it is not, it "SHOULD forward the datagram".
    return any(packet[12:16] == leg.end.remote for leg in binding.legs)


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
    # R5944-4.2.2-a: "MUST compare the inner Destination Address to those entries in its visitor list."
    # R2003-6.2-a: what is admitted comes from the agreed end of a tunnel and goes to an address expected in it.
    leaving = tables.exits.get(packet[12:20] + packet[start + 16 : start + 20])
    if leaving is None and FIRST_GROUP <= packet[start + 16] <= LAST_GROUP:
        leaving = tables.exits.get(packet[12:20] + ANY_GROUP)
    # R5944-4.2.2-b: "When the Destination does not match [...] the foreign agent MUST NOT forward the datagram".
    if leaving is None:
        return _stranger(tables, packet)
    if not has_valid_checksum(packet, start):
        return DROPS[DropReason.BAD_CHECKSUM]
    return _out_of(leaving, packet, start, end, now)


def _stranger(tables: PacketTables, packet: bytes) -> Drop:
    """R5944-4.2.2-c, R5944-4.2.2-d: "SHOULD be silently discarded. ICMP Destination Unreachable MUST NOT be sent"."""
    of_foreign_agent = tables.receiving.get(packet[12:20])
    if of_foreign_agent is None:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    return DROPS[DropReason.NO_VISITOR if of_foreign_agent else DropReason.WRONG_INNER_ADDRESS]


def _out_of(leaving: Exit, packet: bytes, start: int, end: int, now: float) -> Outcome:
    """The inner packet in `packet[start:end]` goes on."""
    ttl = packet[start + 8]
    # R2003-3.1-f: "the decapsulator MUST discard the datagram"; our own packet keeps its TTL.
    if ttl == 0:
        return DROPS[DropReason.TTL_EXPIRED]
    if leaving.interface is None:
        inner = packet[start:end]
    # R2003-3.1-d: "If the resulting TTL [...] is 0, the datagram is discarded and an ICMP Time Exceeded message
    # SHOULD be returned to the sender."
    elif ttl == 1:
        return Answer(packet[start:end], TIME_EXCEEDED, 0, reason=DropReason.TTL_EXPIRED)
    else:
        # R5944-3.6.1.2-f: a broadcast that is itself encapsulated goes on so: the agent "MUST NOT decapsulate" it.
        # R2003-3.1-c: "it will decrement the TTL as a result of doing normal IP forwarding".
        inner = forwarded(packet, start, end)
    if packet[1] & 3 == CONGESTION_EXPERIENCED and inner[1] & 3 != CONGESTION_EXPERIENCED:
        # RFC 6040 §4.2: a mark set inside the tunnel goes on where the transport understands it, else it is
        # a drop.
        if inner[1] & 3 == 0:
            return DROPS[DropReason.CONGESTION]
        inner = with_congestion_experienced(inner)
    return hand_over(leaving, inner, now)
