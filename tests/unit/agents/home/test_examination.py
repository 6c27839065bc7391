"""What is known of a Request before the first check looks at it."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.examined import examined
from tests.support.home_agent import FOREIGN_HOME, OTHER_CARE_OF_ADDRESS, Trial
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, MOBILE_HOME

from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.nai import MobileNodeNai

MHAE = (MobileHomeAuthentication, MOBILE_HOME)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)
MFAE = (MobileForeignAuthentication, MobilitySecurityAssociation(spi=500, key=b"theirs"))
ASSOCIATED = {"foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),)}
STRANGER = IPv4Address("203.0.113.1")


def test_authentication_extensions_are_sorted_with_their_offsets() -> None:
    found = examined(MHAE, MFAE, MHAE, FHAE)
    # 24 octets of the fixed part, 22 of each extension.
    assert [offset for offset, _ in found.mobile_home] == [24, 68]
    assert [offset for offset, _ in found.foreign_home] == [90]


def test_until_a_check_says_otherwise_a_denial_echoes_and_is_signed_by_the_oldest_association() -> None:
    found = examined(identification=77)
    assert found.identification == 77
    assert found.association is MOBILE_HOME
    assert found.freshness is found.node.freshness
    assert not found.is_duplicate


@pytest.mark.parametrize(
    ("config", "source", "care_of_address", "concerned", "is_told"),
    [
        ({}, CARE_OF_ADDRESS, CARE_OF_ADDRESS, None, False),
        (ASSOCIATED, CARE_OF_ADDRESS, CARE_OF_ADDRESS, CARE_OF_ADDRESS, True),
        (ASSOCIATED, CARE_OF_ADDRESS, OTHER_CARE_OF_ADDRESS, CARE_OF_ADDRESS, True),
        # Named, but not the one that we answer to.
        (ASSOCIATED, STRANGER, CARE_OF_ADDRESS, CARE_OF_ADDRESS, False),
        (ASSOCIATED, STRANGER, OTHER_CARE_OF_ADDRESS, None, False),
    ],
)
def test_the_foreign_agent_concerned(
    config: dict[str, Any],
    source: IPv4Address,
    care_of_address: IPv4Address,
    concerned: IPv4Address | None,
    is_told: bool,
) -> None:
    found = examined(config=config, source=source, care_of_address=care_of_address)
    assert found.foreign_agent == concerned
    assert found.foreign_association is (FOREIGN_HOME if is_told else None)


def test_the_current_binding_is_the_one_with_the_requested_care_of_address() -> None:
    trial = Trial(maximum_simultaneous_bindings=2)
    for care_of_address in (CARE_OF_ADDRESS, OTHER_CARE_OF_ADDRESS):
        trial.boot += 1
        trial.request(care_of_address=care_of_address, simultaneous_bindings=True)
    first, second = trial.bindings
    assert examined(bindings=trial.bindings).binding is first
    assert examined(bindings=trial.bindings, care_of_address=OTHER_CARE_OF_ADDRESS).binding is second
    assert examined(bindings=trial.bindings, care_of_address=STRANGER).binding is None


def test_extensions_of_other_kinds_are_kept_with_their_offsets() -> None:
    found = examined(MHAE, MFAE, extensions=(MobileNodeNai("a@b"),))
    assert [(offset, type(each)) for offset, each in found.others] == [
        (24, MobileNodeNai),
        (51, MobileForeignAuthentication),
    ]


@pytest.mark.parametrize(
    ("signatures", "offset", "whose"),
    [
        ((MHAE, FHAE), 20, "mobile node"),
        ((MHAE, FHAE), 30, "foreign agent"),
        ((MHAE, FHAE), 60, "nobody"),
        ((MHAE,), 30, "nobody"),
        ((MHAE, MHAE), 30, "mobile node"),
        ((FHAE,), 30, "mobile node"),  # nobody has signed: then all is as the mobile node sent it
    ],
)
def test_whose_an_extension_is_tells_its_place(signatures: Any, offset: int, whose: str) -> None:
    found = examined(*signatures)
    assert found.is_of_mobile_node(offset) is (whose == "mobile node")
    assert found.is_of_foreign_agent(offset) is (whose == "foreign agent")


def test_the_home_address_is_the_requests_until_another_is_arranged() -> None:
    assert examined().home_address == HOME_ADDRESS
    assert examined().revocation is None
