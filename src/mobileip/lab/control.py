"""The daemon's control API as a lab sees it: questions, and a feed of events that survives a restart of the daemon."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mobileip.lab.errors import TIMED_OUT, LabError

Event = dict[str, Any]
"""One event of the feed: id, time, boot_seconds, event, and the fields of the notice."""

_RETRY_SECONDS = 0.02


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(socket_path: Path, resource: str, method: str = "GET", timeout: float = 5.0) -> Any:
    """The decoded answer of e.g. `/v1/status`. Raises OSError while no daemon listens, LabError when it refuses."""
    connection = _UnixConnection(socket_path, timeout)
    try:
        connection.request(method, resource)
        response = connection.getresponse()
        body = response.read()
        if response.status >= 300:
            raise LabError(f"{method} {resource}: {response.status} {body.decode(errors='replace')}")
        return msgspec.json.decode(body) if body else None
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {resource}: {error!r}") from error
    finally:
        connection.close()


class Feed:
    """Follows a daemon's events in a thread of its own, from the first that the daemon still has."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._closed = False
        self._connection: _UnixConnection | None = None
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

        def fits(event: Event) -> bool:
            return (
                event["event"] == name
                and event["boot_seconds"] > after
                and all(event.get(key) == value for key, value in fields.items())
                and (where is None or where(event))
            )

        found: list[Event] = []

        def look() -> bool:
            found[:] = [event for event in self._events if fits(event)][:1]
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(look, timeout):
                heard = ", ".join(event["event"] for event in self._events if event["boot_seconds"] > after)
                raise LabError(f"no event {name} {fields or ''} within {timeout:g} s; heard: {heard}", TIMED_OUT)
        return found[0]

    def close(self) -> None:
        self._closed = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # it was closed already
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5.0)

    def _follow(self) -> None:
        while not self._closed:
            # No daemon at the moment, or it ended amid a line: it is looked for again.
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self._read_stream()
            time.sleep(_RETRY_SECONDS)

    def _read_stream(self) -> None:
        connection = self._connection = _UnixConnection(self._path, timeout=3600.0)
        try:
            connection.request("GET", "/v1/events", headers={"Last-Event-ID": "0", "Accept": "text/event-stream"})
            response = connection.getresponse()
            if response.status != 200:
                return
            while line := response.readline():
                if line.startswith(b"data:"):
                    self._add(msgspec.json.decode(line[5:]))
        finally:
            connection.close()

    def _add(self, event: Event) -> None:
        with self._changed:
            if event not in self._events[-5000:]:  # the same daemon, asked once more, tells everything again
                self._events.append(event)
                self._changed.notify_all()
