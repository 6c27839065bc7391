"""One boot of the real kernel for all of its tests."""

from collections.abc import Iterator

import pytest
from tests.oracles.world import Wire
from tests.support.netns import bridge, namespace
from tests.support.uml.machine import user_mode_linux


@pytest.fixture(scope="session")
def wire() -> Iterator[Wire]:
    """The kernel that judges us, its interface at a switch of which tests take another port."""
    with namespace() as switch:
        switch.ip("tuntap add tap0 mode tap")
        switch.ip("link set tap0 up gso_max_segs 1")  # the guest's driver has no room for what is not segmented yet
        bridge(switch, "br0", "tap0")
        with user_mode_linux(switch, "tap0") as guest:
            guest.script(
                """
                sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv4.route.error_cost=0
                ip address add 192.0.2.254/24 dev vec0
                ip link set vec0 up
                """
            )
            yield Wire(switch, guest)
