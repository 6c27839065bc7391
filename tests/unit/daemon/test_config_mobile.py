"""What of [mobile_node] may be left open, and its options."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file

from mobileip.agents.mobile.config import (
    UNSPECIFIED,
    Delivery,
    LinkPreference,
    MobileNodeConfig,
    NatTraversal,
    Probing,
    ReverseTunnelling,
)
from mobileip.daemon.config_file import ConfigurationError, parse
from mobileip.forwarding.tunnel import Encapsulation


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key_file(tmp_path)
    return tmp_path


def read(folder: Path, leave_out: str = "", **keys: Any) -> MobileNodeConfig:
    document = documents()["mobile_node"]
    document["mobile_node"] |= keys
    document["mobile_node"].pop(leave_out, None)
    node = parse(document, folder).mobile_node
    assert node is not None
    return node


def errors(folder: Path, leave_out: str = "", **keys: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, leave_out, **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("discover", "10.1.0.255"),
        ("assign", "255.255.255.255"),
        ("assign-anywhere", str(UNSPECIFIED)),
        ("10.1.0.7", "10.1.0.7"),
    ],
)
def test_the_home_agent_may_be_left_open(folder: Path, word: str, address: str) -> None:
    assert read(folder, home_agent=word, nai="mn@example.net").home_agent == IPv4Address(address)


@pytest.mark.parametrize("word", ["find", "", 7, ["discover"], "255.255.255.255", str(UNSPECIFIED)])
def test_by_these_words_only(folder: Path, word: object) -> None:
    assert "mobile_node.home_agent: " in errors(folder, home_agent=word)


def test_without_a_home_network_nothing_is_discovered(folder: Path) -> None:
    assert "mobile_node.home_agent: 'discover' is wrong" in errors(folder, home_network=7, home_agent="discover")


def test_a_name_stands_for_the_home_address(folder: Path) -> None:
    node = read(folder, "home_address", nai="mn@example.net")
    assert (node.home_address, node.nai) == (IPv4Address(0), "mn@example.net")


def test_both_may_be_given(folder: Path) -> None:
    assert read(folder, nai="mn@example.net").home_address == IPv4Address("10.1.0.10")


def test_one_of_them_is_needed(folder: Path) -> None:
    assert "mobile_node.home_address: is missing" in errors(folder, "home_address")


@pytest.mark.requirement("R5944-3.6-a")
def test_netmask_and_association_are_needed(folder: Path) -> None:
    assert read(folder).home_network.prefixlen == 24
    assert read(folder).association.spi == 256
    assert "mobile_node.home_network: is missing" in errors(folder, "home_network")
    assert "mobile_node.spi: is missing" in errors(folder, "spi")


def test_agents_that_do_not_advertise(folder: Path) -> None:
    node = read(folder, agent_link_addresses={"eth0": "02:00:00:00:00:0a"})
    assert node.agent_link_addresses == (("eth0", bytes.fromhex("02000000000a")),)


@pytest.mark.parametrize("wrong", ["eth0", {"eth0": 7}, {"eth0": "02:00"}, {"eth0": "03:00:00:00:00:0a"}, {"": "x"}])
def test_and_their_addresses(folder: Path, wrong: object) -> None:
    assert "mobile_node.agent_link_addresses: " in errors(folder, agent_link_addresses=wrong)


def test_where_solicitations_go(folder: Path) -> None:
    assert read(folder).solicitation_address == IPv4Address("224.0.0.2")
    broadcast = IPv4Address("255.255.255.255")
    assert read(folder, solicitation_address=str(broadcast)).solicitation_address == broadcast
    for wrong in ("224.0.0.1", 7):
        assert "mobile_node.solicitation_address: " in errors(folder, solicitation_address=wrong)


@pytest.mark.parametrize("nai", ["", "a b", "a\x1b[2J", "n" * 254, 7])
def test_names_that_are_none(folder: Path, nai: object) -> None:
    assert "mobile_node.nai: " in errors(folder, nai=nai)


@pytest.mark.requirement("R4433-3.3-a")
def test_assignment_needs_a_name(folder: Path) -> None:
    """RFC 4433 §3.3: "the mobile node MUST use the NAI extension"."""
    assert "mobile_node.nai: is missing" in errors(folder, home_agent="assign")


def test_a_preference_needs_a_choice(folder: Path) -> None:
    assert "mobile_node.preferred_home_agent: is of use only" in errors(folder, preferred_home_agent="10.1.0.7")
    node = read(folder, home_agent="assign", nai="mn@example.net", preferred_home_agent="10.1.0.7")
    assert node.preferred_home_agent == IPv4Address("10.1.0.7")


@pytest.mark.parametrize(
    "flag",
    ["simultaneous_bindings", "broadcasts", "revocation", "coarse_identification", "allow_unauthenticated"],
)
def test_everything_else_is_off_unless_wanted(folder: Path, flag: str) -> None:
    assert getattr(read(folder), flag) is False
    assert getattr(read(folder, **{flag: True}), flag) is True


@pytest.mark.parametrize(
    ("home_agent", "home_network", "home_address"),
    [
        ("9.9.9.1", "10.1.0.0/24", "10.1.0.10"),
        ("10.1.0.1", "9.9.9.0/24", "9.9.9.9"),
        ("assign", "10.1.0.0/24", "10.1.0.10"),
    ],
)
def test_nobody_is_believed_without_a_signature_in_the_internet(
    folder: Path, home_agent: str, home_network: str, home_address: str
) -> None:
    wrong = errors(
        folder,
        home_agent=home_agent,
        home_network=home_network,
        home_address=home_address,
        nai="mn@example.net",
        allow_unauthenticated=True,
    )
    assert "mobile_node.allow_unauthenticated: is for loopback, private and documentation addresses only" in wrong


def test_nor_with_an_address_that_is_assigned(folder: Path) -> None:
    assert "allow_unauthenticated" in errors(folder, "home_address", nai="mn@example.net", allow_unauthenticated=True)


def test_tunnels_that_get_through_are_asked_for(folder: Path) -> None:
    node = read(folder)
    assert (node.reverse_tunnel, node.nat_traversal) == (ReverseTunnelling.AUTO, NatTraversal.AUTO)
    assert (node.delivery, node.encapsulation) == (Delivery.DIRECT, Encapsulation.IPIP)
    assert (node.direct_destinations, node.keepalive_interval) == ((), 25.0)


def test_tunnels(folder: Path) -> None:
    node = read(
        folder,
        reverse_tunnel="required",
        delivery="encapsulating",
        direct_destinations=["192.0.2.0/24", "198.18.0.0/15"],
        encapsulation="gre",
        nat_traversal="force",
        keepalive_interval=40,
    )
    assert (node.reverse_tunnel, node.nat_traversal) == (ReverseTunnelling.REQUIRED, NatTraversal.FORCE)
    assert (node.delivery, node.encapsulation) == (Delivery.ENCAPSULATING, Encapsulation.GRE)
    assert node.direct_destinations == (IPv4Network("192.0.2.0/24"), IPv4Network("198.18.0.0/15"))
    assert node.keepalive_interval == 40.0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reverse_tunnel", "yes"),
        ("delivery", "both"),
        ("direct_destinations", "192.0.2.0/24"),
        ("direct_destinations", ["192.0.2.1/24"]),
        ("encapsulation", "vxlan"),
        ("nat_traversal", True),
        ("keepalive_interval", 9),
        ("keepalive_interval", 111),
    ],
)
def test_tunnels_that_are_none(folder: Path, key: str, value: object) -> None:
    assert f"mobile_node.{key}: " in errors(folder, **{key: value})


def test_nothing_goes_direct_without_a_reverse_tunnel(folder: Path) -> None:
    wrong = errors(folder, reverse_tunnel="off", direct_destinations=["192.0.2.0/24"])
    assert "mobile_node.direct_destinations: is of use only with a reverse tunnel" in wrong


# -- handovers


def test_what_nothing_is_said_of_is_as_the_agent_has_it(folder: Path) -> None:
    node = read(folder)
    plain = MobileNodeConfig(
        home_address=node.home_address,
        home_agent=node.home_agent,
        home_network=node.home_network,
        links=node.links,
        association=node.association,
    )
    for name in ("link_preferences", "hysteresis", "hold_down", "handover_grace", "probing"):
        assert getattr(node, name) == getattr(plain, name)
    assert (node.probe_interval, node.idle_probe_interval) == (plain.probe_interval, plain.idle_probe_interval)


def test_how_handovers_are_decided(folder: Path) -> None:
    keys = {"hysteresis": 25, "hold_down": 0, "handover_grace": 1.5, "probe_interval": 0.5, "idle_probe_interval": 60}
    node = read(folder, probing="off", **keys)
    assert {name: getattr(node, name) for name in keys} == keys
    assert node.probing is Probing.OFF


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hysteresis", -1),
        ("hysteresis", 1.5),
        ("hysteresis", 10_001),
        ("hold_down", -0.1),
        ("hold_down", 3601),
        ("handover_grace", 61),
        ("handover_grace", "2 s"),
        ("probing", "on"),
        ("probe_interval", 0.01),
        ("idle_probe_interval", float("nan")),
    ],
)
def test_what_is_no_such_number_is_told_with_its_key(folder: Path, key: str, value: object) -> None:
    assert f"mobile_node.{key}: {value!r} is wrong (expected " in errors(folder, **{key: value})


def test_idle_links_are_not_probed_more_often_than_used_ones(folder: Path) -> None:
    found = errors(folder, probe_interval=2.0, idle_probe_interval=1.0)
    assert "mobile_node.idle_probe_interval: 1.0 s is shorter than probe_interval 2.0" in found


def test_preferences_by_link(folder: Path) -> None:
    link = {"eth0": {"preference": -50}, "wwan0": {"cost": 20, "metered": True, "same_agent": True}}
    assert read(folder, links=["eth0", "wwan0", "wlan0"], link=link).link_preferences == (
        ("eth0", LinkPreference(preference=-50)),
        ("wwan0", LinkPreference(cost=20, metered=True, same_agent=True)),
    )


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ({"wlan0": {}}, "mobile_node.link: 'wlan0' is none of links (eth0)"),
        ({"eth0": {"costs": 1}}, "mobile_node.link.eth0.costs: unknown key (did you mean cost?)"),
        ({"eth0": {"cost": -1}}, "mobile_node.link.eth0.cost: -1 is wrong (expected a number from 0 to 10000)"),
        ({"eth0": {"metered": 1}}, "mobile_node.link.eth0.metered: 1 is wrong (expected true or false)"),
        ({"eth0": {"same_agent": "yes"}}, "mobile_node.link.eth0.same_agent: 'yes' is wrong (expected true or false)"),
        ({"eth0": 7}, "mobile_node.link: {'eth0': 7} is wrong (expected preferences by interface)"),
        ([{"eth0": {}}], "mobile_node.link: [{'eth0': {}}] is wrong (expected preferences by interface)"),
        ("eth0", "mobile_node.link: 'eth0' is wrong (expected preferences by interface)"),
    ],
)
def test_what_is_no_preference_is_told_with_its_link(folder: Path, link: object, told: str) -> None:
    assert told in errors(folder, link=link)


def test_a_name_that_would_do_something_to_a_terminal_is_quoted(folder: Path) -> None:
    found = errors(folder, link={"\x1b[2J": {"cost": -1}})
    assert "\x1b" not in found
    assert "mobile_node.link.'\\x1b[2J'.cost: " in found
