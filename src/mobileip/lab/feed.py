"""A daemon's events as a lab follows them: kept, waited for, and followed on across a restart of the daemon."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mobileip.control.client import ControlClient, ControlError
from mobileip.lab.errors import TIMED_OUT, LabError

Event = dict[str, Any]
"""One event: id, time, boot_seconds, event, and the fields of the notice."""

_RETRY_SECONDS = 0.02


class Feed:
    """Follows a daemon's events in a thread of its own, from the oldest that the daemon still has."""

    def __init__(self, socket_path: Path) -> None:
        self._client = ControlClient(socket_path)
        self._events: list[Event] = []
        self._known: set[tuple[int, float]] = set()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="mip-lab-feed", daemon=True)
        self._thread.start()

    def events(self, after: float = 0.0) -> list[Event]:
        """Those so far that happened later than `after` (CLOCK_BOOTTIME, seconds)."""
        with self._changed:
            return [event for event in self._events if event["boot_seconds"] > after]

    def wait_for(
        self,
        name: str,
        *,
        after: float = 0.0,
        timeout: float = 10.0,
        where: Callable[[Event], bool] | None = None,
        **fields: object,
    ) -> Event:
        """The first event of this name, later than `after`, with these fields.

        Raises LabError (code 5) at the time-out.
        """
        give_up = time.monotonic() + timeout
        with self._changed:
            while (found := self._find(name, after, where, fields)) is None:
                if not self._changed.wait(give_up - time.monotonic()) and time.monotonic() >= give_up:
                    heard = ", ".join(event["event"] for event in self._events if event["boot_seconds"] > after)
                    raise LabError(f"no event {name} {fields or ''} within {timeout:g} s; heard: {heard}", TIMED_OUT)
        return found

    def _find(
        self, name: str, after: float, where: Callable[[Event], bool] | None, fields: dict[str, object]
    ) -> Event | None:
        for event in self._events:
            if event["event"] != name or event["boot_seconds"] <= after:
                continue
            if all(event.get(key) == value for key, value in fields.items()) and (where is None or where(event)):
                return event
        return None

    def close(self) -> None:
        """No more is followed; the thread ends with its daemon."""
        self._closing.set()

    def join(self) -> None:
        """To be called when the daemon has ended."""
        self._thread.join(5.0)

    def _follow(self) -> None:
        while not self._closing.is_set():
            # No daemon at the moment, or it ended amid a line: it is looked for again.
            with contextlib.suppress(ControlError, OSError, http.client.HTTPException, ValueError):
                for event in self._client.events(after=0):
                    self._add(event)
            self._closing.wait(_RETRY_SECONDS)

    def _add(self, event: Event) -> None:
        key = (event["id"], event["boot_seconds"])
        with self._changed:
            if key not in self._known:  # the same daemon, asked once more, tells everything again
                self._known.add(key)
                self._events.append(event)
                self._changed.notify_all()
