from ipaddress import IPv4Address

import pytest
from hypothesis import given
from tests.support.wishes import (
    CARE_OF,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    LATER,
    TO_CARE_OF,
    binding,
    changes,
    states,
    visitor,
    wishes,
)

from mobileip.forwarding.model import (
    BroadcastCopy,
    BroadcastExit,
    BroadcastRoute,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    MobileLink,
    _Wish,
)
from mobileip.forwarding.tunnel import Tunnel

EMPTY = ForwardingState()


@given(states, states)
def test_change_to_leads_to_what_is_wanted(before, wanted):
    assert before.apply(before.change_to(wanted)) == wanted


@given(states)
def test_no_change_between_equal_states(state):
    assert state.change_to(ForwardingState(dict(state.wishes))) == ForwardingChange()


@given(states, states)
def test_a_change_names_only_what_differs(before, wanted):
    change = before.change_to(wanted)
    assert all(before.wishes.get(wish.key) != wish for wish in change.install)
    assert all(key in before.wishes and key not in wanted.wishes for key in change.remove)


@given(states, changes)
def test_applying_twice_is_applying_once(state, change):
    once = state.apply(change)
    assert once.apply(change) == once


@given(states, changes)
def test_apply_leaves_the_state_itself_alone(state, change):
    kept = dict(state.wishes)
    state.apply(change)
    assert state.wishes == kept


@given(wishes)
def test_a_wish_is_held_under_its_key(wish):
    assert EMPTY.apply(ForwardingChange(install=(wish,))).wishes == {wish.key: wish}


def test_a_wish_beats_a_removal_of_the_same_key():
    wish = binding()
    assert EMPTY.apply(ForwardingChange(install=(wish,), remove=(wish.key,))) == ForwardingState.of([wish])


def test_the_last_of_several_wishes_under_one_key_counts():
    first, last = MobileLink(interface="eth0", answers_arp=True), MobileLink(interface="eth0", answers_arp=False)
    assert ForwardingState.of([first, last]).wishes == {last.key: last}


def test_keys_tell_kinds_and_realms_apart():
    keys = {
        binding().key,
        binding(realm=1).key,
        visitor().key,
        HomeAddress(address=HOME_ADDRESS).key,
        HomeAddress(address=IPv4Address("10.1.0.11")).key,
    }
    assert len(keys) == 5


def test_a_mobile_node_may_take_broadcasts_out_of_both_forms_of_tunnels_at_once():
    own, nested = (
        BroadcastExit(
            home_address=HOME_ADDRESS, tunnel=Tunnel(local, HOME_AGENT), network=HOME_NETWORK, expires_at=LATER
        )
        for local in (CARE_OF, HOME_ADDRESS)
    )
    assert own.key != nested.key


def test_what_a_node_hears_of_its_home_network_is_a_wish_beside_its_binding():
    heard = BroadcastRoute(
        home_address=HOME_ADDRESS, home_agent=HOME_AGENT, copies=(BroadcastCopy(TO_CARE_OF, True),), expires_at=LATER
    )
    assert set(ForwardingState.of([heard, binding()]).wishes) == {
        ("BroadcastRoute", "0/10.1.0.10"),
        ("BindingRoute", "0/10.1.0.10"),
    }


def test_a_kind_of_wish_without_a_subject_is_a_mistake():
    with pytest.raises(NotImplementedError):
        _ = _Wish().key
