"""What a mobile node shows: values, independent of each other and of the node."""

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT

from mobileip.agents.mobile.snapshot import LinkSnapshot, MobileNodeSnapshot, RegistrationSnapshot


def snapshot() -> MobileNodeSnapshot:
    return MobileNodeSnapshot(home_address=HOME_ADDRESS, home_agent=HOME_AGENT, state="searching")


def test_a_node_that_has_seen_nothing() -> None:
    assert snapshot().registration is None
    assert snapshot().agents == ()
    assert snapshot().links == ()
    assert snapshot().last_denial is None
    assert snapshot().clock_offset == 0.0


def test_two_share_no_counters() -> None:
    one, other = snapshot(), snapshot()
    one.counters["requests_sent"] = 1
    assert other.counters == {}


def test_a_registration_under_way_has_been_granted_nothing() -> None:
    shown = RegistrationSnapshot(care_of="home", care_of_address=HOME_ADDRESS, interface="eth0")
    assert (shown.agent, shown.granted_lifetime, shown.registered_at, shown.expires_at) == (None, 0, 0.0, 0.0)


def test_cannot_be_changed_afterwards() -> None:
    link = LinkSnapshot(name="eth0", state="up")
    with pytest.raises(AttributeError):
        link.state = "down"  # type: ignore[misc]
