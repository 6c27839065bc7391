"""Revocations of foreign agents, check by check, and their acknowledgments (RFC 3543 §4.2.3.2)."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.home_agent import FOREIGN_HOME, OTHER_CARE_OF_ADDRESS, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, Signature, arrival, signed
from tests.support.revocable import binding, terms

from mobileip.agents.home.examination import Surroundings
from mobileip.agents.home.revoked import (
    CHECKS,
    NOTHING,
    Ended,
    RevocationExamination,
    acknowledgment,
    first_objection,
)
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.message import decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

FHAE: Signature = (ForeignHomeAuthentication, FOREIGN_HOME)
WRONG: Signature = (ForeignHomeAuthentication, MobilitySecurityAssociation(spi=400, key=b"wrong"))
UNKNOWN: Signature = (ForeignHomeAuthentication, MobilitySecurityAssociation(spi=999, key=b"k"))
STRANGER = IPv4Address("203.0.113.1")


def examined(
    *signatures: Signature,
    source: IPv4Address = CARE_OF_ADDRESS,
    bindings: tuple[MobilityBinding, ...] = (binding(),),
    ended: Ended = NOTHING,
    **fields: Any,
) -> RevocationExamination:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_domain_address": HOME_AGENT,
        "foreign_domain_address": CARE_OF_ADDRESS,
        "revocation_identifier": 8,
    }
    decoded = decode_message(signed(RegistrationRevocation(**(defaults | fields)), *signatures or (FHAE,)))
    assert isinstance(decoded.message, RegistrationRevocation)
    agents = ((CARE_OF_ADDRESS, FOREIGN_HOME), (OTHER_CARE_OF_ADDRESS, FOREIGN_HOME))
    return RevocationExamination(
        Surroundings(home_agent_config(foreign_agents=agents)),
        bindings,
        ended,
        decoded=decoded,
        message=decoded.message,
        arrival=arrival(source=source, source_port=5000),
    )


def acknowledged(examination: RevocationExamination, *, is_gone: bool = True) -> RevocationAcknowledgment:
    assert first_objection(examination) is None
    decoded = decode_message(acknowledgment(examination, is_gone=is_gone).octets)
    ((offset, extension),) = decoded.find(ForeignHomeAuthentication)
    assert verify(decoded, offset, extension, FOREIGN_HOME)
    assert isinstance(decoded.message, RevocationAcknowledgment)
    return decoded.message


def test_a_valid_one_is_acknowledged_with_what_it_says() -> None:
    examination = examined(inform=True)
    message = acknowledged(examination)
    assert (message.home_address, message.revocation_identifier, message.inform) == (HOME_ADDRESS, 8, True)
    departure = acknowledgment(examination, is_gone=True).departure
    assert (departure.destination, departure.source) == (CARE_OF_ADDRESS, HOME_AGENT)
    assert (departure.destination_port, departure.source_port) == (5000, 434)


def test_from_another_address_of_the_foreign_agent_it_is_valid_too() -> None:
    assert first_objection(examined(source=STRANGER)) is None


@pytest.mark.parametrize(
    ("signatures", "changes", "reason"),
    [
        ((), {"from_home_agent": True}, DropReason.NOT_FOR_US),
        ((FHAE, FHAE), {}, DropReason.MISSING_AUTHENTICATION),
        ((UNKNOWN,), {}, DropReason.UNKNOWN_SPI),
        ((), {"source": STRANGER, "foreign_domain_address": STRANGER}, DropReason.UNKNOWN_SPI),
        ((WRONG,), {}, DropReason.BAD_AUTHENTICATOR),
        ((), {"home_domain_address": STRANGER}, DropReason.NO_BINDING),
        ((), {"foreign_domain_address": STRANGER}, DropReason.NO_BINDING),
        ((), {"bindings": ()}, DropReason.NO_BINDING),
        ((), {"bindings": (binding(revocation=None),)}, DropReason.NO_BINDING),
        ((), {"source": OTHER_CARE_OF_ADDRESS}, DropReason.NO_BINDING),
        ((), {"revocation_identifier": 7}, DropReason.REPLAYED),
        ((), {"revocation_identifier": 6}, DropReason.REPLAYED),
    ],
)
def test_what_is_wrong_is_named(signatures: Any, changes: dict[str, Any], reason: DropReason) -> None:
    assert first_objection(examined(*signatures, **changes)) is reason


def test_one_whose_acknowledgment_was_lost_is_acknowledged_again() -> None:
    ended = Ended(CARE_OF_ADDRESS, CARE_OF_ADDRESS, 8, inform=True)
    assert first_objection(examined(bindings=(), ended=ended)) is DropReason.REPLAYED
    assert acknowledged(examined(bindings=(), ended=ended, revocation_identifier=9, inform=True)).inform


def test_the_current_binding_counts_not_one_that_was_revoked_before() -> None:
    ended = Ended(CARE_OF_ADDRESS, CARE_OF_ADDRESS, 20, inform=True)
    assert first_objection(examined(ended=ended)) is None


@pytest.mark.requirement("R3543-4.2.1-f")
def test_a_binding_without_revocation_is_not_revoked_because_an_earlier_one_was() -> None:
    ended = Ended(CARE_OF_ADDRESS, CARE_OF_ADDRESS, 6, inform=True)
    assert first_objection(examined(ended=ended, bindings=(binding(revocation=None),))) is DropReason.NO_BINDING


@pytest.mark.parametrize(
    ("asked", "agreed", "is_gone", "inform"),
    [(True, True, True, True), (False, True, True, False), (True, False, True, False), (True, True, False, False)],
)
def test_whether_the_mobile_node_is_to_be_informed(asked: bool, agreed: bool, is_gone: bool, inform: bool) -> None:
    examination = examined(inform=asked, bindings=(binding(revocation=terms(inform=agreed)),))
    assert acknowledged(examination, is_gone=is_gone).inform is inform


def test_order() -> None:
    assert [check.__name__ for check in CHECKS] == [
        "check_direction",
        "check_authentication",
        "check_binding",
        "check_identifier",
    ]
