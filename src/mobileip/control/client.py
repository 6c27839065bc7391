"""The API's client: http.client over the Unix socket; a command that runs for 50 ms can't spend 140 on imports."""

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

SOCKET_NAME = "mipd.sock"
DEFAULT_RUN_DIRECTORY = Path("/run/mip")

SHORTEST_WAIT = 0.001
"""Seconds; a socket takes 0 for "do not wait at all"."""

Json = dict[str, object] | list[dict[str, object]]


class ControlError(Exception):
    """The daemon (or its absence) says no. `code` as in the schema; `exit_code` is what a command ends with."""

    EXIT_CODES: ClassVar[dict[str, int]] = {
        "usage": 2,
        "not_running": 3,
        "not_found": 4,
        "timeout": 5,
        "forbidden": 6,
        "configuration": 7,
    }

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    @property
    def exit_code(self) -> int:
        return self.EXIT_CODES.get(self.code, 1)


def default_socket() -> Path:
    """In $MIP_RUN_DIR, else in /run/mip."""
    return Path(os.environ.get("MIP_RUN_DIR") or DEFAULT_RUN_DIRECTORY) / SOCKET_NAME


class ControlClient:
    """One daemon, by its socket. Every method raises `ControlError`."""

    def __init__(self, path: Path | None = None, timeout: float = 10.0) -> None:
        self._path = path if path is not None else default_socket()
        self._timeout = timeout

    def get(self, name: str) -> Json:
        """status | bindings | visitors | agents | registration | tunnels | traffic | doctor | engine | links |
        handovers.

        `tunnels?idle=true`: those too that nothing has passed through.
        """
        return self._request("GET", name)

    def post(self, name: str) -> Json:
        """register | deregister | restart | stop | engine/auto | engine/ebpf | engine/userspace | handover/auto |
        prefer/none | resumed."""
        return self._request("POST", name)

    def post_link(self, interface: str, action: str) -> Json:
        """handover | prefer | leaving | staying."""
        return self._request("POST", f"links/{quote(interface, safe='')}/{action}")

    def metrics(self) -> str:
        """All counters in Prometheus' text format."""
        return self._ask("GET", "metrics").decode(errors="surrogateescape")

    def delete(self, name: str, home_address: str) -> Json:
        """What of `name` (bindings | visitors) has that home address is ended."""
        return self._request("DELETE", f"{name}/{home_address}")

    def events(self, after: int | None = None, timeout: float | None = None) -> Iterator[dict[str, object]]:
        """Events as they come (`after` 0: kept ones first), until the daemon ends or none came for `timeout` seconds.

        Raises: `ControlError` ("timeout" for the latter).
        """
        with self.listen(after) as stream:
            while (event := stream.next(timeout)) is not None:
                yield event

    def listen(self, after: int | None = None) -> "EventStream":
        """The event feed, open when this returns: nothing that happens from here on is missed."""
        return self._listen("events", {} if after is None else {"Last-Event-ID": str(after)})

    def packets(self) -> "EventStream":
        """Packets of tunnels as they pass, each as a PacketView, or a LostView where some are missing."""
        return self._listen("packets", {})

    def _listen(self, name: str, headers: dict[str, str]) -> "EventStream":
        connection = self._connect(self._timeout)
        try:
            connection.request("GET", f"/v1/{name}", headers=headers)
            return EventStream(connection)
        except ControlError:
            connection.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _gone(error) from error

    def _request(self, method: str, name: str) -> Json:
        try:
            body: object = json.loads(self._ask(method, name))
        except ValueError as error:
            raise _improper(error) from error
        if isinstance(body, dict):
            return body
        if isinstance(body, list) and all(isinstance(row, dict) for row in body):
            return body
        raise _improper("neither an object nor a list of objects")

    def _ask(self, method: str, name: str) -> bytes:
        connection = self._connect(self._timeout)
        try:
            connection.request(method, f"/v1/{name}")
            response = connection.getresponse()
            octets = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _improper(error) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise _refusal(response, octets)
        return octets

    def _connect(self, timeout: float | None) -> "_UnixConnection":
        connection = _UnixConnection(self._path, timeout)
        try:
            connection.connect()
        except PermissionError as error:
            raise ControlError("forbidden", f"may not open {self._path}", "use sudo") from error
        except OSError as error:
            raise ControlError(
                "not_running", f"no daemon answers at {self._path}", "start one: mipd --config FILE"
            ) from error
        return connection


class EventStream:
    """One open feed; a context manager that closes it."""

    def __init__(self, connection: "_UnixConnection") -> None:
        self._connection = connection
        self._socket = connection.sock
        self._response = connection.getresponse()
        if self._response.status != http.client.OK:
            raise _refusal(self._response, self._response.read())

    def next(self, timeout: float | None = None) -> dict[str, object] | None:
        """The next event; None when the daemon ended the stream.

        Raises: `ControlError` ("timeout" when none came within `timeout` seconds: the stream is of no more use).
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                # The daemon's heartbeats come in between: they are no events, and no reason to wait longer.
                left = None if give_up is None else max(give_up - time.monotonic(), SHORTEST_WAIT)
                self._socket.settimeout(left)
                line = self._response.readline()
                if not line:
                    return None
                if line.startswith(b"data: "):
                    event: object = json.loads(line[6:])
                    if not isinstance(event, dict):
                        raise _improper("an event that is no object")
                    return event
        except TimeoutError as error:
            raise ControlError("timeout", "no event came in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _gone(error) from error

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _gone(error: Exception) -> ControlError:
    return ControlError("not_running", f"the daemon went away: {str(error) or type(error).__name__}")


def _improper(why: object) -> ControlError:
    hint = "are mip and mipd of the same version?"
    return ControlError("failed", f"the daemon gave no proper answer: {why}", hint)


def _refusal(response: http.client.HTTPResponse, octets: bytes) -> ControlError:
    """What the daemon says for its no, in the schema's form or, where it is another program, in HTTP's."""
    try:
        body: object = json.loads(octets)
    except ValueError:
        body = None
    said = body.get("error") if isinstance(body, dict) else None
    view = said if isinstance(said, dict) else {}
    return ControlError(
        str(view.get("code", "failed")), str(view.get("message", response.reason)), str(view.get("hint", ""))
    )


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._unix_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._unix_path))
        except OSError:
            self.close()
            raise
