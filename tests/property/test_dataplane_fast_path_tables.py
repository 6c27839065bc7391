"""The programs' tables after any changes are those of programs that are told of the last state alone."""

from collections.abc import Mapping
from random import Random
from struct import unpack_from

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.programs import FakePrograms
from tests.support.wishes import (
    CARE_OF,
    FORMS,
    HOME_ADDRESS,
    HOME_AGENT,
    LATER,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_exit,
    changes,
    reverse_tunnel,
    states,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.changes import by_key
from mobileip.dataplane.ebpf.fast_path import EbpfFastPath
from mobileip.dataplane.ebpf.layout import ENTRY
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import ForwardingChange, ForwardingState, LinkHop, ReverseExit, TunnelExit, Wish
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

LINKS = {"eth0": LinkFacts(2, bytes.fromhex("020000000001")), "eth1": LinkFacts(3, bytes.fromhex("020000000002"))}
USE_OF_ENTRY, USE_OF_EXIT = 24, 8
"""Where records name their counter."""

Contents = Mapping[str, Mapping[bytes, tuple[bytes, object]]]


class Node:
    def __init__(self, state: ForwardingState, *, by_mark: bool, room: int = 1024) -> None:
        self.tables = PacketTables.of(state)
        self.programs = FakePrograms(room, by_mark=by_mark)
        self.fast = EbpfFastPath(self.programs, self.tables, LINKS.get, lambda _: (LINKS["eth0"], 1500))
        assert self.fast.begin() == 0

    def apply(self, change: ForwardingChange) -> None:
        wishes = by_key(change)
        before = {key: self.tables.wishes.get(key) for key in wishes}
        self.tables.put(wishes)
        assert self.fast.enter({key: (before[key], wish) for key, wish in wishes.items()}) == 0

    @property
    def contents(self) -> Contents:
        """Records with what their counter stands for in its place."""
        owners: dict[int, object] = {
            place: (key, tunnel)
            for key, places in self.fast.counters._places.items()
            for tunnel, place in places.items()
        }
        assert len(owners) == sum(map(len, self.fast.counters._places.values())), "one counter for two"

        def told(record: bytes) -> tuple[bytes, object]:
            at = USE_OF_ENTRY if len(record) == ENTRY.size else USE_OF_EXIT
            return record[:at] + record[at + 4 :], owners[unpack_from("=I", record, at)[0]]

        return {
            name: {key: told(record) for key, record in self.programs.tables[name].items()}
            for name in ("entries", "exits")
        }


# One home address and two agents: the claims of many wishes meet.
_forms = [FORMS[0], FORMS[1], FORMS[3], FORMS[4], FORMS[7], (Encapsulation.IPIP, GreOptions(), UdpPorts(434, 0))]


def _tunnel(random: Random) -> Tunnel:
    ends = (HOME_AGENT, CARE_OF)
    return Tunnel(random.choice(ends), random.choice(ends), *random.choice(_forms))


def _wish(random: Random) -> Wish:
    home, tunnel, expires_at, realm = HOME_ADDRESS, _tunnel(random), random.choice((5.0, LATER)), random.choice((0, 1))
    match random.randrange(7):
        case 0:
            tunnels = dict.fromkeys([tunnel, *(_tunnel(random) for _ in range(random.randrange(6)))])
            return binding(home, *tunnels, expires_at=expires_at, realm=realm)
        case 1:
            return visitor(home, tunnel, expires_at=expires_at, realm=realm)
        case 2:
            return ReverseExit(home_address=home, tunnel=tunnel, expires_at=expires_at, realm=realm)
        case 3:
            delivery = random.choice((None, _tunnel(random)))
            return visitor_reverse(home, tunnel, delivery=delivery, expires_at=expires_at, realm=realm)
        case 4:
            hop = random.choice((None, LinkHop("eth1", VISITOR_LINK_ADDRESS), LinkHop("none", VISITOR_LINK_ADDRESS)))
            return reverse_tunnel(home, tunnel, hop=hop, expires_at=expires_at)
        case 5:
            return TunnelExit(home_address=home, tunnel=tunnel, expires_at=expires_at, realm=realm)
    return broadcast_exit(home, tunnel, expires_at=expires_at)


def _wishes(random: Random, most: int) -> tuple[Wish, ...]:
    return tuple({wish.key: wish for wish in (_wish(random) for _ in range(random.randrange(most)))}.values())


@settings(max_examples=500, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_tables_after_changes_are_tables_of_the_whole(random: Random, by_mark: bool) -> None:
    state = ForwardingState.of(_wishes(random, 8))
    node = Node(state, by_mark=by_mark, room=1)  # tables that have to grow
    for _ in range(4):
        gone = tuple(key for key in state.wishes if random.random() < 0.3)
        step = ForwardingChange(install=_wishes(random, 4), remove=gone)
        node.apply(step)
        state = state.apply(step)
        assert node.contents == Node(state, by_mark=by_mark).contents
    node.apply(state.change_to(ForwardingState()))
    assert node.contents == {"entries": {}, "exits": {}}
    assert node.fast.counters._places == {}


@settings(max_examples=200, deadline=None)
@given(states, st.lists(changes, max_size=4))
def test_changes_of_every_kind_of_wish_end_where_the_whole_ends(
    state: ForwardingState, steps: list[ForwardingChange]
) -> None:
    node = Node(state, by_mark=True)
    for step in steps:
        node.apply(step)
        state = state.apply(step)
    assert node.contents == Node(state, by_mark=True).contents
