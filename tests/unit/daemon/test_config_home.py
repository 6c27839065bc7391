"""[home_agent]: whom it serves, under which names, and its options."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import ASSOCIATION, documents, key_file

from mobileip.agents.home.config import HomeAgentConfig, ReverseTunnels
from mobileip.daemon.config_file import ConfigurationError, parse
from mobileip.forwarding.tunnel import Encapsulation

NAI = "mn@example.net"


def home_agent(folder: Path, mobile_nodes: list[dict[str, Any]] | None = None, **keys: Any) -> HomeAgentConfig:
    key_file(folder)
    document = documents()["home_agent"]
    document["home_agent"] |= keys
    if mobile_nodes is not None:
        document["home_agent"]["mobile_node"] = mobile_nodes
    config = parse(document, folder).home_agent
    assert config is not None
    return config


def errors(folder: Path, mobile_nodes: list[dict[str, Any]] | None = None, **keys: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        home_agent(folder, mobile_nodes, **keys)
    return caught.value.errors


@pytest.mark.requirement("R5944-3.8.1-a")
@pytest.mark.parametrize("key", ["address", "home_network"])
def test_an_address_and_the_home_network_there_must_be(tmp_path: Path, key: str) -> None:
    key_file(tmp_path)
    config = home_agent(tmp_path)
    assert (str(config.address), str(config.home_network)) == ("10.1.0.1", "10.1.0.0/24")
    document = documents()["home_agent"]
    del document["home_agent"][key]
    with pytest.raises(ConfigurationError, match=f"home_agent.{key}: is missing"):
        parse(document, tmp_path)


def test_options(tmp_path: Path) -> None:
    config = home_agent(
        tmp_path,
        forward_broadcasts=False,
        revocation=True,
        foreign_home_on_deregistration=True,
        allow_unauthenticated=True,
        identity="ha.example.net",
        redirect_to="10.1.0.2",
        address_pool="10.1.0.100 - 10.1.0.200",
        message="Grüezi",
    )
    assert not config.forward_broadcasts
    assert config.revocation
    assert config.foreign_home_on_deregistration
    assert config.allow_unauthenticated
    assert (config.identity, config.message) == ("ha.example.net", "Grüezi")
    assert config.redirect_to == IPv4Address("10.1.0.2")
    assert config.address_pool == (IPv4Address("10.1.0.100"), IPv4Address("10.1.0.200"))


def test_defaults(tmp_path: Path) -> None:
    config = home_agent(tmp_path)
    assert config.forward_broadcasts
    assert (config.revocation, config.foreign_home_on_deregistration, config.allow_unauthenticated) == (False,) * 3
    assert (config.identity, config.redirect_to, config.address_pool, config.message) == (None, None, None, None)


def test_groups(tmp_path: Path) -> None:
    assert home_agent(tmp_path).forwarded_groups == ()
    config = home_agent(tmp_path, forwarded_groups=["239.1.0.0/16", "224.0.1.1", "239.1.0.0/16"])
    assert config.forwarded_groups == (IPv4Network("239.1.0.0/16"), IPv4Network("224.0.1.1/32"))


@pytest.mark.parametrize("value", ["239.1.0.0/16", [7], ["239.1.0.1/16"], ["all"], ["ff02::/16"]])
def test_groups_are_a_list_of_prefixes(value: object, tmp_path: Path) -> None:
    (error,) = errors(tmp_path, forwarded_groups=value)
    assert error.startswith("home_agent.forwarded_groups: ")
    assert "a list of prefixes of multicast groups" in error


def test_other_prefixes_are_no_groups(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, forwarded_groups=["10.1.0.0/24"])
    assert error == "home_agent.forwarded_groups: 10.1.0.0/24 is no prefix of multicast groups (224.0.0.0/4)"
    (error,) = errors(tmp_path, forwarded_groups=["239.1.0.0/16"], forward_broadcasts=False)
    assert error.startswith("home_agent.forwarded_groups: are copied as broadcasts are")


@pytest.mark.requirement("R3024-3.2-a")
def test_every_tunnel_is_allowed_by_default(tmp_path: Path) -> None:
    config = home_agent(tmp_path)
    assert config.reverse_tunnel is ReverseTunnels.ALLOWED
    assert set(config.encapsulations) == set(Encapsulation)
    assert (config.nat_traversal, config.force_udp) == (True, True)
    assert (config.keepalive_interval, config.nat_maximum_lifetime) == (0, 60)
    assert (config.gre_checksum, config.gre_sequence) == (False, False)


def test_tunnels(tmp_path: Path) -> None:
    config = home_agent(
        tmp_path,
        reverse_tunnel="required_if_private",
        encapsulations=["gre", "ipip", "gre"],
        nat_traversal=False,
        force_udp=False,
        keepalive_interval=110,
        nat_maximum_lifetime=600,
        gre_checksum=True,
        gre_sequence=True,
    )
    assert config.reverse_tunnel is ReverseTunnels.REQUIRED_IF_PRIVATE
    assert config.encapsulations == (Encapsulation.GRE, Encapsulation.IPIP)
    assert (config.nat_traversal, config.force_udp) == (False, False)
    assert (config.keepalive_interval, config.nat_maximum_lifetime) == (110, 600)
    assert (config.gre_checksum, config.gre_sequence) == (True, True)


def test_who_refuses_reverse_tunnels_traverses_no_nat(tmp_path: Path) -> None:
    assert not home_agent(tmp_path, reverse_tunnel="refused").nat_traversal
    (error,) = errors(tmp_path, reverse_tunnel="refused", nat_traversal=True)
    assert error.startswith("home_agent.nat_traversal: keepalives come by the reverse tunnel")


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("reverse_tunnel", "yes", "home_agent.reverse_tunnel: 'yes' is wrong (expected one of allowed, required"),
        ("encapsulations", ["gre"], "home_agent.encapsulations: ipip is not among them"),
        ("encapsulations", ["ipip", "l2tp"], "home_agent.encapsulations: ['ipip', 'l2tp'] is wrong (expected a list"),
        ("encapsulations", "ipip", "home_agent.encapsulations: 'ipip' is wrong (expected a list"),
        ("keepalive_interval", -1, "home_agent.keepalive_interval: -1 is wrong (expected a number from 0 to 65535)"),
        ("nat_maximum_lifetime", 9, "home_agent.nat_maximum_lifetime: 9 is wrong (expected a number from 10 to"),
        ("identity", "ha", "home_agent.identity: 'ha' is wrong (expected a host name such as ha.example.net)"),
        ("identity", 1, "home_agent.identity: 1 is wrong"),
        ("message", "", "home_agent.message: '' is wrong (expected a text of 1 to 254 octets)"),
        ("message", "ü" * 128, "home_agent.message: "),
        ("address_pool", "10.1.0.100", "home_agent.address_pool: '10.1.0.100' is wrong (expected two addresses"),
        ("address_pool", "10.1.0.9-10.1.0.8", "home_agent.address_pool: 10.1.0.9-10.1.0.8 is no range"),
        ("redirect_to", "10.1.0.1", "home_agent.redirect_to: 10.1.0.1 is this home agent itself"),
        ("redirect_to", "nowhere", "home_agent.redirect_to: 'nowhere' is wrong"),
        ("revocation", "yes", "home_agent.revocation: 'yes' is wrong (expected true or false)"),
    ],
)
def test_each_wrong_value_is_one_error(tmp_path: Path, key: str, value: object, complaint: str) -> None:
    (error,) = errors(tmp_path, **{key: value})
    assert error.startswith(complaint)


def test_mobile_nodes_by_name(tmp_path: Path) -> None:
    config = home_agent(
        tmp_path,
        [
            {"nai": NAI, "message": "Hello", **ASSOCIATION},
            {"nai": NAI, **ASSOCIATION, "spi": 257},
            {"nai": "own@example.net", "home_address": "10.1.0.10", **ASSOCIATION},
        ],
        address_pool="10.1.0.100-10.1.0.200",
    )
    by_name, both = config.mobile_nodes
    assert (by_name.nai, by_name.home_address, by_name.message) == (NAI, None, "Hello")
    assert [association.spi for association in by_name.associations] == [256, 257]
    assert (both.nai, both.home_address, both.message) == ("own@example.net", IPv4Address("10.1.0.10"), None)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (ASSOCIATION, "home_agent.mobile_node[0].home_address: is missing"),
        (ASSOCIATION | {"nai": ""}, "home_agent.mobile_node[0].nai: '' is wrong (expected a name such as"),
        (ASSOCIATION | {"nai": "a b"}, "home_agent.mobile_node[0].nai: 'a b' is wrong"),
        (ASSOCIATION | {"nai": "x" * 254}, "home_agent.mobile_node[0].nai: "),
        (ASSOCIATION | {"nai": NAI}, f"home_agent.mobile_node: {NAI} has no home address, and there is no address"),
        ({"home_address": "10.1.0.10", "spi": 256}, "home_agent.mobile_node[0].key_file: is missing"),
        (ASSOCIATION | {"home_address": "10.2.0.1"}, "home_agent.mobile_node[0].home_address: 10.2.0.1 is not in"),
        (ASSOCIATION | {"home_address": "10.1.0.1"}, "home_agent.mobile_node[0].home_address: 10.1.0.1 is the home"),
    ],
)
def test_each_wrong_mobile_node_is_one_error(tmp_path: Path, entry: dict[str, Any], complaint: str) -> None:
    (error,) = errors(tmp_path, [entry])
    assert error.startswith(complaint)


def test_one_spi_twice_for_one_name(tmp_path: Path) -> None:
    twice = [{"nai": NAI, **ASSOCIATION}] * 2
    assert errors(tmp_path, twice, address_pool="10.1.0.100-10.1.0.200") == [
        f"home_agent.mobile_node[1].spi: 256 is given twice for {NAI}"
    ]


def test_one_name_for_two_addresses(tmp_path: Path) -> None:
    both = [{"nai": NAI, "home_address": address, **ASSOCIATION} for address in ("10.1.0.10", "10.1.0.11")]
    assert errors(tmp_path, both) == ["home_agent.mobile_node: 10.1.0.11 is configured twice"]


def test_a_teaching_lab_needs_no_key_but_harmless_addresses(tmp_path: Path) -> None:
    (node,) = home_agent(tmp_path, [{"home_address": "10.1.0.10"}], allow_unauthenticated=True).mobile_nodes
    assert node.associations == ()
    (error,) = errors(
        tmp_path,
        [{"home_address": "8.8.8.8"}],
        allow_unauthenticated=True,
        address="8.8.8.1",
        home_network="8.8.8.0/24",
        foreign_agent=[],
    )
    assert error.startswith("home_agent.allow_unauthenticated: 8.8.8.1 is no loopback, private or documentation")


def test_a_half_key_is_no_lack_of_one(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, [{"home_address": "10.1.0.10", "spi": 256}], allow_unauthenticated=True)
    assert error.startswith("home_agent.mobile_node[0].key_file: is missing")
