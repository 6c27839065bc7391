"""What leaves now: solicitations, gratuitous ARPs, requests, each within its limit."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import msgspec
import pytest
from tests.support.attachments import ask, at_home, colocated, pursue, register, started, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, instant
from tests.support.mobile_node import FOREIGN_1, NONCES

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import Announcing, NodeState
from mobileip.agents.mobile.transmission import (
    DEREGISTRATION_ATTEMPTS,
    announce,
    give_up_deregistration,
    send_request,
    solicit,
    transmit,
)
from mobileip.agents.notices import RegistrationLost, RegistrationSent
from mobileip.agents.outputs import AnnounceAddress
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationRequest


def connect(state: NodeState, name: str = "eth0", now: float = 0.0) -> None:
    state.links[name].update(Link(name=name, index=2, carrier=True), now)


def hear(state: NodeState, **fields: Any) -> None:
    arrival = Arrival(
        interface="eth0",
        source=FOREIGN_1.address,
        destination=IPv4Address("224.0.0.1"),
        link_source=FOREIGN_1.link_address,
    )
    state.links["eth0"].agents.hear(FOREIGN_1.advertisement(**fields), arrival, 0.0)


class TestSolicit:
    def solicited(self, state: NodeState, now: float = 0.0, entropy: bytes = b"") -> list[str | None]:
        out = Outbox()
        solicit(state, now, out, Draws(entropy))
        return [discovery.departure.interface for discovery in out.discoveries]

    def test_on_every_connected_link_where_no_agent_is_heard(self) -> None:
        state = started()
        assert self.solicited(state) == []
        connect(state, "wlan0")
        assert self.solicited(state) == ["wlan0"]
        connect(state, "eth0")
        assert self.solicited(state) == ["eth0"]
        assert state.counters == {"solicitations_sent": 2}

    def test_the_next_one_when_it_is_due(self) -> None:
        state = started()
        connect(state)
        assert self.solicited(state, 0.0) == ["eth0"]
        assert self.solicited(state, 0.9) == []
        assert self.solicited(state, 1.0) == ["eth0"]

    def test_chance_delays_the_next_one(self) -> None:
        state = started()
        connect(state)
        self.solicited(state, 0.0, bytes(16) + b"\x80" + bytes(15))
        assert state.links["eth0"].solicitor.due == pytest.approx(1.1)

    def test_not_where_an_agent_is_heard(self) -> None:
        """RFC 5944 §2.4: "only [...] in the absence of Agent Advertisements"."""
        state = started()
        connect(state)
        hear(state)
        assert self.solicited(state) == []
        assert state.links["eth0"].solicitor.due is None

    def test_a_plain_router_is_no_agent(self) -> None:
        state = started()
        connect(state)
        hear(state, extensions=())
        assert self.solicited(state) == ["eth0"]

    def test_once_where_an_agent_must_show_that_it_is_here(self) -> None:
        state = started()
        connect(state)
        hear(state)
        state.links["eth0"].probing = True
        assert self.solicited(state) == ["eth0"]
        assert self.solicited(state, 100.0) == []

    def test_not_where_a_care_of_address_came_by_other_means(self) -> None:
        """RFC 5944 §2.4."""
        state = started()
        connect(state)
        pursue(state, colocated())
        assert self.solicited(state) == []
        connect(state, "wlan0")
        assert self.solicited(state) == ["wlan0"], "that tells nothing of another link"

    def test_not_where_home_was_found_by_other_means(self) -> None:
        state = started()
        connect(state)
        pursue(state, at_home(first_hop=None))
        assert self.solicited(state) == []

    def test_for_the_agent_that_was_our_way(self) -> None:
        state = started()
        connect(state)
        pursue(state, at_home())
        assert self.solicited(state) == ["eth0"]

    def test_not_without_a_carrier(self) -> None:
        state = started()
        connect(state)
        state.links["eth0"].update(Link(name="eth0", index=2, carrier=False), 0.5)
        assert self.solicited(state, 5.0) == []
        assert state.links["eth0"].solicitor.due is None


class TestAnnounce:
    def announced(self, state: NodeState, now: float) -> list[AnnounceAddress]:
        out = Outbox()
        announce(state, now, out)
        return out.announcements

    def at_home(self) -> NodeState:
        state = started()
        pursue(state, at_home())
        state.announcing = Announcing("eth0", 100.0, 2)
        return state

    def test_a_few_times_one_second_apart(self) -> None:
        state = self.at_home()
        assert self.announced(state, 100.0) == [AnnounceAddress(interface="eth0", address=HOME_ADDRESS)]
        assert self.announced(state, 100.9) == []
        assert len(self.announced(state, 101.0)) == 1
        assert state.announcing is None
        assert self.announced(state, 102.0) == []

    def test_not_away_from_home(self) -> None:
        """RFC 5944 §4.6: there the node must not be heard by ARP at all."""
        state = self.at_home()
        pursue(state, through_agent())
        assert self.announced(state, 100.0) == []
        assert state.announcing is None

    def test_not_on_another_link_than_home(self) -> None:
        state = self.at_home()
        state.announcing = Announcing("wlan0", 100.0, 2)
        assert self.announced(state, 100.0) == []
        assert state.announcing is None


class TestTransmit:
    def transmitted(self, state: NodeState, now: float) -> list[RegistrationRequest]:
        self.out = Outbox()
        transmit(state, instant(now), self.out, b"")
        return [_request(message.octets) for message in self.out.messages]

    def test_nothing_is_due_without_a_place(self) -> None:
        assert self.transmitted(started(), 100.0) == []

    def test_nothing_is_due_once_it_is_granted(self) -> None:
        state = started()
        register(state, through_agent())
        assert self.transmitted(state, 150.0) == []

    def test_a_link_that_was_left_has_nothing_to_send(self) -> None:
        state = started()
        pursue(state, through_agent())
        state.registrations["eth0"].leave()
        assert self.transmitted(state, 100.0) == []

    def test_what_is_due_leaves_and_is_told(self) -> None:
        state = started()
        pursue(state, through_agent())
        (request,) = self.transmitted(state, 100.0)
        assert request.lifetime == 1800
        (notice,) = self.out.notices
        assert notice.notice == RegistrationSent(
            home_agent=HOME_AGENT,
            care_of_address=FOREIGN_1.care_of_addresses[0],
            interface="eth0",
            lifetime=1800,
            attempt=1,
        )
        assert state.counters == {"requests_sent": 1}

    def test_not_before_its_time(self) -> None:
        state = started()
        pursue(state, through_agent())
        self.transmitted(state, 100.0)
        assert self.transmitted(state, 100.9) == []
        assert len(self.transmitted(state, 101.0)) == 1

    def test_not_within_a_second_of_any_other(self) -> None:
        """RFC 5944 §3.6: "MUST NOT attempt to register more often than once per second"."""
        state = started()
        pursue(state, through_agent())
        self.transmitted(state, 100.0)
        pursue(state, through_agent(interface="wlan0"), 100.2)
        assert self.transmitted(state, 100.2) == []
        assert len(self.transmitted(state, 101.0)) == 1

    def test_a_deregistration_is_tried_a_few_times_only(self) -> None:
        state = started()
        register(state, through_agent())
        registration = state.registrations["eth0"]
        registration.deregister(200.0)
        sent = [self.transmitted(state, 200.0 + 100 * number) for number in range(DEREGISTRATION_ATTEMPTS)]
        assert [request.lifetime for (request,) in sent] == [0] * DEREGISTRATION_ATTEMPTS
        assert self.transmitted(state, 900.0) == []
        assert registration.state is State.DEREGISTERED
        assert [notice.notice for notice in self.out.notices] == [
            RegistrationLost(care_of_address=FOREIGN_1.care_of_addresses[0], cause="deregistered")
        ]


def test_giving_up_where_nothing_is_in_force_loses_nothing() -> None:
    state, out = started(), Outbox()
    ask(state, through_agent())
    state.registrations["eth0"].deregister(101.0)
    give_up_deregistration(state.registrations["eth0"], out)
    assert out.notices == []


class TestSendRequest:
    def sent(self, state: NodeState, now: float, entropy: bytes = b"") -> RegistrationRequest:
        out = Outbox()
        registration = state.registration
        assert registration is not None
        assert registration.target is not None
        send_request(state, registration.target, instant(now), out, entropy)
        (message,) = out.messages
        return _request(message.octets)

    def test_with_timestamps_each_transmission_has_a_later_identification(self) -> None:
        state = started()
        pursue(state, through_agent())
        identifications = [self.sent(state, now).identification for now in (100.0, 101.0, 101.0, 103.0)]
        assert identifications == sorted(set(identifications))

    def test_with_nonces_a_retransmission_is_the_same(self) -> None:
        """RFC 5944 §3.6.3: "the unanswered Request is retransmitted unchanged"."""
        state = started(association=NONCES)
        pursue(state, through_agent())
        first = self.sent(state, 100.0, b"\x01" * 32)
        assert self.sent(state, 101.0, b"\x02" * 32) == first
        state.registrations["eth0"].renew(200.0)
        assert self.sent(state, 200.0, b"\x03" * 32).identification != first.identification

    def test_with_nonces_a_request_that_is_over_is_followed_by_another(self) -> None:
        state = started(association=NONCES)
        pursue(state, msgspec.structs.replace(through_agent(), longest_lifetime=60))
        first = self.sent(state, 100.0, b"\x01" * 32)
        assert self.sent(state, 159.9, b"\x02" * 32) == first
        second = self.sent(state, 160.0, b"\x03" * 32)
        assert second.identification != first.identification
        assert self.sent(state, 161.0, b"\x04" * 32) == second

    def test_with_nonces_a_deregistration_is_never_over(self) -> None:
        state = started(association=NONCES)
        pursue(state, at_home())
        first = self.sent(state, 100.0, b"\x01" * 32)
        assert first.lifetime == 0
        assert self.sent(state, 1e6, b"\x02" * 32) == first

    def test_with_nonces_another_lifetime_makes_it_another_request(self) -> None:
        """RFC 5944 §5.7: a new Request "MUST NOT" have the Identification of the one before it."""
        state = started(association=NONCES)
        pursue(state, through_agent())
        first = self.sent(state, 100.0, b"\x01" * 32)
        state.registrations["eth0"].refresh(msgspec.structs.replace(through_agent(), longest_lifetime=60))
        second = self.sent(state, 101.0, b"\x02" * 32)
        assert (first.lifetime, second.lifetime) == (1800, 60)
        assert second.identification != first.identification

    def test_goes_to_the_home_agent_that_was_named(self) -> None:
        state = started()
        state.home_agent = HOME_AGENT + 1
        pursue(state, colocated())
        assert self.sent(state, 100.0).home_agent == HOME_AGENT + 1

    def test_counts_against_the_limit(self) -> None:
        state = started()
        pursue(state, through_agent())
        self.sent(state, 100.0)
        assert state.limit.ready_at(100.0) == 101.0

    def test_remembers_how_often_the_clock_was_corrected(self) -> None:
        state = started()
        pursue(state, through_agent())
        state.corrections = 2
        self.sent(state, 100.0)
        assert [one.corrections for one in state.registrations["eth0"].outstanding] == [2]


def _request(octets: bytes) -> RegistrationRequest:
    request = decode_message(octets).message
    assert isinstance(request, RegistrationRequest)
    return request


def test_an_address_alone_is_no_reason_to_stop_searching() -> None:
    state, out = started(), Outbox()
    link = Link(name="eth0", index=2, carrier=True, addresses=(IPv4Interface("192.0.2.9/24"),))
    state.links["eth0"].update(link, 0.0)
    solicit(state, 0.0, out, Draws(b""))
    assert len(out.discoveries) == 1


class TestWithdraw:
    """RFC 4636 §5."""

    def refused(self) -> NodeState:
        state = started()
        pursue(state, through_agent())
        ask(state, through_agent())
        registration = state.registrations["eth0"]
        registration.refused(registration.outstanding[-1], 200.0)
        registration.withdraw = through_agent()
        return state

    def test_when_the_limit_allows_and_once(self) -> None:
        state = self.refused()
        state.limit.take(100.0)
        early, sent = Outbox(), Outbox()
        transmit(state, instant(100.5), early, b"")
        assert early.messages == []
        transmit(state, instant(101.0), sent, b"\1" * 32)
        (message,) = sent.messages
        request = _request(message.octets)
        assert (request.lifetime, request.care_of_address) == (0, FOREIGN_1.care_of_addresses[0])
        again = Outbox()
        transmit(state, instant(110.0), again, b"")
        assert again.messages == []

    def test_not_when_something_else_is_asked_for(self) -> None:
        state = self.refused()
        pursue(state, through_agent(), 150.0)
        out = Outbox()
        transmit(state, instant(150.0), out, b"\1" * 32)
        assert [_request(message.octets).lifetime for message in out.messages] == [1800]
