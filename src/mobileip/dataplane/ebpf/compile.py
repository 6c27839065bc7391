"""One wish as a record of the programs' tables. Pure; what a packet that comes up meets is said by user space's tables,
see `fast_path`, which knows whose claim counts where several wishes meet.
"""

import msgspec

from mobileip.dataplane.ebpf.layout import ENCAPSULATIONS, ENTRY, ENTRY_KEY, EXIT, EXIT_KEY, Direction, Way
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.forwarding.tunnel import Encapsulation, Tunnel

NO_LINK_ADDRESS = bytes(6)
NO_PORT, NO_KEY = bytes(2), bytes(4)

LATEST = (1 << 64) - 1
"""The end of what does not end, ns."""

SECONDS_TO_NANOSECONDS = 1_000_000_000


class Onwards(msgspec.Struct, frozen=True, gc=False):
    """How a packet goes on from here, see `layout.Way`."""

    way: Way
    interface: int = 0
    link_address: bytes = NO_LINK_ADDRESS
    own_link_address: bytes = NO_LINK_ADDRESS
    mtu: int = 0


BY_ROUTE, INTO_STACK, BY_USER = Onwards(Way.ROUTE), Onwards(Way.STACK), Onwards(Way.USER)


def frame_to(facts: LinkFacts | None, link_address: bytes, way: Way, mtu: int = 0) -> Onwards:
    """As a frame on a link. One that has no link-layer addresses, or is not there, is for user space."""
    if facts is None or facts.link_address is None or len(link_address) != len(NO_LINK_ADDRESS):
        return BY_USER
    return Onwards(way, facts.index, link_address, facts.link_address, mtu)


def nanoseconds(expires_at: float) -> int:
    """Boot time as the programs have it."""
    if expires_at <= 0:
        return 0
    return min(int(expires_at * SECONDS_TO_NANOSECONDS), LATEST) if expires_at < LATEST else LATEST


def entry_key(address: bytes, direction: Direction, copy: int = 0, realm: int = 0) -> bytes:
    return ENTRY_KEY.pack(address, realm, direction, copy)


def entry(tunnel: Tunnel, expires_at: int, use: int, onwards: Onwards, copies: int = 1) -> bytes:
    """The record of a way into `tunnel`; `expires_at` in ns, `use` an index into the counters."""
    ports = tunnel.udp
    gre = tunnel.gre
    is_gre = tunnel.encapsulation is Encapsulation.GRE
    if is_gre and (gre.with_checksum or gre.with_sequence) and onwards.way < Way.VISITOR:
        # The programs can neither sum up a whole packet nor keep an order.
        onwards = BY_USER
    key = gre.sent_key if is_gre else None
    return ENTRY.pack(
        expires_at,
        tunnel.local.packed,
        tunnel.remote.packed,
        NO_PORT if ports is None else ports.local.to_bytes(2),
        NO_PORT if ports is None else ports.remote.to_bytes(2),
        NO_KEY if key is None else key.to_bytes(4),
        use,
        onwards.interface,
        onwards.link_address,
        onwards.own_link_address,
        ENCAPSULATIONS[tunnel.encapsulation],
        key is not None,
        onwards.way,
        copies,
        onwards.mtu,
        tunnel.overhead,
    )


def exit_key(tunnel: Tunnel, inner: bytes, direction: Direction) -> bytes:
    """What tells a packet out of `tunnel`: as `userspace.tunnels.received`, with the inner address that matters."""
    ports = tunnel.udp
    key = tunnel.gre.received_key if tunnel.encapsulation is Encapsulation.GRE else None
    return EXIT_KEY.pack(
        tunnel.remote.packed,
        tunnel.local.packed,
        NO_KEY if key is None else key.to_bytes(4),
        NO_PORT if ports is None else ports.remote.to_bytes(2),
        NO_PORT if ports is None else ports.local.to_bytes(2),
        inner,
        direction,
        key is not None,
    )


def exit_record(tunnel: Tunnel, expires_at: int, use: int, onwards: Onwards) -> bytes:
    return EXIT.pack(
        expires_at,
        use,
        onwards.interface,
        onwards.link_address,
        onwards.own_link_address,
        ENCAPSULATIONS[tunnel.encapsulation],
        onwards.way,
        onwards.mtu,
        tunnel.overhead,
    )
