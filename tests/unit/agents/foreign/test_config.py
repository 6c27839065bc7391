"""What a foreign agent's configuration refuses."""

import pytest
from tests.support.foreign_agent import foreign_agent_config


@pytest.mark.parametrize("seconds", [0.0, 6.9, 7.0])
def test_answers_are_waited_for_more_than_seven_seconds(seconds: float) -> None:
    assert foreign_agent_config(pending_timeout=7.1).pending_timeout == 7.1
    with pytest.raises(ValueError, match="more than 7 s"):
        foreign_agent_config(pending_timeout=seconds)


def test_a_message_fits_into_its_extension() -> None:
    assert foreign_agent_config(message="x" * 254).message
    with pytest.raises(ValueError, match="at most"):
        foreign_agent_config(message="x" * 255)
    with pytest.raises(ValueError, match="at most"):
        foreign_agent_config(message="ü" * 128)
