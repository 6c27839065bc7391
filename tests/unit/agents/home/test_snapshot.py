"""What a binding says of its tunnel."""

import pytest
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.forwarding.tunnel import Tunnel, UdpPorts


@pytest.mark.parametrize(
    ("udp", "reverse_tunneling", "is_half_bound", "has_reverse_tunnel"),
    [
        (None, False, False, False),
        (None, True, False, True),
        (UdpPorts(434, 0), False, True, True),
        (UdpPorts(434, 40000), False, False, True),
    ],
)
def test_tunnels_wait_and_lead_back(
    udp: UdpPorts | None, reverse_tunneling: bool, is_half_bound: bool, has_reverse_tunnel: bool
) -> None:
    binding = MobilityBinding(
        home_address=HOME_ADDRESS,
        care_of_address=CARE_OF_ADDRESS,
        home_agent=HOME_AGENT,
        tunnel=Tunnel(HOME_AGENT, CARE_OF_ADDRESS, udp=udp),
        lifetime=60,
        registered_at=0.0,
        expires_at=60.0,
        identification=1,
        spi=256,
        reverse_tunneling=reverse_tunneling,
    )
    assert (binding.is_half_bound, binding.has_reverse_tunnel) == (is_half_bound, has_reverse_tunnel)
