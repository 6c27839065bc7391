"""Whatever was moved, lost or restarted: once the network is quiet, everybody agrees on where the mobile node is."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.messages import HOME_ADDRESS
from tests.support.village import CAFE, CAFE_ADDRESS, CARE_OF, HOME, VISITED1, VISITED2, Village

networks = st.sampled_from([HOME, VISITED1, VISITED2, CAFE])
moments = st.sampled_from([0.0, 0.002, 0.01, 0.3, 1.0, 2.5, 9.0])
steps = st.one_of(
    st.tuples(st.just("plug"), networks, st.booleans(), moments),
    st.tuples(st.just("restart"), st.sampled_from(["home", "foreign1", "foreign2"]), st.just(False), moments),
)
SETTLING = 140.0
"""Longest retransmission interval, and an agent's and the old address's silence before it."""


def go_to(village: Village, network: str, silently: bool) -> None:
    village.plug(network, silently)
    if network == CAFE:
        village.run(0.6)
        village.dhcp()


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=10), networks, st.sampled_from([0.0, 0.3, 0.7]), st.integers(0, 2**32))
def test_converges(story: list[tuple[str, str, bool, float]], last: str, losses: float, seed: int) -> None:
    chance = random.Random(seed)
    still_bad = [True]
    village = Village(lambda _name, _output: still_bad[0] and chance.random() < losses)
    for what, name, silently, seconds in story:
        if what == "plug":
            go_to(village, name, silently)
        else:
            village.restart(name)
        village.run(seconds)
    still_bad[0] = False
    go_to(village, last, silently=False)
    village.run(SETTLING)
    node, bindings = village.mobile_node.snapshot(), village.home_agent.snapshot().bindings
    if last == HOME:
        assert node.state == "at_home"
        assert bindings == ()
        return
    wanted = {VISITED1: CARE_OF[1], VISITED2: CARE_OF[2], CAFE: CAFE_ADDRESS.ip}[last]
    assert node.state == "registered"
    assert [(b.home_address, b.care_of_address) for b in bindings] == [(HOME_ADDRESS, wanted)]
