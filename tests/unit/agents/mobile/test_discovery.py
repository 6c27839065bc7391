"""When solicitations leave (RFC 5944 §2.4), and what they are."""

from ipaddress import IPv4Address

import pytest
from tests.support.messages import HOME_ADDRESS

from mobileip.agents.mobile.discovery import Solicitor, solicitation
from mobileip.wire.agent_discovery import AgentSolicitation


def intervals(solicitor: Solicitor, fraction: float, count: int = 9) -> list[float]:
    """A search from its beginning, each solicitation sent when it is due."""
    now, found = 0.0, []
    solicitor.search(now)
    for _ in range(count):
        solicitor.sent(now, fraction)
        assert solicitor.due is not None
        found.append(round(solicitor.due - now, 6))
        now = solicitor.due
    return found


def test_the_first_one_is_due_at_once() -> None:
    solicitor = Solicitor(60.0)
    assert solicitor.due is None
    solicitor.search(7.0)
    assert solicitor.due == 7.0


def test_three_at_one_per_second_then_ever_rarer() -> None:
    assert intervals(Solicitor(60.0), 0.0) == [1, 1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_only_ever_delays() -> None:
    """One per second "is a maximum rate"."""
    assert intervals(Solicitor(60.0), 0.5) == [round(1.1 * i, 6) for i in (1, 1, 2, 4, 8, 16, 32, 60, 60)]


def test_a_search_of_a_year_stays_at_the_longest_interval() -> None:
    assert intervals(Solicitor(60.0), 0.0, 2000)[-1] == 60.0


def test_searching_on_is_no_new_search() -> None:
    solicitor = Solicitor(60.0)
    solicitor.search(0.0)
    solicitor.sent(0.0, 0.0)
    solicitor.search(0.5)
    assert solicitor.due == 1.0


def test_a_search_that_was_stopped_begins_anew() -> None:
    solicitor = Solicitor(60.0)
    intervals(solicitor, 0.0)
    solicitor.stop()
    assert solicitor.due is None
    solicitor.search(1000.0)
    assert solicitor.due == 1000.0
    solicitor.sent(1000.0, 0.0)
    assert solicitor.due == 1001.0


def test_restarts_stay_within_three_and_one_per_second() -> None:
    solicitor = Solicitor(60.0)
    for _ in range(3):
        solicitor.restart(0.0)
        assert solicitor.due == 0.0
        solicitor.sent(0.0, 0.0)
    solicitor.restart(0.0)
    assert solicitor.due == 1.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("destination", IPv4Address("224.0.0.2")),
        ("link_destination", bytes.fromhex("01005e000002")),
        ("source", HOME_ADDRESS),
        ("interface", "eth1"),
        ("ttl", 1),
    ],
)
def test_how_a_solicitation_leaves(field: str, value: object) -> None:
    output = solicitation("eth1", HOME_ADDRESS)
    assert output.message == AgentSolicitation()
    assert getattr(output.departure, field) == value


def test_a_broadcast_solicitation_leaves_by_broadcast() -> None:
    output = solicitation("eth1", HOME_ADDRESS, IPv4Address("255.255.255.255"))
    assert output.departure.link_destination == b"\xff" * 6


def test_a_probe_takes_the_place_of_the_next_one() -> None:
    solicitor = Solicitor(60.0)
    solicitor.restart(0.0)
    for at in (0.0, 1.0, 2.0, 4.0):
        solicitor.sent(at, 0.0)
    assert solicitor.due == 8.0
    solicitor.probe(5.0)
    assert solicitor.due == 5.0
    solicitor.sent(5.0, 0.0)
    assert solicitor.due == 13.0


@pytest.mark.requirement("R5944-2.4-k")
def test_times_are_randomized_around_the_nominal_ones() -> None:
    times = []
    for fraction in (0.0, 0.5, 0.999):
        solicitor = Solicitor(60.0)
        solicitor.restart(0.0)
        solicitor.sent(0.0, fraction)
        times.append(solicitor.due)
    assert times[0] == 1.0
    assert times[0] < (times[1] or 0.0) < (times[2] or 0.0) < 1.2
