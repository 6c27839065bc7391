from ipaddress import IPv4Address
from itertools import pairwise

import pytest
from tests.support.simulated import Onlooker, Stage, scenario

from mobileip.agents.notices import Attached, LinkNoticed, Registered
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
        assert stage.moves.places["mobile0"].network == "foreign1"
        assert stage.bound_to == FOREIGN_1

    def test_nowhere(self) -> None:
        stage = Stage()
        stage.go("foreign1")
        stage.go(None)
        assert stage.moves.places["mobile0"].network is None
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


def visited(model: str, seconds: float = 400.0, **tables: object) -> list[str]:
    """The networks in which the first node was, in their order."""
    settings = scenario(moves={"model": model, "every": 5.0}, mobile={"nodes": 2}, **tables)
    seen: list[str] = []
    world = World(settings, Onlooker())
    moves = Moves(world, seconds, lambda node: seen.append(moves.places[node.host.name].network or ""))
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
        moves = Moves(world, 300.0, lambda node: seen.append(moves.places[node.host.name].network))
        world.start()
        moves.start()
        world.schedule.run(300.0)
        assert set(seen) == {"foreign1", "foreign2"}

    def test_a_node_goes_home_to_its_own_home_only(self) -> None:
        settings = scenario(moves={"model": "random", "every": 3.0}, home={"agents": 2}, mobile={"nodes": 2})
        world = World(settings, Onlooker())
        seen: set[tuple[int, str | None]] = set()
        moves = Moves(world, 200.0, lambda node: seen.add((node.number, moves.places[node.host.name].network)))
        world.start()
        moves.start()
        world.schedule.run(200.0)
        assert {place for number, place in seen if number == 1} == {"home2", "foreign1", "foreign2"}

    def test_a_round_goes_in_order(self) -> None:
        settings = scenario(moves={"model": "round", "every": 5.0})
        world = World(settings, Onlooker())
        seen: list[str] = []
        moves = Moves(world, 100.0, lambda node: seen.append(moves.places[node.host.name].network or ""))
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
        assert stage.moves.places["mobile0"] == Place(None, 9.0)

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
