"""What a configuration of mobile nodes may be; who is meant by a Request; addresses that are lent."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.home_agent import home_agent_config
from tests.support.messages import HOME_ADDRESS, MOBILE_HOME, registration_request

from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.home.nodes import Deregistration, ServedMobileNodes
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.key_reference import reference_to
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport

NEWER = MobilitySecurityAssociation(spi=300, key=b"newer")
OTHER = IPv4Address("10.1.0.11")
POOL = (IPv4Address("10.1.0.100"), IPv4Address("10.1.0.101"))
NAI = "mn@example.net"
KNOWN_BY_NAI = MobileNodeEntry(nai=NAI, associations=(MOBILE_HOME,))


def entry(*associations: MobilitySecurityAssociation, **fields: Any) -> MobileNodeEntry:
    return MobileNodeEntry(**({"home_address": HOME_ADDRESS, "associations": associations} | fields))


def served(*entries: MobileNodeEntry, **config: Any) -> ServedMobileNodes:
    return ServedMobileNodes(home_agent_config(mobile_nodes=entries, **config))


def test_found_by_home_address_with_the_first_association_as_the_oldest() -> None:
    node = served(entry(NEWER, MOBILE_HOME)).by_home[int(HOME_ADDRESS)]
    assert node.associations == {300: NEWER, 256: MOBILE_HOME}
    assert node.oldest_association is NEWER
    assert node.is_of_home_network
    assert node.is_static


def test_home_address_outside_the_home_network_is_noted() -> None:
    stray = MobileNodeEntry(home_address=IPv4Address("10.2.0.1"), associations=(MOBILE_HOME,))
    (node,) = served(stray).by_home.values()
    assert not node.is_of_home_network


@pytest.mark.requirement("R5944-3.8.1-b")
@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((entry(),), "no security association"),
        ((entry(MOBILE_HOME, MOBILE_HOME),), "two associations with one SPI"),
        ((entry(MOBILE_HOME), entry(NEWER)), "configured twice"),
        ((entry(MOBILE_HOME, nai=NAI), KNOWN_BY_NAI), f"{NAI} is configured twice"),
        ((entry(MOBILE_HOME, home_address=None),), "neither a home address nor an NAI"),
    ],
)
def test_contradictions_are_refused(entries: tuple[MobileNodeEntry, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        served(*entries, address_pool=POOL)


def test_a_node_without_home_address_needs_a_pool() -> None:
    with pytest.raises(ValueError, match=f"mobile_node: {NAI} has no home address, and there is no address pool"):
        served(KNOWN_BY_NAI)


def test_a_node_without_association_may_be_allowed() -> None:
    (node,) = served(entry(), allow_unauthenticated=True).by_home.values()
    assert node.oldest_association is None


def test_a_node_that_has_sent_nothing_has_nothing_to_be_remembered() -> None:
    (node,) = served(entry(MOBILE_HOME)).by_home.values()
    assert (node.freshness.latest, node.freshness.nonce) == (None, None)
    assert node.deregistration is None
    assert node.quiet_until == 0.0
    assert node.answered_at == float("-inf")


def test_of_a_deregistration_both_identifications_are_remembered() -> None:
    """With nonces the Reply's is not the Request's."""
    last = Deregistration(7, HOME_ADDRESS, 8, 3.0)
    assert (last.request_identification, last.care_of_address, last.identification) == (7, HOME_ADDRESS, 8)


@pytest.mark.parametrize(
    ("message", "own", "shown"), [(None, None, None), ("all", None, "all"), ("all", "own", "own"), (None, "own", "own")]
)
def test_the_text_of_one_node_goes_before_that_of_all(message: str | None, own: str | None, shown: str | None) -> None:
    (node,) = served(entry(MOBILE_HOME, message=own), message=message).by_home.values()
    assert node.message == shown


def test_the_nai_goes_before_the_home_address() -> None:
    """So that a node known by NAI can't speak for another one's home address with its own key."""
    nodes = served(entry(MOBILE_HOME), KNOWN_BY_NAI, address_pool=POOL)
    by_home = nodes.of(registration_request())
    assert by_home is not None
    assert by_home.nai is None
    other = RevocationSupport(1), MobileNodeNai("stranger@example.net")
    assert nodes.of(registration_request(extensions=other)) is by_home
    by_nai = nodes.of(registration_request(extensions=(*other, MobileNodeNai(NAI))))
    assert by_nai is not None
    assert by_nai.nai == NAI
    assert nodes.of(registration_request(home_address=IPv4Address("10.1.0.77"))) is None


def test_where_no_nai_is_known_none_is_looked_for() -> None:
    node = served(entry(MOBILE_HOME)).of(registration_request(extensions=(MobileNodeNai(NAI),)))
    assert node is not None
    assert node.home_address == HOME_ADDRESS


def test_an_address_is_lent_and_given_back() -> None:
    nodes = served(entry(MOBILE_HOME), KNOWN_BY_NAI, address_pool=POOL)
    node = nodes.of(registration_request(extensions=(MobileNodeNai(NAI),)))
    assert node is not None
    assert (node.number, node.is_static) == (0, False)
    nodes.settle(node, POOL[0])
    assert nodes.of(registration_request(home_address=POOL[0])) is node
    assert not nodes.pool.has_free(POOL[0], NAI)
    nodes.leave(int(POOL[0]))
    assert nodes.pool.has_free(POOL[0], NAI)
    assert not nodes.pool.has_free(POOL[0], "another@home.net"), "at home it goes on using it"
    assert nodes.of(registration_request(home_address=POOL[0])) is None
    assert (node.number, node.home_address) == (0, IPv4Address(0))


def test_a_nodes_own_address_is_never_given_back() -> None:
    nodes = served(entry(MOBILE_HOME), address_pool=(HOME_ADDRESS, POOL[0]))
    nodes.leave(int(HOME_ADDRESS))
    assert int(HOME_ADDRESS) in nodes.by_home
    assert not nodes.pool.has_free(HOME_ADDRESS, NAI)


def test_each_is_told_once_and_found_by_the_name_that_it_is_remembered_under() -> None:
    nodes = served(
        entry(MOBILE_HOME), entry(MOBILE_HOME, home_address=OTHER, nai="b@home.net"), KNOWN_BY_NAI, address_pool=POOL
    )
    assert [node.name for node in nodes] == [int(HOME_ADDRESS), int(OTHER), NAI]
    for node in nodes:
        assert nodes.named(node.name) is node
    assert nodes.named("b@home.net") is None, "its own address is its name"
    assert nodes.named(5) is None


def test_who_has_an_address_or_had_it_last() -> None:
    nodes = served(entry(MOBILE_HOME), KNOWN_BY_NAI, address_pool=POOL)
    node = nodes.named(NAI)
    assert node is not None
    assert (nodes.having(int(POOL[0])), nodes.address_of(node)) == (None, 0)
    nodes.settle(node, POOL[0])
    assert (nodes.having(int(POOL[0])), nodes.address_of(node)) == (node, int(POOL[0]))
    nodes.leave(int(POOL[0]))
    assert (nodes.having(int(POOL[0])), nodes.address_of(node)) == (node, int(POOL[0]))


def test_a_key_is_named_by_a_reference() -> None:
    node = served(entry(MOBILE_HOME, NEWER)).named(int(HOME_ADDRESS))
    assert node is not None
    assert node.key_reference(NEWER.spi) == reference_to(NEWER)
    assert node.key_reference(NEWER.spi) is node.key_reference(NEWER.spi)
    assert node.key_reference(999) is None
