"""Which link is wanted, and when a change is worth it."""

import pytest
from tests.support.mobile_node import HOME
from tests.support.two_links import WLAN, WLAN_ADDRESS, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import HandoverCommanded, LinkAnnounced, PreferCommanded, ProbeAnswered, Resumed
from mobileip.agents.mobile.config import LinkPreference
from mobileip.agents.outputs import SendMessage


def settled(*names: str, **fields: object) -> TwoLinks:
    """Registered by the first of these; the others have addresses too."""
    scene = TwoLinks(**fields)
    for name in names:
        scene.lease(name)
        if scene.messages or scene.state == "registering":
            scene.answer()
    return scene


def link_of(scene: TwoLinks, name: str) -> tuple[int, str]:
    (found,) = [link for link in scene.node.snapshot().links if link.name == name]
    return found.score, found.why


def test_a_better_link_is_changed_to_at_once_when_it_is_there_for_the_first_time() -> None:
    scene = settled(WWAN)
    scene.wait(2)
    scene.lease(WLAN)
    assert scene.request.care_of_address == scene.links[WLAN].addresses[0].ip
    assert scene.way == WWAN, "until the answer is here"
    scene.answer()
    assert scene.way == WLAN


def test_a_worse_link_changes_nothing() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.lease(WWAN)
    assert scene.messages == []
    assert scene.way == WLAN


def test_a_link_that_was_lost_has_to_prove_itself() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.lease(WWAN)
    scene.down(WLAN, addresses=())
    scene.answer()
    assert scene.way == WWAN
    scene.wait(30)
    scene.lease(WLAN)
    scene.wait(4.5)
    assert scene.way == WWAN
    scene.wait(0.5)
    scene.answer()
    assert scene.way == WLAN
    assert scene.handover.trigger == "better_link"


def test_a_link_that_alternates_moves_nobody() -> None:
    scene = settled(WLAN, WWAN)
    scene.wait(2)
    before = len(scene.handovers)
    for _ in range(10):
        scene.down(WLAN, addresses=())
        if scene.requests:
            scene.answer()
        scene.wait(3)
        scene.lease(WLAN)
        scene.wait(2.8)
    assert [handover.to_interface for handover in scene.handovers[before:]] == [WWAN]


def test_where_a_request_is_unanswered_the_next_one_goes_by_a_link_that_is_not_proven_yet() -> None:
    """At the time at which it leaves, and not when any message comes in after that."""
    scene = settled(WLAN, WWAN)
    scene.wait(2)
    scene.down(WLAN, addresses=())
    asked_at = scene.now
    assert scene.request.care_of_address == WWAN_ADDRESS
    scene.lease(WLAN)
    stray = ProbeAnswered(interface=WWAN, number=99)
    for now in (asked_at + 0.5, asked_at + 0.999):
        scene.wait(now - scene.now)
        assert scene.handle(stray) == []
    scene.wait(0.001)
    assert scene.times(SendMessage)[-1] == pytest.approx(asked_at + 1.0)
    assert scene.request.care_of_address == WLAN_ADDRESS
    assert scene.handle(stray) == []


def test_a_lost_link_is_better_than_none() -> None:
    scene = settled(WLAN)
    scene.down(WLAN, addresses=())
    scene.wait(2)
    scene.lease(WLAN)
    scene.answer()
    assert scene.way == WLAN


def test_two_changes_without_need_are_some_time_apart() -> None:
    scene = settled(WWAN)
    scene.wait(2)
    scene.lease(WLAN)
    scene.answer()
    scene.wait(1.5)
    scene.handle(PreferCommanded(interface=WWAN))
    scene.answer()
    assert scene.way == WWAN, "what an operator wants is need enough"
    scene.wait(1.5)
    scene.handle(PreferCommanded(interface=None))
    assert scene.requests == []
    scene.wait(3.6)
    scene.answer()
    assert scene.way == WLAN


def test_a_few_points_are_not_worth_a_change() -> None:
    said = ((WLAN, LinkPreference(preference=-95)),)
    scene = settled(WWAN, link_preferences=said)
    scene.wait(2)
    scene.lease(WLAN)
    assert scene.messages == []
    assert link_of(scene, WLAN) == (5, "order +100, preference -95")
    assert link_of(scene, WWAN) == (0, "")


def test_what_is_said_against_a_link_counts() -> None:
    said = ((WLAN, LinkPreference(cost=80, metered=True)),)
    scene = settled(WLAN, link_preferences=said)
    scene.wait(2)
    scene.lease(WWAN)
    scene.wait(6)
    assert link_of(scene, WLAN) == (-10, "order +100, cost -80, metered -30")
    assert scene.way == WLAN, "no more than the hysteresis"


def test_the_commanded_link_is_taken_until_it_is_lost() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.lease(WWAN)
    scene.handle(HandoverCommanded(interface=WWAN))
    assert scene.way == WLAN
    scene.answer()
    assert scene.way == WWAN
    assert (scene.handover.trigger, scene.handover.make_before_break) == ("command", True)
    scene.wait(60)
    assert scene.node.snapshot().wanted_link == WWAN
    scene.down(WWAN, addresses=())
    scene.answer()
    assert scene.way == WLAN
    assert scene.node.snapshot().wanted_link is None


def test_a_command_can_be_taken_back() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.lease(WWAN)
    scene.handle(HandoverCommanded(interface=WWAN))
    scene.answer()
    scene.wait(10)
    scene.handle(HandoverCommanded(interface=None))
    scene.answer()
    assert scene.way == WLAN


def test_what_is_no_link_of_ours_is_nothing_to_us() -> None:
    scene = settled(WLAN)
    assert scene.handle(HandoverCommanded(interface="eth9")) == []
    assert scene.node.snapshot().wanted_link is None


def test_a_link_that_goes_down_soon_is_left_before() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.lease(WWAN)
    scene.handle(LinkAnnounced(interface=WLAN, leaving=True))
    scene.answer()
    assert scene.way == WWAN
    assert (scene.handover.trigger, scene.handover.silence_ms) == ("leaving", 0.0)
    scene.wait(6)
    scene.handle(LinkAnnounced(interface=WLAN, leaving=False))
    scene.answer()
    assert scene.way == WLAN


def test_home_comes_before_points() -> None:
    scene = settled(WLAN)
    scene.wait(2)
    scene.up(WWAN)
    scene.hear(HOME.but(lifetime=9000), WWAN)
    scene.answer()
    assert scene.state == "at_home"
    assert scene.way == WWAN


def test_after_sleep_everything_is_registered_anew() -> None:
    scene = settled(WLAN)
    scene.wait(3600)
    scene.handle(Resumed())
    scene.wait(0.2)
    assert scene.requests_so_far[-1].care_of_address == scene.links[WLAN].addresses[0].ip
    scene.answer()
    assert scene.handover.trigger == "resumed"


@pytest.mark.parametrize("hysteresis", [0, 150])
def test_how_many_points_a_change_is_worth_can_be_chosen(hysteresis: int) -> None:
    scene = settled(WWAN, hysteresis=hysteresis)
    scene.wait(2)
    scene.lease(WLAN)
    assert bool(scene.messages) == (hysteresis == 0)
