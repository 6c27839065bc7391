"""Topologies: each one that we ship is sound and drawn; each way to get one wrong is told."""

import pytest

from mobileip.lab import topology
from mobileip.lab.errors import NO_SUCH_OBJECT, LabError

SOUND = """
summary = "two nodes"
drawing = "a ~~ b, a on a switch"
networks.net = "10.1.0.0/24"
wires.line = {}
[nodes.a]
summary = "first"
interfaces.eth0 = { wire = "line", address = "192.0.2.1/30" }
interfaces.eth1 = { network = "net" }
[nodes.b]
summary = "second"
interfaces.eth0 = { wire = "line" }
"""


def test_the_shipped_ones_are_these() -> None:
    shipped = [
        "customers",
        "minimal",
        "nat-agent",
        "obstacles",
        "roaming",
        "router",
        "two-links",
        "two-nodes",
        "virtual",
    ]
    assert topology.names() == shipped


@pytest.mark.parametrize("name", topology.names())
def test_every_shipped_one_is_sound_and_shows_its_nodes_networks_and_addresses(name: str) -> None:
    loaded = topology.load(name)
    assert loaded.name == name
    for node_name, node in loaded.nodes.items():
        assert node_name in loaded.drawing
        for interface in node.interfaces.values():
            if interface.address is not None and not node.router and node_name != "host":
                network = loaded.networks.get(interface.network or "")
                assert str(network or interface.address.ip) in loaded.drawing, interface
    for network_name in loaded.networks:
        assert network_name in loaded.drawing


@pytest.mark.parametrize("name", topology.names())
def test_a_switched_address_lies_in_its_network(name: str) -> None:
    loaded = topology.load(name)
    for node in loaded.nodes.values():
        for interface in node.interfaces.values():
            if interface.network is not None and interface.address is not None:
                assert interface.address.network == loaded.networks[interface.network]


@pytest.mark.parametrize("name", topology.names())
def test_both_ends_of_a_wire_are_in_one_subnet(name: str) -> None:
    loaded = topology.load(name)
    for wire in loaded.wires:
        near, far = (loaded.nodes[node].interfaces[interface] for node, interface in loaded.wire_ends(wire))
        assert near.address is not None
        assert far.address is not None
        assert near.address.network == far.address.network


@pytest.mark.parametrize("name", topology.names())
def test_no_address_is_a_public_one(name: str) -> None:
    """RFC 1918 or documentation (RFC 5737)."""
    for node in topology.load(name).nodes.values():
        for interface in node.interfaces.values():
            assert interface.address is None or interface.address.ip.is_private


def test_daemons_start_with_the_agents() -> None:
    assert topology.load("two-nodes").daemons() == ("ha", "fa1", "mn1", "mn2")


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(LabError, match=r"no such topology: moon \(there are: customers, minimal, ") as caught:
        topology.load("moon")
    assert caught.value.code == NO_SUCH_OBJECT


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("wires.line = {}\n", "wires.line = {}\nwires.loose = {}\n", "wire loose needs two ends, has 0"),
        ('{ network = "net" }', '{ network = "net", wire = "line" }', "either a network or a wire"),
        ('{ network = "net" }', "{}", "either a network or a wire"),
        ('{ network = "net" }', '{ network = "nets" }', "no network nets"),
        ('{ network = "net" }', '{ wire = "lines" }', "no wire lines"),
        ("nodes.b", "nodes.much-too-long", "too long for Linux"),
        ('interfaces.eth0 = { wire = "line" }', 'interfaces.eth0 = { wire = "line", metric = 9000 }', "unknown field"),
        ("10.1.0.0/24", "10.1.0.0/33", "not a valid netmask"),
    ],
)
def test_a_wrong_one_is_told_by_place(good: str, bad: str, complaint: str) -> None:
    text = SOUND.replace(good, bad)
    if "too long" in complaint:
        text = text.replace('eth0 = { wire = "line" }', 'ethernet = { wire = "line" }')
    with pytest.raises(ValueError, match=complaint):
        topology.decode("wrong", text.encode())


def test_the_sound_one_is_sound() -> None:
    decoded = topology.decode("sound", SOUND.encode())
    assert decoded.wire_ends("line") == (("a", "eth0"), ("b", "eth0"))
    assert decoded.daemons() == ()
