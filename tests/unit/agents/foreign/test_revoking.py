"""Revocations that are sent until they are acknowledged, and those that are remembered."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.support.foreign_agent import (
    FOREIGN_HOME,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    foreign_agent_config,
    pending,
    revocation,
    visitor,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, NTP, instant

from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.revoking import MAXIMUM_ATTEMPTS, Revocations, is_later
from mobileip.agents.foreign.snapshot import RevocationTerms
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.notices import RevocationEnded, RevocationSent
from mobileip.agents.outputs import Notify, Output, SendMessage
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.identification import high
from mobileip.wire.message import decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

CLOCK = high(NTP)
REVOCABLE = visitor(requested_at=-10.0, revocation=RevocationTerms(timestamp=CLOCK - 10, inform=True))


class Stage:
    """Revocations with what they need around them."""

    def __init__(self, **fields: Any) -> None:
        config = foreign_agent_config(**({"home_agents": ((HOME_AGENT, FOREIGN_HOME),), "revocation": True} | fields))
        self.pending = PendingRegistrations(10, 10)
        self.counters: Counter[str] = Counter()
        self.revocations = Revocations(Surroundings(config), self.pending, self.counters)

    def until(self, end: float) -> list[float]:
        """The times at which something is sent, up to boot time `end`."""
        times = []
        while (at := self.revocations.next_deadline()) <= end:
            times += [at for output in self.revocations.due(instant(at)) if isinstance(output, SendMessage)]
        return times


def sent(outputs: list[Output]) -> RegistrationRevocation:
    """The one revocation among outputs, its authenticator right."""
    [output] = [each for each in outputs if isinstance(each, SendMessage)]
    decoded = decode_message(output.octets)
    assert isinstance(decoded.message, RegistrationRevocation)
    [(offset, extension)] = decoded.find(ForeignHomeAuthentication)
    assert verify(decoded, offset, extension, FOREIGN_HOME)
    assert (output.departure.source, output.departure.destination) == (CARE_OF_ADDRESS, HOME_AGENT)
    return decoded.message


def causes(outputs: list[Output]) -> list[str]:
    notices = [output.notice for output in outputs if isinstance(output, Notify)]
    return [notice.cause for notice in notices if isinstance(notice, RevocationEnded)]


@pytest.mark.parametrize("inform", [True, False])
def test_a_revocation(inform: bool) -> None:
    stage = Stage()
    outputs = stage.revocations.begin(REVOCABLE, instant(5.0), inform=inform)
    message = sent(outputs)
    assert (message.from_home_agent, message.inform) == (False, inform)
    assert (message.home_address, message.home_domain_address) == (HOME_ADDRESS, HOME_AGENT)
    assert (message.foreign_domain_address, message.revocation_identifier) == (CARE_OF_ADDRESS, CLOCK + 5)
    [notice] = [output.notice for output in outputs if isinstance(output, Notify)]
    assert notice == RevocationSent(role="foreign_agent", home_address=HOME_ADDRESS, peer=HOME_AGENT, attempt=1)
    assert stage.counters == {"revocation_sent": 1}


def test_it_is_sent_again_ever_more_seldom_with_a_fresh_time() -> None:
    stage = Stage()
    stage.revocations.begin(REVOCABLE, instant(0.0), inform=False)
    assert sent(stage.revocations.due(instant(1.0))).revocation_identifier == CLOCK + 1
    assert stage.until(400.0) == [3.0, 7.0, 15.0, 31.0, 63.0, 127.0, 191.0, 255.0]
    assert stage.counters["revocation_sent"] == MAXIMUM_ATTEMPTS
    assert stage.revocations.next_deadline() > 400.0


def test_not_beyond_the_life_of_the_registration() -> None:
    stage = Stage()
    short = msgspec.structs.replace(REVOCABLE, expires_at=10.0)
    stage.revocations.begin(short, instant(0.0), inform=False)
    assert stage.until(14.9) == [1.0, 3.0, 7.0]
    assert causes(stage.revocations.due(instant(15.0))) == ["gave_up"]
    assert stage.revocations.begin(short, instant(20.0), inform=False) == [
        Notify(RevocationEnded(role="foreign_agent", home_address=HOME_ADDRESS, peer=HOME_AGENT, cause="gave_up"))
    ]


def test_not_within_a_second_of_the_request() -> None:
    stage = Stage()
    fresh = msgspec.structs.replace(REVOCABLE, requested_at=4.5)
    assert stage.revocations.begin(fresh, instant(5.0), inform=False) == []
    assert stage.until(6.0) == [5.5]


def test_not_while_a_registration_is_under_way() -> None:
    stage = Stage()
    asked = pending()
    stage.pending.add(asked)
    assert stage.revocations.begin(REVOCABLE, instant(0.0), inform=False) == []
    stage.pending.remove(asked)
    assert stage.until(2.0) == [1.0]


def test_a_new_registration_is_the_end_of_it() -> None:
    stage = Stage()
    assert stage.revocations.stop(HOME_ADDRESS, HOME_AGENT) == []
    stage.revocations.remember(REVOCABLE, told=True)
    stage.revocations.begin(REVOCABLE, instant(0.0), inform=False)
    assert causes(stage.revocations.stop(HOME_ADDRESS, HOME_AGENT)) == ["gave_up"]
    assert stage.until(100.0) == []
    assert stage.revocations.revoked(HOME_ADDRESS, HOME_AGENT, 0.0) is None


@pytest.mark.parametrize(
    ("asked", "answered", "tell"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_an_acknowledgment_ends_it(asked: bool, answered: bool, tell: bool) -> None:
    stage = Stage()
    stage.revocations.begin(REVOCABLE, instant(0.0), inform=asked)
    stage.revocations.due(instant(1.0))
    for identifier in (CLOCK, CLOCK + 1):
        message = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=identifier, inform=answered)
        assert stage.revocations.sent_for(message, HOME_AGENT) == REVOCABLE
    outputs, is_to_be_told = stage.revocations.acknowledged(message, REVOCABLE)
    assert (causes(outputs), is_to_be_told) == (["acknowledged"], tell)
    assert stage.until(100.0) == []
    assert stage.revocations.sent_for(message, HOME_AGENT) is None


def test_acknowledgments_of_what_we_did_not_send() -> None:
    stage = Stage()
    stage.revocations.begin(REVOCABLE, instant(0.0), inform=False)
    for home_address, identifier in ((HOME_ADDRESS, CLOCK + 1), (OTHER_HOME_ADDRESS, CLOCK)):
        message = RevocationAcknowledgment(home_address=home_address, revocation_identifier=identifier)
        assert stage.revocations.sent_for(message, HOME_AGENT) is None
    ours = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=CLOCK)
    assert stage.revocations.sent_for(ours, OTHER_HOME_AGENT) is None


def test_nodes_of_two_home_agents_with_one_home_address_are_revoked_each_for_itself() -> None:
    stage = Stage()
    other = msgspec.structs.replace(REVOCABLE, home_agent=OTHER_HOME_AGENT)
    stage.pending.add(pending(home_agent=OTHER_HOME_AGENT))
    stage.revocations.remember(other, told=True)
    assert sent(stage.revocations.begin(REVOCABLE, instant(0.0), inform=False))
    assert stage.revocations.begin(other, instant(0.0), inform=False) == []
    assert causes(stage.revocations.stop(HOME_ADDRESS, HOME_AGENT)) == ["gave_up"]
    assert stage.revocations.revoked(HOME_ADDRESS, OTHER_HOME_AGENT, 0.0) is not None
    assert stage.revocations.next_deadline() == 1.0


def test_there_are_no_more_on_their_way_than_visitors_may_be() -> None:
    stage = Stage(maximum_visitors=1)
    assert stage.revocations.begin(REVOCABLE, instant(0.0), inform=False)
    other = msgspec.structs.replace(REVOCABLE, home_address=OTHER_HOME_ADDRESS)
    assert stage.revocations.begin(other, instant(0.0), inform=False) == []
    assert stage.until(3.0) == [1.0, 3.0]


def test_as_many_are_remembered_and_as_long_as_they_would_have_lasted() -> None:
    revocations = Stage(maximum_visitors=1).revocations
    revocations.remember(visitor(), told=True)
    found = revocations.revoked(HOME_ADDRESS, HOME_AGENT, 1799.9)
    assert found is not None
    assert (found.identifier, found.told) == (0, True)
    assert revocations.revoked(HOME_ADDRESS, HOME_AGENT, 1800.0) is None
    revocations.remember(msgspec.structs.replace(REVOCABLE, home_address=OTHER_HOME_ADDRESS), told=False)
    assert revocations.revoked(HOME_ADDRESS, HOME_AGENT, 0.0) is None
    assert revocations.revoked(OTHER_HOME_ADDRESS, HOME_AGENT, 0.0) is not None


@pytest.mark.parametrize(("told", "inform", "answer"), [(True, True, True), (False, True, False), (True, False, False)])
def test_an_acknowledgment_of_ours(told: bool, inform: bool, answer: bool) -> None:
    stage = Stage()
    stage.revocations.remember(REVOCABLE, told=told)
    event = revocation(inform=inform, source_port=40999)
    message = event.decoded.message
    assert isinstance(message, RegistrationRevocation)
    [output] = stage.revocations.acknowledgment(message, event.arrival)
    assert isinstance(output, SendMessage)
    decoded = decode_message(output.octets)
    acknowledgment = decoded.message
    assert isinstance(acknowledgment, RevocationAcknowledgment)
    assert (acknowledgment.home_address, acknowledgment.inform) == (HOME_ADDRESS, answer)
    assert acknowledgment.revocation_identifier == message.revocation_identifier
    [(offset, extension)] = decoded.find(ForeignHomeAuthentication)
    assert verify(decoded, offset, extension, FOREIGN_HOME)
    departure = output.departure
    assert (departure.source, departure.destination) == (CARE_OF_ADDRESS, HOME_AGENT)
    assert (departure.source_port, departure.destination_port) == (434, 40999)
    found = stage.revocations.revoked(HOME_ADDRESS, HOME_AGENT, 0.0)
    assert found is not None
    assert found.identifier == message.revocation_identifier


def test_nothing_leaves_unsigned() -> None:
    stage = Stage(home_agents=())
    outputs = stage.revocations.begin(REVOCABLE, instant(0.0), inform=False)
    assert not [output for output in outputs if isinstance(output, SendMessage)]


def test_later_is_later_across_the_wrap() -> None:
    assert is_later(1, 0)
    assert is_later(3, 0xFFFFFFFE)
    assert not is_later(7, 7)
    assert not is_later(0xFFFFFFFE, 3)
