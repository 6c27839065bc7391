"""The order of decisions on our device: one packet that the kernel routed into it, what becomes of it out. Pure, but
for the tables' counter of Identifications and their soft state. `arrivals.py` is the other way.
"""

from mobileip.dataplane.userspace.broadcasts import copies
from mobileip.dataplane.userspace.entry import all_of, from_mobile_node, into
from mobileip.dataplane.userspace.header import header_length, total_length, trouble
from mobileip.dataplane.userspace.outcome import DROPS, Answer, Outcome
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Binding
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.icmp import DESTINATION_UNREACHABLE, HOST_UNREACHABLE
from mobileip.wire.ip.ipv4 import PROTOCOL_IPIP


def from_device(tables: PacketTables, packet: bytes, now: float, realm: int = 0) -> Outcome:
    """A packet that was routed into our device, or that of a realm; the kernel has checked it and, if it came from
    another node, decremented its TTL."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    # R2003-3.1-e: "an encapsulator MUST NOT encapsulate a datagram with TTL = 0."
    if packet[8] == 0:
        return DROPS[DropReason.TTL_EXPIRED]
    length = total_length(packet)
    if length != len(packet):
        packet = packet[:length]
    if realm:
        # Another address space: no destination in it is one of our bindings.
        reverse = tables.reverse.get(packet[12:16] + bytes((realm,)))
        return DROPS[DropReason.NO_VISITOR] if reverse is None else from_mobile_node(tables, reverse, packet, now)
    # R5944-4.2.3-a, R5944-4.2.3-b: "examine the IP Destination Address of all arriving datagrams".
    binding = tables.binding(packet[16:20])
    if binding is None:
        reverse = tables.reverse.get(packet[12:16])
        if reverse is not None:
            return from_mobile_node(tables, reverse, packet, now)
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
