"""One line on a terminal for what takes longer than a second."""

from collections.abc import Callable
from typing import TextIO

PATIENCE = 1.0
"""Nothing is shown before, s."""
EVERY = 0.2


class Progress:
    def __init__(self, terminal: TextIO, stopwatch: Callable[[], float]) -> None:
        self._terminal = terminal
        self._stopwatch = stopwatch
        self._is_shown = terminal.isatty()
        self._began = stopwatch()
        self._last = self._began
        self._length = 0

    def begin(self) -> None:
        self._began = self._last = self._stopwatch()

    @property
    def seconds(self) -> float:
        """Since `begin`."""
        return self._stopwatch() - self._began

    def show(self, what: str, now: float, end: float) -> None:
        """So far, of a simulation that ends at `end`."""
        at = self._stopwatch()
        if not self._is_shown or at - self._began < PATIENCE or at - self._last < EVERY:
            return
        self._last = at
        left = (at - self._began) * (end - now) / now if now else 0.0
        text = f"{what}: {100 * now / end:.0f} %, {now:,.0f} s simulated, {left:,.0f} s to go"
        self._terminal.write("\r" + text.ljust(self._length))
        self._terminal.flush()
        self._length = len(text)

    def clear(self) -> None:
        if self._length:
            self._terminal.write("\r" + " " * self._length + "\r")
            self._terminal.flush()
            self._length = 0
