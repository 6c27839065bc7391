"""A link that leads to the same agent each time: it is asked before it is heard (RFC 5944 §2.4.2.1)."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, Agent, Scene
from tests.support.two_links import WLAN, WWAN, TwoLinks

from mobileip.agents.events import Resumed
from mobileip.agents.mobile.config import LinkPreference
from mobileip.agents.notices import AgentHeard, AgentLost, Attached
from mobileip.agents.outputs import SendMessage

LASTING = FOREIGN_1.but(lifetime=9000)
SAME_AGENT = (("eth0", LinkPreference(same_agent=True)),)


def scene(agent: Agent = LASTING) -> Scene:
    """Registered there a while ago."""
    made = Scene(link_preferences=SAME_AGENT)
    made.register(agent)
    made.wait(2)
    return made


def lost_and_back(scene: Scene) -> None:
    scene.down()
    scene.wait(2)
    scene.up()


def resumed(scene: Scene) -> None:
    scene.handle(Resumed())


RETURNS = [lost_and_back, Scene.flap, resumed]


@pytest.mark.parametrize("comes_back", RETURNS)
def test_it_is_asked_when_the_link_comes_back(comes_back: Callable[[Scene], None]) -> None:
    node = scene()
    comes_back(node)
    assert [request.care_of_address for request in node.requests] == [IPv4Address("198.51.100.1")]
    assert node.departure.link_destination == LASTING.link_address
    assert node.notice(Attached).reason == "foreign agent 192.0.1.1 was here before"
    # It is solicited all the same: what it says now counts.
    assert node.solicitations


@pytest.mark.parametrize("comes_back", RETURNS)
def test_its_advertisement_changes_nothing_then(comes_back: Callable[[Scene], None]) -> None:
    node = scene()
    comes_back(node)
    asked = len(node.requests_so_far)
    node.hear(LASTING, sequence_number=11)
    assert node.notice(AgentHeard).agent == LASTING.address
    node.answer()
    assert node.state == "registered"
    node.wait(60)
    assert len(node.requests_so_far) == asked
    assert [agent.address for agent in node.node.snapshot().agents] == [LASTING.address]


def test_the_answer_may_come_before_the_advertisement() -> None:
    node = scene()
    lost_and_back(node)
    node.answer()
    assert node.route is not None
    node.hear(LASTING, sequence_number=11)
    node.wait(60)
    assert node.state == "registered"


def test_it_is_not_said_to_be_heard_before_it_is() -> None:
    node = scene()
    lost_and_back(node)
    assert node.node.snapshot().links[0].state == "up"
    assert node.node.snapshot().agents == ()


def test_another_agent_in_its_place_is_registered_with() -> None:
    node = scene()
    lost_and_back(node)
    node.hear(FOREIGN_2)
    assert not node.requests
    # R5944-3.6.3-d
    node.wait(1)
    assert node.request.care_of_address == IPv4Address("198.51.100.2")
    node.answer()
    assert node.state == "registered"


def test_nobody_in_its_place() -> None:
    node = scene()
    lost_and_back(node)
    node.wait(2.5)
    assert node.notice(AgentLost).cause == "lifetime"
    assert node.state == "searching"
    node.wait(60)
    assert not node.requests


@pytest.mark.requirement("R5944-2.4.2.2-d")
def test_not_when_its_lifetime_is_over() -> None:
    node = scene(FOREIGN_1)
    node.hear(FOREIGN_1, sequence_number=11)
    node.down()
    node.wait(FOREIGN_1.lifetime)
    node.up()
    assert not node.requests
    assert node.solicitations
    assert not [notice for notice in node.notices if isinstance(notice, AgentLost)]


@pytest.mark.requirement("R5944-2.4.2.2-d")
def test_it_is_expected_no_longer_than_its_lifetime_lasts() -> None:
    node = scene(FOREIGN_1)
    node.hear(FOREIGN_1, sequence_number=11)
    lost_and_back(node)
    assert node.requests
    node.wait(0.9)
    assert node.state == "registering"
    node.wait(0.1)
    assert node.state == "searching"


def test_a_flap_before_it_was_heard_takes_nothing_of_its_lifetime() -> None:
    node = scene()
    node.flap()
    node.wait(2)
    node.flap()
    node.wait(1)
    node.flap()
    node.wait(0.9)
    assert node.state == "registering"


@pytest.mark.requirement("R5944-2.4.4-a")
def test_one_that_has_rebooted_meanwhile_is_asked_again() -> None:
    node = scene()
    lost_and_back(node)
    node.answer()
    node.hear(LASTING, sequence_number=0)
    node.wait(1)
    assert node.request.identification != node.requests_so_far[-2].identification
    assert node.state == "registering"


def test_only_where_the_link_is_said_to_lead_there() -> None:
    node = Scene()
    node.register(LASTING)
    node.wait(2)
    node.flap()
    assert not node.requests


def test_only_one_that_was_registered_with() -> None:
    node = Scene(link_preferences=SAME_AGENT)
    node.up()
    node.hear(LASTING)
    node.deny(LASTING, 64)
    node.wait(2)
    node.flap()
    assert not [each for each in node.outputs if isinstance(each, SendMessage)]


def test_of_two_links_the_one_that_was_left_is_asked_when_it_comes_back_alone() -> None:
    node = TwoLinks(link_preferences=((WLAN, LinkPreference(same_agent=True)),))
    node.visit(WLAN)
    node.answer()
    node.wait(2)
    node.visit(WWAN)
    node.down(WLAN)
    node.answer()
    assert node.way == WWAN
    node.wait(2)
    node.down(WWAN)
    node.up(WLAN)
    assert [request.care_of_address for request in node.requests] == [IPv4Address("198.51.100.1")]
