"""The programs' tables, kept equal to what user space's tables say: a change of a wish costs a few records.

User space's tables (`PacketTables`) are changed first and are the truth: they know whose claim counts where wishes
meet. What the programs can't do has a record that leaves it to user space, or none.
"""

import errno
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from mobileip.dataplane.ebpf.compile import (
    BY_ROUTE,
    BY_USER,
    INTO_STACK,
    Onwards,
    entry,
    entry_key,
    exit_key,
    exit_record,
    frame_to,
    nanoseconds,
)
from mobileip.dataplane.ebpf.counters import Counters
from mobileip.dataplane.ebpf.layout import MOST_COPIES, PATH, Direction, Way
from mobileip.dataplane.ebpf.ports import LinkFacts, Programs
from mobileip.dataplane.userspace.exits import destinations
from mobileip.dataplane.userspace.tables import PacketTables, source_key
from mobileip.dataplane.userspace.tunnels import Path, received, sent
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import (
    BindingRoute,
    BroadcastExit,
    Key,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel

ENTRIES, EXITS, PATHS = "entries", "exits", "paths"

GROWTH = 4
"""How many times larger tables are that have become too small."""

RECORDS_AT_ONCE = 4096
"""Written in one go at the beginning."""

Record = tuple[str, bytes]
"""A table and a key in it."""
Records = dict[Record, bytes | None]
"""What is to stand there, None for nothing."""


class EbpfFastPath:
    """Implements `userspace.fast_path.FastPath`. `link` tells a link by its name.

    `link_towards` tells the link, and the largest packet, of our way into a tunnel: what a mobile node needs on kernels
    that can't look routes up with a mark.
    """

    def __init__(
        self,
        programs: Programs,
        tables: PacketTables,
        link: Callable[[str], LinkFacts | None],
        link_towards: Callable[[Tunnel], tuple[LinkFacts, int] | None],
    ) -> None:
        self._programs = programs
        self._tables = tables
        self._link = link
        self._link_towards = link_towards
        self._on_links: dict[str, dict[Key, None]] = {}
        """Wishes whose records name a link."""
        self._copies: dict[bytes, int] = {}
        """How many records a home address has, where it has more than one."""
        self.counters = Counters(programs)

    # -- wishes

    def begin(self) -> int:
        """Writes everything that is wished for now, into tables that are empty. The errno, 0 = all well."""
        error = self._make_room(len(self._tables.wishes))
        records: Records = {}
        for key, wish in self._tables.wishes.items():
            self._follow_link(key, None, wish)
            self._collect(wish, records)
            if len(records) >= RECORDS_AT_ONCE:
                error = self._write(records) or error
                records = {}
        for path in self._tables.ends.paths():
            records[PATHS, path.ends] = _path(path)
        return self._write(records) or error

    def enter(self, changes: Mapping[Key, tuple[Wish | None, Wish | None]]) -> int:
        """These keys held the first wish and hold the second one, as user space's tables know. The errno, 0 = well."""
        records: Records = {}
        for key, (before, after) in changes.items():
            self.counters.follow(key, after)
            self._follow_link(key, before, after)
            if before is not None and not _stands_where(before, after):
                self._collect(before, records)
            if after is not None:
                self._collect(after, records)
        return self._write(records)

    def link_changed(self, name: str) -> int:
        """A link has another index or link-layer address, has come or gone."""
        records: Records = {}
        for key in self._on_links.get(name, ()):
            self._collect(self._tables.wishes[key], records)
        return self._write(records)

    def ways_changed(self) -> int:
        """Our own ways into tunnels may be others now; only kernels that can't look them up need this."""
        if self._programs.by_mark:
            return 0
        records: Records = {}
        for wish in self._tables.wishes.values():
            if isinstance(wish, ReverseTunnel):
                self._collect(wish, records)
        return self._write(records)

    def path_changed(self, path: Path) -> int:
        """Something was learnt about a tunnel's path, or forgotten."""
        return self._write({(PATHS, path.ends): _path(path)})

    # -- what has passed

    def uses(self) -> list[tuple[Key, Tunnel, int, int, float]]:
        return self.counters.uses()

    def last(self, key: Key) -> float:
        return self.counters.last(key)

    def drops(self) -> Mapping[DropReason, int]:
        return self.counters.drops()

    def totals(self) -> Mapping[str, tuple[int, int]]:
        return self.counters.totals()

    # -- records

    def _collect(self, wish: Wish, records: Records) -> None:
        """What stands in the tables where this wish has a say."""
        match wish:
            case BindingRoute():
                self._to(wish.home_address.packed, records, 1)
            case ReverseTunnel():
                self._from(wish.home_address, 0, records)
            case VisitorReverse(delivery=None):
                self._from(wish.home_address, wish.realm, records)
            case VisitorRoute() | TunnelExit():
                home = wish.home_address.packed
                self._forward(wish.tunnel, home, records)
                self._to(home, records)  # whose tunnel may end here
            case BroadcastExit():
                for destination in destinations(wish):
                    self._forward(wish.tunnel, destination, records)
            case ReverseExit(tunnel=tunnel) | VisitorReverse(delivery=Tunnel() as tunnel) if not tunnel.is_half_bound:
                self._reverse(tunnel, wish.home_address.packed, records)
                for realm in (0, *self._tables.realms):
                    self._from(wish.home_address, realm, records)  # whose tunnel may end here
            case _:
                pass

    def _to(self, home: bytes, records: Records, least: int = 0) -> None:
        """Ways into the tunnels of a binding; there is or has been one where `least` is 1."""
        claim = self._tables.route(home)
        copies = min(len(claim[1].tunnels), MOST_COPIES) if claim is not None else 0
        for copy in range(max(copies, self._copies.pop(home, least))):
            record = self._binding(*claim, copy) if claim is not None and copy < copies else None
            records[ENTRIES, entry_key(home, Direction.TO_MOBILE_NODE, copy)] = record
        if copies > 1:
            self._copies[home] = copies

    def _binding(self, key: Key, route: BindingRoute, copy: int) -> bytes:
        tunnels = route.tunnels
        tunnel = tunnels[copy]
        home = route.home_address.packed
        expires_at = nanoseconds(route.expires_at)
        if len(tunnels) == 1:
            here = self._tables.exits.forward_claimant(sent(tunnel), home)
            end = self._tables.wishes[here] if here is not None else None
            if here is not None and isinstance(end, VisitorRoute | TunnelExit):
                return self._straight(tunnel, expires_at, here, end)
        onwards = BY_USER if len(tunnels) > MOST_COPIES or tunnel.is_half_bound else BY_ROUTE
        return entry(tunnel, expires_at, self.counters.place(key, tunnel), onwards, len(tunnels))

    def _from(self, home_address: IPv4Address, realm: int, records: Records) -> None:
        """The way into the reverse tunnel of a source."""
        home = home_address.packed
        key = self._tables.reverse_claimant(source_key(home_address, realm))
        wish = self._tables.wishes[key] if key is not None else None
        record = None
        if key is not None and isinstance(wish, ReverseTunnel | VisitorReverse):
            tunnel, expires_at = wish.tunnel, nanoseconds(wish.expires_at)
            here = self._tables.exits.reverse_claim(sent(tunnel), home)
            if here is not None and isinstance(here[1], ReverseExit):
                record = self._straight(tunnel, expires_at, here[0], here[1])
            else:
                place = self.counters.place(key, tunnel)
                record = entry(tunnel, expires_at, place, self._way_out(wish))
        records[ENTRIES, entry_key(home, Direction.FROM_MOBILE_NODE, realm=realm)] = record

    def _straight(
        self, tunnel: Tunnel, expires_at: int, key: Key, end: VisitorRoute | TunnelExit | ReverseExit
    ) -> bytes:
        """The tunnel's other end is our own: no tunnel is needed, but both ends have to be there."""
        onwards = self._leaving(end)
        place = self.counters.place(key, end.tunnel)
        return entry(tunnel, min(expires_at, nanoseconds(end.expires_at)), place, onwards)

    def _way_out(self, wish: ReverseTunnel | VisitorReverse) -> Onwards:
        if isinstance(wish, VisitorReverse):
            return BY_ROUTE
        hop = wish.hop
        if hop is None and self._programs.by_mark:
            return BY_ROUTE
        towards = self._link_towards(wish.tunnel)
        if towards is None:
            return BY_USER
        link, mtu = towards
        if hop is None:
            return Onwards(Way.LINK, link.index, mtu=mtu)
        return frame_to(self._link(hop.interface), hop.link_address, Way.FRAME, mtu) if mtu else BY_USER

    def _leaving(self, wish: VisitorRoute | TunnelExit | ReverseExit) -> Onwards:
        if isinstance(wish, VisitorRoute):
            return frame_to(self._link(wish.interface), wish.link_address, Way.VISITOR)
        return INTO_STACK

    def _forward(self, tunnel: Tunnel, inner: bytes, records: Records) -> None:
        """Out of a tunnel to a mobile node, by the inner destination."""
        key = self._tables.exits.forward_claimant(received(tunnel), inner)
        wish = self._tables.wishes[key] if key is not None else None
        record = None
        if key is not None and isinstance(wish, VisitorRoute | TunnelExit | BroadcastExit):
            onwards = BY_USER if isinstance(wish, BroadcastExit) else self._leaving(wish)
            # Its tunnel, which may be of another encapsulation between the same ends.
            place = self.counters.place(key, wish.tunnel)
            record = exit_record(wish.tunnel, nanoseconds(wish.expires_at), place, onwards)
        records[EXITS, exit_key(tunnel, inner, Direction.TO_MOBILE_NODE)] = record

    def _reverse(self, tunnel: Tunnel, inner: bytes, records: Records) -> None:
        """Out of a reverse tunnel, by the inner source. What comes by encapsulating delivery is for user space."""
        claim = self._tables.exits.reverse_claim(received(tunnel), inner)
        record = None
        if claim is not None and isinstance(claim[1], ReverseExit):
            key, wish = claim
            place = self.counters.place(key, wish.tunnel)
            record = exit_record(wish.tunnel, nanoseconds(wish.expires_at), place, INTO_STACK)
        records[EXITS, exit_key(tunnel, inner, Direction.FROM_MOBILE_NODE)] = record

    # -- writing

    def _write(self, records: Records) -> int:
        error = self._make_room(self.counters.highest // 2 + 1)
        for table, some in _by_table(records).items():
            updates = [(key, record) for key, record in some if record is not None]
            if updates:
                error = self._update(table, updates) or error
            deletions = [key for key, record in some if record is None]
            if deletions:
                error = self._programs.delete(table, deletions) or error
        return error

    def _update(self, table: str, updates: list[tuple[bytes, bytes]]) -> int:
        error = self._programs.update(table, updates)
        while error == errno.E2BIG:
            error = self._programs.grow(GROWTH * self._programs.room) or self._programs.update(table, updates)
        return error

    def _make_room(self, counted: int) -> int:
        room = self._programs.room
        while room < counted:
            room *= GROWTH
        return self._programs.grow(room) if room != self._programs.room else 0

    def _follow_link(self, key: Key, before: Wish | None, after: Wish | None) -> None:
        old, new = _link_of(before), _link_of(after)
        if old is not None and old != new:
            del self._on_links[old][key]
        if new is not None:
            self._on_links.setdefault(new, {})[key] = None


def _stands_where(before: Wish, after: Wish | None) -> bool:
    """Whether the records of one wish have the keys of the other's: a renewal, nearly always."""
    if isinstance(before, BindingRoute):
        return isinstance(after, BindingRoute)
    if isinstance(before, ReverseTunnel):
        return isinstance(after, ReverseTunnel)
    if isinstance(before, ReverseExit | TunnelExit | VisitorRoute):
        return isinstance(after, ReverseExit | TunnelExit | VisitorRoute) and before.tunnel == after.tunnel
    return False


def _link_of(wish: Wish | None) -> str | None:
    """The link that a wish's records name."""
    if isinstance(wish, VisitorRoute):
        return wish.interface
    return wish.hop.interface if isinstance(wish, ReverseTunnel) and wish.hop is not None else None


def _by_table(records: Records) -> dict[str, list[tuple[bytes, bytes | None]]]:
    tables: dict[str, list[tuple[bytes, bytes | None]]] = {}
    for (table, key), record in records.items():
        tables.setdefault(table, []).append((key, record))
    return tables


def _path(path: Path) -> bytes | None:
    if not (path.mtu_until or path.unreachable_until):
        return None
    return PATH.pack(nanoseconds(path.mtu_until), nanoseconds(path.unreachable_until), path.mtu)
