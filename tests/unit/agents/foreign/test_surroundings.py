"""What belongs to the node, where answers come from, and what they are signed with."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    BARE_LINK,
    FOREIGN_HOME,
    LINK,
    MOBILE_FOREIGN,
    OTHER_HOME_AGENT,
    foreign_agent_config,
    link_changed,
    pending,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, registration_request

from mobileip.agents.foreign.config import GreKeyForm
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.security.association import MobilitySecurityAssociation

NEWER = MobilitySecurityAssociation(spi=501, key=b"the next key")


def surroundings() -> Surroundings:
    made = Surroundings(foreign_agent_config(mobile_nodes=((HOME_ADDRESS, MOBILE_FOREIGN), (HOME_ADDRESS, NEWER))))
    made.links[LINK] = link_changed().link
    return made


def test_own_addresses() -> None:
    around = surroundings()
    assert around.is_own(CARE_OF_ADDRESS)
    assert around.is_own(AGENT_ADDRESS)
    assert not around.is_own(HOME_ADDRESS)


@pytest.mark.parametrize(
    ("destination", "link", "source"),
    [
        ("198.51.100.1", LINK, "198.51.100.1"),
        ("192.0.2.2", LINK, "192.0.2.2"),
        ("224.0.0.11", LINK, "198.51.100.1"),
        ("255.255.255.255", LINK, "198.51.100.1"),
        ("198.51.100.255", LINK, "198.51.100.1"),
        ("224.0.0.11", BARE_LINK, "192.0.2.2"),
        ("192.0.2.2", BARE_LINK, "192.0.2.2"),
    ],
)
def test_where_answers_come_from(destination: str, link: str, source: str) -> None:
    asked = pending(destination=IPv4Address(destination), interface=link)
    assert surroundings().reply_source(asked) == IPv4Address(source)


def test_a_prefix_of_31_has_no_broadcast_address() -> None:
    around = surroundings()
    around.links[LINK] = link_changed(addresses=(IPv4Interface("198.51.100.1/31"),)).link
    assert around.reply_source(pending(destination=AGENT_ADDRESS)) == AGENT_ADDRESS


def test_answers_are_signed_by_what_was_named_else_by_the_oldest() -> None:
    around = surroundings()
    assert around.mobile_association(HOME_ADDRESS, 501) == NEWER
    assert around.mobile_association(HOME_ADDRESS, 999) == MOBILE_FOREIGN
    assert around.mobile_association(HOME_ADDRESS, None) == MOBILE_FOREIGN
    assert around.mobile_association(AGENT_ADDRESS, None) is None


@pytest.mark.parametrize(
    ("fields", "config", "is_signed"),
    [
        ({}, {}, True),
        ({"care_of_address": AGENT_ADDRESS}, {}, False),
        ({"lifetime": 0}, {}, False),
        ({"lifetime": 0}, {"foreign_home_on_deregistration": True}, True),
        ({"lifetime": 0, "care_of_address": HOME_ADDRESS}, {"foreign_home_on_deregistration": True}, False),
    ],
)
def test_what_requests_are_signed(fields: dict[str, Any], config: dict[str, Any], is_signed: bool) -> None:
    around = Surroundings(foreign_agent_config(home_agents=((HOME_AGENT, FOREIGN_HOME),), **config))
    asked = registration_request(**fields)
    assert around.relay_association(asked, HOME_AGENT) == (FOREIGN_HOME if is_signed else None)
    assert around.relay_association(asked, OTHER_HOME_AGENT) is None


def test_each_home_agent_is_told_keys_in_its_form() -> None:
    around = Surroundings(foreign_agent_config(gre_key_forms=((HOME_AGENT, GreKeyForm.THREE_GPP2),)))
    assert around.key_form(HOME_AGENT) is GreKeyForm.THREE_GPP2
    assert around.key_form(OTHER_HOME_AGENT) is GreKeyForm.RFC6245


@pytest.mark.parametrize(
    ("named", "default", "wanted"),
    [
        (HOME_AGENT, OTHER_HOME_AGENT, HOME_AGENT),
        (IPv4Address(0), OTHER_HOME_AGENT, OTHER_HOME_AGENT),
        (IPv4Address("255.255.255.255"), OTHER_HOME_AGENT, OTHER_HOME_AGENT),
        (IPv4Address(0), None, IPv4Address(0)),
    ],
)
def test_the_default_home_agent_stands_for_any(
    named: IPv4Address, default: IPv4Address | None, wanted: IPv4Address
) -> None:
    around = Surroundings(foreign_agent_config(default_home_agent=default))
    assert around.named_home_agent(registration_request(home_agent=named)) == wanted
