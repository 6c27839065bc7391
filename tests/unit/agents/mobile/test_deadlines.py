"""When a node wants to be woken, and why."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from tests.support.attachments import (
    COLOCATED_ADDRESS,
    ask,
    asked,
    at_home,
    pursue,
    register,
    started,
    through_agent,
)
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, Scene

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.deadlines import end_of_agents, standing_deadlines
from mobileip.agents.mobile.link import Quality
from mobileip.agents.mobile.state import Announcing, NodeState
from mobileip.forwarding.model import TunnelExit
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.registration import INFINITE_LIFETIME


def wakings(state: NodeState, now: float = 100.0) -> dict[str, float]:
    end = end_of_agents(state)
    every = [*standing_deadlines(state, now), *([end] if end else [])]
    return {deadline.reason: deadline.at for deadline in every}


def connect(state: NodeState, **fields: Any) -> None:
    defaults: dict[str, Any] = {"name": "eth0", "index": 2, "carrier": True}
    state.links["eth0"].update(Link(**(defaults | fields)), 100.0)


def test_none_where_nothing_is_known() -> None:
    assert wakings(started()) == {}


@pytest.mark.parametrize("flag", ["started", "stopping"])
def test_none_before_the_start_and_none_at_the_end(flag: str) -> None:
    state = started()
    connect(state)
    assert wakings(state)
    setattr(state, flag, flag == "stopping")
    assert wakings(state) == {}


def test_the_ends_of_agents_are_kept_apart_from_what_repetitions_leave_as_it_is() -> None:
    scene = Scene(links=("eth0", "wlan0"))
    state = scene.node._state
    assert end_of_agents(state) is None
    for name, lifetime in (("eth0", 9), ("wlan0", 5)):
        scene.up(name)
        scene.hear(FOREIGN_1.but(lifetime=lifetime), name)
    end = end_of_agents(state)
    assert end is not None
    assert (end.at, end.reason) == (105.0, "an agent's lifetime on wlan0")
    assert end not in list(standing_deadlines(state, 100.0))
    state.stopping = True
    assert end_of_agents(state) is None


class TestOfLinks:
    def test_the_end_of_what_probes_have_found(self) -> None:
        state = started()
        connect(state)
        state.links["eth0"].solicitor.stop()
        state.links["eth0"].quality = Quality(found_at=100.0)
        assert wakings(state) == {}
        state.links["eth0"].quality = Quality(delay=0.03, is_verified=True, found_at=100.0)
        assert wakings(state) == {"what was found of eth0 is old": 160.0}

    def test_the_next_solicitation(self) -> None:
        state = started()
        connect(state)
        assert wakings(state) == {"solicitation on eth0": 100.0}

    def test_the_end_of_an_agents_lifetime(self) -> None:
        state = started()
        arrival = Arrival(
            interface="eth0",
            source=FOREIGN_1.address,
            destination=IPv4Address("224.0.0.1"),
            link_source=FOREIGN_1.link_address,
        )
        state.links["eth0"].agents.hear(FOREIGN_1.advertisement(), arrival, 100.0)
        assert wakings(state) == {"an agent's lifetime on eth0": 103.0}

    def test_the_end_of_the_wait_for_an_agent(self) -> None:
        state = started(colocated_wait=0.2)
        connect(state, addresses=(IPv4Interface("192.0.2.9/24"),))
        state.links["eth0"].solicitor.stop()
        assert wakings(state) == {"no agent heard on eth0": 100.2}
        assert wakings(state, 100.2) == {}


class TestOfRegistrations:
    def test_a_request(self) -> None:
        state = started()
        pursue(state, through_agent())
        assert wakings(state) == {"request": 100.0}

    def test_a_request_that_the_limit_holds_up(self) -> None:
        state = started()
        state.limit.take(99.5)
        pursue(state, through_agent())
        assert wakings(state) == {"request": 100.5}

    def test_renewal_and_end(self) -> None:
        state = started()
        register(state, through_agent(), lifetime=900)
        assert wakings(state) == {"registration ends": 1000.0, "registration is renewed": 700.0}

    def test_one_that_lingers_is_not_renewed(self) -> None:
        state = started()
        register(state, through_agent(), lifetime=900)
        state.registrations["eth0"].leave()
        state.active = None
        assert wakings(state) == {"registration ends": 1000.0}

    def test_one_that_never_ends(self) -> None:
        state = started()
        register(state, through_agent(), lifetime=INFINITE_LIFETIME)
        assert wakings(state) == {}

    def test_the_wait_after_a_denial(self) -> None:
        state = started()
        ask(state, through_agent())
        registration = state.registrations["eth0"]
        registration.refused(asked(), 160.0)
        assert wakings(state) == {"a denied request's wait ends": 160.0}

    def test_only_the_active_link_sends(self) -> None:
        state = started()
        pursue(state, through_agent())
        state.active = "wlan0"
        assert wakings(state) == {}


def test_the_end_of_a_refusal() -> None:
    state = started()
    state.refusals.note(through_agent().place, 30.0, 100.0, avoid=True)
    assert wakings(state) == {"a refusal's wait ends": 130.0}
    assert wakings(state, 130.0) == {}


def test_gratuitous_arp() -> None:
    state = started()
    pursue(state, at_home())
    state.announcing = Announcing("eth0", 101.0, 2)
    assert wakings(state)["gratuitous ARP"] == 101.0


def test_what_a_deadline_asked_for_takes_it_off() -> None:
    """Else the daemon's loop would spin."""
    scene = Scene(links=("eth0", "wlan0"))
    scene.up(addresses=(IPv4Interface("192.0.2.9/24"),))
    scene.hear(FOREIGN_1)
    for seconds in (0.1, 0.5, 1, 5, 60, 600):
        scene.wait(seconds)
        deadline = scene.node.next_deadline()
        assert deadline is not None
        assert deadline.at > scene.now


def test_a_farewell_is_the_last() -> None:
    state = started()
    state.stopping = True
    state.farewell_at = 101.0
    assert wakings(state) == {"farewell": 101.0}


@pytest.mark.parametrize(("end", "woken"), [(700.0, True), (float("inf"), False)])
def test_the_end_of_what_was_assigned(end: float, woken: bool) -> None:
    state = started()
    state.session_ends_at = end
    assert ("what was assigned ends" in wakings(state)) is woken


def test_a_binding_is_withdrawn_when_the_limit_allows() -> None:
    state = started()
    pursue(state, through_agent())
    ask(state, through_agent())
    state.limit.take(100.0)
    registration = state.registrations["eth0"]
    registration.withdraw = through_agent()
    assert "a binding is withdrawn" not in wakings(state)
    registration.refused(registration.outstanding[-1], 200.0)
    assert wakings(state)["a binding is withdrawn"] == 101.0


class TestOfChanges:
    def test_the_end_of_an_exit_that_was_left(self) -> None:
        state = started()
        exit_left = TunnelExit(
            home_address=HOME_ADDRESS, tunnel=Tunnel(COLOCATED_ADDRESS, HOME_AGENT), expires_at=102.0
        )
        state.former[exit_left.key] = exit_left
        assert wakings(state) == {"an exit that was left ends": 102.0}

    def test_the_request_to_be_alone_again(self) -> None:
        state = started()
        state.alone_at = 104.0
        assert wakings(state) == {"a former binding is given up": 104.0}

    def test_the_end_of_distrust(self) -> None:
        state = started()
        connect(state)
        state.links["eth0"].solicitor.due = None
        state.links["eth0"].distrust(100.0)
        assert wakings(state) == {"a better link may be trusted": 100.0 + state.config.hold_down}
