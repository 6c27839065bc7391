"""What follows from time and from what is offered."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from tests.support.attachments import ask, at_home, pursue, register, started, through_agent
from tests.support.mobile_node import FOREIGN_1, HOME, NODE_MAC, Agent

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.pursuit import (
    ANNOUNCEMENTS,
    UNANSWERED_ATTEMPTS,
    UNANSWERED_WAIT,
    begin,
    expire,
    pursue_best,
)
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import AgentLost, Attached, Notice, RegistrationLost

CARE_OF_ADDRESS = FOREIGN_1.care_of_addresses[0]
LASTING = FOREIGN_1.but(lifetime=9000)
NEARBY = LASTING.but(address=FOREIGN_1.address + 1, care_of_addresses=(CARE_OF_ADDRESS + 1,))
"""Another agent of the same network."""


def connect(state: NodeState, name: str = "eth0", **fields: Any) -> None:
    defaults: dict[str, Any] = {"name": name, "index": 2, "carrier": True, "link_address": NODE_MAC}
    state.links[name].update(Link(**(defaults | fields)), 0.0)


def hear(state: NodeState, agent: Agent = LASTING, name: str = "eth0", now: float = 100.0, **fields: Any) -> None:
    if not state.links[name].up:
        connect(state, name)
    arrival = Arrival(
        interface=name, source=agent.address, destination=IPv4Address("224.0.0.1"), link_source=agent.link_address
    )
    state.links[name].agents.hear(agent.advertisement(**fields), arrival, now)


def expired(state: NodeState, now: float) -> list[Notice]:
    out = Outbox()
    expire(state, Handovers(), now, out)
    return [output.notice for output in out.notices]


def chosen(state: NodeState, now: float = 100.0) -> list[Notice]:
    out = Outbox()
    pursue_best(state, Handovers(), now, out)
    return [output.notice for output in out.notices]


def active(state: NodeState) -> Registration:
    assert state.registration is not None
    return state.registration


class TestExpire:
    def test_agents_that_are_heard_no_more(self) -> None:
        state = started()
        hear(state, FOREIGN_1.but(lifetime=3))
        assert expired(state, 102.9) == []
        assert expired(state, 103.0) == [AgentLost(interface="eth0", agent=FOREIGN_1.address, cause="lifetime")]

    def test_plain_routers_are_no_loss(self) -> None:
        state = started()
        hear(state, FOREIGN_1, extensions=())
        assert expired(state, 200.0) == []
        assert state.links["eth0"].agents.believed() == []

    def test_registrations(self) -> None:
        state = started()
        register(state, through_agent(), lifetime=900)
        assert expired(state, 999.0) == []
        assert expired(state, 1000.0) == [RegistrationLost(care_of_address=CARE_OF_ADDRESS, cause="expired")]
        assert active(state).state is State.REGISTERING

    def test_a_renewal_begins_at_its_time(self) -> None:
        """RFC 5944 §3.6.2.2: "SHOULD re-register before the expiration"."""
        state = started()
        register(state, through_agent(), lifetime=900)
        expired(state, 699.9)
        assert active(state).state is State.REGISTERED
        expired(state, 700.0)
        assert active(state).state is State.RENEWING


class TestSilence:
    def unanswered(self, attempts: int) -> NodeState:
        state = started()
        pursue(state, through_agent())
        for number in range(attempts):
            ask_again(state, 100.0 + 10 * number, number)
        return state

    def test_after_a_change_with_s_the_node_asks_to_be_alone(self) -> None:
        state = started(simultaneous_bindings=True)
        register(state, through_agent())
        state.alone_at = 104.0
        assert expired(state, 103.9) == []
        assert active(state).state is State.REGISTERED
        expired(state, 104.0)
        assert (active(state).state, state.alone_at) == (State.RENEWING, None)

    def test_but_not_where_nothing_is_registered_any_more(self) -> None:
        state = started(simultaneous_bindings=True)
        ask(state, through_agent())
        state.alone_at = 104.0
        expired(state, 104.0)
        assert (active(state).state, state.alone_at) == (State.REGISTERING, None)

    def test_another_place_is_tried_after_a_few_attempts(self) -> None:
        state = self.unanswered(UNANSWERED_ATTEMPTS)
        due = active(state).send_at
        assert due is not None
        expired(state, due - 0.1)
        assert state.refusals.avoided(due) == set()
        expired(state, due)
        assert state.refusals.avoided(due) == {through_agent().place}
        assert state.refusals.avoided(due + UNANSWERED_WAIT) == set()

    @pytest.mark.parametrize("attempts", [0, UNANSWERED_ATTEMPTS - 1, UNANSWERED_ATTEMPTS + 1])
    def test_not_sooner_and_only_once(self, attempts: int) -> None:
        state = self.unanswered(attempts)
        expired(state, 500.0)
        assert state.refusals.avoided(500.0) == set()

    def test_a_home_agent_that_is_silent_at_home_is_asked_on(self) -> None:
        state = started()
        pursue(state, at_home())
        for number in range(UNANSWERED_ATTEMPTS):
            ask_again(state, 100.0, number, lifetime=0)
        expired(state, 500.0)
        assert state.refusals.avoided(500.0) == set()

    def test_what_is_granted_is_not_silent(self) -> None:
        state = started()
        register(state, through_agent())
        expired(state, 150.0)
        assert state.refusals.avoided(150.0) == set()


def ask_again(state: NodeState, now: float, number: int, **fields: Any) -> None:
    """Another transmission."""
    registration = active(state)
    before = registration.attempt
    target = registration.target
    assert target is not None
    ask_state = started()
    ask(ask_state, target, now, identification=number, **fields)
    registration.sent(ask_state.registrations[target.interface].outstanding[-1], now)
    assert registration.attempt == before + 1


class TestPursueBest:
    def test_what_is_offered_is_pursued_and_told(self) -> None:
        state = started()
        hear(state)
        assert chosen(state) == [
            Attached(
                interface="eth0",
                care_of="foreign_agent",
                care_of_address=CARE_OF_ADDRESS,
                reason=f"foreign agent {FOREIGN_1.address} is heard",
            )
        ]
        assert state.active == "eth0"
        assert active(state).state is State.REGISTERING
        assert state.counters == {"attachments": 1}

    def test_once_is_enough(self) -> None:
        state = started()
        hear(state)
        chosen(state)
        assert chosen(state) == []
        assert state.counters == {"attachments": 1}

    def test_an_agent_of_the_same_network_is_no_reason_to_change(self) -> None:
        """RFC 5944 §3.6: "Agent Advertisements from new agents SHOULD NOT cause a mobile node to attempt a new
        registration"."""
        state = started()
        hear(state)
        chosen(state)
        hear(state, NEARBY)
        assert chosen(state) == []

    def test_details_of_the_same_place_are_taken_over(self) -> None:
        state = started()
        hear(state)
        chosen(state)
        hear(state, LASTING.but(registration_lifetime=60), sequence_number=11)
        chosen(state)
        assert active(state).lifetime_to_request(1800) == 60

    def test_the_other_link_is_left(self) -> None:
        state = started()
        hear(state, name="wlan0")
        chosen(state)
        register(state, state.registrations["wlan0"].target or through_agent())
        hear(state, name="eth0")
        chosen(state, 200.0)
        assert state.active == "eth0"
        assert state.registrations["wlan0"].state is State.LINGERING

    def test_where_we_were_refused_is_asked_again_after_the_wait(self) -> None:
        state = started()
        hear(state)
        chosen(state)
        ask_again(state, 100.0, 1)
        active(state).refused(active(state).outstanding[-1], 160.0)
        chosen(state, 159.9)
        assert active(state).state is State.DENIED
        assert chosen(state, 160.0) == [], "it is the same place"
        assert active(state).state is State.REGISTERING

    def test_where_we_were_refused_is_left_for_another(self) -> None:
        state = started()
        hear(state)
        chosen(state)
        state.refusals.note(active(state).target.place, 60.0, 100.0, avoid=True)  # type: ignore[union-attr]
        hear(state, NEARBY)
        chosen(state)
        assert active(state).care_of_address_to_request(IPv4Address(0)) == CARE_OF_ADDRESS + 1

    def test_deregistered_by_an_operator_only_home_counts(self) -> None:
        state = started()
        state.wanted = False
        hear(state)
        assert chosen(state) == []
        hear(state, HOME.but(lifetime=9000))
        (notice,) = chosen(state)
        assert isinstance(notice, Attached)
        assert notice.care_of == "home"


class TestWithoutOffer:
    def test_nowhere_is_nowhere(self) -> None:
        state = started()
        assert chosen(state) == []
        assert state.active is None

    def test_what_is_in_force_lingers(self) -> None:
        state = started()
        register(state, through_agent())
        chosen(state)
        assert state.registrations["eth0"].state is State.LINGERING
        assert state.active is None

    @pytest.mark.parametrize("answered", [False, True])
    def test_a_deregistration_goes_on(self, answered: bool) -> None:
        state = started()
        register(state, through_agent())
        registration = active(state)
        registration.deregister(200.0)
        if answered:
            registration.give_up()
        chosen(state, 200.0)
        assert state.active == "eth0"
        assert registration.state is (State.DEREGISTERED if answered else State.DEREGISTERING)

    def test_home_is_not_lost_with_the_home_agents_voice(self) -> None:
        state = started()
        connect(state)
        pursue(state, at_home(incarnation=1))
        chosen(state, 200.0)
        assert state.active == "eth0"
        assert active(state).state is State.RETURNING

    def test_a_home_agent_that_refused_is_asked_again_after_the_wait(self) -> None:
        state = started()
        connect(state)
        ask(state, at_home(incarnation=1), lifetime=0)
        active(state).refused(active(state).outstanding[-1], 160.0)
        chosen(state, 159.9)
        assert active(state).state is State.DENIED
        chosen(state, 160.0)
        assert active(state).state is State.RETURNING

    def test_home_is_lost_when_the_link_may_be_another_one(self) -> None:
        state = started()
        connect(state)
        pursue(state, at_home(incarnation=1))
        connect(state, carrier_changes=2)
        chosen(state, 200.0)
        assert state.active is None

    def test_an_address_of_this_network_is_an_offer(self) -> None:
        state = started()
        address = IPv4Interface("203.0.113.7/24")
        connect(state, addresses=(address,), gateway=IPv4Address("203.0.113.1"))
        (notice,) = chosen(state)
        assert isinstance(notice, Attached)
        assert notice.care_of == "colocated"


class TestBegin:
    def test_at_home_with_gratuitous_arp(self) -> None:
        """RFC 5944 §4.6: "SHOULD be retransmitted a small number of times"."""
        state = started()
        begin(state, state.registrations["eth0"], at_home(), 100.0)
        assert state.announcing is not None
        announcing = state.announcing
        assert (announcing.interface, announcing.due, announcing.left) == ("eth0", 100.0, ANNOUNCEMENTS)

    def test_away_without(self) -> None:
        state = started()
        begin(state, state.registrations["eth0"], at_home(), 100.0)
        begin(state, state.registrations["eth0"], through_agent(), 100.0)
        assert state.announcing is None
