"""What a mobile node remembers at the start, and what can be read off it."""

from ipaddress import IPv4Address

import pytest
from tests.support.attachments import asked, at_home, through_agent
from tests.support.mobile_node import config

from mobileip.agents.mobile.state import Announcing, NodeState


def node_state() -> NodeState:
    return NodeState(config(links=("eth0", "wlan0")))


def test_a_new_one_wants_to_be_registered_and_is_nowhere() -> None:
    state = node_state()
    assert state.wanted
    assert not state.started
    assert not state.stopping
    assert state.registration is None
    assert state.registered_at() == set()
    assert state.home_agent == state.config.home_agent


def test_each_configured_link_has_its_registration_and_its_rank() -> None:
    state = node_state()
    assert list(state.links) == list(state.registrations) == ["eth0", "wlan0"]
    assert state.ranks == {"eth0": 0, "wlan0": 1}
    assert state.registrations["eth0"] is not state.registrations["wlan0"]


@pytest.mark.parametrize("name", ["eth0", "wlan0"])
def test_the_registration_is_that_of_the_active_link(name: str) -> None:
    state = node_state()
    state.active = name
    assert state.registration is state.registrations[name]


def test_counters_begin_when_something_happens() -> None:
    state = node_state()
    assert state.counters == {}
    state.count("requests_sent")
    state.count("requests_sent")
    assert state.counters == {"requests_sent": 2}


def test_requests_at_most_once_per_second() -> None:
    state = node_state()
    assert state.limit.ready_at(5.0) == 5.0
    state.limit.take(5.0)
    assert state.limit.ready_at(5.0) == 6.0


def test_where_something_is_in_force() -> None:
    state = node_state()
    here = through_agent(interface="wlan0")
    registration, request = state.registrations["wlan0"], asked(here)
    registration.pursue(here, 100.0)
    registration.sent(request, 100.0)
    assert state.registered_at() == set(), "a request is not an agreement"
    registration.granted(request, 1800, 0.0)
    assert state.registered_at() == {here.place}
    assert at_home().place not in state.registered_at()


def test_the_first_gratuitous_arp_is_due_at_once() -> None:
    announcing = Announcing("eth0", 7.0, 3)
    assert (announcing.interface, announcing.due, announcing.left) == ("eth0", 7.0, 3)


ANY = IPv4Address("255.255.255.255")
HINT = IPv4Address("10.1.0.7")


@pytest.mark.parametrize(
    ("fields", "direct_to"),
    [
        ({}, IPv4Address("10.1.0.1")),
        ({"home_agent": IPv4Address("10.1.0.255")}, IPv4Address("10.1.0.255")),
        ({"home_agent": ANY, "preferred_home_agent": HINT}, HINT),
        ({"home_agent": ANY}, None),
    ],
)
def test_where_direct_requests_go(fields: dict[str, IPv4Address], direct_to: IPv4Address | None) -> None:
    assert NodeState(config(**fields)).direct_to == direct_to


def test_what_is_configured_is_asked_again() -> None:
    state = NodeState(config(home_agent=ANY, preferred_home_agent=HINT))
    state.home_agent, state.requested_home_agent = HINT, None
    state.forget_home_agent()
    assert (state.home_agent, state.requested_home_agent) == (ANY, HINT)


def test_a_home_agent_whose_name_is_known() -> None:
    assert NodeState(config()).identities == {}
    assert NodeState(config(home_agent_nai="ha@example.net")).identities == {1: "ha@example.net"}


def test_a_request_is_unanswered_when_the_next_one_may_leave() -> None:
    state = NodeState(config())
    registration = state.registrations["eth0"]
    assert not state.is_unanswered(registration, 100.0)
    registration.send_at = 101.0
    assert [state.is_unanswered(registration, now) for now in (100.9, 101.0)] == [False, True]
    state.limit.take(100.5)
    assert [state.is_unanswered(registration, now) for now in (101.0, 101.4, 101.5)] == [False, False, True]
