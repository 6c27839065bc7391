"""What has to hold of a handover, and which of it did not: pure."""

from typing import Protocol

from bench.handover.combinations import Kind
from bench.handover.evaluate import GRACE_NS, MILLISECOND

SILENCE_MS = 20.0
"""Beside one packet's interval and the difference of the two ways' delays."""
FIRST_MS, FIRST_P99_MS = 10.0, 50.0
"""Beside a round trip to the home agent, and one interval: before it is over there is no packet to be first."""
REORDERED_MS = 5.0
"""Beside the difference of the delays: the two ways' packets are handled by different processes, of which one may be
late by a turn of the scheduler."""


class Figures(Protocol):
    """Of a result (`results.Result`, which says what each is)."""

    @property
    def lost(self) -> int: ...
    @property
    def lab_drops(self) -> dict[str, int]: ...
    @property
    def silence_ms_max(self) -> float: ...
    @property
    def path_difference_ms(self) -> float: ...
    @property
    def reordered_ms_max(self) -> float: ...
    @property
    def duplicates_outside(self) -> int: ...
    @property
    def latest_duplicate_ms(self) -> float: ...
    @property
    def first_packet_ms_median(self) -> float: ...
    @property
    def first_packet_ms_p99(self) -> float: ...


def broken(kind: Kind, rate: int, delay_ms: float, found: Figures) -> list[str]:
    """In words, each of the demands that was not met. `delay_ms`: one way, to the home agent."""
    interval = 1000 / rate
    words = []
    if found.duplicates_outside or found.latest_duplicate_ms > GRACE_NS / MILLISECOND:
        words.append("duplicates outside the change")
    if kind is Kind.MAKE_BEFORE_BREAK:
        if found.lost:
            own = sum(found.lab_drops.values())
            words.append(f"lost {found.lost}" + (f" (the laboratory dropped {own})" if own else ""))
        if found.silence_ms_max > interval + SILENCE_MS + found.path_difference_ms:
            words.append(f"silent for {found.silence_ms_max:g} ms")
        if found.reordered_ms_max > REORDERED_MS + found.path_difference_ms:
            words.append(f"reordered by {found.reordered_ms_max:g} ms")
        return words
    least = 2 * delay_ms + interval
    if found.first_packet_ms_median > least + FIRST_MS:
        words.append(f"first packet after {found.first_packet_ms_median:g} ms")
    if found.first_packet_ms_p99 > least + FIRST_P99_MS:
        words.append(f"first packet (p99) after {found.first_packet_ms_p99:g} ms")
    return words
