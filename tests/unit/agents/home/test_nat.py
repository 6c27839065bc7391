"""Tunnels in UDP after the registration: what the first keepalive tells, and what operators are told of moves."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.home.nat import after_keepalive, moved
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.notices import TunnelMoved
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts

NAT, OTHER_NAT = IPv4Address("198.51.100.7"), IPv4Address("203.0.113.7")


def binding(port: int | None, remote: IPv4Address = NAT, care_of_address: str = "172.16.0.5") -> MobilityBinding:
    udp = None if port is None else UdpPorts(434, port)
    return MobilityBinding(
        home_address=HOME_ADDRESS,
        care_of_address=IPv4Address(care_of_address),
        home_agent=HOME_AGENT,
        tunnel=Tunnel(HOME_AGENT, remote, Encapsulation.MINIMAL, udp=udp),
        lifetime=60,
        registered_at=0.0,
        expires_at=60.0,
        identification=1,
        spi=256,
    )


def keepalive(address: IPv4Address = NAT, port: int = 50000) -> KeepaliveHeard:
    return KeepaliveHeard(home_address=HOME_ADDRESS, address=address, port=port)


def told(**fields: Any) -> TunnelMoved:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "care_of_address": IPv4Address("172.16.0.5"),
        "address": NAT,
        "port": 50000,
        "previous_address": NAT,
        "previous_port": 0,
    }
    return TunnelMoved(**(defaults | fields))


@pytest.mark.requirement("R3519-4.6-j")
def test_the_first_keepalive_tells_the_port() -> None:
    assert after_keepalive((binding(0),), keepalive()) == ((binding(50000),), [told()])


@pytest.mark.requirement("R3519-4.6-h", "R3519-6.1.2-a")
@pytest.mark.parametrize(
    ("bindings", "news"),
    [
        ((binding(0),), keepalive(OTHER_NAT)),
        ((binding(0),), keepalive(port=0)),
        ((binding(40000),), keepalive()),
        ((binding(None),), keepalive()),
        ((), keepalive()),
    ],
)
def test_no_other_keepalive_changes_anything(bindings: tuple[MobilityBinding, ...], news: KeepaliveHeard) -> None:
    after, notices = after_keepalive(bindings, news)
    assert after is bindings
    assert notices == []


def test_of_several_bindings_the_latest_that_waits_is_meant() -> None:
    first, other = binding(0), binding(0, OTHER_NAT, "172.16.0.6")
    last, whole = binding(0, care_of_address="172.16.0.7"), binding(4, care_of_address="172.16.0.8")
    after, _ = after_keepalive((first, other, last, whole), keepalive())
    assert after == (first, other, binding(50000, care_of_address="172.16.0.7"), whole)


def test_moves_of_tunnels_in_udp_are_told() -> None:
    assert moved(binding(50000), binding(50000)) == []
    assert moved(binding(4), binding(50000)) == [told(previous_port=4)]
    assert moved(binding(50000, OTHER_NAT), binding(50000)) == [told(previous_address=OTHER_NAT, previous_port=50000)]


@pytest.mark.parametrize(
    ("old", "new"),
    [(binding(None, CARE_OF_ADDRESS), binding(50000)), (binding(50000), binding(None)), (binding(50000), binding(0))],
)
def test_what_is_no_move_or_not_known_yet_is_not(old: MobilityBinding, new: MobilityBinding) -> None:
    assert moved(old, new) == []
