"""The state table: every pair is in it or refused, and nothing else moves a machine."""

import itertools

import pytest

from mobileip.agents.mobile.fsm import TRANSITIONS, Cause, IllegalTransition, Machine, State
from mobileip.agents.mobile.registration import PURSUING


def machine_in(state: State) -> Machine:
    """A machine brought to `state` along the table, by the shortest way."""
    ways: list[tuple[Cause, ...]] = [()]
    for way in ways:
        machine = Machine()
        for cause in way:
            machine.fire(cause)
        if machine.state is state:
            return machine
        ways += [(*way, cause) for cause in TRANSITIONS[machine.state]]
    raise AssertionError


@pytest.mark.parametrize(("state", "cause"), list(itertools.product(State, Cause)))
def test_every_pair_is_in_the_table_or_refused(state: State, cause: Cause) -> None:
    machine = machine_in(state)
    wanted = TRANSITIONS[state].get(cause)
    if wanted is None:
        with pytest.raises(IllegalTransition, match=f"{cause} can't happen while {state}") as caught:
            machine.fire(cause)
        assert (caught.value.state, caught.value.cause) == (state, cause)
        assert machine.state is state
    else:
        assert machine.fire(cause) is wanted
        assert machine.state is wanted


def test_begins_searching() -> None:
    assert Machine().state is State.SEARCHING


def test_every_state_has_its_row_and_every_cause_is_used() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {cause for row in TRANSITIONS.values() for cause in row} == set(Cause)


def test_every_state_is_reached_and_left() -> None:
    reached = {target for row in TRANSITIONS.values() for target in row.values()}
    assert reached == set(State)
    assert all(set(row.values()) - {state} for state, row in TRANSITIONS.items())


def test_the_loss_of_the_link_always_leads_to_searching() -> None:
    for state, row in TRANSITIONS.items():
        if state is not State.SEARCHING:
            assert row[Cause.LINK_LOST] is State.SEARCHING


def test_only_the_home_agents_word_registers() -> None:
    for row in TRANSITIONS.values():
        for cause, target in row.items():
            if target is State.AT_HOME:
                assert cause is Cause.DELETED
            if target is State.REGISTERED:
                assert cause in (Cause.GRANTED, Cause.REFUSED), "a refused renewal is still registered"


def test_the_chooser_may_decide_in_every_state() -> None:
    for row in TRANSITIONS.values():
        assert row[Cause.CHOSEN_AWAY] is State.REGISTERING
        assert row[Cause.CHOSEN_HOME] is State.RETURNING


def test_pursuing_states() -> None:
    assert set(State) - PURSUING == {
        State.SEARCHING,
        State.LINGERING,
        State.DEREGISTERING,
        State.DEREGISTERED,
    }
