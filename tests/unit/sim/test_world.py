from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.support.simulated import Onlooker, scenario

from mobileip.sim.world import LINK, World, care_of_address, home_address, home_network


def test_every_machine_has_its_own_addresses() -> None:
    world = World(scenario(mobile={"nodes": 300}, foreign={"agents": 300}, home={"agents": 3}), Onlooker())
    addresses = [int(home.address) for home in world.homes]
    addresses += [int(host.care_of_address or 0) for host in world.foreign]
    addresses += [int(node.home_address) for node in world.nodes]
    assert len(set(addresses)) == 603
    link_addresses = [port.link_address for host in world.hosts for port in host.ports.values()]
    assert len(set(link_addresses)) == len(link_addresses)


def test_nodes_belong_to_home_agents_in_turn() -> None:
    world = World(scenario(mobile={"nodes": 5}, home={"agents": 2}), Onlooker())
    assert [node.home_agent.host.name for node in world.nodes] == ["home", "home2", "home", "home2", "home"]
    assert [home.nodes for home in world.homes] == [3, 2]


@pytest.mark.parametrize("nodes", [1, 200, 10_000, 200_000])
def test_a_home_network_is_large_enough(nodes: int) -> None:
    large = scenario(mobile={"nodes": nodes}, home={"agents": 2}, traffic={"streams": 0})
    first, second = (home_network(large, number)[0] for number in (0, 1))
    assert not first.overlaps(second)
    last = home_address(large, nodes - 1)
    assert last in (second if nodes > 1 else first)
    assert last not in {first.broadcast_address, second.broadcast_address}


def test_a_virtual_home_network_has_no_link() -> None:
    world = World(scenario(home={"link": False}), Onlooker())
    assert world.homes[0].segment is None
    assert LINK not in world.homes[0].host.ports
    assert set(world.network.segments) == {"foreign1", "foreign2"}


def test_agents_share_keys_when_asked_to() -> None:
    world = World(scenario(foreign={"keys": True}), Onlooker())
    home, foreign = world.homes[0].host.node.home, world.foreign[1].node.foreign
    assert home is not None
    assert foreign is not None
    assert dict(home.config.foreign_agents)[care_of_address(1)] == foreign.config.home_agents[0][1]
    assert foreign.config.home_agents[0][0] == home.config.address


def test_plain_networks_have_a_router() -> None:
    world = World(scenario(plain={"networks": 2}), Onlooker())
    segment = world.network.segments["plain2"]
    assert segment.prefix == IPv4Network("198.18.16.0/20")
    assert segment.gateway == IPv4Address("198.18.16.1")
    assert segment.agents == {}


def test_clocks_are_wrong_as_far_as_the_scenario_says() -> None:
    world = World(scenario(mobile={"nodes": 20}, clocks={"ahead": 50.0, "drift": 1000.0}), Onlooker())
    shown = [host.clock.instant(0.0).ntp / 2**32 for host in world.hosts]
    assert 50 < max(shown) - min(shown) <= 100


def test_the_seed_makes_the_keys() -> None:
    worlds = [World(scenario(seed=seed), Onlooker()) for seed in (1, 1, 2)]
    keys = []
    for world in worlds:
        agent = world.homes[0].host.node.home
        assert agent is not None
        keys.append(agent.config.mobile_nodes[0].associations[0].key)
    assert keys[0] == keys[1] != keys[2]


def test_a_node_has_as_many_links_as_the_scenario_names() -> None:
    world = World(scenario(mobile={"nodes": 2, "links": ["radio1", "radio2"]}), Onlooker())
    links = [port.link for node in world.nodes for port in node.host.ports.values()]
    assert [link.name for link in links] == ["radio1", "radio2"] * 2
    assert len({link.link_address for link in links}) == 4
    mobile = world.nodes[0].host.node.mobile
    assert mobile is not None
    assert mobile.config.links == ("radio1", "radio2")


def test_agents_deliver_early_and_listen_a_while_longer_unless_told_otherwise() -> None:
    told = scenario(foreign={"early_delivery": False}, home={"handover_grace": 0})
    for settings, expected in ((scenario(), (True, 2.0)), (told, (False, 0.0))):
        world = World(settings, Onlooker())
        home, foreign = world.homes[0].host.node.home, world.foreign[0].node.foreign
        assert home is not None
        assert foreign is not None
        assert (foreign.config.early_delivery, home.config.handover_grace) == expected
