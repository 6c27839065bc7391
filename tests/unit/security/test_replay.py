"""Replay protection, both sides (RFC 5944 §5.7), and the two against each other."""

from random import Random

import pytest
from tests.support.messages import NTP, registration_reply

from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.replay import MOST_REFUSED, Freshness, IdentificationMaker, SteadyClock, judge
from mobileip.wire.identification import HALF, high, join, low
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply

TIMESTAMPS = MobilitySecurityAssociation(spi=256, key=b"k")
NONCES = MobilitySecurityAssociation(spi=256, key=b"k", replay=ReplayStyle.NONCES)
SECOND = HALF
NOW = NTP
REFUSED = ReplyCode.HA_IDENTIFICATION_MISMATCH


# -- the home agent's clock


def test_clock_shows_the_time_of_day() -> None:
    clock = SteadyClock()
    assert clock.read(5.0, NOW) == NOW
    assert clock.read(6.0, NOW + SECOND) == NOW + SECOND


def test_clock_follows_a_step_forward() -> None:
    clock = SteadyClock()
    clock.read(0.0, NOW)
    assert clock.read(1.0, NOW + 3600 * SECOND) == NOW + 3600 * SECOND


def test_clock_goes_on_steadily_after_a_step_back() -> None:
    clock = SteadyClock()
    clock.read(0.0, NOW)
    assert clock.read(1.0, NOW - 3600 * SECOND) == NOW + SECOND
    assert clock.read(2.5, NOW - 3600 * SECOND) == NOW + 2 * SECOND + SECOND // 2


def test_clock_survives_the_wrap_of_2036() -> None:
    clock = SteadyClock()
    clock.read(0.0, 2**64 - SECOND)
    assert clock.read(2.0, SECOND) == SECOND
    assert clock.read(3.0, 0) == 2 * SECOND


# -- the home agent's judge: timestamps


@pytest.mark.requirement("R5944-5.7-a", "R5944-5.7.1-a", "R5944-5.7.1-h", "R5944-5.7.1-f")
@pytest.mark.parametrize("ahead", [-7.0, -6.9, 0.0, 6.9, 7.0])
def test_timestamp_within_the_window_is_valid(ahead: float) -> None:
    identification = NOW + round(ahead * SECOND)
    judgement = judge(identification, Freshness(), TIMESTAMPS, NOW, b"")
    assert judgement.valid
    assert judgement.identification == identification
    assert judgement.freshness == Freshness(latest=identification)


@pytest.mark.requirement("R5944-5.7-c", "R5944-5.7.1-a", "R5944-5.7.1-f", "R5944-5.7.1-h", "R5944-5.7.1-i")
@pytest.mark.parametrize("ahead", [-3600, -7.01, 7.01, 3600])
def test_timestamp_outside_the_window_is_answered_with_our_time(ahead: float) -> None:
    identification = NOW + round(ahead * SECOND)
    judgement = judge(identification, Freshness(), TIMESTAMPS, NOW, b"")
    assert not judgement.valid
    assert judgement.identification == join(high(NOW), low(identification))
    assert judgement.freshness == Freshness(refused=((identification, identification),) if ahead > 0 else ())


def refused_of(*aheads: float, time: int = NOW) -> Freshness:
    """What is remembered after Requests that were ahead by so many seconds."""
    freshness = Freshness()
    for ahead in aheads:
        freshness = judge(NOW + round(ahead * SECOND), freshness, TIMESTAMPS, time, b"").freshness
    return freshness


def test_a_timestamp_that_was_refused_since_it_was_ahead_is_no_fresh_one_when_its_time_has_come() -> None:
    ahead = NOW + 60 * SECOND
    freshness = refused_of(60)
    assert not judge(ahead, freshness, TIMESTAMPS, ahead, b"").valid
    assert judge(ahead - 1, freshness, TIMESTAMPS, ahead, b"").valid
    assert judge(ahead + 1, freshness, TIMESTAMPS, ahead, b"").valid


def test_what_was_refused_is_remembered_once_and_not_longer_than_it_could_be_taken() -> None:
    assert refused_of(60, 60) == refused_of(60)
    after = judge(NOW + 61 * SECOND, refused_of(60), TIMESTAMPS, NOW + 61 * SECOND, b"")
    assert after.freshness == Freshness(latest=NOW + 61 * SECOND)
    late = NOW + 3661 * SECOND
    assert judge(late - 60 * SECOND, refused_of(60), TIMESTAMPS, late, b"").freshness == Freshness()
    assert judge(late - 62 * SECOND, refused_of(61), TIMESTAMPS, late, b"").freshness == refused_of(61)


def test_many_that_were_refused_become_ranges_and_none_is_forgotten() -> None:
    aheads = [60.0 + 10 * number + (0.5 if number % 2 else 0.0) for number in range(20)]
    freshness = refused_of(*reversed(aheads))
    assert len(freshness.refused) == MOST_REFUSED
    for ahead in aheads:
        time = NOW + round(ahead * SECOND)
        assert not judge(time, freshness, TIMESTAMPS, time, b"").valid
    assert judge(NOW, freshness, TIMESTAMPS, NOW, b"").valid


def test_window_belongs_to_the_association() -> None:
    wide = MobilitySecurityAssociation(spi=256, key=b"k", timestamp_window=60)
    assert judge(NOW - 50 * SECOND, Freshness(), wide, NOW, b"").valid
    assert not judge(NOW - 61 * SECOND, Freshness(), wide, NOW, b"").valid


@pytest.mark.requirement("R5944-5.7.1-g")
@pytest.mark.parametrize("behind", [0, 1, SECOND])
def test_timestamp_must_be_greater_than_the_latest(behind: int) -> None:
    freshness = Freshness(latest=NOW)
    judgement = judge(NOW - behind, freshness, TIMESTAMPS, NOW, b"")
    assert not judgement.valid
    assert judgement.freshness == freshness
    assert judge(NOW + 1, freshness, TIMESTAMPS, NOW, b"").valid


def test_refusal_names_a_time_above_the_latest_accepted() -> None:
    latest = NOW + 5 * SECOND
    judgement = judge(NOW, Freshness(latest=latest), TIMESTAMPS, NOW, b"")
    assert high(judgement.identification) == high(latest) + 1
    assert low(judgement.identification) == low(NOW)
    corrected = join(high(judgement.identification), 0)
    assert judge(corrected, Freshness(latest=latest), TIMESTAMPS, NOW, b"").valid


def test_refusal_names_our_time_when_that_is_above_the_latest() -> None:
    judgement = judge(NOW - SECOND, Freshness(latest=NOW - SECOND), TIMESTAMPS, NOW, b"")
    assert high(judgement.identification) == high(NOW)


def test_timestamps_are_compared_across_the_wrap() -> None:
    before, after = 2**64 - SECOND, 5
    assert judge(after, Freshness(latest=before), TIMESTAMPS, 0, b"").valid
    assert not judge(before, Freshness(latest=after), TIMESTAMPS, 0, b"").valid
    refused = judge(before, Freshness(latest=2**64 - 1), TIMESTAMPS, before, b"")
    assert high(refused.identification) == 0


def test_timestamps_leave_the_nonce_alone() -> None:
    assert judge(NOW, Freshness(nonce=9), TIMESTAMPS, NOW, b"").freshness == Freshness(NOW, 9)


# -- the home agent's judge: nonces


@pytest.mark.requirement("R5944-5.4-a", "R5944-5.7-b", "R5944-5.7.2-b")
def test_first_request_with_nonces_is_offered_one() -> None:
    judgement = judge(join(1, 2), Freshness(), NONCES, NOW, b"\x01\x02\x03\x04rest")
    assert not judgement.valid
    assert judgement.identification == join(0x01020304, 2)
    assert judgement.freshness == Freshness(nonce=0x01020304)


@pytest.mark.requirement("R5944-5.4-a", "R5944-5.7-b", "R5944-5.7-c", "R5944-5.7.2-b")
def test_expected_nonce_is_used_up_and_followed_by_a_new_one() -> None:
    judgement = judge(join(7, 2), Freshness(latest=5, nonce=7), NONCES, NOW, b"\0\0\0\x09")
    assert judgement.valid
    assert judgement.identification == join(9, 2)
    assert judgement.freshness == Freshness(5, 9)


@pytest.mark.requirement("R5944-5.7.2-a")
@pytest.mark.parametrize(("expected", "following"), [(0, 1), (0xFFFFFFFF, 0)])
def test_new_nonce_differs_from_the_one_before(expected: int, following: int) -> None:
    judgement = judge(join(expected, 2), Freshness(nonce=expected), NONCES, NOW, expected.to_bytes(4))
    assert judgement.freshness.nonce == following


def test_replayed_nonces_do_not_push_out_the_one_on_offer() -> None:
    freshness = Freshness(nonce=7)
    for attempt in range(5):
        judgement = judge(join(attempt, 2), freshness, NONCES, NOW, bytes((attempt,)) * 32)
        assert not judgement.valid
        assert judgement.identification == join(7, 2)
        assert judgement.freshness == freshness


# -- the mobile node's maker: timestamps


def timestamps() -> IdentificationMaker:
    return IdentificationMaker(ReplayStyle.TIMESTAMPS)


def reply(identification: int, code: int = 0) -> RegistrationReply:
    return registration_reply(identification=identification, code=code)


@pytest.mark.requirement("R5944-5.7.1-b", "R5944-5.7.1-c")
def test_timestamp_is_the_time_less_up_to_a_random_millisecond() -> None:
    assert timestamps().make(boot=1.0, ntp=NOW, entropy=b"\xff" * 4) == NOW - (1 << 22) + 1
    assert timestamps().make(boot=1.0, ntp=NOW, entropy=b"\x01\x02\x03\x04") == NOW - 0x010203
    assert timestamps().make(boot=1.0, ntp=5, entropy=b"\0\0\x06") == 2**64 - 1


def test_what_is_random_does_not_push_our_time_on() -> None:
    maker = timestamps()
    for second in range(1000):
        sent = maker.make(boot=second, ntp=NOW + second * SECOND, entropy=bytes((0, second & 0xFF, second >> 8)))
        maker.learn(sent, reply(sent), boot=second, ntp=NOW + second * SECOND)
    assert maker.offset(boot=1000.0, ntp=NOW + 1000 * SECOND) == 0.0


def test_low_halves_differ_though_requests_are_sent_at_regular_times() -> None:
    maker = timestamps()
    random = Random(1)
    made = [maker.make(boot=n, ntp=NOW + n * SECOND, entropy=random.randbytes(8)) for n in range(100)]
    assert len({low(each) for each in made}) == 100


@pytest.mark.requirement("R5944-5.7-e", "R5944-5.7-f", "R5944-5.7.1-d")
def test_timestamps_always_grow() -> None:
    maker = timestamps()
    made = [maker.make(boot=0.0, ntp=ntp, entropy=b"") for ntp in (NOW, NOW, NOW - 9 * SECOND, NOW + SECOND)]
    assert made == [NOW, NOW + 1, NOW + 2, NOW + SECOND]


def test_another_transmission_is_a_new_request_with_timestamps() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    assert maker.remake(sent, boot=1.0, ntp=NOW + SECOND + 8, entropy=b"") == NOW + SECOND + 8


def test_system_clock_is_followed_until_the_home_agent_has_answered() -> None:
    maker = timestamps()
    maker.make(boot=0.0, ntp=NOW, entropy=b"")
    stepped = NOW + 3600 * SECOND + 8
    assert maker.make(boot=1.0, ntp=stepped, entropy=b"") == stepped
    assert maker.offset(boot=1.0, ntp=stepped) == 0.0


def test_steps_of_the_system_clock_are_not_seen_after_an_agreement() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    assert maker.learn(sent, reply(sent), boot=0.0, ntp=NOW) is None
    for step in (-3600, 3600):
        ntp = NOW + (10 + step) * SECOND
        assert maker.offset(boot=10.0, ntp=ntp) == -step
    made = maker.make(boot=10.5, ntp=NOW - 3600 * SECOND, entropy=b"")
    assert made == NOW + 10 * SECOND + SECOND // 2


def test_time_goes_on_from_what_was_agreed_to_when_the_clock_was_set_back_before() -> None:
    maker = timestamps()
    maker.make(boot=0.0, ntp=NOW, entropy=b"")
    sent = maker.make(boot=1.0, ntp=NOW - 2 * SECOND, entropy=b"")
    assert sent == NOW + 1
    maker.learn(sent, reply(sent), boot=1.0, ntp=NOW - 2 * SECOND)
    assert maker.make(boot=3.5, ntp=NOW, entropy=b"\0\0\x01") == NOW + 2 * SECOND + SECOND // 2


def test_refusal_corrects_to_the_middle_of_the_second_named() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    theirs = join(high(NOW) - 3600, low(sent))
    offset = maker.learn(sent, reply(theirs, REFUSED), boot=0.5, ntp=NOW + SECOND // 2)
    corrected = maker.make(boot=0.5, ntp=NOW + SECOND // 2, entropy=b"")
    assert corrected == join(high(NOW) - 3600, HALF >> 1)
    assert offset == pytest.approx(-3600, abs=1)
    assert corrected < sent


def test_low_half_differs_after_a_correction_too() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=join(high(NOW), HALF >> 1), entropy=b"")
    maker.learn(sent, reply(sent - 3600 * SECOND, REFUSED), boot=0.0, ntp=NOW)
    assert low(maker.make(boot=0.0, ntp=NOW, entropy=b"")) == low(sent) + 1


def test_second_refusal_in_a_row_is_taken_above_what_was_accepted() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    maker.learn(sent, reply(sent), boot=0.0, ntp=NOW)
    theirs = reply(NOW - 4 * SECOND, REFUSED)
    made = []
    for _ in range(3):
        maker.learn(sent, theirs, boot=0.0, ntp=NOW)
        made.append(maker.make(boot=0.0, ntp=NOW, entropy=b""))
    assert [high(m) for m in made] == [high(NOW) - 4, high(NOW), high(NOW) - 4]
    assert made[1] > sent


def test_second_refusal_without_an_acceptance_is_believed_again() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    for _ in range(2):
        maker.learn(sent, reply(NOW - 100 * SECOND, REFUSED), boot=0.0, ntp=NOW)
    assert high(maker.make(boot=0.0, ntp=NOW, entropy=b"")) == high(NOW) - 100


def test_unknown_home_agent_address_corrects_only_when_it_names_another_time() -> None:
    maker = timestamps()
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    code = ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS
    assert maker.learn(sent, reply(sent, code), boot=0.0, ntp=NOW) is None
    assert maker.learn(sent, reply(sent + 60 * SECOND, code), boot=0.0, ntp=NOW) == pytest.approx(60, abs=1)


def test_late_agreement_to_an_older_request_is_harmless() -> None:
    maker = timestamps()
    first = maker.make(boot=0.0, ntp=NOW, entropy=b"")
    second = maker.make(boot=1.0, ntp=NOW + SECOND, entropy=b"")
    maker.learn(second, reply(second), boot=1.1, ntp=NOW + SECOND)
    maker.learn(first, reply(first), boot=1.2, ntp=NOW + SECOND)
    assert maker.make(boot=1.2, ntp=NOW + SECOND, entropy=b"") > second


# -- the mobile node's maker: nonces


@pytest.mark.requirement("R5944-5.7.2-c")
def test_nonce_comes_back_as_the_high_half() -> None:
    maker = IdentificationMaker(ReplayStyle.NONCES)
    first = maker.make(boot=0.0, ntp=NOW, entropy=b"\0\0\0\x05\0\0\0\x06")
    assert first == join(6, 5)
    assert maker.learn(first, reply(join(77, 5), REFUSED), boot=0.0, ntp=NOW) is None
    assert maker.make(boot=0.0, ntp=NOW, entropy=b"\0\0\0\x08") == join(77, 8)


@pytest.mark.requirement("R5944-5.7-e", "R5944-5.7.2-a")
def test_low_half_differs_from_the_one_before() -> None:
    maker = IdentificationMaker(ReplayStyle.NONCES)
    assert [low(maker.make(boot=0.0, ntp=0, entropy=b"")) for _ in range(3)] == [0, 1, 0]


def test_another_transmission_is_unchanged_with_nonces() -> None:
    maker = IdentificationMaker(ReplayStyle.NONCES)
    sent = maker.make(boot=0.0, ntp=NOW, entropy=b"abcdefgh")
    assert maker.remake(sent, boot=1.0, ntp=NOW, entropy=b"ijklmnop") == sent


# -- for home agents that keep Identifications in floating point


def test_coarse_timestamps_survive_floating_point_and_grow() -> None:
    maker = IdentificationMaker(ReplayStyle.TIMESTAMPS, coarse=True)
    sent = [maker.make(boot=b, ntp=NOW + round(b * SECOND), entropy=b"\xff") for b in (0.0, 0.0, 1e-9, 5.0)]
    assert [int(float(each)) for each in sent] == sent
    assert sorted(set(sent)) == sent
    assert len({low(each) for each in sent[:3]}) == 3


@pytest.mark.parametrize("entropy", [b"\0\0\0", b"\0\0\x05"])
def test_coarse_timestamps_differ_in_their_low_half_after_a_correction_too(entropy: bytes) -> None:
    maker = IdentificationMaker(ReplayStyle.TIMESTAMPS, coarse=True)
    first = maker.make(boot=0.0, ntp=join(high(NOW), HALF >> 1), entropy=b"")
    refusal = registration_reply(code=REFUSED, identification=join(high(NOW) + 60, low(first)))
    maker.learn(first, refusal, boot=0.0, ntp=NOW)
    second = maker.make(boot=0.0, ntp=NOW, entropy=entropy)
    assert high(second) == high(NOW) + 60
    assert low(second) != low(first)


def test_coarse_nonces_differ_as_well() -> None:
    maker = IdentificationMaker(ReplayStyle.NONCES, coarse=True)
    first = maker.make(boot=0.0, ntp=NOW, entropy=b"\x12\x34\x5f\xff" * 2)
    second = maker.make(boot=0.0, ntp=NOW, entropy=b"\x12\x34\x5f\x00" * 2)
    assert low(first) == 0x12345800
    assert low(second) == 0x12346000


def test_two_corrections_to_one_second_give_two_identifications() -> None:
    maker = IdentificationMaker(ReplayStyle.TIMESTAMPS)
    ntp = join(high(NOW), 0x80000000)
    made = [maker.make(boot=0.0, ntp=ntp, entropy=b"")]
    maker.learn(made[0], reply(made[0]), boot=0.0, ntp=ntp)
    for _ in range(2):
        refusal = reply(join(high(NOW), low(made[-1])), 133)
        maker.learn(made[-1], refusal, boot=0.0, ntp=ntp)
        made.append(maker.make(boot=0.0, ntp=ntp, entropy=b""))
    assert len({low(one) for one in made[1:]}) == 2


def test_after_two_refusals_the_next_one_is_above_all_that_were_accepted() -> None:
    maker = IdentificationMaker(ReplayStyle.TIMESTAMPS)
    ntp = join(high(NOW), 0x80000000)
    for _ in range(2):  # the second is one tick above the first
        accepted = maker.make(boot=0.0, ntp=ntp, entropy=b"")
        maker.learn(accepted, reply(accepted), boot=0.0, ntp=ntp)
    for _ in range(2):
        sent = maker.make(boot=0.0, ntp=ntp, entropy=b"")
        maker.learn(sent, reply(join(high(NOW), low(sent)), 133), boot=0.0, ntp=ntp)
    assert maker.make(boot=0.0, ntp=ntp, entropy=b"") > accepted


def test_a_home_agents_time_goes_on_from_that_of_an_earlier_clock() -> None:
    first = SteadyClock()
    first.read(10.0, NTP + 100 * HALF)
    second = SteadyClock()
    second.resume(*first.latest)
    assert second.read(12.0, NTP) == NTP + 102 * HALF
    assert second.latest == (12.0, NTP + 102 * HALF)
