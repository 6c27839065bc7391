"""What a mobile node still sends by the way that it has left: its reverse tunnel ends here for a while longer.

It moves its own packets when our Reply has reached it, so for a round trip, and for what is on its way, they come from
the care-of address that it had. The exit is that of its binding, so its home address alone is taken as inner source.
What was revoked has no such time.
"""

from collections.abc import Iterator

import msgspec

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.home.wishes import Bindings, BindingWishes
from mobileip.forwarding.model import ForwardingChange, Key, ReverseExit, Wish


class GraceExits:
    """Exits of bindings that are no more. Times are boot time, seconds."""

    __slots__ = ("_deadlines", "_exits", "_homes", "_seconds", "_wishes")

    def __init__(self, seconds: float, wishes: BindingWishes) -> None:
        self._seconds = seconds
        self._wishes = wishes
        self._exits: dict[Key, ReverseExit] = {}
        self._homes: dict[int, set[Key]] = {}
        """By home address, as a number; without empty ones."""
        self._deadlines: Deadlines[Key] = Deadlines()

    def soften(self, change: ForwardingChange, home: int, before: Bindings, now: float) -> ForwardingChange:
        """The same change, but exits of `before` go later."""
        self.taken(change, home)
        if not (change.remove and self._seconds):
            return change
        until = now + self._seconds
        gone = {wish.key: wish for wish in self._wishes.of(before) if isinstance(wish, ReverseExit)}
        kept = [
            msgspec.structs.replace(gone[key], expires_at=min(gone[key].expires_at, until))
            for key in change.remove
            if key in gone and not gone[key].tunnel.is_half_bound
        ]
        for wish in kept:
            self._exits[wish.key] = wish
            self._homes.setdefault(home, set()).add(wish.key)
            self._deadlines.set(wish.key, wish.expires_at)
        keys = {wish.key for wish in kept}
        return ForwardingChange((*change.install, *kept), tuple(key for key in change.remove if key not in keys))

    def taken(self, change: ForwardingChange, home: int) -> None:
        """What is installed is in force again: it does not go with the grace of what was before."""
        if home in self._homes:
            for wish in change.install:
                self._forget(home, wish.key)

    def end(self, home: int) -> tuple[Key, ...]:
        """At once; what is to be removed."""
        keys = tuple(sorted(self._homes.get(home, ())))
        for key in keys:
            self._forget(home, key)
        return keys

    def expire(self, now: float) -> tuple[Key, ...]:
        """What is to be removed."""
        due = tuple(self._deadlines.take_due(now))
        for key in due:
            self._forget(int(self._exits[key].home_address), key)
        return due

    def next_deadline(self) -> float:
        """Infinite when there is none."""
        return self._deadlines.next()

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._exits.values())

    def _forget(self, home: int, key: Key) -> None:
        if self._exits.pop(key, None) is None:
            return
        self._deadlines.cancel(key)
        self._homes[home].discard(key)
        if not self._homes[home]:
            del self._homes[home]
