from mobileip.dataplane.fight import FIRST_PAUSE, LONGEST_PAUSE, PEACE, ROUNDS, RuleFight, Verdict
from mobileip.dataplane.ports import Rule

RULE, OTHER = Rule(priority=7430, table=254), Rule(priority=7434, table=7434)


def fought():
    """A fight that has just been noticed at time 0."""
    fight = RuleFight()
    for _ in range(ROUNDS - 1):
        assert fight.judge([RULE], 0.0) == Verdict(restore=(RULE,))
    assert fight.judge([RULE], 0.0) == Verdict(restore=(RULE,), fought_over=(RULE,))
    return fight


def test_nothing_missing_nothing_to_do():
    assert RuleFight().judge([], 0.0) == Verdict()


def test_what_is_lost_again_at_once_is_left_for_a_while():
    fight = fought()
    assert fight.judge([RULE], 0.1) == Verdict(held=(RULE,), again_at=FIRST_PAUSE)


def test_other_objects_are_restored_meanwhile():
    fight = fought()
    assert fight.judge([RULE, OTHER], 0.1) == Verdict(restore=(OTHER,), held=(RULE,), again_at=FIRST_PAUSE)


def test_every_pause_is_longer_up_to_the_longest():
    fight, now, pauses = fought(), 0.0, []
    for _ in range(12):
        verdict = fight.judge([RULE], now)
        if verdict.held:
            pauses.append(verdict.again_at - now)
            now = verdict.again_at
        else:
            assert verdict.fought_over == (RULE,)
    assert pauses == sorted(pauses)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) <= LONGEST_PAUSE


def test_the_first_of_several_pauses_is_waited_for():
    fight = fought()
    for _ in range(ROUNDS):
        fight.judge([OTHER], 1.0)
    assert fight.judge([RULE, OTHER], 2.0).again_at == FIRST_PAUSE
    assert fight.judge([OTHER, RULE], 2.0).again_at == FIRST_PAUSE


def test_after_peace_all_is_forgotten():
    fight = fought()
    assert fight.judge([RULE], FIRST_PAUSE + PEACE + 0.1) == Verdict(restore=(RULE,))


def test_a_refused_restoration_is_no_fight():
    fight = RuleFight()
    for _ in range(3 * ROUNDS):
        assert fight.judge([RULE], 0.0) == Verdict(restore=(RULE,))
        fight.refused([RULE])
    fight.refused([OTHER])
