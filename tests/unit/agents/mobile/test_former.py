"""What was left a moment ago still delivers."""

from tests.support.mobile_node import HOME
from tests.support.two_links import WLAN, WLAN_ADDRESS, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import DeregisterCommanded, HandoverCommanded


def changing(**fields: object) -> TwoLinks:
    """Registered with the address on wlan0, and a Request for the one on wwan0 is out."""
    scene = TwoLinks(**fields)
    scene.lease(WLAN)
    scene.answer()
    scene.wait(2)
    scene.lease(WWAN)
    scene.handle(HandoverCommanded(interface=WWAN))
    return scene


def test_from_the_request_on_both_tunnels_end_here() -> None:
    scene = changing()
    assert scene.exits == {WLAN_ADDRESS, WWAN_ADDRESS}
    assert scene.way == WLAN


def test_the_tunnel_that_was_left_ends_here_for_the_time_of_grace() -> None:
    scene = changing()
    scene.answer()
    assert scene.way == WWAN
    scene.wait(1.9)
    assert scene.exits == {WLAN_ADDRESS, WWAN_ADDRESS}
    scene.wait(0.1)
    assert scene.exits == {WWAN_ADDRESS}


def test_without_grace_it_ends_at_once() -> None:
    scene = changing(handover_grace=0.0)
    scene.answer()
    assert scene.exits == {WWAN_ADDRESS}


def test_who_comes_back_within_it_has_the_exit_of_the_new_registration() -> None:
    scene = changing()
    scene.answer()
    scene.wait(1.0)
    scene.handle(HandoverCommanded(interface=WLAN))
    scene.answer()
    scene.wait(3.0)
    assert scene.exits == {WLAN_ADDRESS}


def test_at_home_what_is_on_its_way_through_the_tunnel_is_taken_out() -> None:
    scene = TwoLinks()
    scene.lease(WLAN)
    scene.answer()
    scene.wait(2)
    scene.up(WWAN)
    scene.hear(HOME.but(lifetime=9000), WWAN)
    assert (scene.way, scene.exits) == (WWAN, {WLAN_ADDRESS})
    scene.answer()
    assert scene.exits == {WLAN_ADDRESS}
    scene.wait(2)
    assert scene.exits == set()


def test_what_is_given_up_for_good_is_left_at_once() -> None:
    scene = TwoLinks()
    scene.lease(WLAN)
    scene.answer()
    scene.wait(2)
    scene.handle(DeregisterCommanded())
    scene.answer()
    assert scene.exits == set()


def test_both_bindings_deliver_while_the_home_agent_keeps_both() -> None:
    """With S it sends copies to both, until it is asked without S."""
    scene = changing(simultaneous_bindings=True)
    assert scene.request.simultaneous_bindings
    scene.answer()
    scene.wait(1.9)
    assert scene.exits == {WLAN_ADDRESS, WWAN_ADDRESS}
    scene.wait(0.2)
    assert (scene.request.care_of_address, scene.request.simultaneous_bindings) == (WWAN_ADDRESS, False)
    scene.answer()
    assert scene.exits == {WWAN_ADDRESS}
