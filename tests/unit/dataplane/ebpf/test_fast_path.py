"""What wishes mean for the programs' tables, with programs that only have tables. That any order of changes ends the
same is said by tests/property/test_dataplane_fast_path_tables.py."""

import errno
from ipaddress import IPv4Address

import pytest
from tests.support.programs import FakePrograms
from tests.support.wishes import (
    CARE_OF,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    LATER,
    TO_CARE_OF,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_exit,
    reverse_exit,
    reverse_tunnel,
    tunnel_exit,
    turned,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.ebpf.compile import exit_key
from mobileip.dataplane.ebpf.fast_path import RECORDS_AT_ONCE, EbpfFastPath
from mobileip.dataplane.ebpf.layout import ENCAPSULATIONS, ENTRY, ENTRY_KEY, EXIT, PATH, Direction, Way
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState, HomeAddress, LinkHop, ReverseExit, Wish
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts

OWN = bytes.fromhex("020000000001")
HOP = LinkHop("eth1", VISITOR_LINK_ADDRESS)
SECOND = Tunnel(HOME_AGENT, CARE_OF + 1)
NOT_YET = Tunnel(HOME_AGENT, CARE_OF, udp=UdpPorts(434, 0))
EXPIRES, USE, INTERFACE, WAY, COPIES, MTU = 0, 6, 7, 12, 13, 14
"""Places among the values of an entry."""


class Node:
    """One machine with two links. `towards` is its own way into each tunnel."""

    def __init__(self, *wishes: Wish, room: int = 1024, by_mark: bool = True) -> None:
        self.links = {"eth0": LinkFacts(2, OWN), "eth1": LinkFacts(3, OWN)}
        self.towards: tuple[LinkFacts, int] | None = (self.links["eth0"], 1400)
        self.tables = PacketTables.of(ForwardingState.of(wishes))
        self.programs = FakePrograms(room, by_mark=by_mark)
        self.fast = EbpfFastPath(self.programs, self.tables, self.links.get, lambda _: self.towards)

    def begun(self) -> "Node":
        assert self.fast.begin() == 0
        return self

    def change(self, after: Wish | None, before: Wish | None = None) -> int:
        key = (after or before).key  # type: ignore[union-attr]
        before = self.tables.wishes.get(key)
        self.tables.put({key: after})
        return self.fast.enter({key: (before, after)})

    @property
    def entries(self) -> dict[tuple[str, int, Direction, int], tuple]:
        return {
            (str(IPv4Address(address)), realm, Direction(direction), copy): ENTRY.unpack(record)
            for key, record in self.programs.tables["entries"].items()
            for address, realm, direction, copy in [ENTRY_KEY.unpack(key)]
        }

    @property
    def only(self) -> tuple:
        (one,) = self.entries.values()
        return one

    def exit(self, tunnel: Tunnel, direction: Direction, inner: IPv4Address = HOME_ADDRESS) -> tuple | None:
        record = self.programs.tables["exits"].get(exit_key(tunnel, inner.packed, direction))
        return EXIT.unpack(record) if record is not None else None


def test_a_binding_and_its_reverse_tunnel_have_a_record_each_with_counters_of_their_own() -> None:
    node = Node(binding(), reverse_exit(), HomeAddress(address=HOME_ADDRESS)).begun()
    assert (node.only[WAY], node.only[COPIES]) == (Way.ROUTE, 1)
    out = node.exit(TO_CARE_OF, Direction.FROM_MOBILE_NODE)
    assert out is not None
    assert out[6] == Way.STACK
    assert {node.only[USE], out[1]} == {1, 2}


def test_visitors_have_an_exit_to_their_link_and_a_way_into_the_reverse_tunnel() -> None:
    node = Node(visitor(), visitor_reverse(), visitor_reverse(HOME_ADDRESS + 1, realm=1)).begun()
    out = node.exit(FROM_HOME_AGENT, Direction.TO_MOBILE_NODE)
    assert out is not None
    assert out[2:7] == (3, VISITOR_LINK_ADDRESS, OWN, 0, Way.VISITOR)
    assert {key: record[WAY] for key, record in node.entries.items()} == {
        ("10.1.0.10", 0, Direction.FROM_MOBILE_NODE, 0): Way.ROUTE,
        ("10.1.0.11", 1, Direction.FROM_MOBILE_NODE, 0): Way.ROUTE,
    }


def test_what_comes_by_encapsulating_delivery_has_no_record() -> None:
    node = Node(visitor_reverse(delivery=Tunnel(CARE_OF, HOME_ADDRESS))).begun()
    assert node.entries == {}
    assert node.programs.tables["exits"] == {}


def test_the_exits_of_broadcasts_are_for_user_space() -> None:
    node = Node(broadcast_exit(), tunnel_exit()).begun()
    for inner in ("255.255.255.255", "224.0.0.0", "10.1.0.255"):
        out = node.exit(FROM_HOME_AGENT, Direction.TO_MOBILE_NODE, IPv4Address(inner))
        assert out is not None
        assert out[6] == Way.USER
    own = node.exit(FROM_HOME_AGENT, Direction.TO_MOBILE_NODE)
    assert own is not None
    assert own[6] == Way.STACK


@pytest.mark.parametrize(("count", "records", "way"), [(1, 1, Way.ROUTE), (4, 4, Way.ROUTE), (5, 4, Way.USER)])
def test_each_copy_has_a_record_up_to_as_many_as_the_programs_make(count: int, records: int, way: Way) -> None:
    tunnels = [Tunnel(HOME_AGENT, CARE_OF + n) for n in range(count)]
    node = Node(binding(HOME_ADDRESS, *tunnels)).begun()
    assert {copy: (record[WAY], record[COPIES]) for (_, _, _, copy), record in node.entries.items()} == dict.fromkeys(
        range(records), (way, count)
    )


def test_records_of_copies_end_with_them() -> None:
    node = Node(binding(HOME_ADDRESS, TO_CARE_OF, SECOND)).begun()
    assert len(node.entries) == 2
    node.change(binding(HOME_ADDRESS, SECOND))
    assert node.only[COPIES] == 1
    node.change(None, binding())
    assert node.entries == {}


def test_records_of_copies_end_when_another_claim_takes_their_place() -> None:
    node = Node(binding(HOME_ADDRESS, TO_CARE_OF, SECOND, realm=1)).begun()
    node.change(binding(HOME_ADDRESS, SECOND))
    assert node.only[COPIES] == 1


def test_a_tunnel_whose_other_port_is_unknown_is_for_user_space() -> None:
    node = Node(binding(HOME_ADDRESS, NOT_YET), reverse_exit(tunnel=NOT_YET)).begun()
    assert node.only[WAY] == Way.USER
    assert node.programs.tables["exits"] == {}


@pytest.mark.parametrize("end", [visitor, tunnel_exit])
def test_a_binding_whose_care_of_address_is_ours_needs_no_tunnel_and_ends_with_either_end(end) -> None:
    node = Node(binding(expires_at=9.0), end(tunnel=turned(TO_CARE_OF), expires_at=5.0)).begun()
    assert (node.only[WAY], node.only[EXPIRES]) == (Way.VISITOR if end is visitor else Way.STACK, 5_000_000_000)
    node.change(None, end(tunnel=turned(TO_CARE_OF)))
    assert (node.only[WAY], node.only[EXPIRES]) == (Way.ROUTE, 9_000_000_000)


@pytest.mark.parametrize("realm", [0, 1])
def test_a_reverse_tunnel_that_ends_here_is_none_in_every_realm(realm: int) -> None:
    node = Node(visitor_reverse(tunnel=turned(TO_CARE_OF), realm=realm)).begun()
    assert node.only[WAY] == Way.ROUTE
    node.change(reverse_exit())
    assert node.only[WAY] == Way.STACK
    node.change(None, reverse_exit())
    assert node.only[WAY] == Way.ROUTE


def test_an_exit_is_that_of_the_claim_in_force_whatever_its_encapsulation() -> None:
    minimal = Tunnel(CARE_OF, HOME_AGENT, Encapsulation.MINIMAL)
    node = Node(tunnel_exit(tunnel=minimal), visitor(tunnel=FROM_HOME_AGENT)).begun()
    for _ in range(2):
        out = node.exit(minimal, Direction.TO_MOBILE_NODE)
        assert out is not None
        assert out[5] == ENCAPSULATIONS[Encapsulation.MINIMAL]
        node.change(visitor(tunnel=FROM_HOME_AGENT, expires_at=7.0))
    reverse = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL)
    node = Node(ReverseExit(home_address=HOME_ADDRESS, tunnel=reverse, expires_at=LATER)).begun()
    node.change(ReverseExit(home_address=HOME_ADDRESS, tunnel=TO_CARE_OF, expires_at=LATER, realm=1))
    out = node.exit(reverse, Direction.FROM_MOBILE_NODE)
    assert out is not None
    assert out[5] == ENCAPSULATIONS[Encapsulation.MINIMAL]


def test_a_mobile_node_sends_by_route_where_marks_count_else_by_the_link_of_its_address() -> None:
    assert Node(reverse_tunnel()).begun().only[WAY] == Way.ROUTE
    node = Node(reverse_tunnel(), by_mark=False).begun()
    assert (node.only[WAY], node.only[INTERFACE], node.only[MTU]) == (Way.LINK, 2, 1400)
    node.towards = (node.links["eth1"], 1300)
    assert node.fast.ways_changed() == 0
    assert (node.only[WAY], node.only[INTERFACE], node.only[MTU]) == (Way.LINK, 3, 1300)
    node.towards = None
    node.fast.ways_changed()
    assert node.only[WAY] == Way.USER


def test_ways_are_looked_up_by_the_programs_where_marks_count() -> None:
    node = Node(reverse_tunnel(), binding(HOME_ADDRESS + 1)).begun()
    writes = node.programs.writes
    assert node.fast.ways_changed() == 0
    assert node.programs.writes == writes
    older = Node(reverse_tunnel(), binding(HOME_ADDRESS + 1), by_mark=False).begun()
    older.fast.ways_changed()
    assert older.programs.writes == writes + 1


def test_a_hop_is_a_frame_to_a_neighbour_as_its_link_is_now() -> None:
    node = Node(reverse_tunnel(hop=HOP), binding(HOME_ADDRESS + 1)).begun()

    def hop() -> tuple:
        return node.entries["10.1.0.10", 0, Direction.FROM_MOBILE_NODE, 0]

    assert (hop()[WAY], hop()[INTERFACE], hop()[MTU]) == (Way.FRAME, 3, 1400)
    node.links["eth1"] = LinkFacts(9, OWN)
    assert node.fast.link_changed("eth1") == node.fast.link_changed("eth7") == 0
    assert hop()[INTERFACE] == 9
    del node.links["eth1"]
    node.fast.link_changed("eth1")
    assert hop()[WAY] == Way.USER
    node.links["eth1"] = LinkFacts(9, OWN)
    node.towards = None  # how much passes there is not known
    node.fast.link_changed("eth1")
    assert hop()[WAY] == Way.USER


def test_a_wish_that_names_a_link_no_more_does_not_follow_it() -> None:
    node = Node(reverse_tunnel(hop=HOP)).begun()
    node.change(reverse_tunnel(hop=LinkHop("eth0", VISITOR_LINK_ADDRESS)))
    assert node.only[INTERFACE] == 2
    node.links["eth1"] = LinkFacts(9, OWN)
    node.fast.link_changed("eth1")
    assert node.only[INTERFACE] == 2
    node.change(reverse_tunnel())
    node.fast.link_changed("eth0")
    assert node.only[WAY] == Way.ROUTE


def test_a_renewal_is_one_write() -> None:
    for wish, renewed in (
        (binding(), binding(expires_at=7.0)),
        (reverse_tunnel(), reverse_tunnel(expires_at=7.0)),
        (tunnel_exit(), tunnel_exit(expires_at=7.0)),
    ):
        node = Node(wish).begun()
        writes = node.programs.writes
        assert node.change(renewed) == 0
        assert node.programs.writes == writes + 1


def test_a_renewal_of_another_kind_leaves_nothing_of_the_former() -> None:
    node = Node(visitor_reverse()).begun()
    node.change(visitor_reverse(delivery=Tunnel(CARE_OF, HOME_ADDRESS)))
    assert node.entries == {}
    node = Node(tunnel_exit()).begun()
    other = Tunnel(CARE_OF, HOME_AGENT + 1)
    node.change(tunnel_exit(tunnel=other))
    assert node.exit(FROM_HOME_AGENT, Direction.TO_MOBILE_NODE) is None
    assert node.exit(other, Direction.TO_MOBILE_NODE) is not None


def test_what_is_learnt_of_a_path_stands_there_until_it_is_forgotten() -> None:
    node = Node(binding())
    path = node.tables.ends.of(TO_CARE_OF).path
    path.mtu, path.mtu_until, path.unreachable_until = 1400, 20.0, 10.0
    node.begun()
    record = PATH.pack(20_000_000_000, 10_000_000_000, 1400)
    assert node.programs.tables["paths"] == {TO_CARE_OF.local.packed + TO_CARE_OF.remote.packed: record}
    path.mtu_until = path.unreachable_until = 0.0
    assert node.fast.path_changed(path) == 0
    assert node.programs.tables["paths"] == {}


def test_tables_grow_before_they_are_full_and_when_they_are() -> None:
    homes = [HOME_ADDRESS + n for n in range(9)]
    node = Node(*(binding(home) for home in homes), room=4).begun()
    assert (len(node.entries), node.programs.room) == (9, 16)
    full = Node(room=1).begun()
    paths = [full.tables.ends.of(tunnel).path for tunnel in (TO_CARE_OF, SECOND)]
    for path in paths:
        path.mtu, path.mtu_until = 1400, 20.0
        assert full.fast.path_changed(path) == 0
    assert (len(full.programs.tables["paths"]), full.programs.room) == (2, 4)


def test_very_many_wishes_are_written_in_parts() -> None:
    count = RECORDS_AT_ONCE + 10
    node = Node(*(binding(HOME_ADDRESS + n) for n in range(count)), room=8192).begun()
    assert len(node.programs.tables["entries"]) == count
    assert node.programs.writes == 2


def test_what_the_kernel_refuses_is_told() -> None:
    node = Node(binding())
    node.programs.refusal = errno.ENOMEM
    assert node.fast.begin() == errno.ENOMEM
    assert node.change(reverse_exit()) == errno.ENOMEM
    assert node.change(None, binding()) == errno.ENOMEM


def test_a_refusal_in_the_first_part_of_many_is_told_at_the_end() -> None:
    node = Node(*(binding(HOME_ADDRESS + n) for n in range(RECORDS_AT_ONCE + 1)), room=8192)
    node.programs.refusal = errno.EPERM
    assert node.fast.begin() == errno.EPERM


def test_what_has_passed_is_told_by_wish_and_tunnel() -> None:
    wish = binding()
    node = Node(wish).begun()
    node.programs.used[node.only[USE]] = (3, 300, 2_500_000_000)
    assert node.fast.uses() == [(wish.key, TO_CARE_OF, 3, 300, 2.5)]
    assert node.fast.last(wish.key) == 2.5
    assert node.fast.drops() == {DropReason.EXPIRED: 1, DropReason.CONGESTION: 2, DropReason.SEND_FAILED: 3}
    assert node.fast.totals() == {"encapsulated": (1, 10), "decapsulated": (2, 20), "straight": (3, 30)}
