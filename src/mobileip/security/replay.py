"""Replay protection of Registration Requests, both sides (RFC 5944 §5.7): the home agent's judge, the mobile
node's maker.

Identifications are 64-bit integers. With timestamps they are NTP times, compared across the wrap of 2036;
with nonces the home agent chooses the high half and the mobile node the low half. Nothing here reads a clock:
`boot` (seconds of CLOCK_BOOTTIME), `ntp` (64-bit NTP time of day) and `entropy` (random octets, none = zeros)
come in with each call.

Three places where the RFC, read literally, leaves two honest nodes unable to agree, and what is done here
instead:

* A mobile node whose clock is ahead must send a smaller Identification than before once it is corrected,
  though each "MUST be greater than that used in any previous Registration Request" (§5.7.1). It is kept
  greater for as long as the correction stays.
* The home agent's own time may be at or below the last timestamp that it accepted. It then names a time above
  that, since with its own the corrected Request would be refused again.
* Either clock may be stepped. A home agent's time never goes back (`SteadyClock`), and a mobile node counts
  on from what the home agent agreed to; so a step is at most one refusal and never a deadlock.
"""

from itertools import pairwise

import msgspec

from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.identification import HALF, MASK, difference, high, join, low
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply

MOST_REFUSED = 16
"""Ranges of refused timestamps that are remembered of one mobile node. One that corrects its clock needs one for each
correction, and each is gone when the time that was taken is beyond it.
"""
LONGEST_WINDOW = 3600.0
"""For how long after its time a refused timestamp is remembered at least, s: a mobile node's associations may have
different windows."""

Ranges = tuple[tuple[int, int], ...]

_WRAP = HALF * HALF - 1
_COARSE = 0x7FF
"""What 53 bits of floating point lose of 64."""
_BELOW_A_MILLISECOND = 0x3F_FFFF
"""The bits that are random: no window needs them, no clock of two machines agrees on them, and what is sent at regular
times, or at the half of a second that a correction set, would have the low half of an earlier Request without them. A
Reply to that one, kept by somebody, would answer the later one.
"""


def _units(seconds: float) -> int:
    """Seconds in units of 2^-32 s, those of an Identification."""
    return round(seconds * HALF)


# -- home agent


class SteadyClock:
    """A time of day that follows every forward step of the system's clock and goes on steadily when that
    is set back.
    """

    __slots__ = ("_boot", "_time")

    def __init__(self) -> None:
        self._boot = 0.0
        self._time: int | None = None

    def read(self, boot: float, ntp: int) -> int:
        """The time now, 64-bit NTP format."""
        if self._time is not None:
            steady = (self._time + _units(boot - self._boot)) & _WRAP
            if difference(ntp, steady) < 0:
                ntp = steady
        self._boot, self._time = boot, ntp
        return ntp

    def resume(self, boot: float, time: int) -> None:
        """Goes on with a time that an earlier clock told at boot time `boot`."""
        self._boot, self._time = boot, time

    @property
    def latest(self) -> tuple[float, int]:
        """What was read last, and the boot time then; only once something was."""
        return self._boot, self._time or 0


class Freshness(msgspec.Struct, frozen=True):
    """What a home agent remembers of one mobile node's Identifications."""

    latest: int | None = None
    """Timestamps: the greatest one taken so far, under any SPI."""
    nonce: int | None = None
    """Nonces: the high half that the next Request must show."""
    refused: Ranges = ()
    """Timestamps: first and last of each range of those that were authentic, and refused since they were ahead of our
    time. Their time is yet to come, and then each of them would look fresh to whoever kept it."""


class Judgement(msgspec.Struct, frozen=True):
    """`identification` is for the Reply, `freshness` is to be remembered once that Reply is sent."""

    valid: bool
    identification: int
    freshness: Freshness


def judge(
    identification: int,
    freshness: Freshness,
    association: MobilitySecurityAssociation,
    time: int,
    entropy: bytes,
) -> Judgement:
    """Whether a Request is fresh by the style of the association that authenticated it (RFC 5944 §3.8.2.1 b,
    §5.7).

    `time` is the home agent's time of day, 64-bit NTP format.
    """
    # R5944-5.7-b: the style "is part of the Mobility Security Association".
    if association.replay is ReplayStyle.NONCES:
        return _judge_nonce(identification, freshness, entropy)
    # R5944-5.7-a: "All mobile nodes and home agents MUST implement timestamp-based replay protection."
    return _judge_timestamp(identification, freshness, association.timestamp_window, time)


def _judge_timestamp(identification: int, freshness: Freshness, window: float, time: int) -> Judgement:
    latest = freshness.latest
    # R5944-5.7.1-f: "the timestamp contained in the Identification field MUST be close enough to the home agent's
    # time-of-day clock".
    is_close = abs(difference(identification, time)) <= window * HALF
    # R5944-5.7.1-g: it "MUST be greater than all previously accepted timestamps for the requesting mobile node".
    is_new = latest is None or difference(identification, latest) > 0
    refused = _yet_to_come(freshness.refused, latest, time, window)
    if is_close and is_new and not any(_within(identification, one) for one in refused):
        # R5944-5.7.1-h: "the home agent copies the entire Identification field into the Registration Reply".
        copied = identification
        refused = _yet_to_come(refused, identification, time, window)
        return Judgement(True, copied, Freshness(identification, freshness.nonce, refused))
    # R5944-5.7.1-h: "supplies the high-order 32 bits from its own time of day".
    seconds = high(time)
    if latest is not None and difference(join(seconds, 0), latest) <= 0:
        seconds = high(latest) + 1
    # R5944-5.7-c, R5944-5.7.1-h: it "copies only the low-order 32 bits". R5944-5.7.1-i: what is not valid is rejected.
    if difference(identification, time) > window * HALF:
        refused = _with(refused, identification)
    return Judgement(False, join(seconds, low(identification)), Freshness(latest, freshness.nonce, refused))


def _yet_to_come(refused: Ranges, latest: int | None, time: int, window: float) -> Ranges:
    """Those that could still be taken: the others are too old for ever, by the greatest one taken or by our time, which
    never goes back."""
    if not refused:
        return refused
    return tuple(
        (first, last)
        for first, last in refused
        if difference(last, time) >= -max(window, LONGEST_WINDOW) * HALF
        and (latest is None or difference(last, latest) > 0)
    )


def _within(identification: int, bounds: tuple[int, int]) -> bool:
    first, last = bounds
    return difference(identification, first) >= 0 and difference(identification, last) <= 0


def _with(refused: Ranges, identification: int) -> Ranges:
    """One more. Beyond `MOST_REFUSED` the two ranges that are nearest to each other become one, with what lies between
    them: nothing that was refused is forgotten. The price is that a mobile node which sent so many with different wrong
    times finds a true one refused in vain, should our time come to lie in such a gap."""
    if any(_within(identification, one) for one in refused):
        return refused
    ranges = sorted((*refused, (identification, identification)), key=lambda one: difference(one[0], identification))
    if len(ranges) > MOST_REFUSED:
        gaps = [difference(later[0], earlier[1]) for earlier, later in pairwise(ranges)]
        at = gaps.index(min(gaps))
        ranges[at : at + 2] = [(ranges[at][0], ranges[at + 1][1])]
    return tuple(ranges)


def _judge_nonce(identification: int, freshness: Freshness, entropy: bytes) -> Judgement:
    expected = freshness.nonce
    if expected is not None and high(identification) == expected:
        # R5944-5.7.2-b: "It inserts a new nonce as the high-order 32 bits of the Identification field of every
        # Registration Reply". R5944-5.4-a: a random one.
        nonce = _other(int.from_bytes(entropy[:4]), expected)
        # R5944-5.7-c
        return Judgement(True, join(nonce, low(identification)), Freshness(freshness.latest, nonce, freshness.refused))
    # R5944-5.7.2-b: "the Reply always provides the mobile node with a new nonce". A nonce that was offered and never
    # used is offered again: replayed Requests can't push out the one that the mobile node is about to use.
    # R5944-5.4-a: "choose nonces carefully": all of it is random.
    nonce = int.from_bytes(entropy[:4]) if expected is None else expected
    return Judgement(False, join(nonce, low(identification)), Freshness(freshness.latest, nonce, freshness.refused))


def _other(candidate: int, previous: int) -> int:
    # R5944-5.7.2-a: both halves "SHOULD both differ from their previous values".
    return candidate if candidate != previous else (candidate + 1) & MASK


# -- mobile node


class IdentificationMaker:
    """A mobile node's Identifications under one association.

    With timestamps they follow the system's clock until the home agent has answered once. From then on they
    count on with boot time from what it agreed to or corrected, so a step of the system's clock is never seen
    by the home agent.
    """

    __slots__ = ("_accepted", "_base", "_coarse", "_floor", "_nonce", "_refusals", "_sent", "_settled", "_style")

    def __init__(self, style: ReplayStyle, *, coarse: bool = False) -> None:
        """`coarse`: the eleven lowest bits are zero, for home agents that keep Identifications in floating point."""
        self._style = style
        self._coarse = _COARSE if coarse else 0
        self._sent: int | None = None
        self._nonce: int | None = None
        self._base = 0
        """Our time = boot time + this, in units of 2^-32 s."""
        self._settled = False
        self._floor: int | None = None
        """Greatest Identification made since the last correction."""
        self._accepted: int | None = None
        self._refusals = 0
        """Refusals without an acceptance between them."""

    def make(self, *, boot: float, ntp: int, entropy: bytes) -> int:
        """The Identification of a new Registration Request; differs from every one before it."""
        before = self._sent
        self._sent = (
            self._make_nonce(entropy)
            if self._style is ReplayStyle.NONCES
            else self._make_timestamp(self._time(boot, ntp), entropy)
        )
        if self._coarse:
            self._sent = self._coarsened(self._sent, before)
        return self._sent

    def remake(self, sent: int, *, boot: float, ntp: int, entropy: bytes) -> int:
        """The Identification for another transmission of the unanswered Request that had `sent`.

        RFC 5944 §3.6.3: with timestamps "a new registration Identification is chosen for each
        retransmission"; "when nonces are used, the unanswered Request is retransmitted unchanged".
        """
        if self._style is ReplayStyle.NONCES:
            return sent
        return self.make(boot=boot, ntp=ntp, entropy=entropy)

    def learn(self, sent: int, reply: RegistrationReply, *, boot: float, ntp: int) -> float | None:
        """Takes in a Reply of the home agent to the Request that had `sent`; only after its authenticator was
        verified.

        The caller has also checked that the low halves are equal (RFC 5944 §3.6.2.1). Returns the new offset
        (see `offset`) when the home agent corrected our time, else None.
        """
        if self._style is ReplayStyle.NONCES:
            # R5944-5.7.2-c: "it saves the high-order 32 bits of the Identification field for use as the high-order 32
            # bits of its next Registration Request".
            self._nonce = high(reply.identification)
            return None
        refused = reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
        # RFC 5944 §3.6.2.3: code 136 carries an Identification to adjust by as well.
        corrects = refused or (
            reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS and high(reply.identification) != high(sent)
        )
        if not corrects:
            self._agree(sent, boot, ntp)
            return None
        self._correct(high(reply.identification), boot)
        return self.offset(boot=boot, ntp=ntp)

    def offset(self, *, boot: float, ntp: int) -> float:
        """Seconds by which our Identifications are ahead of the system's clock."""
        return difference(self._time(boot, ntp), ntp) / HALF

    def _time(self, boot: float, ntp: int) -> int:
        if not self._settled:
            self._base = ntp - _units(boot)
        return (self._base + _units(boot)) & _WRAP

    def _make_timestamp(self, time: int, entropy: bytes) -> int:
        # R5944-5.7.1-c: "those bits that are not available from a time source SHOULD be generated from a good source of
        # randomness".
        spare = int.from_bytes(entropy[:3]) & _BELOW_A_MILLISECOND
        # R5944-5.7.1-b: "a 64-bit value formatted as specified by the Network Time Protocol". Never above our time: it
        # would be taken for an agreement on a later one, and push our time on with each Request.
        made = (time - spare) & _WRAP
        # R5944-5.7.1-d: the Identification "MUST be greater than that used in any previous Registration Request".
        # R5944-5.7-e, R5944-5.7-f: and so is never the same.
        if self._floor is not None and difference(made, self._floor) <= 0:
            made = (self._floor + 1) & _WRAP
        if self._sent is not None and low(made) == low(self._sent):
            # Replies are matched by the low half: it must differ after a correction too.
            made = (made + 1) & _WRAP
        self._floor = made
        return made

    def _make_nonce(self, entropy: bytes) -> int:
        low_half = int.from_bytes(entropy[:4])
        # R5944-5.7-e: "MUST NOT be the same as in an immediately preceding Request". R5944-5.7.2-a
        if self._sent is not None:
            low_half = _other(low_half, low(self._sent))
        # R5944-5.7.2-c
        high_half = int.from_bytes(entropy[4:8]) if self._nonce is None else self._nonce
        return join(high_half, low_half)

    def _coarsened(self, made: int, before: int | None) -> int:
        """`made`, or the next one that floating point can hold; its low half is never that of the one before."""
        step = self._coarse + 1
        if self._style is ReplayStyle.NONCES:
            low_half = low(made) & ~self._coarse
            if before is not None and low_half == low(before):
                low_half = (low_half + step) & MASK
            return join(high(made), low_half)
        made = (made + self._coarse) & ~self._coarse & _WRAP
        if before is not None and low(made) == low(before):
            made = (made + step) & _WRAP
        self._floor = made
        return made

    def _agree(self, sent: int, boot: float, ntp: int) -> None:
        if difference(sent, self._time(boot, ntp)) > 0:
            # Our clock was set back and `sent` was only kept above the ones before it: that is what was agreed to.
            self._base = sent - _units(boot)
        self._settled = True
        self._refusals = 0
        if self._accepted is None or difference(sent, self._accepted) > 0:
            self._accepted = sent

    def _correct(self, seconds: int, boot: float) -> None:
        """Sets our time to the home agent's, known to the second: its middle is the best guess.

        If that was refused too, the home agent's time may lie below what it accepted before: then above that,
        by one tick. Every other refusal, since a home agent that forgot what it accepted must be believed.
        """
        self._refusals += 1
        self._floor = None
        time = join(seconds, HALF >> 1)
        if self._refusals % 2 == 0 and self._accepted is not None and difference(time, self._accepted) <= 0:
            time = self._floor = self._accepted
        self._base = time - _units(boot)
        self._settled = True
