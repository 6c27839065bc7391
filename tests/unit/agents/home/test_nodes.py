"""What a configuration of mobile nodes may be."""

from ipaddress import IPv4Address

import pytest
from tests.support.home_agent import home_agent_config
from tests.support.messages import HOME_ADDRESS, MOBILE_HOME

from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.home.nodes import Deregistration, served_mobile_nodes
from mobileip.security.association import MobilitySecurityAssociation

NEWER = MobilitySecurityAssociation(spi=300, key=b"newer")


def entry(*associations: MobilitySecurityAssociation) -> MobileNodeEntry:
    return MobileNodeEntry(home_address=HOME_ADDRESS, associations=associations)


def test_found_by_home_address_with_the_first_association_as_the_oldest() -> None:
    nodes = served_mobile_nodes(home_agent_config(mobile_nodes=(entry(NEWER, MOBILE_HOME),)))
    node = nodes[int(HOME_ADDRESS)]
    assert node.associations == {300: NEWER, 256: MOBILE_HOME}
    assert node.oldest_association is NEWER
    assert node.is_of_home_network


def test_home_address_outside_the_home_network_is_noted() -> None:
    stray = MobileNodeEntry(home_address=IPv4Address("10.2.0.1"), associations=(MOBILE_HOME,))
    (node,) = served_mobile_nodes(home_agent_config(mobile_nodes=(stray,))).values()
    assert not node.is_of_home_network


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((entry(),), "no security association"),
        ((entry(MOBILE_HOME, MOBILE_HOME),), "two associations with one SPI"),
        ((entry(MOBILE_HOME), entry(NEWER)), "configured twice"),
    ],
)
def test_contradictions_are_refused(entries: tuple[MobileNodeEntry, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        served_mobile_nodes(home_agent_config(mobile_nodes=entries))


def test_a_node_that_has_sent_nothing_has_nothing_to_be_remembered() -> None:
    (node,) = served_mobile_nodes(home_agent_config(mobile_nodes=(entry(MOBILE_HOME),))).values()
    assert (node.freshness.latest, node.freshness.nonce) == (None, None)
    assert node.deregistration is None
    assert node.quiet_until == 0.0


def test_of_a_deregistration_both_identifications_are_remembered() -> None:
    """With nonces the Reply's is not the Request's."""
    last = Deregistration(7, HOME_ADDRESS, 8)
    assert (last.request_identification, last.care_of_address, last.identification) == (7, HOME_ADDRESS, 8)
