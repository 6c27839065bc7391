"""Revocation of a registration that was made directly (RFC 3543 §4.2.2.3)."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.support.attachments import COLOCATED_ADDRESS, asked, colocated, pursue, started, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, arrival, instant, signed

from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.replies import Complaint
from mobileip.agents.mobile.revocations import hear_revocation
from mobileip.agents.mobile.session import prolong
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import RegistrationLost
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.message import Decoded, decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

ELSEWHERE = IPv4Address("10.1.0.77")


def registered(attachment: Any = None, after: int | None = 1000, **fields: Any) -> NodeState:
    state = started(revocation=True, **fields)
    pursue(state, attachment or colocated())
    request = asked(attachment or colocated())
    state.registrations["eth0"].sent(request, 100.0)
    state.registrations["eth0"].granted(request, 600, 0.0, revocable_after=after)
    prolong(state, state.registrations["eth0"])
    return state


def revocation(octets: bytes | None = None, **fields: Any) -> Decoded[RegistrationRevocation]:
    defaults: dict[str, Any] = {
        "from_home_agent": True,
        "home_address": HOME_ADDRESS,
        "home_domain_address": HOME_AGENT,
        "foreign_domain_address": COLOCATED_ADDRESS,
        "revocation_identifier": 1001,
    }
    decoded = decode_message(octets or signed(RegistrationRevocation(**(defaults | fields))))
    assert isinstance(decoded.message, RegistrationRevocation)
    return Decoded(decoded.message, decoded.octets, decoded.offsets)


def hear(state: NodeState, told: Decoded[RegistrationRevocation], out: Outbox | None = None) -> Complaint | None:
    came = arrival(source=ELSEWHERE, source_port=777, destination=COLOCATED_ADDRESS)
    return hear_revocation(state, told, came, instant(200.0), out or Outbox())


@pytest.mark.parametrize("inform", [False, True])
def test_acknowledged_to_where_it_came_from_and_over(inform: bool) -> None:
    state, out = registered(), Outbox()
    assert hear(state, revocation(inform=inform), out) is None
    (message,) = out.messages
    assert (message.departure.destination, message.departure.destination_port) == (ELSEWHERE, 777)
    assert message.departure.source == COLOCATED_ADDRESS
    decoded = decode_message(message.octets)
    assert msgspec.structs.replace(decoded.message, extensions=()) == RevocationAcknowledgment(
        inform=inform, home_address=HOME_ADDRESS, revocation_identifier=1001
    )
    ((offset, extension),) = decoded.find(MobileHomeAuthentication)
    assert verify(decoded, offset, extension, MOBILE_HOME)
    assert [output.notice for output in out.notices] == [
        RegistrationLost(care_of_address=COLOCATED_ADDRESS, cause="revoked")
    ]
    assert state.registrations["eth0"].state == "denied"
    assert state.registrations["eth0"].wait_until == 260.0


@pytest.mark.parametrize("identifier", [1000, 999, (1000 - (1 << 31)) % (1 << 32)])
def test_earlier_ones_are_replays(identifier: int) -> None:
    state = registered()
    complaint = hear(state, revocation(revocation_identifier=identifier))
    assert complaint is not None
    assert complaint.reason == "replayed"
    assert state.registrations["eth0"].binding is not None


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"from_home_agent": False}, "replayed"),
        ({"home_address": HOME_ADDRESS + 1}, "no_binding"),
        ({"home_domain_address": ELSEWHERE}, "no_binding"),
        ({"foreign_domain_address": ELSEWHERE}, "no_binding"),
    ],
)
def test_what_is_not_about_our_binding(told: dict[str, Any], reason: str) -> None:
    complaint = hear(registered(), revocation(**told))
    assert complaint is not None
    assert complaint.reason == reason


def test_across_the_wrap_of_the_clock() -> None:
    assert hear(registered(after=(1 << 32) - 1), revocation(revocation_identifier=3)) is None


def test_not_where_the_home_agent_never_agreed_to() -> None:
    complaint = hear(registered(after=None), revocation())
    assert complaint is not None
    assert complaint.reason == "replayed"


@pytest.mark.parametrize(
    "attachment",
    [through_agent(), colocated(agent=IPv4Address("192.0.1.1"))],
)
def test_not_what_goes_through_a_foreign_agent(attachment: Any) -> None:
    state = registered(attachment)
    complaint = hear(state, revocation(foreign_domain_address=attachment.care_of_address))
    assert complaint is not None
    assert complaint.reason == "no_binding"


def test_nothing_that_is_not_signed() -> None:
    state = registered()
    octets = revocation().octets
    for wrong in (octets[:20], octets[:-1] + bytes((octets[-1] ^ 1,))):
        assert hear(state, revocation(wrong)) is not None
    assert state.registrations["eth0"].binding is not None


def test_sent_again_it_is_acknowledged_again() -> None:
    state, out = registered(), Outbox()
    hear(state, revocation())
    assert hear(state, revocation(), out) is not None
    assert out.messages == []
    assert hear(state, revocation(revocation_identifier=1003), out) is None
    assert len(out.messages) == 1
    assert out.notices == []


def test_another_link_that_is_still_registered_keeps_what_was_assigned() -> None:
    state = registered(home_agent=IPv4Address("255.255.255.255"))
    state.home_agent = HOME_AGENT
    other = colocated(interface="wlan0", care_of_address=IPv4Address("203.0.113.99"))
    state.registrations["wlan0"].pursue(other, 150.0)
    request = asked(other)
    state.registrations["wlan0"].sent(request, 150.0)
    state.registrations["wlan0"].granted(request, 600, 0.0)
    assert hear(state, revocation()) is None
    assert state.home_agent == HOME_AGENT
    state.registrations["wlan0"].end_binding(200.0)


def test_with_nothing_left_what_was_assigned_is_over() -> None:
    state = registered(home_agent=IPv4Address("255.255.255.255"))
    state.home_agent = HOME_AGENT
    hear(state, revocation())
    assert state.home_agent == IPv4Address("255.255.255.255")


def test_another_place_that_is_asked_for_is_asked_for_on() -> None:
    state = registered()
    other = colocated(care_of_address=IPv4Address("203.0.113.99"))
    state.registrations["eth0"].pursue(other, 150.0)
    assert hear(state, revocation()) is None
    assert state.registrations["eth0"].state == "registering"
    assert state.registrations["eth0"].send_at == 150.0
