"""Who serves a node and under which address, where that is left open."""

import math
from ipaddress import IPv4Address

import pytest
from tests.support.attachments import asked, pursue, started
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, registration_reply, signed

from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.session import (
    adopt_redirection,
    ask_by_address,
    ask_others,
    choose_home_agent,
    end_session,
    end_session_when_due,
    prolong,
    remember_identities,
    take_what_is_assigned,
)
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import HomeAddressAssigned, HomeAgentChosen
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import NaiCarrying
from mobileip.wire.message import Decoded, Message, decode_message

ANY = IPv4Address("255.255.255.255")
ALL = IPv4Address("10.1.0.255")
HINT = IPv4Address("10.1.0.7")
UNKNOWN = IPv4Address(0)
GIVEN = IPv4Address("10.1.0.55")


def reply(*extensions: Extension) -> Decoded[Message]:
    return decode_message(signed(registration_reply(extensions=extensions)))


def registered(state: NodeState) -> NodeState:
    """Until 700."""
    pursue(state, asked().attachment)
    request = asked()
    state.registrations["eth0"].sent(request, 100.0)
    state.registrations["eth0"].granted(request, 600, 0.0)
    prolong(state, state.registrations["eth0"])
    return state


class TestTakeWhatIsAssigned:
    def test_home_agent_and_address(self) -> None:
        state, out = started(home_agent=ANY, home_address=UNKNOWN), Outbox()
        take_what_is_assigned(state, registration_reply(home_address=GIVEN, home_agent=HINT), out)
        assert (state.home_agent, state.config.home_address) == (HINT, GIVEN)
        assert [output.notice for output in out.notices] == [
            HomeAgentChosen(home_agent=HINT, cause="assigned"),
            HomeAddressAssigned(home_address=GIVEN),
        ]

    def test_told_once(self) -> None:
        state, out = started(home_agent=ANY, home_address=UNKNOWN), Outbox()
        take_what_is_assigned(state, registration_reply(), Outbox())
        take_what_is_assigned(state, registration_reply(), out)
        assert out.notices == []

    def test_nothing_that_was_not_left_open(self) -> None:
        state, out = started(), Outbox()
        take_what_is_assigned(state, registration_reply(home_address=GIVEN, home_agent=HINT), out)
        assert (state.home_agent, state.config.home_address) == (HOME_AGENT, HOME_ADDRESS)
        assert out.notices == []

    def test_also_by_a_late_answer_to_who_was_assigned_before(self) -> None:
        state = registered(started(home_agent=ANY, home_address=UNKNOWN))
        take_what_is_assigned(state, registration_reply(home_address=GIVEN, home_agent=HINT), Outbox())
        end_session(state)
        take_what_is_assigned(state, registration_reply(home_address=GIVEN, home_agent=HINT), Outbox())
        assert (state.home_agent, state.config.home_address) == (HINT, GIVEN)


class TestSession:
    def test_lasts_as_long_as_what_is_in_force(self) -> None:
        state = registered(started(home_agent=ANY))
        choose_home_agent(state, HINT, "assigned", Outbox())
        assert state.session_ends_at == 700.0
        end_session_when_due(state, 699.9)
        assert state.home_agent == HINT
        end_session_when_due(state, 700.0)
        assert (state.home_agent, state.session_ends_at) == (ANY, None)

    def test_has_no_end_at_home(self) -> None:
        state = started(home_agent=ANY)
        prolong(state, state.registrations["eth0"])
        assert state.session_ends_at == math.inf

    def test_what_is_configured_needs_none(self) -> None:
        state = registered(started())
        state.home_agent = HINT
        assert state.session_ends_at is None
        end_session(state)
        assert state.home_agent == HINT

    def test_nothing_of_it_is_left(self) -> None:
        state = registered(started(home_agent=ANY, home_address=UNKNOWN, preferred_home_agent=HINT))
        take_what_is_assigned(state, registration_reply(home_address=GIVEN), Outbox())
        state.identities[1] = "ha@example.net"
        state.requested_home_agent = HOME_AGENT
        end_session(state)
        assert state.config.home_address == UNKNOWN
        assert (state.identities, state.requested_home_agent) == ({}, HINT)


class TestRedirection:
    def test_adopted(self) -> None:
        state, out = started(home_agent=ANY), Outbox()
        state.home_agent = HOME_AGENT
        assert adopt_redirection(state, reply(DynamicHomeAgent(2, HINT)), out)
        assert (state.home_agent, state.requested_home_agent) == (ANY, HINT)
        assert [output.notice for output in out.notices] == [HomeAgentChosen(home_agent=HINT, cause="redirected")]

    @pytest.mark.parametrize(
        "extensions", [(), (DynamicHomeAgent(1, HINT),), (DynamicHomeAgent(2, IPv4Address("224.0.0.1")),)]
    )
    def test_to_nobody(self, extensions: tuple[Extension, ...]) -> None:
        state = started(home_agent=ANY)
        assert not adopt_redirection(state, reply(*extensions), Outbox())
        assert state.requested_home_agent is None

    def test_of_a_node_that_has_its_home_agent(self) -> None:
        state = started()
        assert not adopt_redirection(state, reply(DynamicHomeAgent(2, HINT)), Outbox())


class TestAskingOthers:
    def test_by_address_once(self) -> None:
        state = started(home_agent=ANY, preferred_home_agent=HINT)
        assert ask_by_address(state)
        assert state.home_agent == HINT
        assert not ask_by_address(state)

    def test_not_without_one(self) -> None:
        assert not ask_by_address(started(home_agent=ANY))
        assert not ask_by_address(started())

    def test_all_again_when_the_one_that_was_found_fails(self) -> None:
        state = registered(started(home_agent=ALL))
        state.home_agent = HINT
        state.registrations["eth0"].unanswered = 7
        ask_others(state, state.registrations["eth0"])
        assert state.home_agent == ALL
        assert state.registrations["eth0"].unanswered is None

    def test_nobody_else_where_there_is_only_one(self) -> None:
        state = registered(started())
        state.registrations["eth0"].unanswered = 7
        ask_others(state, state.registrations["eth0"])
        assert state.home_agent == HOME_AGENT
        assert state.registrations["eth0"].unanswered == 7


class TestIdentities:
    def test_those_of_our_home_agents(self) -> None:
        state = started()
        remember_identities(state, reply(NaiCarrying(1, "ha"), NaiCarrying(2, "aaa"), NaiCarrying(3, "fa")))
        assert state.identities == {1: "ha", 2: "aaa"}

    def test_only_what_is_signed(self) -> None:
        state = started()
        octets = signed(registration_reply()) + NaiCarrying(1, "evil").encode()
        remember_identities(state, decode_message(octets))
        remember_identities(state, decode_message(octets[:20] + NaiCarrying(1, "evil").encode()))
        assert state.identities == {}


def test_a_foreign_agent_that_is_silent_gets_the_address_that_we_would_like() -> None:
    state = registered(started(home_agent=ANY, preferred_home_agent=HINT))
    ask_others(state, state.registrations["eth0"])
    assert state.home_agent == HINT
