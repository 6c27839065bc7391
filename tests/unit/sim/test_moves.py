from ipaddress import IPv4Address
from itertools import pairwise

import pytest
from tests.support.simulated import Onlooker, Stage, scenario

from mobileip.agents.notices import Attached, HandedOver, LinkNoticed, Registered
from mobileip.sim.moves import Moves, Place
from mobileip.sim.world import MOBILE_LINK, World

FOREIGN_1, FOREIGN_2 = IPv4Address("172.16.0.1"), IPv4Address("172.16.0.2")


class TestOneMove:
    def test_is_seen_by_the_carrier(self) -> None:
        stage = Stage(moves={"gap": 0.5})
        stage.go("foreign1")
        stage.go("foreign2", seconds=0.4)
        assert stage.node.host.ports[MOBILE_LINK].segment is None
        stage.run(2.0)
        assert [n.state for n in stage.watch.told(LinkNoticed)] == ["up", "down", "up"]
        assert stage.bound_to == FOREIGN_2
        assert stage.moves.made == 1

    def test_may_be_silent(self) -> None:
        stage = Stage()
        stage.go("foreign1")
        stage.go("foreign2", silent=True)
        assert [n.state for n in stage.watch.told(LinkNoticed)] == ["up"]
        assert stage.bound_to == FOREIGN_2

    def test_into_a_plain_network_gets_an_address_after_a_while(self) -> None:
        stage = Stage(plain={"networks": 1, "address_after": 1.0})
        stage.go("plain1", seconds=0.9)
        assert stage.moves.care_of_address(stage.node) is None
        stage.run(2.0)
        address = stage.moves.care_of_address(stage.node)
        assert address is not None
        assert stage.bound_to == address
        assert stage.watch.told(Attached)[-1].care_of == "colocated"

    def test_out_of_a_plain_network_is_never_silent(self) -> None:
        stage = Stage(plain={"networks": 1})
        stage.go("plain1")
        stage.go("foreign1", silent=True)
        assert [n.state for n in stage.watch.told(LinkNoticed)] == ["up", "addressed", "down", "up"]
        assert stage.world.network.leases == {}
        assert stage.bound_to == FOREIGN_1

    def test_away_again_before_the_address_came(self) -> None:
        stage = Stage(plain={"networks": 1, "address_after": 1.0})
        stage.go("plain1", seconds=0.5)
        stage.go("foreign1")
        assert stage.world.network.leases == {}
        assert stage.bound_to == FOREIGN_1

    def test_away_again_while_the_cable_was_out(self) -> None:
        stage = Stage(moves={"gap": 1.0})
        stage.go("foreign1")
        stage.go("foreign2", seconds=0.5)
        stage.go("foreign1", seconds=3.0)
        assert stage.moves.places["mobile0", MOBILE_LINK].network == "foreign1"
        assert stage.bound_to == FOREIGN_1

    def test_nowhere(self) -> None:
        stage = Stage()
        stage.go("foreign1")
        stage.go(None)
        assert stage.moves.places["mobile0", MOBILE_LINK].network is None
        assert stage.state == "searching"

    def test_home(self) -> None:
        stage = Stage()
        stage.go("foreign1")
        stage.go("home")
        assert stage.moves.care_of_address(stage.node) is None
        assert stage.bound_to is None
        assert stage.state == "at_home"

    def test_leases_differ(self) -> None:
        stage = Stage(plain={"networks": 1}, mobile={"nodes": 3})
        for node in stage.world.nodes:
            stage.moves.go(node, "plain1")
        stage.run(2.0)
        assert len(stage.world.network.leases) == 3


TWO = {"mobile": {"links": ["radio1", "radio2"]}}


class TestSeveralLinks:
    def test_go_their_own_ways(self) -> None:
        stage = Stage(**TWO)
        stage.go("foreign1", link="radio2")
        assert stage.bound_to == FOREIGN_1 == stage.moves.care_of_address(stage.node)
        stage.go("foreign2", link="radio1", seconds=3.0)
        assert stage.bound_to == FOREIGN_2 == stage.moves.care_of_address(stage.node)
        (record,) = stage.watch.told(HandedOver)[1:]
        assert (record.from_interface, record.to_interface, record.make_before_break) == ("radio2", "radio1", True)
        stage.go(None, link="radio1")
        assert stage.bound_to == FOREIGN_1
        assert stage.moves.places == {
            ("mobile0", "radio1"): Place(None, 5.0),
            ("mobile0", "radio2"): Place("foreign1", 0.0),
        }

    def test_the_home_link_is_best_whichever_it_is(self) -> None:
        stage = Stage(**TWO)
        stage.go("foreign1", link="radio1")
        stage.go("home", link="radio2", seconds=3.0)
        assert stage.moves.best(stage.node) is stage.node.host.ports["radio2"]
        assert (stage.moves.care_of_address(stage.node), stage.bound_to) == (None, None)

    def test_addresses_are_each_links_own(self) -> None:
        stage = Stage(**TWO, plain={"networks": 1})
        for link in ("radio1", "radio2"):
            stage.go("plain1", link=link)
        assert len({port.link.addresses for port in stage.node.host.ports.values()}) == 2
        stage.go(None, link="radio1")
        assert list(stage.world.network.leases.values()) == [stage.node.host.ports["radio2"]]

    def test_arrivals_are_told_where_there_is_no_other_way(self) -> None:
        told: list[str] = []
        world = World(scenario(**TWO), Onlooker())
        moves = Moves(world, 1e9, lambda _: told.append("arrived"), lambda _: told.append("left"))
        world.start()
        for network, link in (("foreign1", "radio1"), ("foreign2", "radio2"), (None, "radio1"), (None, "radio2")):
            moves.go(world.nodes[0], network, link=link)
            told.append(".")
            world.schedule.run(world.schedule.now + 1.0)
        assert told == ["left", "arrived", ".", ".", ".", "left", "."]

    def test_each_wanders_by_itself(self) -> None:
        settings = scenario(moves={"model": "random", "every": 5.0}, **TWO)
        world = World(settings, Onlooker())
        moves = Moves(world, 60.0)
        world.start()
        moves.start()
        world.schedule.run(60.0)
        assert moves.made > 10
        assert {link for _, link in moves.places} == {"radio1", "radio2"}


class TestWhatMachinesAreNotTold:
    def test_silence_has_no_carrier_event_and_the_next_move_ends_it(self) -> None:
        stage = Stage(
            **TWO,
            moves={
                "step": [
                    {"at": 1.0, "to": "foreign1"},
                    {"at": 5.0, "to": "silence", "link": "radio1"},
                    {"at": 8.0, "to": "foreign2", "silent": True},
                ]
            },
        )
        stage.run(6.0)
        assert stage.moves.best(stage.node) is None
        assert [n.state for n in stage.watch.told(LinkNoticed)] == ["up"]
        assert stage.bound_to == FOREIGN_1
        stage.run(6.0)
        assert [n.state for n in stage.watch.told(LinkNoticed)] == ["up"]
        assert stage.bound_to == FOREIGN_2

    def test_an_address_does_not_come_by_a_link_that_died(self) -> None:
        stage = Stage(plain={"networks": 1, "address_after": 1.0})
        stage.go("plain1", seconds=0.5)
        stage.moves.silence(stage.node, MOBILE_LINK)
        stage.run(2.0)
        assert stage.node.host.ports[MOBILE_LINK].link.addresses == ()


class TestAnnouncements:
    def test_of_a_link_that_will_go_down(self) -> None:
        stage = Stage(
            **TWO,
            moves={
                "step": [
                    {"at": 0.0, "to": "foreign1"},
                    {"at": 0.5, "to": "foreign2", "link": "radio2"},
                    {"at": 5.0, "to": "nowhere", "announced": 1.5},
                ]
            },
        )
        stage.run(3.4)
        assert stage.bound_to == FOREIGN_1
        stage.run(1.5)
        assert stage.bound_to == FOREIGN_2
        assert stage.watch.told(HandedOver)[-1].trigger == "leaving"

    def test_what_would_be_after_the_end_is_not_done(self) -> None:
        settings = scenario(
            moves={"step": [{"at": 1.0, "to": "foreign1"}, {"at": 9.0, "to": "home", "announced": 8.5}]}
        )
        watch = Onlooker()
        world = World(settings, watch)
        moves = Moves(world, 5.0)
        world.start()
        moves.start()
        world.schedule.run(12.0)
        assert moves.places["mobile0", MOBILE_LINK].network == "foreign1"
        assert [n.trigger for n in watch.told(HandedOver)] == ["agent_heard"]


def visited(model: str, seconds: float = 400.0, **tables: object) -> list[str]:
    """The networks in which the first node was, in their order."""
    settings = scenario(moves={"model": model, "every": 5.0}, mobile={"nodes": 2}, **tables)
    seen: list[str] = []
    world = World(settings, Onlooker())
    moves = Moves(world, seconds, lambda node: seen.append(moves.places[node.host.name, MOBILE_LINK].network or ""))
    world.start()
    moves.start()
    world.schedule.run(seconds + 10)
    return seen


class TestModels:
    @pytest.mark.parametrize("model", ["random", "round", "neighbour"])
    def test_nodes_get_everywhere(self, model: str) -> None:
        assert set(visited(model, plain={"networks": 1})) == {"home", "foreign1", "foreign2", "plain1"}

    def test_home_may_be_left_out(self) -> None:
        settings = scenario(moves={"model": "random", "every": 5.0, "home": False})
        world = World(settings, Onlooker())
        seen: list[str | None] = []
        moves = Moves(world, 300.0, lambda node: seen.append(moves.places[node.host.name, MOBILE_LINK].network))
        world.start()
        moves.start()
        world.schedule.run(300.0)
        assert set(seen) == {"foreign1", "foreign2"}

    def test_a_node_goes_home_to_its_own_home_only(self) -> None:
        settings = scenario(moves={"model": "random", "every": 3.0}, home={"agents": 2}, mobile={"nodes": 2})
        world = World(settings, Onlooker())
        seen: set[tuple[int, str | None]] = set()
        moves = Moves(
            world, 200.0, lambda node: seen.add((node.number, moves.places[node.host.name, MOBILE_LINK].network))
        )
        world.start()
        moves.start()
        world.schedule.run(200.0)
        assert {place for number, place in seen if number == 1} == {"home2", "foreign1", "foreign2"}

    def test_a_round_goes_in_order(self) -> None:
        settings = scenario(moves={"model": "round", "every": 5.0})
        world = World(settings, Onlooker())
        seen: list[str] = []
        moves = Moves(world, 100.0, lambda node: seen.append(moves.places[node.host.name, MOBILE_LINK].network or ""))
        world.start()
        moves.start()
        world.schedule.run(100.0)
        order = ["home", "foreign1", "foreign2"]
        assert all(order[(order.index(a) + 1) % 3] == b for a, b in pairwise(seen))

    def test_a_lone_network_is_not_left(self) -> None:
        assert set(visited("random", seconds=50.0, home={"link": False}, foreign={"agents": 1})) == {"foreign1"}

    def test_steps_are_followed(self) -> None:
        stage = Stage(
            moves={
                "step": [
                    {"at": 1.0, "to": "foreign1"},
                    {"at": 5.0, "to": "foreign2", "silent": True},
                    {"at": 9.0, "to": "nowhere"},
                ]
            }
        )
        stage.run(10.0)
        registered = [notice.care_of_address for notice in stage.watch.told(Registered)]
        assert registered == [FOREIGN_1, FOREIGN_2]
        assert stage.moves.places["mobile0", MOBILE_LINK] == Place(None, 9.0)

    def test_who_sleeps_does_not_walk(self) -> None:
        settings = scenario(moves={"model": "random", "every": 1.0})
        world = World(settings, Onlooker())
        moves = Moves(world, 100.0)
        world.start()
        moves.start()
        world.schedule.run(0.5)
        before = moves.made
        world.nodes[0].host.sleep()
        world.schedule.run(50.0)
        assert moves.made == before
        world.nodes[0].host.wake_up()
        world.schedule.run(100.0)
        assert moves.made > before
