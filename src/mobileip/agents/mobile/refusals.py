"""Where we were refused or not answered, and until when that place is not asked again."""

import msgspec

from mobileip.agents.mobile.attachment import Place
from mobileip.agents.mobile.denials import LONGEST_WAIT

MOST_REFUSALS = 64
"""Denials by foreign agents bear no authentication: what they can make us remember is bounded."""


class Refusal(msgspec.Struct, frozen=True):
    """`until`: boot time, seconds. `avoid`: another place may do better."""

    until: float
    count: int
    avoid: bool


class Refusals:
    __slots__ = ("_by_place",)

    def __init__(self) -> None:
        self._by_place: dict[Place, Refusal] = {}

    def note(self, place: Place, wait: float, now: float, *, avoid: bool) -> float:
        """One more refusal; returns until when to wait: `wait` seconds, doubled for each refusal in a row."""
        before = self._by_place.pop(place, None)
        count = before.count + 1 if before and now < before.until + LONGEST_WAIT else 1
        until = now + min(wait * float(2 ** min(count - 1, 16)), LONGEST_WAIT)
        if len(self._by_place) >= MOST_REFUSALS:
            self._by_place.pop(next(iter(self._by_place)))
        self._by_place[place] = Refusal(until, count, avoid)
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
