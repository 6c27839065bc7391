"""What tells a mobile node that it is at home."""

from ipaddress import IPv4Address, IPv4Interface

import msgspec
import pytest
from tests.support.messages import HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, HOME, Agent, Scene

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.home import home_attachment
from mobileip.wire.agent_discovery import RouterAddress

ROUTER = HOME.but(address=IPv4Address("10.1.0.254"), link_address=b"\x02\0\0\0\0\xfe")


def attachment(scene: Scene) -> Attachment | None:
    state = scene.node._state
    return home_attachment(state.links["eth0"], state.config, state.home_agent, scene.now)


def heard(agent: Agent, **fields: object) -> Attachment | None:
    scene = Scene()
    scene.up()
    scene.hear(agent, **fields)  # type: ignore[arg-type]
    return attachment(scene)


def test_our_home_agents_advertisement() -> None:
    found = heard(HOME)
    assert found is not None
    assert found.first_hop == HOME.link_address
    assert found.gateway == HOME_AGENT
    assert str(HOME_AGENT) in found.reason


def test_our_home_agent_among_the_router_addresses() -> None:
    """It advertises with another of its addresses as source."""
    found = heard(HOME.but(address=IPv4Address("10.9.0.1")), routers=(RouterAddress(HOME_AGENT),))
    assert found is not None
    assert found.gateway == HOME_AGENT


def test_home_agent_that_is_a_foreign_agent_too() -> None:
    assert heard(HOME.but(foreign_agent=True, care_of_addresses=(HOME_AGENT,))) is not None


def test_router_of_the_home_network() -> None:
    for prefix_length in (24, None):
        found = heard(ROUTER.but(prefix_length=prefix_length))
        assert found is not None
        assert found.gateway == ROUTER.address
        assert found.first_hop == ROUTER.link_address


def test_plain_router_of_the_home_network() -> None:
    scene = Scene()
    scene.up()
    scene.hear(ROUTER, extensions=())
    assert attachment(scene) is not None
    assert scene.departure.destination == HOME_AGENT
    assert scene.departure.link_destination == ROUTER.link_address


@pytest.mark.parametrize(
    "agent",
    [
        FOREIGN_1,
        HOME.but(address=IPv4Address("192.0.1.1")),
        ROUTER.but(prefix_length=16),
        ROUTER.but(
            foreign_agent=True,
            home_agent=False,
            care_of_addresses=FOREIGN_1.care_of_addresses,
            prefix_length=None,
        ),
    ],
)
def test_elsewhere(agent: Agent) -> None:
    assert heard(agent) is None


def test_address_in_the_home_network_after_the_wait() -> None:
    scene = Scene()
    scene.up(addresses=(IPv4Interface("10.1.0.77/24"),))
    assert attachment(scene) is None
    scene.now += 0.5
    found = attachment(scene)
    assert found is not None
    assert found.first_hop is None
    assert found.gateway == HOME_AGENT


def test_address_left_from_home_is_outweighed_by_an_agent() -> None:
    scene = Scene()
    scene.up(addresses=(IPv4Interface("10.1.0.77/24"),))
    scene.hear(FOREIGN_1)
    scene.wait(1)
    assert attachment(scene) is None


def test_gateway_outside_the_home_network_is_not_taken() -> None:
    scene = Scene()
    scene.up(addresses=(IPv4Interface("10.1.0.77/24"),), gateway=IPv4Address("192.0.2.1"))
    scene.wait(1)
    found = attachment(scene)
    assert found is not None
    assert found.gateway == HOME_AGENT


def test_not_without_an_address_or_a_home_agent() -> None:
    scene = Scene()
    scene.up()
    scene.hear(HOME)
    state = scene.node._state
    unassigned = msgspec.structs.replace(state.config, home_address=IPv4Address(0))
    assert home_attachment(state.links["eth0"], unassigned, HOME_AGENT, scene.now) is None
    assert home_attachment(state.links["eth0"], state.config, None, scene.now) is None
