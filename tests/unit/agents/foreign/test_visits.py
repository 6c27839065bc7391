"""Visitors come, move and go."""

from ipaddress import IPv4Address
from math import inf
from typing import Any

import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    foreign_agent_config,
    pending,
    visitor,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, registration_reply

from mobileip.agents.foreign.snapshot import PendingRegistration, RevocationTerms
from mobileip.agents.foreign.tunnels import Grant
from mobileip.agents.foreign.visits import Visits, is_served_alike, visitor_of
from mobileip.agents.notices import VisitorAdded, VisitorRemoved
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.model import VisitorRoute
from mobileip.forwarding.tunnel import Encapsulation

COLOCATED = IPv4Address("198.51.100.77")
TERMS = RevocationTerms(timestamp=7, inform=True)
HEARD = Grant(agent_address=AGENT_ADDRESS)


def visits(**fields: Any) -> Visits:
    return Visits(foreign_agent_config(**fields))


def accept(made: Visits, asked: PendingRegistration, now: float = 0.0, **fields: Any) -> list[Output]:
    return made.accepted(asked, registration_reply(**fields), None, now)


def kinds(outputs: list[Output]) -> list[type]:
    return [type(each.notice) if isinstance(each, Notify) else type(each) for each in outputs]


def test_what_is_kept_of_a_registration() -> None:
    made = visitor_of(
        foreign_agent_config(), pending(nai="mn@example.net"), registration_reply(), TERMS, 0.5, grant=HEARD
    )
    wanted = visitor(registered_at=0.5, expires_at=1800.5, nai="mn@example.net", revocation=TERMS)
    assert made == wanted


@pytest.mark.parametrize(
    ("asked", "granted", "maximum", "lifetime"),
    [
        (600, 1800, 1800, 600),
        (1800, 600, 1800, 600),
        (1800, 1800, 300, 300),
        (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF),
    ],
)
def test_the_least_lifetime_of_all_counts(asked: int, granted: int, maximum: int, lifetime: int) -> None:
    config = foreign_agent_config(registration_lifetime=maximum)
    made = visitor_of(config, pending(requested_lifetime=asked), registration_reply(lifetime=granted), None, 1.0)
    assert (made.lifetime, made.expires_at) == (lifetime, inf if lifetime == 0xFFFF else 1.0 + lifetime)


@pytest.mark.parametrize(
    ("other", "now", "alike"),
    [
        ({"identification": 2, "expires_at": 2400.0, "requested_lifetime": 600, "registered_at": 600.0}, 600.0, True),
        ({}, 1798.9, True),
        ({}, 1799.0, False),
        ({}, 1801.0, False),
        ({"link_address": OTHER_MAC}, 600.0, False),
        ({"interface": "eth9"}, 600.0, False),
        ({"home_agent": OTHER_HOME_AGENT}, 600.0, False),
        ({"reverse_tunnel": True}, 600.0, False),
        ({"encapsulation": Encapsulation.GRE}, 600.0, False),
        ({"udp_tunnel": True}, 600.0, False),
        ({"realm": 1}, 600.0, False),
        ({"care_of_address": COLOCATED}, 600.0, False),
    ],
    ids=repr,
)
def test_whether_packets_go_as_they_went(other: dict[str, Any], now: float, alike: bool) -> None:
    before = visitor()
    assert is_served_alike(before, visitor(**other), foreign_agent_config(), now) is alike


def test_the_reply_names_address_and_home_agent() -> None:
    nobody = pending(home_address=IPv4Address(0), home_agent=IPv4Address(0), relayed_to=HOME_AGENT)
    made = visitor_of(foreign_agent_config(), nobody, registration_reply(), None, 0.0)
    assert (made.home_address, made.home_agent) == (HOME_ADDRESS, HOME_AGENT)


def test_a_visitor_comes_stays_and_moves() -> None:
    made = visits()
    assert kinds(accept(made, pending())) == [ChangeForwarding, VisitorAdded]
    assert kinds(accept(made, pending(identification=2), 5.0)) == [ChangeForwarding]
    moved = pending(link_address=OTHER_MAC, identification=3)
    assert kinds(accept(made, moved, 6.0)) == [ChangeForwarding, VisitorAdded]
    [route] = made.wishes()
    assert isinstance(route, VisitorRoute)
    assert (route.link_address, route.expires_at) == (OTHER_MAC, 1806.0)


@pytest.mark.parametrize("again", [{}, {"link_address": OTHER_MAC}, {"interface": "eth9"}], ids=repr)
def test_who_kept_a_request_and_its_reply_prolongs_and_moves_nobody(again: dict[str, Any]) -> None:
    """Nobody signs Replies for the foreign agent here. A home agent that answers a duplicate prolongs nothing, too."""
    made = visits()
    accept(made, pending())
    before = list(made.list)
    assert accept(made, pending(**again), 100.0) == []
    assert list(made.list) == before
    assert kinds(made.expire(1800.0)) == [ChangeForwarding, VisitorRemoved]


def test_the_same_identification_for_another_care_of_address_is_another_registration() -> None:
    made = visits()
    accept(made, pending())
    assert accept(made, pending(care_of_address=COLOCATED), 5.0)
    [visitor] = made.list
    assert (visitor.care_of_address, visitor.registered_at) == (COLOCATED, 5.0)


def test_who_decapsulates_itself_needs_no_route() -> None:
    made = visits()
    assert kinds(accept(made, pending(care_of_address=COLOCATED))) == [VisitorAdded]
    assert list(made.wishes()) == []
    accept(made, pending())
    [change] = accept(made, pending(care_of_address=COLOCATED))
    assert isinstance(change, ChangeForwarding)
    assert [subject for _, subject in change.change.remove] == [f"0/{HOME_ADDRESS}"]


@pytest.mark.parametrize(("care_of_address", "ends"), [(CARE_OF_ADDRESS, 1), (HOME_ADDRESS, 1), (COLOCATED, 0)])
def test_a_deregistration_ends_what_it_names(care_of_address: IPv4Address, ends: int) -> None:
    made = visits()
    asked = pending(care_of_address=care_of_address, requested_lifetime=0)
    assert accept(made, asked, lifetime=0) == []
    accept(made, pending())
    outputs = accept(made, asked, lifetime=0)
    assert kinds(outputs) == [ChangeForwarding, VisitorRemoved] * ends
    assert len(made.list) == 1 - ends


def test_visits_end_with_their_lifetime() -> None:
    made = visits()
    accept(made, pending())
    assert made.expire(1799.9) == []
    outputs = made.expire(1800.0)
    assert kinds(outputs) == [ChangeForwarding, VisitorRemoved]
    assert outputs[1] == Notify(VisitorRemoved(home_address=HOME_ADDRESS, home_agent=HOME_AGENT, cause="expired"))
