"""Broadcasts of a home network, and the multicasts that are treated like them, copied to the mobile nodes that asked
for them (RFC 5944 §4.3, §4.4).

No loops: a copy never goes back onto the link, nor to the node that sent it; what the daemon itself sends is not taken
from a link; and every copy has one hop less than what was heard. RFC 1812 §4.3.2.7: no error is told about a broadcast.
"""

from mobileip.dataplane.userspace.entry import all_of, encapsulated, loops
from mobileip.dataplane.userspace.header import forwarded, has_valid_checksum, total_length, trouble
from mobileip.dataplane.userspace.listeners import Copy
from mobileip.dataplane.userspace.outcome import DROPS, Outcome
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.drop_reason import DropReason


def from_link(tables: PacketTables, interface: str, packet: bytes, now: float) -> Outcome:
    """A packet that was broadcast on the link of a home network; nobody has looked at it yet."""
    bad = trouble(packet)
    if bad is not None:
        return DROPS[bad]
    if not has_valid_checksum(packet):
        return DROPS[DropReason.BAD_CHECKSUM]
    if packet[8] <= 1:
        return DROPS[DropReason.TTL_EXPIRED]
    outcome = copies(tables, interface, forwarded(packet, 0, total_length(packet)), now)
    return DROPS[DropReason.NOT_FOR_US] if outcome is None else outcome


def copies(tables: PacketTables, interface: str | None, packet: bytes, now: float) -> Outcome | None:
    """The copies of `packet`, a broadcast on `interface` (None: in a virtual home network), for all who asked.

    None when it is no broadcast there, or nobody has asked for any.
    """
    networks = [n for n in tables.listeners.networks(interface) if n.takes(packet[16:20])]
    source = packet[12:16]
    wanted = [copy for network in networks for copy in network.copies if copy.home_address != source]
    if not wanted:
        return None
    if not tables.copies.allows(now, len(wanted)):
        return DROPS[DropReason.RATE_LIMITED]
    return all_of([_copy(tables, copy, packet, now) for copy in wanted])


def _copy(tables: PacketTables, copy: Copy, packet: bytes, now: float) -> Outcome:
    if now >= copy.expires_at:
        return DROPS[DropReason.EXPIRED]
    if loops(copy.leg.end, packet):
        return DROPS[DropReason.TUNNEL_LOOP]
    inner = packet
    if copy.nest is not None:
        # R5944-4.3-b, R5944-4.4-e: "the home agent first encapsulates the broadcast datagram in a unicast datagram
        # addressed to the mobile node's home address,"
        inner = copy.nest.encapsulate(packet, tables.next_identification())
    # R5944-4.3-b, R5944-4.4-d, R5944-4.4-f: "and then tunnels this encapsulated datagram to the foreign agent"; with
    # 'D' "simply tunnels appropriate broadcast IP datagrams to the mobile node's care-of address".
    return encapsulated(tables, copy.leg, inner, now)
