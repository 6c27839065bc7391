"""What a foreign agent's configuration refuses."""

from typing import Any

import pytest
from tests.support.foreign_agent import foreign_agent_config

from mobileip.agents.foreign.config import ReverseTunnels
from mobileip.forwarding.tunnel import Encapsulation


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


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"encapsulations": (Encapsulation.GRE,)}, "encapsulations"),
        ({"prefer_gre": True}, "prefer_gre"),
        ({"behind_nat": True}, "behind_nat"),
    ],
)
def test_tunnels_do_not_contradict_each_other(fields: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        foreign_agent_config(**fields)


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({}, False),
        ({"reverse_tunnel": ReverseTunnels.OFFERED}, False),
        ({"reverse_tunnel": ReverseTunnels.REQUIRED}, True),
        ({"reverse_tunnel": ReverseTunnels.OFFERED, "behind_nat": True}, True),
        ({"behind_nat": True, "nat_keeps_addresses": True}, False),
    ],
)
def test_where_a_reverse_tunnel_is_needed(fields: dict[str, Any], needed: bool) -> None:
    assert foreign_agent_config(**fields).needs_reverse_tunnel is needed
