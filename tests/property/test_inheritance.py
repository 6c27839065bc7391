"""What is forwarded for a former daemon: never beyond what was granted, never against the agents' own word."""

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.support.wishes import HOME_ADDRESS, changes, heritable, states

from mobileip.agents.events import Link
from mobileip.daemon.inheritance import LONGEST_SECONDS, Estate, Heir, Inheritance, MobileWish, VisitorWish
from mobileip.forwarding.model import ForwardingState, MobileRoute

ROLES = Heir(
    foreign_agent="192.0.2.2",
    foreign_links=frozenset({"eth1"}),
    mobile_node=str(HOME_ADDRESS),
    mobile_links=frozenset({"eth0", "eth1"}),
)
heirs = st.sampled_from(
    [
        ROLES,
        Heir(),
        Heir(foreign_agent="192.0.2.2", foreign_links=frozenset({"eth0", "eth1"})),
        Heir(mobile_node=str(HOME_ADDRESS), mobile_links=frozenset({"eth0"})),
        Heir(foreign_agent="203.0.113.9", foreign_links=frozenset({"eth1"}), mobile_node="another"),
    ]
)
estates = st.builds(
    Estate,
    foreign_agent=st.just(ROLES.foreign_agent),
    mobile_node=st.just(ROLES.mobile_node),
    wishes=st.lists(heritable, max_size=10).map(lambda made: tuple(ForwardingState.of(made).wishes.values())),
    registered_until=st.sampled_from([2.0, 30.0, math.inf]),
)
times = st.lists(st.floats(0.0, 100.0), min_size=1, max_size=4).map(sorted)


@given(estates, heirs, states, st.lists(changes, max_size=6))
def test_applying_the_agents_changes_ends_where_the_whole_is(estate, heir, state, steps):
    """As a performer does it: first all, then change by change. The machine has what the agents wish, and what is
    inherited beside it; what they have stated or removed once is theirs for good."""
    inheritance = Inheritance(estate, heir, 0.0)
    own, machine = state, inheritance.whole(state)
    touched = set(state.wishes)
    for change in steps:
        inheritance.stated(change)
        own, machine = own.apply(change), machine.apply(change)
        touched |= {*change.remove, *(wish.key for wish in change.install)}
        assert machine == inheritance.whole(own)
        assert own.wishes.items() <= machine.wishes.items()
        assert not touched & inheritance.wishes.keys()


@given(estates, heirs, times)
def test_nothing_is_forwarded_beyond_what_was_granted(estate, heir, moments):
    inheritance = Inheritance(estate, heir, 0.0)
    machine = inheritance.whole(ForwardingState())
    for now in moments:
        due = inheritance.next_end <= now
        change = inheritance.expire(now)
        assert due == bool(change.remove), "whoever waits for the next end misses none"
        machine = machine.apply(change)
        assert machine == inheritance.whole(ForwardingState())
        for wish in machine.wishes.values():
            assert now < getattr(wish, "expires_at", LONGEST_SECONDS)
            if isinstance(wish, MobileRoute):
                assert now < estate.registered_until


@given(estates, heirs, states)
def test_a_mobile_node_that_has_settled_wishes_for_itself_alone(estate, heir, state):
    inheritance = Inheritance(estate, heir, 0.0)
    machine = inheritance.whole(state).apply(inheritance.settle())
    beside = {key: wish for key, wish in machine.wishes.items() if key not in state.wishes}
    assert all(isinstance(wish, VisitorWish) for wish in beside.values())
    assert machine == inheritance.whole(state)


@given(estates, heirs)
def test_nothing_is_inherited_but_by_the_same_role_on_its_own_links(estate, heir):
    inherited = Inheritance(estate, heir, 0.0).wishes.values()
    if heir.foreign_agent != estate.foreign_agent:
        assert not any(isinstance(wish, VisitorWish) for wish in inherited)
    if heir.mobile_node != estate.mobile_node:
        assert not any(isinstance(wish, MobileWish) for wish in inherited)
    for wish in inherited:
        links = heir.foreign_links if isinstance(wish, VisitorWish) else heir.mobile_links
        assert getattr(wish, "interface", next(iter(links))) in links


links = st.lists(st.builds(Link, name=st.sampled_from(["eth0", "eth1"]), index=st.just(2), carrier=st.booleans())).map(
    lambda made: {link.name: link for link in made}
)


@given(estates, links)
def test_nothing_stays_that_hangs_on_a_link_which_is_gone(estate, there):
    inheritance = Inheritance(estate, ROLES, 0.0)
    machine = inheritance.whole(ForwardingState()).apply(inheritance.look(there))
    assert machine == inheritance.whole(ForwardingState())
    for wish in machine.wishes.values():
        interface = getattr(wish, "interface", None)
        if interface is not None:
            assert interface in there
            assert there[interface].carrier or isinstance(wish, VisitorWish)
    assert not inheritance.look(there).remove, "once is enough"
