"""The fast path while something changes: routes, tables, the engine, the daemon's life. Streams are counted."""

from collections.abc import Iterator

import pytest
from tests.support.eventually import eventually
from tests.support.numbered import Stream, streams, whole
from tests.support.tunnel_ends import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    End,
    World,
    cable,
    end,
    of_home_agent,
    of_mobile_node,
    of_network,
    packets,
    until,
    without_offloads,
    world,
)
from tests.support.wishes import turned

from mobileip.daemon.config_file import EngineChoice
from mobileip.forwarding.model import ForwardingChange
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.bpf import programs

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

TUNNEL = Tunnel(HOME_AGENT, CARE_OF)


@pytest.fixture
def there() -> Iterator[World]:
    with world() as made:
        without_offloads(made.correspondent, "c0")
        without_offloads(made.far, "e0")
        yield made


@pytest.fixture
def ends(there: World) -> Iterator[tuple[End, End]]:
    """A home agent and a co-located mobile node on the fast path."""
    with end(there.home_agent) as agent, end(there.far) as node:
        agent.wish(of_network(), *of_home_agent(TUNNEL))
        node.wish(*of_mobile_node(turned(TUNNEL)))
        assert (agent.engine, node.engine) == ("ebpf", "ebpf")
        yield agent, node


@pytest.fixture
def both(there: World, ends: tuple[End, End]) -> Iterator[tuple[Stream, Stream]]:
    """A stream to the mobile node, and one from it."""
    with streams(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS) as made:
        yield made


def test_the_packets_that_wait_for_a_neighbour_go_out_whole(both: tuple[Stream, Stream]) -> None:
    """The first of each stream does: nothing was asked for before."""
    whole(both)
    assert both[0].came[0] == both[1].came[0] == 1


@pytest.mark.parametrize("role", [0, 1], ids=["home agent", "mobile node"])
def test_a_change_of_engine_loses_nothing_and_doubles_nothing_and_the_counters_go_on(
    ends: tuple[End, End], both: tuple[Stream, Stream], role: int
) -> None:
    changed = ends[role]
    counted = changed.counted()
    for choice, name in (
        (EngineChoice.USERSPACE, "userspace"),
        (EngineChoice.EBPF, "ebpf"),
        (EngineChoice.USERSPACE, "userspace"),
        (EngineChoice.AUTO, "ebpf"),
    ):
        changed.choose(choice)
        assert changed.engine == name
        whole(both)
        before, counted = counted, changed.counted()
        for direction in ("encapsulated_packets", "decapsulated_packets", "encapsulated_octets", "decapsulated_octets"):
            assert counted[direction] > before[direction]
    for stream in both:
        stream.stop()
    assert passed(changed) == [stream.sent for stream in both][:: -1 if role else 1]


def passed(one: End) -> list[int]:
    counted = one.counted()
    return [counted["encapsulated_packets"], counted["decapsulated_packets"]]


def test_tables_that_grow_lose_nothing_and_the_counters_go_on(monkeypatch: pytest.MonkeyPatch, there: World) -> None:
    monkeypatch.setattr(programs, "LEAST_ROOM", 4)
    monkeypatch.setattr(programs.LoadedPrograms.__init__, "__defaults__", (4, lambda: None))
    with end(there.home_agent) as agent, end(there.far) as node:
        agent.wish(of_network(), *of_home_agent(TUNNEL))
        node.wish(*of_mobile_node(turned(TUNNEL)))
        rooms = [agent.room]
        with streams(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS) as both:
            for number in range(1, 100):
                others = of_home_agent(TUNNEL, home=HOME_ADDRESS + number)
                agent.do(lambda machine, others=others: machine.engine.apply(ForwardingChange(install=tuple(others))))
                if agent.room != rooms[-1]:
                    rooms.append(agent.room)
                    whole(both)
        assert len(rooms) > 2
        assert passed(agent) == [stream.sent for stream in both]
        assert agent.engine == "ebpf"


def test_a_change_of_route_link_and_next_hop_is_followed_by_the_next_packet(
    there: World, ends: tuple[End, End], both: tuple[Stream, Stream]
) -> None:
    """By another cable, and there to another address of the router; the daemon stands still meanwhile."""
    cable((there.home_agent, "h2", "192.0.2.9/29"), (there.router, "r2", "192.0.2.10/29"))
    there.router.ip("address add 192.0.2.11/29 dev r2")
    ways = (("192.0.2.10", "h2"), ("192.0.2.2", "h1"), ("192.0.2.11", "h2"))
    with ends[0].dead():
        for next_hop, link in ways:
            there.home_agent.ip(f"route replace {CARE_OF}/32 via {next_hop} dev {link}")
            others = [other for _, other in ways if other != link]
            before = packets(there.home_agent, link)[1], packets(there.home_agent, others[0])[1], both[0].sent
            whole(both)
            after = packets(there.home_agent, link)[1], packets(there.home_agent, others[0])[1], both[0].sent
            assert after[0] - before[0] >= 2
            assert after[1] - before[1] <= 1, "ARP perhaps"
            neighbours = there.home_agent.ip("neighbour show dev " + link)
            assert f"{next_hop} lladdr" in neighbours


def test_without_a_daemon_nothing_is_forwarded_beyond_what_was_granted(there: World) -> None:
    """Two nodes; the lifetime of one ends while nobody is there, and what comes for it is counted by name."""
    other = HOME_ADDRESS + 1
    with end(there.home_agent) as agent, end(there.far) as node:
        node.wish(*of_mobile_node(turned(TUNNEL)), *of_mobile_node(turned(TUNNEL), other))
        ends_at = until(3.0)
        agent.wish(of_network(), *of_home_agent(TUNNEL), *of_home_agent(TUNNEL, home=other, expires_at=ends_at))
        staying = streams(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS)
        ending = streams(there.correspondent, CORRESPONDENT, there.far, other, port=5003)
        with staying as first, ending as second, agent.dead():
            eventually(lambda: until(0.0) > ends_at)
            whole(first)
            stopped = [stream.last() for stream in second]
            for stream in first:
                stream.one_more()
            whole(first)
            assert all(before > 0 for before in stopped)
            assert [stream.last() - before <= 1 for stream, before in zip(second, stopped, strict=True)] == [True, True]
            assert [stream.lost() for stream in second] == [[], []], "until its end all came"
            assert all(stream.sent > stream.last() + 10 for stream in second)
        assert agent.counted()["dropped_expired"] >= 20
