"""Both sides of the replay protection against each other: clocks step, messages are lost and replayed."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.support.messages import NTP, registration_reply

from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.replay import Freshness, IdentificationMaker, SteadyClock, judge
from mobileip.wire.identification import HALF, difference, low
from mobileip.wire.numbers import ReplyCode

WRAP = HALF * HALF

faults = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["mobile_node", "home_agent"]), st.floats(-4000, 4000)),
        st.tuples(st.sampled_from(["exchange", "request_lost", "reply_lost", "replay"]), st.floats(0, 30)),
    ),
    max_size=25,
)


class Pair:
    """A mobile node and its home agent, each with its own clock; `seconds` of a step as its argument."""

    def __init__(self, style: ReplayStyle, start: int) -> None:
        self.association = MobilitySecurityAssociation(spi=256, key=b"k", replay=style)
        self.maker = IdentificationMaker(style)
        self.clock = SteadyClock()
        self.freshness = Freshness()
        self.boot = 0.0
        self.start = start
        self.offsets = {"mobile_node": 0.0, "home_agent": 0.0}
        self.sent: list[int] = []
        self.accepted: list[int] = []

    def ntp(self, who: str) -> int:
        return (self.start + round((self.boot + self.offsets[who]) * HALF)) % WRAP

    def entropy(self) -> bytes:
        return len(self.sent).to_bytes(4) + bytes(28)

    def send(self) -> int:
        sent = self.maker.make(boot=self.boot, ntp=self.ntp("mobile_node"), entropy=self.entropy())
        self.sent.append(sent)
        return sent

    def judged(self, identification: int) -> Any:
        time = self.clock.read(self.boot, self.ntp("home_agent"))
        judgement = judge(identification, self.freshness, self.association, time, self.entropy())
        self.freshness = judgement.freshness
        if judgement.valid:
            self.accepted.append(identification)
        return judgement

    def exchange(self) -> bool:
        """A request, 50 ms each way, and what the mobile node learns of the reply."""
        sent = self.send()
        self.boot += 0.05
        judgement = self.judged(sent)
        self.boot += 0.05
        assert low(judgement.identification) == low(sent)
        code = 0 if judgement.valid else ReplyCode.HA_IDENTIFICATION_MISMATCH
        reply = registration_reply(identification=judgement.identification, code=code)
        self.maker.learn(sent, reply, boot=self.boot, ntp=self.ntp("mobile_node"))
        return bool(judgement.valid)

    def suffer(self, fault: str, amount: float) -> None:
        if fault in self.offsets:
            self.offsets[fault] += amount
            return
        self.boot += 1 + amount
        if fault == "exchange":
            self.exchange()
        elif fault == "request_lost":
            self.send()
        elif fault == "reply_lost":
            self.judged(self.send())
        elif self.sent:
            count = len(self.accepted)
            replayed = self.sent[int(amount) % len(self.sent)]
            self.judged(replayed)
            assert replayed not in self.accepted[:count] or len(self.accepted) == count


@settings(deadline=None, max_examples=500)
@given(faults, st.sampled_from(ReplayStyle), st.sampled_from([NTP, WRAP - 3000 * HALF]))
def test_the_two_agree_again_whatever_happened(
    history: list[tuple[str, float]], style: ReplayStyle, start: int
) -> None:
    pair = Pair(style, start)
    for fault, amount in history:
        pair.suffer(fault, amount)
    outcomes = []
    for _ in range(6):
        pair.boot += 1
        outcomes.append(pair.exchange())
    assert outcomes.index(True) <= 2, outcomes
    # Clocks that differ by just the window may be refused once more; what is corrected then stays good.
    assert all(outcomes[4:]), outcomes


@settings(deadline=None, max_examples=500)
@given(faults, st.sampled_from(ReplayStyle))
def test_nothing_is_accepted_twice(history: list[tuple[str, float]], style: ReplayStyle) -> None:
    pair = Pair(style, NTP)
    for fault, amount in history:
        pair.suffer(fault, amount)
    assert len(set(pair.accepted)) == len(pair.accepted)
    if style is ReplayStyle.TIMESTAMPS:
        pairs = zip(pair.accepted, pair.accepted[1:], strict=False)
        assert all(difference(later, earlier) > 0 for earlier, later in pairs)
