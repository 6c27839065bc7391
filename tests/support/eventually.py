"""Waiting for what must come: no fixed sleep, a generous end."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Returns when the condition holds. Raises: AssertionError when it never did."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"not within {seconds:g} s"
        time.sleep(0.01)
