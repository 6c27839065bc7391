"""When someone else removes what we need, again and again: say so, and do not fight on at full speed."""

from collections.abc import Iterable

import msgspec

from mobileip.dataplane.ports import KernelObject

ROUNDS = 5
"""Fewer losses of one object are a flapping link or a start-up; from this one on it is a fight."""

PEACE = 60.0
"""An object that stays for so long is out of danger, s."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Waiting before the next restoration in a fight, doubled each time, s."""


class Verdict(msgspec.Struct, frozen=True):
    """What to restore now, what to report as fought over (each time it is restored), and what to leave
    until when."""

    restore: tuple[KernelObject, ...] = ()
    fought_over: tuple[KernelObject, ...] = ()
    held: tuple[KernelObject, ...] = ()
    again_at: float | None = None
    """Boot time at which the first of the held may be restored, s."""


class _Record:
    __slots__ = ("losses", "pause_until", "restored_at")

    def __init__(self) -> None:
        self.losses = 0
        self.restored_at = 0.0
        self.pause_until = 0.0


class RuleFight:
    """Remembers what was lost and when."""

    def __init__(self) -> None:
        self._records: dict[KernelObject, _Record] = {}

    def judge(self, missing: Iterable[KernelObject], now: float) -> Verdict:
        """`missing` is what we want and others took; `now` is boot time, s."""
        self._forget(now)
        restore: list[KernelObject] = []
        fought_over: list[KernelObject] = []
        held: list[KernelObject] = []
        again_at: float | None = None
        for target in missing:
            record = self._records.setdefault(target, _Record())
            if now < record.pause_until:
                held.append(target)
                again_at = record.pause_until if again_at is None else min(again_at, record.pause_until)
                continue
            record.losses += 1
            record.restored_at = now
            restore.append(target)
            if record.losses >= ROUNDS:
                pause = FIRST_PAUSE * 2.0 ** min(record.losses - ROUNDS, 16)
                record.pause_until = now + min(pause, LONGEST_PAUSE)
                fought_over.append(target)
        return Verdict(tuple(restore), tuple(fought_over), tuple(held), again_at)

    def refused(self, targets: Iterable[KernelObject]) -> None:
        """The kernel did not take these (their link is down, say): nobody fights, and the next try is not
        held back."""
        for target in targets:
            self._records.pop(target, None)

    def _forget(self, now: float) -> None:
        """Peace begins with the last restoration, or when its pause is over."""
        for target, record in list(self._records.items()):
            if now - max(record.restored_at, record.pause_until) > PEACE:
                del self._records[target]
