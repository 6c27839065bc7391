"""What a mobile node's configuration says when little is said."""

from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support.mobile_node import config

from mobileip.agents.mobile.config import UNSPECIFIED, LinkPreference, MobileNodeConfig, MoveDetection


def test_what_cannot_be_guessed_must_be_given() -> None:
    fields = {field.name for field in msgspec.structs.fields(MobileNodeConfig) if field.required}
    assert fields == {"home_agent", "home_network", "links", "association"}


@pytest.mark.parametrize(
    ("home_agent", "is_sought", "is_discovered"),
    [
        ("10.1.0.1", False, False),
        ("10.1.0.255", True, True),
        ("255.255.255.255", True, False),
        (str(UNSPECIFIED), True, False),
    ],
)
def test_a_home_agent_that_is_not_known_yet(home_agent: str, is_sought: bool, is_discovered: bool) -> None:
    configured = config(home_agent=IPv4Address(home_agent))
    assert configured.seeks(IPv4Address(home_agent)) is is_sought
    assert configured.discovers is is_discovered


def test_a_broadcast_address_is_somebodys_name_only_where_that_was_configured() -> None:
    assert not config().seeks(IPv4Address("10.1.0.255"))


@pytest.mark.requirement("R5944-2.4-f", "R5944-2.4-g")
def test_defaults_obey_the_rfc() -> None:
    """RFC 5944 §2.4: "This maximum interval SHOULD be at least one minute"."""
    assert config().solicit_maximum_interval == 60.0
    assert 0 < config().requested_lifetime < 0xFFFF
    assert config().foreign_agents == ()
    assert config().deregister_on_stop


@pytest.mark.parametrize(
    ("word", "method"), [("lifetime", MoveDetection.BY_LIFETIME), ("prefix", MoveDetection.BY_PREFIX)]
)
def test_words_of_move_detection(word: str, method: MoveDetection) -> None:
    assert msgspec.convert(word, MoveDetection) is method


def test_is_a_value() -> None:
    assert config() == config()
    with pytest.raises(AttributeError):
        config().links = ("eth9",)  # type: ignore[misc]


def test_of_a_link_that_nobody_says_anything_of_nothing_is_said() -> None:
    said = config(link_preferences=(("wlan0", LinkPreference(cost=5)),))
    assert said.preference_of("wlan0").cost == 5
    assert said.preference_of("eth0") == LinkPreference()
