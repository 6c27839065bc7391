"""Where we were refused or not answered, and until when that place is not asked again."""

import msgspec

from mobileip.agents.mobile.attachment import Place
from mobileip.agents.mobile.denials import LONGEST_UNSIGNED_WAIT, LONGEST_WAIT
from mobileip.wire.registration import INFINITE_LIFETIME

MOST_REFUSALS = 64
"""Denials by foreign agents bear no authentication: what they can make us remember is bounded."""
LIMIT_KEPT = 3600.0
"""Seconds for which the maximum of a code 69 is believed. An agent that was restarted is another place at once."""


class Refusal(msgspec.Struct, frozen=True):
    """`until`: boot time, seconds. `avoid`: another place may do better."""

    until: float
    avoid: bool
    signed: int
    """Those in a row that bear an authenticator."""
    unsigned: int
    """The others. They count by themselves: what anybody could have sent must not prolong the wait after the next one
    that is true."""


class Refusals:
    __slots__ = ("_by_place", "_longest")

    def __init__(self) -> None:
        self._by_place: dict[Place, Refusal] = {}
        self._longest: dict[Place, tuple[int, float]] = {}
        """What code 69 named, and until when that is remembered: it bears no authentication."""

    def limit(self, place: Place, lifetime: int, now: float) -> None:
        """Code 69: nobody there is asked for more than `lifetime` seconds."""
        self._longest.pop(place, None)
        if len(self._longest) >= MOST_REFUSALS:
            self._longest.pop(next(iter(self._longest)))
        self._longest[place] = (lifetime, now + LIMIT_KEPT)

    def longest(self, place: Place, now: float) -> int:
        """The longest lifetime to ask for at a place, seconds."""
        lifetime, until = self._longest.get(place, (INFINITE_LIFETIME, 0.0))
        # R5944-3.6.2.3-b: a Lifetime that "MUST be less than or equal to the value specified in the Reply".
        return lifetime if now < until else INFINITE_LIFETIME

    def note(self, place: Place, wait: float, now: float, *, avoid: bool, is_signed: bool = True) -> float:
        """One more refusal; returns until when to wait: `wait` seconds, doubled for each refusal in a row."""
        before = self._by_place.pop(place, None)
        is_in_a_row = before is not None and now < before.until + LONGEST_WAIT
        signed, unsigned = (before.signed, before.unsigned) if before is not None and is_in_a_row else (0, 0)
        if is_signed:
            signed, count, longest = signed + 1, signed, LONGEST_WAIT
        else:
            unsigned, count, longest = unsigned + 1, unsigned, LONGEST_UNSIGNED_WAIT
        until = now + min(wait * float(2 ** min(count, 16)), longest)
        if len(self._by_place) >= MOST_REFUSALS:
            self._by_place.pop(next(iter(self._by_place)))
        self._by_place[place] = Refusal(until, avoid, signed, unsigned)
        return until

    def forget(self, place: Place) -> None:
        """It was accepted there."""
        self._by_place.pop(place, None)

    def clear(self) -> None:
        self._by_place.clear()

    def avoided(self, now: float) -> set[Place]:
        """Places that the chooser ranks behind all others for now."""
        return {place for place, refusal in self._by_place.items() if refusal.avoid and now < refusal.until}

    def next_end(self, now: float) -> float | None:
        """When the next place may be asked again."""
        return min((refusal.until for refusal in self._by_place.values() if refusal.until > now), default=None)
