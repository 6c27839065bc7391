"""What revocations do to a visitor, and who is told."""

from collections import Counter
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.foreign_agent import (
    FOREIGN_HOME,
    LINK,
    MAC,
    OTHER_HOME_ADDRESS,
    acknowledgment,
    foreign_agent_config,
    pending,
    revocation,
)
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, instant, registration_reply

from mobileip.agents.events import MessageArrived
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.revocation import Revocation
from mobileip.agents.foreign.revoking import Revocations
from mobileip.agents.foreign.snapshot import RevocationTerms
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.visits import Visits
from mobileip.agents.notices import VisitorRemoved
from mobileip.agents.outputs import Departure, Notify, Output, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.identification import high
from mobileip.wire.message import Decoded, decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

CLOCK = high(NTP)
TOLD = SendMessage(octets=b"", departure=Departure(destination=HOME_ADDRESS))
"""Stands for the advertisement."""


class Stage:
    """A visitor whose home agent may decide (I) or not, or which can't be revoked."""

    def __init__(self, terms: RevocationTerms | None) -> None:
        config = foreign_agent_config(revocation=True, home_agents=((HOME_AGENT, FOREIGN_HOME),))
        surroundings = Surroundings(config)
        self.visits = Visits(config)
        self.visits.accepted(pending(received_at=-10.0), registration_reply(), terms, 0.0)
        self.revocations = Revocations(surroundings, PendingRegistrations(5, 5), Counter())
        self.revocation = Revocation(surroundings, self.visits, self.revocations)
        self.told: list[tuple[str, IPv4Address, bytes]] = []
        self.revocation.tell_reset = self._tell

    def _tell(self, *whom: Any) -> list[Output]:
        self.told.append(whom)
        return [TOLD]

    def receive(self, event: MessageArrived, at: float = 60.0) -> list[Output] | DropReason:
        message = event.decoded.message
        decoded = event.decoded
        if isinstance(message, RegistrationRevocation):
            return self.revocation.received(
                Decoded(message, decoded.octets, decoded.offsets), event.arrival, instant(at)
            )
        assert isinstance(message, RevocationAcknowledgment)
        return self.revocation.acknowledged(Decoded(message, decoded.octets, decoded.offsets), event.arrival)


def terms(inform: bool) -> RevocationTerms:
    return RevocationTerms(timestamp=CLOCK, inform=inform)


def sent(outputs: list[Output] | DropReason) -> Any:
    """The one message among outputs that is not the advertisement."""
    assert isinstance(outputs, list)
    [output] = [each for each in outputs if isinstance(each, SendMessage) and each is not TOLD]
    return decode_message(output.octets).message


@pytest.mark.parametrize(
    ("agreed", "inform", "told"),
    [(True, True, True), (True, False, False), (False, False, True), (False, True, True)],
)
def test_the_home_agent_revokes(agreed: bool, inform: bool, told: bool) -> None:
    stage = Stage(terms(agreed))
    outputs = stage.receive(revocation(inform=inform))
    assert isinstance(outputs, list)
    assert Notify(VisitorRemoved(home_address=HOME_ADDRESS, home_agent=HOME_AGENT, cause="revoked")) in outputs
    assert len(stage.visits.list) == 0
    assert stage.told == [(LINK, HOME_ADDRESS, MAC)] * told
    assert sent(outputs).inform == (told and inform)
    assert (outputs[-1] is TOLD) == told


def test_it_is_acknowledged_again_but_not_to_a_replay() -> None:
    stage = Stage(terms(True))
    first = revocation(inform=True)
    stage.receive(first)
    assert stage.receive(first) is DropReason.REPLAYED
    again = stage.receive(revocation(inform=True, revocation_identifier=CLOCK + 61))
    assert sent(again).inform
    assert len(stage.told) == 1


def test_a_forged_one_changes_nothing() -> None:
    stage = Stage(terms(True))
    forged = revocation((MobileHomeAuthentication, MOBILE_HOME))
    assert stage.receive(forged) is DropReason.MISSING_AUTHENTICATION
    assert len(stage.visits.list) == 1


def test_an_operator_revokes_and_the_home_agent_says_whether_the_node_is_told() -> None:
    stage = Stage(terms(True))
    message = sent(stage.revocation.commanded(HOME_ADDRESS, instant(0.0)))
    assert (message.inform, stage.told, len(stage.visits.list)) == (True, [], 0)
    answer = stage.receive(acknowledgment(inform=True))
    assert isinstance(answer, list)
    assert answer[-1] is TOLD
    assert stage.told == [(LINK, HOME_ADDRESS, MAC)]


def test_the_home_agent_may_want_it_quiet() -> None:
    stage = Stage(terms(True))
    stage.revocation.commanded(HOME_ADDRESS, instant(0.0))
    stage.receive(acknowledgment(inform=False))
    assert stage.told == []


def test_where_it_has_no_say_the_node_is_told_at_once() -> None:
    stage = Stage(terms(False))
    message = sent(stage.revocation.commanded(HOME_ADDRESS, instant(0.0)))
    assert (message.inform, len(stage.told)) == (False, 1)
    stage.receive(acknowledgment(inform=True))
    assert len(stage.told) == 1


def test_a_home_agent_without_revocation_learns_nothing() -> None:
    stage = Stage(None)
    outputs = stage.revocation.commanded(HOME_ADDRESS, instant(0.0))
    assert outputs[-1] is TOLD
    assert not [each for each in outputs if isinstance(each, SendMessage) and each is not TOLD]


def test_both_may_revoke_at_once() -> None:
    stage = Stage(terms(False))
    stage.revocation.commanded(HOME_ADDRESS, instant(0.0))
    assert sent(stage.receive(revocation())).revocation_identifier == CLOCK + 60


def test_who_is_no_visitor_can_not_be_revoked() -> None:
    assert Stage(terms(True)).revocation.commanded(OTHER_HOME_ADDRESS, instant(0.0)) == []


def test_acknowledgments_are_checked() -> None:
    stage = Stage(terms(True))
    assert stage.receive(acknowledgment(inform=True)) is DropReason.UNEXPECTED_REPLY
    stage.revocation.commanded(HOME_ADDRESS, instant(0.0))
    forged = acknowledgment((MobileHomeAuthentication, MOBILE_HOME), inform=True)
    assert stage.receive(forged) is DropReason.MISSING_AUTHENTICATION
    assert stage.told == []


def test_alone_it_tells_nobody() -> None:
    stage = Stage(None)
    config = foreign_agent_config(revocation=True)
    alone = Revocation(Surroundings(config), stage.visits, stage.revocations)
    assert TOLD not in alone.commanded(HOME_ADDRESS, instant(0.0))
