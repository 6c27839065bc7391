"""The drawing of the state table tells the whole table."""

from tools.draw_states import DRAWN_ONCE, PLACES, drawn_arrows, markdown, svg

from mobileip.agents.mobile.fsm import TRANSITIONS, Cause, State


def test_every_transition_is_drawn_or_said_in_the_legend() -> None:
    arrows = drawn_arrows()
    for state, row in TRANSITIONS.items():
        for cause, target in row.items():
            is_drawn = cause in arrows.get((state, target), [])
            same = TRANSITIONS[DRAWN_ONCE[cause]][cause] if cause in DRAWN_ONCE else None
            is_exception = (state, cause) == (State.DEREGISTERING, Cause.RELEASED)
            assert is_drawn or target is state or target is same or is_exception


def test_every_state_has_its_place() -> None:
    assert set(PLACES) == set(State)


def test_both_name_every_state() -> None:
    for state in State:
        assert f">{state}<" in svg()
        assert f"| {state} |" in markdown()
