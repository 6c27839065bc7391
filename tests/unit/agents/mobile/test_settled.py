"""When a mobile node that was started anew knows where it is, so that nothing of its predecessor is needed any more."""

from math import inf

import pytest
from tests.support.mobile_node import FOREIGN_1, HOME, NONCES, Scene

from mobileip.agents.events import DeregisterCommanded, Started, Stopping
from mobileip.security.association import ReplayStyle


def test_a_node_that_was_just_started_has_not_settled() -> None:
    scene = Scene(started=False)
    assert not scene.node.has_settled
    scene.handle(Started())
    scene.up()
    assert scene.solicitations, "it asks at once, whoever is there"
    assert not scene.node.has_settled
    scene.hear(FOREIGN_1)
    assert scene.requests, "and registers in the call in which an agent is heard"
    assert (scene.node.has_settled, scene.node.registered_until) == (False, inf)


def test_an_acceptance_settles_it_until_the_link_is_lost() -> None:
    scene = Scene()
    scene.up()
    scene.hear(FOREIGN_1)
    asked_at = scene.now
    scene.answer(lifetime=300)
    assert (scene.node.has_settled, scene.node.registered_until) == (True, asked_at + 300)
    scene.down()
    assert (scene.node.has_settled, scene.node.registered_until) == (False, inf)


def test_at_home_it_knows_where_it_is_before_anybody_answers() -> None:
    scene = Scene()
    scene.up()
    scene.hear(HOME)
    assert (scene.node.has_settled, scene.node.registered_until) == (True, inf)


def test_who_is_told_to_be_registered_nowhere_needs_nothing() -> None:
    scene = Scene()
    scene.up()
    scene.handle(DeregisterCommanded())
    assert scene.node.has_settled


def test_who_is_about_to_end_needs_nothing() -> None:
    scene = Scene()
    scene.handle(Stopping())
    assert scene.node.has_settled


@pytest.mark.parametrize("association", [NONCES], ids=lambda made: ReplayStyle(made.replay).value)
def test_with_nonces_a_denial_is_all_that_a_restart_costs(association: object) -> None:
    """The new node knows no nonce of the home agent; that tells it one with code 133, and the next request has it."""
    scene = Scene(association=association)
    scene.up()
    scene.hear(FOREIGN_1)
    first = scene.request
    scene.answer(code=133, identification=(7 << 32) | (first.identification & 0xFFFFFFFF))
    assert not scene.node.has_settled
    scene.wait(1.0)
    assert scene.request.identification >> 32 == 7
    scene.answer()
    assert scene.node.has_settled
