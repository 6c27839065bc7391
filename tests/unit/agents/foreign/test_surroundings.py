"""What belongs to the node, where answers come from, and what they are signed with."""

from ipaddress import IPv4Address, IPv4Interface

import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    BARE_LINK,
    LINK,
    MOBILE_FOREIGN,
    foreign_agent_config,
    link_changed,
    pending,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS

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
    assert around.mobile_association(pending()) is not None
    assert around.mobile_association(pending(mobile_foreign_spi=501)) == NEWER
    assert around.mobile_association(pending(mobile_foreign_spi=999)) == MOBILE_FOREIGN
    assert around.mobile_association(pending()) == MOBILE_FOREIGN
    assert around.mobile_association(pending(home_address=AGENT_ADDRESS)) is None
