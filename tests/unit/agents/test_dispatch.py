"""Which role a message is for."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.foreign_agent import AGENT_ADDRESS, LINK, MAC, OWN_MAC, UPLINK, link_changed
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    arrival,
    registration_reply,
    registration_request,
)

from mobileip.agents.dispatch import ASSIGNED, OwnLinks, Role, Roles, role_of
from mobileip.wire.message import Message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment
from mobileip.wire.tunnel_data import TunnelData

HOME = Roles(home_agent=HOME_AGENT)
FOREIGN = Roles(care_of_address=CARE_OF_ADDRESS, foreign_links=frozenset({LINK}))
BOTH = Roles(home_agent=HOME_AGENT, care_of_address=CARE_OF_ADDRESS, foreign_links=frozenset({LINK}))
MOBILE = Roles(home_address=HOME_ADDRESS, mobile_links=frozenset({"wlan0"}))
ALL = Roles(
    home_agent=HOME_AGENT,
    care_of_address=CARE_OF_ADDRESS,
    foreign_links=frozenset({LINK}),
    home_address=HOME_ADDRESS,
    mobile_links=frozenset({"wlan0"}),
)
COLOCATED = IPv4Address("198.51.100.77")
ELSEWHERE = IPv4Address("10.9.0.1")
GROUP = IPv4Address("224.0.0.11")


@pytest.mark.requirement("R5944-2.3-c")
@pytest.mark.parametrize(
    ("roles", "request_fields", "arrival_fields", "role"),
    [
        # One role alone.
        (HOME, {}, {"interface": "eth0"}, Role.HOME_AGENT),
        (HOME, {"home_agent": ELSEWHERE}, {"interface": "eth0"}, Role.HOME_AGENT),
        (FOREIGN, {}, {"interface": LINK}, Role.FOREIGN_AGENT),
        (FOREIGN, {"care_of_address": COLOCATED}, {"interface": LINK}, Role.FOREIGN_AGENT),
        (FOREIGN, {}, {"interface": UPLINK}, None),
        (MOBILE, {}, {"interface": "wlan0"}, None),
        # Both agents: a visitor of ours, or of another home agent, asks the foreign agent.
        (BOTH, {}, {"interface": LINK}, Role.FOREIGN_AGENT),
        (BOTH, {"home_agent": ELSEWHERE, "care_of_address": COLOCATED}, {"interface": LINK}, Role.FOREIGN_AGENT),
        (
            BOTH,
            {"care_of_address": HOME_ADDRESS, "lifetime": 0},
            {"interface": LINK, "destination": GROUP},
            Role.FOREIGN_AGENT,
        ),
        # What it relays to our own home agent, what others relay to it, and who is at home.
        (BOTH, {}, {"interface": "lo"}, Role.HOME_AGENT),
        (BOTH, {"care_of_address": COLOCATED}, {"interface": UPLINK}, Role.HOME_AGENT),
        (BOTH, {"care_of_address": COLOCATED}, {"interface": LINK}, Role.HOME_AGENT),
        (BOTH, {"care_of_address": HOME_ADDRESS, "lifetime": 0}, {"interface": LINK}, Role.HOME_AGENT),
    ],
)
def test_requests(
    roles: Roles, request_fields: dict[str, Any], arrival_fields: dict[str, Any], role: Role | None
) -> None:
    message = registration_request(**request_fields)
    assert role_of(message, arrival(**arrival_fields), roles, is_ours=False) is role


def test_our_own_request_that_comes_back_is_no_visitors() -> None:
    message, where = registration_request(), arrival(interface=LINK)
    assert role_of(message, where, BOTH, is_ours=True) is Role.HOME_AGENT
    assert role_of(message, where, FOREIGN, is_ours=True) is None


@pytest.mark.parametrize(
    ("roles", "interface", "home_address", "role"),
    [
        (MOBILE, "wlan0", HOME_ADDRESS, Role.MOBILE_NODE),
        (MOBILE, "eth9", HOME_ADDRESS, None),
        (MOBILE, "wlan0", ELSEWHERE, None),
        (FOREIGN, UPLINK, HOME_ADDRESS, Role.FOREIGN_AGENT),
        (HOME, "eth0", HOME_ADDRESS, None),
        (ALL, "wlan0", HOME_ADDRESS, Role.MOBILE_NODE),
        (ALL, "wlan0", ELSEWHERE, Role.FOREIGN_AGENT),
        (ALL, UPLINK, HOME_ADDRESS, Role.FOREIGN_AGENT),
    ],
)
def test_replies(roles: Roles, interface: str, home_address: IPv4Address, role: Role | None) -> None:
    message: Message = registration_reply(home_address=home_address)
    assert role_of(message, arrival(interface=interface), roles, is_ours=False) is role


def test_other_messages_are_for_nobody() -> None:
    message = TunnelData(next_header=4, payload=b"")
    for interface in (LINK, "wlan0", "lo"):
        assert role_of(message, arrival(interface=interface), ALL, is_ours=False) is None


@pytest.mark.parametrize(
    ("roles", "from_home_agent", "foreign_domain_address", "role"),
    [
        (HOME, False, CARE_OF_ADDRESS, Role.HOME_AGENT),
        (HOME, True, CARE_OF_ADDRESS, Role.HOME_AGENT),
        (FOREIGN, False, CARE_OF_ADDRESS, Role.FOREIGN_AGENT),
        (FOREIGN, True, CARE_OF_ADDRESS, Role.FOREIGN_AGENT),
        (MOBILE, True, COLOCATED, Role.MOBILE_NODE),
        (ALL, False, CARE_OF_ADDRESS, Role.HOME_AGENT),
        (ALL, True, CARE_OF_ADDRESS, Role.FOREIGN_AGENT),
        (ALL, True, COLOCATED, Role.MOBILE_NODE),
        (Roles(), True, COLOCATED, None),
    ],
)
def test_whom_a_revocation_is_for(
    roles: Roles, from_home_agent: bool, foreign_domain_address: IPv4Address, role: Role | None
) -> None:
    message = RegistrationRevocation(
        from_home_agent=from_home_agent,
        home_address=HOME_ADDRESS,
        home_domain_address=HOME_AGENT,
        foreign_domain_address=foreign_domain_address,
        revocation_identifier=1,
    )
    assert role_of(message, arrival(), roles, is_ours=False) is role


@pytest.mark.parametrize(
    ("roles", "destination", "role"),
    [
        (HOME, HOME_AGENT, Role.HOME_AGENT),
        (FOREIGN, CARE_OF_ADDRESS, Role.FOREIGN_AGENT),
        (ALL, HOME_AGENT, Role.HOME_AGENT),
        (ALL, CARE_OF_ADDRESS, Role.FOREIGN_AGENT),
        (MOBILE, COLOCATED, None),
    ],
)
def test_whom_an_acknowledgment_is_for(roles: Roles, destination: IPv4Address, role: Role | None) -> None:
    message = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=1)
    assert role_of(message, arrival(destination=destination), roles, is_ours=False) is role


def test_what_we_sent_ourselves() -> None:
    links = OwnLinks()
    links.change(link_changed().link)
    assert links.sent(arrival(source=HOME_ADDRESS, link_source=OWN_MAC))
    assert links.sent(arrival(source=AGENT_ADDRESS))
    assert not links.sent(arrival(source=HOME_ADDRESS, link_source=MAC))
    assert not links.sent(arrival(source=HOME_ADDRESS))
    links.remove(LINK)
    links.remove("never seen")
    assert not links.sent(arrival(source=AGENT_ADDRESS, link_source=OWN_MAC))


def test_a_link_without_address_of_its_own_is_nobodys() -> None:
    links = OwnLinks()
    links.change(link_changed("tun0", link_address=None).link)
    assert not links.sent(arrival(link_source=None))


@pytest.mark.parametrize("named", [HOME_ADDRESS, IPv4Address(0), ELSEWHERE])
def test_what_a_node_without_an_address_hears_on_its_links_is_for_it(named: IPv4Address) -> None:
    """RFC 2794 §2: its address is the one that the reply names."""
    roles = Roles(home_address=ASSIGNED, mobile_links=frozenset({"wlan0"}))
    reply = registration_reply(home_address=named)
    assert role_of(reply, arrival(interface="wlan0"), roles, is_ours=False) is Role.MOBILE_NODE
    assert role_of(reply, arrival(interface="eth0"), roles, is_ours=False) is None


def test_a_revocation_is_for_the_node_that_has_an_assigned_address() -> None:
    revocation = RegistrationRevocation(
        from_home_agent=True,
        home_address=HOME_ADDRESS,
        home_domain_address=HOME_AGENT,
        foreign_domain_address=COLOCATED,
        revocation_identifier=1,
    )
    roles = Roles(home_address=ASSIGNED, mobile_links=frozenset({"wlan0"}))
    assert role_of(revocation, arrival(interface="wlan0"), roles, is_ours=False) is Role.MOBILE_NODE
