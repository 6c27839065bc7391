"""Law 6, and that an engine ends in the same place whichever way it came."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.wishes import changes, states

from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.identity import identity
from mobileip.dataplane.plan import plan
from mobileip.dataplane.ports import Action, Route
from mobileip.dataplane.reconcile import reconcile
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingState, HomeAddress, MobileRoute

plans = states.map(lambda state: plan(state, "mip0"))


def performed(actual, operations):
    """A kernel that does what it is told, and nothing by itself."""
    objects = {identity(target): target for target in actual}
    for operation in operations:
        if operation.action is Action.INSTALL:
            objects[identity(operation.target)] = operation.target
        else:
            objects.pop(identity(operation.target), None)
    return frozenset(objects.values())


@given(plans, plans)
def test_reconciling_leads_to_what_is_wanted(actual, wanted):
    assert performed(actual, reconcile(actual, wanted)) == wanted


@given(plans, plans)
def test_reconciling_twice_does_nothing_the_second_time(actual, wanted):
    assert reconcile(performed(actual, reconcile(actual, wanted)), wanted) == []


@given(plans, plans)
def test_nothing_is_touched_that_is_neither_there_nor_wanted(actual, wanted):
    operations = reconcile(actual, wanted)
    assert {o.target for o in operations if o.action is Action.REMOVE} <= actual
    installed = {o.target for o in operations if o.action is Action.INSTALL}
    assert wanted - actual <= installed <= wanted
    assert all(isinstance(target, Route) for target in installed & actual)


@given(plans, plans)
def test_the_order_does_not_depend_on_the_order_of_sets(actual, wanted):
    assert reconcile(actual, wanted) == reconcile(sorted(actual, key=str), sorted(wanted, key=str, reverse=True))


def _with_home_addresses(state):
    """What agents really wish: no route of a mobile node without the home address that is its source."""
    homes = [HomeAddress(address=w.home_address) for w in state.wishes.values() if isinstance(w, MobileRoute)]
    return ForwardingState.of([*state.wishes.values(), *homes])


sound_states = states.map(_with_home_addresses)


@settings(deadline=None)
@given(st.lists(sound_states, min_size=1, max_size=5), sound_states)
def test_no_step_between_sound_states_is_refused_or_undone_by_the_kernel(path, left_over):
    kernel = FakeKernel()
    kernel.objects = {identity(target): target for target in plan(left_over, "mip0")}
    engine = UserspaceEngine("mip0", kernel, FakePacketPort())
    assert asyncio.run(engine.reconcile(path[0])) == []
    for before, after in pairwise([*path, ForwardingState()]):
        assert frozenset(kernel.objects.values()) == plan(before, "mip0")
        assert engine.apply(before.change_to(after)) == []
    assert kernel.objects == {}


@settings(deadline=None)
@given(states, st.lists(changes, max_size=6), states)
def test_changes_one_by_one_end_where_reconciling_the_whole_ends(start, steps, left_over):
    kernel = FakeKernel()
    kernel.knows_sources = False
    kernel.objects = {identity(target): target for target in plan(left_over, "mip0")}
    engine = UserspaceEngine("mip0", kernel, FakePacketPort())
    assert asyncio.run(engine.reconcile(start)) == []
    state = start
    for step in steps:
        state = state.apply(step)
        assert engine.apply(step) == []
        assert engine.wanted == plan(state, "mip0")
        assert frozenset(kernel.objects.values()) == plan(state, "mip0")
    kernel.performed.clear()
    assert asyncio.run(engine.reconcile(state)) == []
    assert kernel.performed == []
    assert engine.apply(state.change_to(ForwardingState())) == []
    assert kernel.objects == {}
