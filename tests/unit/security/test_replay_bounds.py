"""Where one tick, one octet or one Request decides in replay protection, and what is remembered exactly."""

import pytest
from tests.support.messages import NTP, registration_reply

from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.replay import MOST_REFUSED, Freshness, IdentificationMaker, Judgement, Ranges, judge
from mobileip.wire.identification import HALF, high, join, low
from mobileip.wire.numbers import ReplyCode

TIMESTAMPS = MobilitySecurityAssociation(spi=256, key=b"k")
NONCES = MobilitySecurityAssociation(spi=256, key=b"k", replay=ReplayStyle.NONCES)
SECOND = HALF
TICK = 2.0**-32
NOW = join(high(NTP), 0)
MIDDLE = join(high(NTP), HALF >> 1)
"""The middle of this second, which a correction is taken for."""
REMEMBERED: Ranges = ((NOW + 60 * SECOND, NOW + 60 * SECOND),)


# -- the home agent: what is remembered


def test_a_refusal_of_a_timestamp_leaves_everything_else_as_it_was() -> None:
    freshness = Freshness(NOW, 9, REMEMBERED)
    refused = Judgement(False, join(high(NOW) + 1, 0), freshness)
    assert judge(NOW, freshness, TIMESTAMPS, NOW, b"") == refused


def test_an_acceptance_of_a_timestamp_forgets_none_that_is_yet_to_come() -> None:
    judgement = judge(NOW, Freshness(None, 9, REMEMBERED), TIMESTAMPS, NOW, b"")
    assert judgement == Judgement(True, NOW, Freshness(NOW, 9, REMEMBERED))


@pytest.mark.parametrize(("shown", "valid", "following"), [(7, True, 0x01020304), (8, False, 7)])
def test_nonces_leave_timestamps_alone(shown: int, valid: bool, following: int) -> None:
    judgement = judge(join(shown, 2), Freshness(5, 7, REMEMBERED), NONCES, NOW, b"\1\2\3\4more")
    assert judgement == Judgement(valid, join(following, 2), Freshness(5, following, REMEMBERED))


@pytest.mark.parametrize("ahead", [1, 7])
def test_what_is_refused_within_the_window_need_not_be_remembered(ahead: int) -> None:
    """It is below the latest one for ever."""
    freshness = Freshness(latest=NOW + 8 * SECOND)
    judgement = judge(NOW + ahead * SECOND, freshness, TIMESTAMPS, NOW, b"")
    assert not judgement.valid
    assert judgement.freshness == freshness


@pytest.mark.parametrize("below", [0, 1, SECOND])
def test_what_is_not_above_the_latest_one_is_not_remembered(below: int) -> None:
    latest = NOW + 60 * SECOND
    freshness = Freshness(latest=latest, refused=((latest - below, latest - below),))
    assert judge(NOW, freshness, TIMESTAMPS, NOW, b"").freshness == Freshness(latest=latest)


def test_what_is_one_tick_above_the_latest_one_is_still_remembered() -> None:
    ahead = REMEMBERED[0][0]
    freshness = judge(ahead - 1, Freshness(refused=REMEMBERED), TIMESTAMPS, ahead, b"").freshness
    assert freshness == Freshness(latest=ahead - 1, refused=REMEMBERED)
    assert not judge(ahead, freshness, TIMESTAMPS, ahead, b"").valid


def test_a_refusal_never_names_the_second_of_the_latest_one() -> None:
    """Its very first tick included: a mobile node that fills in zeros would be refused again."""
    judgement = judge(NOW, Freshness(latest=NOW), TIMESTAMPS, NOW, b"")
    assert high(judgement.identification) == high(NOW) + 1


# -- the home agent: more than it remembers one by one


def ranges(*bounds: tuple[float, float], start: int = NOW) -> Ranges:
    return tuple((start + round(first * SECOND), start + round(last * SECOND)) for first, last in bounds)


def after(refused: Ranges, ahead: float) -> Ranges:
    """What is remembered after one more that is ahead."""
    identification = NOW + round(ahead * SECOND)
    return judge(identification, Freshness(refused=refused), TIMESTAMPS, NOW, b"").freshness.refused


FAR = tuple((1000.0 + 100 * number, 1000.0 + 100 * number) for number in range(MOST_REFUSED - 2))
"""Two less than there is room for, far from each other."""


def test_a_range_grows_at_its_end() -> None:
    assert after(ranges((60, 70), (500, 500), *FAR), 75) == ranges((60, 75), (500, 500), *FAR)


def test_a_range_grows_at_its_beginning() -> None:
    assert after(ranges((60, 70), (500, 500), *FAR), 55) == ranges((55, 70), (500, 500), *FAR)


def test_the_nearest_are_those_with_the_smallest_gap_however_long_they_are() -> None:
    assert after(ranges((60, 60), (62, 400), *FAR), 800) == ranges((60, 400), (800, 800), *FAR)


def test_none_is_forgotten_across_the_wrap() -> None:
    time = 2**64 - 30 * SECOND
    aheads = [10 + 10 * number for number in range(MOST_REFUSED + 1)]
    freshness = Freshness()
    for ahead in aheads:
        freshness = judge((time + ahead * SECOND) % 2**64, freshness, TIMESTAMPS, time, b"").freshness
    assert len(freshness.refused) == MOST_REFUSED
    for ahead in aheads:
        then = (time + ahead * SECOND) % 2**64
        assert not judge(then, freshness, TIMESTAMPS, then, b"").valid


# -- the mobile node


def timestamps(*, coarse: bool = False) -> IdentificationMaker:
    return IdentificationMaker(ReplayStyle.TIMESTAMPS, coarse=coarse)


def agree(maker: IdentificationMaker, sent: int, *, ntp: int = NOW) -> None:
    assert maker.learn(sent, registration_reply(identification=sent), boot=0.0, ntp=ntp) is None


def refuse(maker: IdentificationMaker, seconds: int, *, boot: float = 0.0, ntp: int = NOW) -> float | None:
    """The home agent names its time."""
    refusal = registration_reply(code=ReplyCode.HA_IDENTIFICATION_MISMATCH, identification=join(seconds, 0))
    return maker.learn(0, refusal, boot=boot, ntp=ntp)


def test_what_was_agreed_to_one_tick_ahead_is_our_time() -> None:
    maker = timestamps()
    maker.make(boot=0.0, ntp=NOW, entropy=b"")
    agree(maker, maker.make(boot=0.0, ntp=NOW, entropy=b""))
    assert maker.offset(boot=0.0, ntp=NOW) == TICK


def test_the_greatest_that_was_accepted_counts_by_the_tick() -> None:
    maker = timestamps()
    first, second = (maker.make(boot=0.0, ntp=NOW, entropy=b"") for _ in range(2))
    assert second == first + 1
    agree(maker, first)
    agree(maker, second)
    for _ in range(2):
        refuse(maker, high(NOW) - 4)
    assert maker.make(boot=0.0, ntp=NOW, entropy=b"") == second + 1


def test_second_refusal_that_names_just_what_was_accepted_is_taken_above_it() -> None:
    maker = timestamps()
    accepted = maker.make(boot=0.0, ntp=MIDDLE, entropy=b"")
    assert accepted == MIDDLE
    agree(maker, accepted, ntp=MIDDLE)
    refuse(maker, high(NOW))
    assert maker.make(boot=4 * TICK, ntp=MIDDLE, entropy=b"") == accepted + 4
    refuse(maker, high(NOW), boot=1.0)
    assert maker.make(boot=1.0, ntp=MIDDLE, entropy=b"") == accepted + 1


def test_second_refusal_that_names_a_tick_above_what_was_accepted_is_believed() -> None:
    maker = timestamps()
    agree(maker, maker.make(boot=0.0, ntp=MIDDLE - 1, entropy=b""), ntp=MIDDLE - 1)
    assert refuse(maker, high(NOW), ntp=MIDDLE) == 0.0
    assert refuse(maker, high(NOW), ntp=MIDDLE) == 0.0


def test_low_half_differs_after_a_second_correction_too() -> None:
    maker = timestamps()
    accepted = maker.make(boot=0.0, ntp=MIDDLE, entropy=b"")
    agree(maker, accepted, ntp=MIDDLE)
    refuse(maker, high(NOW) - 4)
    refused = maker.make(boot=TICK, ntp=MIDDLE, entropy=b"")
    assert low(refused) == low(accepted) + 1
    refuse(maker, high(NOW) - 4)
    assert maker.make(boot=TICK, ntp=MIDDLE, entropy=b"") == accepted + 2


def test_coarse_timestamps_are_the_next_that_floating_point_holds() -> None:
    maker = timestamps(coarse=True)
    assert maker.make(boot=0.0, ntp=NOW + 1, entropy=b"") == NOW + 0x800
    assert maker.make(boot=0.5, ntp=MIDDLE + 0x801, entropy=b"") == MIDDLE + 0x1000


def test_coarse_timestamps_of_two_times_never_have_one_low_half() -> None:
    maker = timestamps(coarse=True)
    first = maker.make(boot=0.0, ntp=MIDDLE + 0x800, entropy=b"")
    assert first == MIDDLE + 0x800
    refuse(maker, high(NOW) + 60)
    second = maker.make(boot=TICK, ntp=MIDDLE, entropy=b"")
    assert second == MIDDLE + 60 * SECOND + 0x1000


def test_nonces_take_four_random_octets_for_each_half() -> None:
    maker = IdentificationMaker(ReplayStyle.NONCES)
    assert maker.make(boot=0.0, ntp=NOW, entropy=b"\1\2\3\4\5\6\7\x08more") == join(0x05060708, 0x01020304)
