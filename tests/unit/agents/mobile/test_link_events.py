"""The system's news of links: who hears of them, and what is lost by them."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from tests.support.attachments import COLOCATED_ADDRESS, ask, colocated, register, started, through_agent
from tests.support.mobile_node import FOREIGN_1, NODE_MAC, Agent

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.link_events import link_changed, link_removed
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import AgentLost, LinkNoticed, Notice, RegistrationLost

NOW = 200.0
CARE_OF_ADDRESS = FOREIGN_1.care_of_addresses[0]
ADDRESS = IPv4Interface(f"{COLOCATED_ADDRESS}/24")


class Follower(Handovers):
    """What may have led to a handover."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def happened(self, trigger: str, now: float) -> None:
        assert now == NOW
        self.heard.append(trigger)


class Told:
    """The notices that one piece of news leads to, and what else may follow from it."""

    def __init__(self, notices: list[Notice], triggers: list[str]) -> None:
        self.notices = notices
        self.triggers = triggers


def changed(state: NodeState, **fields: Any) -> Told:
    defaults: dict[str, Any] = {"name": "eth0", "index": 2, "carrier": True, "link_address": NODE_MAC}
    out, follower = Outbox(), Follower()
    link_changed(state, follower, Link(**(defaults | fields)), NOW, out)
    return Told([output.notice for output in out.notices], follower.heard)


def removed(state: NodeState) -> Told:
    out, follower = Outbox(), Follower()
    link_removed(state, follower, "eth0", NOW, out)
    return Told([output.notice for output in out.notices], follower.heard)


def connected(**fields: Any) -> NodeState:
    state = started()
    changed(state, **fields)
    return state


def hear(state: NodeState, agent: Agent = FOREIGN_1, **fields: Any) -> None:
    arrival = Arrival(
        interface="eth0", source=agent.address, destination=IPv4Address("224.0.0.1"), link_source=agent.link_address
    )
    state.links["eth0"].agents.hear(agent.advertisement(**fields), arrival, NOW)


def noticed(state: str) -> LinkNoticed:
    return LinkNoticed(interface="eth0", state=state)


class TestUp:
    def test_each_new_connection_is_told(self) -> None:
        state = started()
        told = changed(state)
        assert (told.notices, told.triggers) == ([noticed("up")], ["link_up"])
        assert changed(state).notices == []

    def test_so_is_an_address(self) -> None:
        state = connected()
        told = changed(state, addresses=(ADDRESS,))
        assert (told.notices, told.triggers) == ([noticed("addressed")], ["address_set"])
        assert changed(state, addresses=(ADDRESS,)).triggers == []

    def test_what_is_up_and_has_its_address_at_once_is_both(self) -> None:
        told = changed(started(), addresses=(ADDRESS,))
        assert (told.notices, told.triggers) == ([noticed("up"), noticed("addressed")], ["link_up", "address_set"])

    def test_after_a_flap_nobody_is_believed_to_be_here_still(self) -> None:
        state = connected()
        hear(state)
        told = changed(state, carrier_changes=2)
        assert (told.notices, told.triggers) == ([noticed("up")], ["link_up"])
        assert state.links["eth0"].believed_agents() == []


class TestDown:
    def test_nothing_hung_on_it(self) -> None:
        state = connected()
        told = changed(state, carrier=False)
        assert (told.notices, told.triggers) == ([noticed("down")], ["link_lost"])
        assert state.registrations["eth0"].state is State.SEARCHING

    def test_who_was_heard_is_lost_and_what_was_registered_too(self) -> None:
        state = connected()
        hear(state)
        hear(state, FOREIGN_1.but(address=FOREIGN_1.address + 1), extensions=())
        register(state, through_agent())
        assert changed(state, carrier=False).notices == [
            AgentLost(interface="eth0", agent=FOREIGN_1.address, cause="link"),
            RegistrationLost(care_of_address=CARE_OF_ADDRESS, cause="link"),
            noticed("down"),
        ]
        assert (state.active, state.registrations["eth0"].binding) == (None, None)

    def test_what_was_asked_for_only_is_no_loss(self) -> None:
        state = connected()
        ask(state, through_agent())
        assert changed(state, carrier=False).notices == [noticed("down")]
        assert state.active is None

    def test_another_link_stays_the_one_in_use(self) -> None:
        state = connected()
        register(state, through_agent())
        register(state, colocated(interface="wlan0"))
        assert state.active == "wlan0"
        changed(state, carrier=False)
        assert state.active == "wlan0"

    @pytest.mark.parametrize(("wanted", "left"), [("eth0", None), ("wlan0", "wlan0")])
    def test_an_operators_wish_ends_with_its_link(self, wanted: str, left: str | None) -> None:
        state = connected()
        state.wanted_link = wanted
        changed(state, carrier=False)
        assert state.wanted_link == left

    def test_a_link_that_is_gone_is_down_too(self) -> None:
        state = connected(addresses=(ADDRESS,))
        register(state, colocated())
        told = removed(state)
        assert told.triggers == ["link_lost"]
        assert told.notices == [RegistrationLost(care_of_address=COLOCATED_ADDRESS, cause="link"), noticed("removed")]
        assert not state.links["eth0"].exists


class TestCareOfAddress:
    def test_without_it_nothing_is_registered(self) -> None:
        state = connected(addresses=(ADDRESS,))
        register(state, colocated())
        told = changed(state, addresses=(IPv4Interface("192.0.2.9/24"),))
        assert told.triggers == ["address_set", "address_lost"]
        assert told.notices == [
            noticed("addressed"),
            RegistrationLost(care_of_address=COLOCATED_ADDRESS, cause="link"),
        ]
        assert state.registrations["eth0"].binding is None

    def test_as_long_as_it_is_there_others_may_come_and_go(self) -> None:
        state = connected(addresses=(ADDRESS,))
        register(state, colocated())
        assert changed(state, addresses=(ADDRESS, IPv4Interface("192.0.2.9/24"))).triggers == ["address_set"]
        assert state.registrations["eth0"].binding is not None

    def test_an_agents_is_none_of_the_link(self) -> None:
        state = connected(addresses=(ADDRESS,))
        register(state, through_agent())
        assert changed(state).notices == []
        assert state.registrations["eth0"].binding is not None
