"""Our own Revocations: when, to whom, how often, and what ends them (RFC 3543 §3.5, §4.2.2.1)."""

from ipaddress import IPv4Address
from math import inf
from typing import Any

import pytest
from tests.support.home_agent import FOREIGN_HOME
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, Signature, arrival, signed
from tests.support.revocable import binding, terms

from mobileip.agents.home.revocations import Revocations, is_later
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.notices import RevocationEnded, RevocationSent
from mobileip.agents.outputs import Notify, Output, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.message import decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

FHAE: Signature = (ForeignHomeAuthentication, FOREIGN_HOME)
MHAE: Signature = (MobileHomeAuthentication, MOBILE_HOME)
OTHER = IPv4Address("192.0.2.3")


def begun(one: MobilityBinding | None = None, *, is_to_be_told: bool = True) -> Revocations:
    revocations = Revocations()
    revocations.begin(one or binding(), None, is_to_be_told=is_to_be_told, at=5.0)
    return revocations


def message_of(outputs: list[Output]) -> RegistrationRevocation:
    (message,) = [decode_message(o.octets).message for o in outputs if isinstance(o, SendMessage)]
    assert isinstance(message, RegistrationRevocation)
    return message


def acknowledge(
    revocations: Revocations,
    *signatures: Signature,
    identifier: int = 2000,
    home_address: IPv4Address = HOME_ADDRESS,
    source: IPv4Address = CARE_OF_ADDRESS,
) -> Output | DropReason:
    message = RevocationAcknowledgment(home_address=home_address, revocation_identifier=identifier)
    decoded = decode_message(signed(message, *signatures or (FHAE,)))
    assert isinstance(decoded.message, RevocationAcknowledgment)
    return revocations.acknowledged(decoded, decoded.message, arrival(source=source))


def test_a_revocation_names_the_binding_and_is_signed() -> None:
    outputs = begun().due(5.0, 2000)
    sent, told = outputs
    assert isinstance(sent, SendMessage)
    decoded = decode_message(sent.octets)
    message = message_of(outputs)
    assert message.from_home_agent
    assert message.inform
    assert (message.home_address, message.home_domain_address) == (HOME_ADDRESS, HOME_AGENT)
    assert (message.foreign_domain_address, message.revocation_identifier) == (CARE_OF_ADDRESS, 2000)
    ((offset, extension),) = decoded.find(ForeignHomeAuthentication)
    assert verify(decoded, offset, extension, FOREIGN_HOME)
    assert (sent.departure.destination, sent.departure.source) == (CARE_OF_ADDRESS, HOME_AGENT)
    assert told == Notify(RevocationSent(role="home_agent", home_address=HOME_ADDRESS, peer=CARE_OF_ADDRESS, attempt=1))


@pytest.mark.parametrize(("udp", "port"), [(None, 434), (UdpPorts(434, 40001), 40001), (UdpPorts(434, 0), 434)])
def test_behind_a_nat_it_goes_to_the_port_of_the_tunnel(udp: UdpPorts | None, port: int) -> None:
    sent, _ = begun(binding(tunnel=Tunnel(HOME_AGENT, CARE_OF_ADDRESS, udp=udp))).due(5.0, 2000)
    assert isinstance(sent, SendMessage)
    assert sent.departure.destination_port == port


def test_nobody_is_told_who_did_not_want_it() -> None:
    revocations = begun(binding(revocation=None))
    assert len(revocations) == 0
    assert revocations.next_deadline() == inf


@pytest.mark.parametrize(
    ("agreed", "is_direct", "is_to_be_told", "inform"),
    [
        (True, False, True, True),
        (True, False, False, False),
        (False, False, True, False),
        (False, True, True, True),
    ],
)
def test_whether_the_mobile_node_is_to_be_informed(
    agreed: bool, is_direct: bool, is_to_be_told: bool, inform: bool
) -> None:
    association = MOBILE_HOME if is_direct else FOREIGN_HOME
    one = binding(revocation=terms(inform=agreed, is_direct=is_direct, association=association))
    outputs = begun(one, is_to_be_told=is_to_be_told).due(5.0, 2000)
    assert message_of(outputs).inform is inform


def test_words_for_people_stand_in_front_of_the_signature() -> None:
    revocations = Revocations()
    revocations.begin(binding(), "Bye", is_to_be_told=True, at=0.0)
    kinds = [type(each) for each in message_of(revocations.due(0.0, 2000)).extensions]
    assert kinds == [MessageString, ForeignHomeAuthentication]


def test_repeated_ever_more_rarely_with_later_identifiers_until_given_up() -> None:
    revocations = begun(binding(expires_at=inf))
    times, identifiers, causes = [], [], []
    while (at := revocations.next_deadline()) < inf:
        for output in revocations.due(at, 1000):  # our clock stands still
            if isinstance(output, SendMessage):
                times.append(at)
                identifiers.append(message_of([output]).revocation_identifier)
            elif isinstance(output, Notify) and isinstance(output.notice, RevocationEnded):
                causes.append(output.notice.cause)
    assert times == [5.0, 6.0, 8.0, 12.0, 20.0, 36.0, 68.0, 132.0]
    assert identifiers == list(range(1001, 1009))
    assert causes == ["gave_up"]
    assert len(revocations) == 0


def test_not_beyond_the_life_of_the_binding() -> None:
    revocations = begun(binding(expires_at=7.5))
    assert [len(revocations.due(at, 2000)) for at in (5.0, 6.0)] == [2, 2]
    assert revocations.next_deadline() == 7.5
    (output,) = revocations.due(7.5, 2000)
    assert isinstance(output, Notify)
    assert len(revocations) == 0


def test_identifiers_count_on_across_their_wrap() -> None:
    revocations = begun(binding(revocation=terms(own_timestamp=0xFFFFFFFF)))
    assert message_of(revocations.due(5.0, 0xFFFFFFFE)).revocation_identifier == 0


@pytest.mark.parametrize(
    ("timestamp", "other", "expected"), [(2, 1, True), (1, 1, False), (1, 2, False), (0, 0xFFFFFFFF, True)]
)
def test_later_timestamps(timestamp: int, other: int, expected: bool) -> None:
    assert is_later(timestamp, other) is expected


@pytest.mark.parametrize("identifier", [2000, 2001])
def test_an_acknowledgment_of_any_of_them_ends_the_series(identifier: int) -> None:
    revocations = begun()
    revocations.due(5.0, 2000)
    revocations.due(6.0, 2000)
    output = acknowledge(revocations, identifier=identifier)
    assert output == Notify(
        RevocationEnded(role="home_agent", home_address=HOME_ADDRESS, peer=CARE_OF_ADDRESS, cause="acknowledged")
    )
    assert revocations.next_deadline() == inf
    assert acknowledge(revocations, identifier=identifier) is DropReason.UNEXPECTED_REPLY


def test_a_direct_mobile_node_signs_for_itself() -> None:
    one = binding(revocation=terms(is_direct=True, association=MOBILE_HOME, foreign_agent=None))
    revocations = begun(one)
    revocations.due(5.0, 2000)
    assert acknowledge(revocations, FHAE) is DropReason.MISSING_AUTHENTICATION
    assert isinstance(acknowledge(revocations, MHAE), Notify)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identifier": 1000}, DropReason.UNEXPECTED_REPLY),
        ({"home_address": OTHER}, DropReason.UNEXPECTED_REPLY),
        ({"source": OTHER}, DropReason.UNEXPECTED_REPLY),
    ],
)
def test_other_acknowledgments_end_nothing(changes: dict[str, Any], reason: DropReason) -> None:
    revocations = begun()
    revocations.due(5.0, 2000)
    assert acknowledge(revocations, **changes) is reason
    assert len(revocations) == 1


def test_unauthentic_acknowledgments_end_nothing() -> None:
    revocations = begun()
    revocations.due(5.0, 2000)
    wrong = MobilitySecurityAssociation(spi=400, key=b"wrong")
    assert acknowledge(revocations, (ForeignHomeAuthentication, wrong)) is DropReason.BAD_AUTHENTICATOR
    assert acknowledge(revocations, FHAE, FHAE) is DropReason.MISSING_AUTHENTICATION
    assert len(revocations) == 1


def test_two_bindings_of_one_home_address_are_told_apart() -> None:
    revocations = begun()
    second = binding(care_of_address=OTHER, revocation=terms(peer=OTHER))
    revocations.begin(second, None, is_to_be_told=True, at=5.0)
    revocations.due(5.0, 2000)
    assert isinstance(acknowledge(revocations, source=OTHER), Notify)
    assert len(revocations) == 1


def test_a_binding_that_is_made_again_is_not_revoked_any_more() -> None:
    revocations = begun()
    for care_of in (OTHER, CARE_OF_ADDRESS, CARE_OF_ADDRESS):
        revocations.end(int(HOME_ADDRESS), int(care_of))
    assert len(revocations) == 0
    assert revocations.due(9.0, 2000) == []


def test_whose_series_change_is_noted() -> None:
    revocations = begun()
    home, care_of = int(HOME_ADDRESS), int(CARE_OF_ADDRESS)
    assert revocations.touched == [home]
    revocations.due(5.0, 1)
    revocations.end(home, care_of)
    revocations.end(home, care_of)  # there is none
    assert revocations.touched == [home] * 3


def test_a_series_goes_on_in_another_life_where_it_was() -> None:
    first = begun()
    first.due(5.0, 2000)
    (series,) = first.of(int(HOME_ADDRESS))
    assert (series.attempt, series.at) == (1, 6.0)
    second = Revocations()
    assert second.of(int(HOME_ADDRESS)) == ()
    second.resume(series, 8.0)
    assert second.next_deadline() == 8.0
    assert message_of(second.due(8.0, 2000)).revocation_identifier == 2001
