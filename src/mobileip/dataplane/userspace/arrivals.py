"""The order of decisions at the end of a tunnel: an outer packet that a raw socket received, whole (the kernel has
reassembled it and checked its header), what becomes of it out. Pure, but for the soft state of the tunnel's end.
"""

from ipaddress import IPv4Address

from mobileip.dataplane.userspace.entry import all_of, encapsulated, hand_over
from mobileip.dataplane.userspace.exits import ANY_GROUP
from mobileip.dataplane.userspace.header import forwarded, has_valid_checksum, with_ecn
from mobileip.dataplane.userspace.keepalives import answered, is_echo_request
from mobileip.dataplane.userspace.openings import Opened, is_tunnel_packet, opened
from mobileip.dataplane.userspace.outcome import DROPS, Answer, Drop, Outcome, Told
from mobileip.dataplane.userspace.segment_size import opens_connection, with_room
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import UDP_SELECTOR, Exit
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.wire.ip.gre import is_in_order
from mobileip.wire.ip.icmp import TIME_EXCEEDED

NOT_CAPABLE, CAPABLE_1, CAPABLE_0, CONGESTION_EXPERIENCED = range(4)
"""The ECN field (RFC 3168 §5)."""

FIRST_NUMBERS = 1000
"""GRE sequence numbers that, far behind the last one, tell of a beginning."""

FIRST_GROUP, LAST_GROUP = 0xE0, 0xEF
"""First octets of multicast addresses (RFC 1112 §4)."""


def from_tunnel(tables: PacketTables, packet: bytes, now: float, interface: str | None = None) -> Outcome:
    """A tunnel's packet addressed to this machine, with its outer header. `interface`: the one that it came in by, as
    far as that is known."""
    found = opened(packet)
    if isinstance(found, Drop):
        return found
    leaving = _exit_of(tables, found)
    if leaving is None:
        return _half_bound(tables, found, now)
    end = leaving.end
    # R3024-4.3.2-d, R3519-3.3-c, R3519-3.3-d: the encapsulation "MUST match" what was agreed; else it is dropped.
    if not end.takes(found.encapsulation):
        return DROPS[DropReason.WRONG_ENCAPSULATION]
    if not has_valid_checksum(found.octets, found.start):
        return DROPS[DropReason.BAD_CHECKSUM]
    destination = found.octets[found.start + 16 : found.start + 20]
    if (
        # R2784-3.1-c: "if the destination address of the payload packet is the encapsulator of the packet (i.e., the
        # other end of the tunnel) [...] the packet MUST be discarded": it would go round.
        destination == end.remote
        # R3519-4.2-a, RFC 2003 §6.2: to us come a mobile node's ordinary packets, no signalling and no further tunnel.
        or (destination == end.local and is_tunnel_packet(found.octets, found.start))
    ):
        return DROPS[DropReason.TO_TUNNEL_END]
    if found.sequence is not None:
        # R2890-2.2-a, R2890-2.2-c: what is late is "silently discarded". R2890-1-b: "SHOULD record the event in a
        # statistics counter".
        if not (is_in_order(found.sequence, end.sequence_heard) or _began_anew(found.sequence, end.sequence_heard)):
            return DROPS[DropReason.OUT_OF_ORDER]
        end.sequence_heard = found.sequence
    if leaving.is_reverse or leaving.onwards is not None:
        return _from_mobile_node(tables, leaving, found, now, interface)
    return _to_mobile_node(tables, leaving, found, now)


def _began_anew(sequence: int, last: int) -> bool:
    """Whether the other end has forgotten its numbers, and begins with 0 again (RFC 2890 §2.2). No packet is late by as
    much; without this a tunnel would be dead for as long as it had lived before."""
    return sequence < FIRST_NUMBERS and last - sequence > FIRST_NUMBERS


def _exit_of(tables: PacketTables, found: Opened) -> Exit | None:
    octets, start, exits = found.octets, found.start, tables.exits
    # R5944-4.2.2-a: "MUST compare the inner Destination Address to those entries in its visitor list."
    # R2003-6.2-a: what is admitted comes from the agreed end of a tunnel and goes to an address expected in it.
    # R3519-4.3-a: "MUST verify that the outer IP addresses and UDP port numbers exactly match".
    leaving = exits.forward.get(found.received + octets[start + 16 : start + 20])
    if leaving is None and FIRST_GROUP <= octets[start + 16] <= LAST_GROUP:
        leaving = exits.forward.get(found.received + ANY_GROUP)
    # R5944-4.2.3-g: "Home agents MUST decapsulate packets addressed to themselves, sent by a mobile node".
    # R3024-4.3.2-b: "the home agent MUST [...] check for a binding" of outer source and inner source.
    return leaving if leaving is not None else exits.reverse(found.received + octets[start + 12 : start + 16])


def _stranger(tables: PacketTables, found: Opened) -> Drop:
    """R5944-4.2.2-b, R5944-4.2.2-c, R5944-4.2.2-d: "the foreign agent MUST NOT forward the datagram"; it "SHOULD be
    silently discarded. ICMP Destination Unreachable MUST NOT be sent"."""
    of_foreign_agent = tables.exits.receiving(found.received[:8])
    if of_foreign_agent is None:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    return DROPS[DropReason.NO_VISITOR if of_foreign_agent else DropReason.WRONG_INNER_ADDRESS]


def _half_bound(tables: PacketTables, found: Opened, now: float) -> Outcome:
    """The first keepalive through a tunnel whose other port is not known yet: an agent has to hear of it."""
    octets, start = found.octets, found.start
    source, destination = octets[start + 12 : start + 16], octets[start + 16 : start + 20]
    # R3519-4.6-h, R3519-6.1.2-a: "check that the IP source address [...] of the keepalive" is the Request's.
    leaving = tables.exits.half_bound(found.received[:8], source)
    if leaving is None or found.received[8:9] != UDP_SELECTOR:
        return _stranger(tables, found)
    # R3519-4.6-i: inner source the home address, inner destination the home agent.
    is_keepalive = destination == leaving.end.local and is_echo_request(octets[: found.end], start)
    if not is_keepalive or not has_valid_checksum(octets, start):
        return _stranger(tables, found)
    # R3519-4.6-j: "use the outer IP source address and UDP source port".
    heard = KeepaliveHeard(
        home_address=IPv4Address(source),
        address=leaving.end.tunnel.remote,
        port=int.from_bytes(found.received[9:11]),
    )
    return all_of((Told(heard), hand_over(leaving, octets[start : found.end], now)))


def _to_mobile_node(tables: PacketTables, leaving: Exit, found: Opened, now: float) -> Outcome:
    """The inner packet goes on to a visitor, or is our own."""
    octets, start, end = found.octets, found.start, found.end
    ttl = octets[start + 8]
    # R2003-3.1-f: "the decapsulator MUST discard the datagram"; our own packet keeps its TTL.
    if ttl == 0:
        return DROPS[DropReason.TTL_EXPIRED]
    if leaving.interface is None:
        inner = octets[start:end]
    # R2003-3.1-d: "If the resulting TTL [...] is 0, the datagram is discarded and an ICMP Time Exceeded message
    # SHOULD be returned to the sender."
    elif ttl == 1:
        return Answer(octets[start:end], TIME_EXCEEDED, 0, reason=DropReason.TTL_EXPIRED)
    else:
        # R5944-3.6.1.2-f: a broadcast that is itself encapsulated goes on so: the agent "MUST NOT decapsulate" it.
        # R2003-3.1-c, R2784-3.1-b: "it will decrement the TTL as a result of doing normal IP forwarding".
        inner = forwarded(octets, start, end)
    marked = _with_congestion(found.tos, _fitting(tables, leaving, inner, now))
    if isinstance(marked, Drop):
        return marked
    delivery = hand_over(leaving, marked, now)
    told = answered(marked) if leaving.end.tunnel.udp is not None and marked[12:16] == leaving.end.remote else None
    return delivery if told is None else all_of((Told(told), delivery))


def _from_mobile_node(tables: PacketTables, leaving: Exit, found: Opened, now: float, interface: str | None) -> Outcome:
    """What a mobile node sent goes on: by our routes, or (at a foreign agent) into the tunnel to the home agent."""
    octets, start = found.octets, found.start
    ttl = octets[start + 8]
    if ttl == 0:
        return DROPS[DropReason.TTL_EXPIRED]
    if leaving.onwards is None:
        # R3024-4.3.2-f, R2784-3.1-a: "decapsulated and forwarded", which the kernel does, TTL included.
        marked = _with_congestion(found.tos, _fitting(tables, leaving, octets[start : found.end], now))
        return marked if isinstance(marked, Drop) else hand_over(leaving, marked, now)
    if now >= leaving.expires_at:
        return DROPS[DropReason.EXPIRED]
    # R3024-5.2.1-a: "verify" the sender: it is on its link.
    if interface is not None and interface != leaving.interface:
        return DROPS[DropReason.NO_SUCH_TUNNEL]
    if ttl == 1:
        return Answer(octets[start : found.end], TIME_EXCEEDED, 0, reason=DropReason.TTL_EXPIRED)
    marked = _with_congestion(found.tos, forwarded(octets, start, found.end))
    # R3024-5.2.2-b, R3024-5.4-c, R3024-5.4-d: re-encapsulated, from the care-of address to the home agent.
    return marked if isinstance(marked, Drop) else encapsulated(tables, leaving.onwards, marked, now)


def _fitting(tables: PacketTables, leaving: Exit, packet: bytes, now: float) -> bytes:
    """A connection that begins here is answered through this tunnel: its segments have to fit."""
    if not opens_connection(packet):
        return packet
    return with_room(packet, tables.ends.mtu(leaving.end, now) - leaving.end.overhead)


def _with_congestion(outer_tos: int, inner: bytes) -> bytes | Drop:
    """RFC 6040 §4.2: a mark set inside the tunnel goes on where the transport understands it, else it is a drop."""
    outer, ecn = outer_tos & 3, inner[1] & 3
    if outer == CONGESTION_EXPERIENCED and ecn != CONGESTION_EXPERIENCED:
        return DROPS[DropReason.CONGESTION] if ecn == NOT_CAPABLE else with_ecn(inner, CONGESTION_EXPERIENCED)
    return with_ecn(inner, CAPABLE_1) if (outer, ecn) == (CAPABLE_1, CAPABLE_0) else inner
