from hypothesis import given
from hypothesis import strategies as st

from mobileip.dataplane.claims import Claims

A, B, C = ("a", ""), ("b", ""), ("c", "")


def claims_of(*claims):
    made = Claims()
    for claimant, value in claims:
        made.claim("thing", claimant, value)
    return made


def test_one_claimant_gets_what_it_asks_for_and_may_change_its_mind():
    claims = claims_of((A, 1), (A, 2))
    assert claims.get("thing") == 2
    assert claims.winners == {"thing": 2}


def test_the_smallest_claimant_wins_in_every_order():
    assert claims_of((B, 2), (A, 1), (C, 3)).get("thing") == 1
    assert claims_of((C, 3), (A, 1), (B, 2)).get("thing") == 1


def test_a_thing_stays_until_its_last_claimant_goes():
    claims = claims_of((B, 2), (A, 1), (C, 3))
    claims.release("thing", A)
    assert claims.get("thing") == 2
    claims.release("thing", C)
    assert claims.get("thing") == 2
    claims.release("thing", B)
    assert claims.get("thing") is None
    assert not claims.winners


def test_values_are_those_in_force():
    claims = claims_of((B, 2), (A, 1))
    claims.claim("other", C, 3)
    assert list(claims.values()) == [1, 3]


def test_a_loser_may_change_its_mind():
    claims = claims_of((A, 1), (B, 2), (B, 3))
    claims.release("thing", A)
    assert claims.get("thing") == 3


def test_releasing_what_was_never_claimed_changes_nothing():
    claims = claims_of((A, 1))
    claims.release("thing", B)
    claims.release("other", A)
    assert claims.winners == {"thing": 1}


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["x", "y"]), st.none() | st.integers(0, 3))))
def test_as_a_plain_model_says(steps):
    claims, model = Claims(), {}
    for claimant, thing, value in steps:
        if value is None:
            claims.release(thing, claimant)
            model.pop((thing, claimant), None)
        else:
            claims.claim(thing, claimant, value)
            model[thing, claimant] = value
    expected = {thing: model[min(key for key in model if key[0] == thing)] for thing, _ in model}
    assert claims.winners == expected
    assert not any(not losers for losers in claims._losers.values())
