"""What a mobile node's configuration says when little is said."""

import msgspec
import pytest
from tests.support.mobile_node import config

from mobileip.agents.mobile.config import MobileNodeConfig, MoveDetection


def test_what_cannot_be_guessed_must_be_given() -> None:
    fields = {field.name for field in msgspec.structs.fields(MobileNodeConfig) if field.required}
    assert fields == {"home_address", "home_agent", "home_network", "links", "association"}


def test_defaults_obey_the_rfc() -> None:
    """RFC 5944 §2.4: "This maximum interval SHOULD be at least one minute"."""
    assert config().solicit_maximum_interval >= 60
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
