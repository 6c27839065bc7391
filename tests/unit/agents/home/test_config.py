"""A home agent's configuration: what contradicts itself is refused, with the key in front."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.support.home_agent import FOREIGN_HOME, home_agent_config
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, MOBILE_HOME

from mobileip.agents.home.config import MobileNodeEntry, ReverseTunnels, identity_of, is_laboratory
from mobileip.forwarding.tunnel import Encapsulation

NAI = "mn@example.net"


def addresses(first: str, last: str) -> tuple[IPv4Address, IPv4Address]:
    return IPv4Address(first), IPv4Address(last)


@pytest.mark.requirement("R5944-4.1-a")
@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"announcements": 0}, "announcements: 0, at least one"),
        ({"redirect_to": HOME_AGENT}, f"redirect_to: {HOME_AGENT} is this home agent itself"),
        ({"identity": "ha"}, "identity: ha is neither"),
        ({"message": ""}, "message: 0 octets"),
        ({"message": "ü" * 128}, "message: 256 octets, 1 to 254"),
        (
            {"mobile_nodes": (MobileNodeEntry(nai=NAI, message="x" * 255, associations=(MOBILE_HOME,)),)},
            "message: 255 octets",
        ),
        ({"address_pool": addresses("10.1.0.9", "10.1.0.8")}, "address_pool: 10.1.0.9-10.1.0.8 is no range"),
        ({"address_pool": addresses("10.0.0.9", "10.1.0.8")}, "address_pool: 10.0.0.9-10.1.0.8"),
        ({"encapsulations": (Encapsulation.GRE,)}, "encapsulations: ipip is not among them"),
        ({"nat_traversal": True}, "nat_traversal: keepalives come by the reverse tunnel"),
        ({"address_pool": addresses("10.1.0.9", "10.2.0.8")}, "within home_network 10.1.0.0/24"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        home_agent_config(**fields)


def test_what_is_sound_is_taken() -> None:
    config = home_agent_config(
        announcements=1,
        redirect_to=IPv4Address("10.1.0.2"),
        identity="ha.example.net",
        message="ü" * 127,
        address_pool=addresses("10.1.0.8", "10.1.0.8"),
        allow_unauthenticated=True,
        foreign_agents=((IPv4Address("203.0.113.1"), FOREIGN_HOME),),
        encapsulations=(Encapsulation.GRE, Encapsulation.IPIP),
        reverse_tunnel=ReverseTunnels.REQUIRED,
        nat_traversal=True,
    )
    assert config.forward_broadcasts
    assert not config.revocation


@pytest.mark.parametrize("group", ["10.1.0.0/24", "192.0.0.0/2", "0.0.0.0/0", "240.0.0.0/8", "255.255.255.255/32"])
def test_only_multicasts_are_groups(group: str) -> None:
    good = IPv4Network("224.0.0.0/4")
    assert home_agent_config(forwarded_groups=(good,)).forwarded_groups == (good,)
    with pytest.raises(ValueError, match=f"forwarded_groups: {group} is no prefix of multicast groups"):
        home_agent_config(forwarded_groups=(good, IPv4Network(group)))


def test_groups_are_forwarded_as_broadcasts_are_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="forwarded_groups: are copied as broadcasts are"):
        home_agent_config(forwarded_groups=(IPv4Network("224.0.0.0/4"),), forward_broadcasts=False)


@pytest.mark.parametrize(
    ("fields", "stranger"),
    [
        ({"address": IPv4Address("8.8.8.8")}, "8.8.8.8"),
        ({"home_network": IPv4Network("8.8.8.0/24")}, "8.8.8.0/24"),
        ({"home_network": IPv4Network("0.0.0.0/0")}, "0.0.0.0/0"),
        ({"mobile_nodes": (MobileNodeEntry(home_address=IPv4Address("8.8.8.9"), associations=()),)}, "8.8.8.9"),
        ({"foreign_agents": ((IPv4Address("8.8.8.7"), FOREIGN_HOME),)}, "8.8.8.7"),
    ],
)
def test_a_teaching_lab_has_no_address_of_the_internet(fields: dict[str, Any], stranger: str) -> None:
    home_agent_config(**fields)
    with pytest.raises(ValueError, match=f"allow_unauthenticated: {stranger} is no loopback, private or documentation"):
        home_agent_config(allow_unauthenticated=True, **fields)


def test_a_node_by_name_alone_is_no_stranger() -> None:
    by_name = (MobileNodeEntry(nai=NAI, associations=()),)
    assert home_agent_config(allow_unauthenticated=True, mobile_nodes=by_name).allow_unauthenticated


@pytest.mark.parametrize(
    ("address", "expected"), [("127.0.0.1", True), ("172.31.0.1", True), ("172.32.0.1", False), ("11.0.0.1", False)]
)
def test_laboratory_addresses(address: str, expected: bool) -> None:
    assert is_laboratory(IPv4Address(address)) is expected


@pytest.mark.parametrize(
    ("text", "identity"),
    [("ha.example.net", "ha@example.net"), ("ha@example.net", "ha@example.net"), ("ha@net", "ha@net")],
)
def test_an_identity_is_hostname_at_realm(text: str, identity: str) -> None:
    assert identity_of(text) == identity


@pytest.mark.parametrize("text", ["", "ha", "@net", "ha@", "ha@b@c", ".net", "ha." + "x" * 252])
def test_what_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match="identity: "):
        identity_of(text)


def test_an_entry_is_named_by_its_address_or_its_nai() -> None:
    assert MobileNodeEntry(home_address=HOME_ADDRESS, nai=NAI, associations=()).name == str(HOME_ADDRESS)
    assert MobileNodeEntry(nai=NAI, associations=()).name == NAI
