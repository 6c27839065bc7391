"""The API's client: http.client over the Unix socket, because a command that runs for 50 ms can't spend 140 on an import."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "mipd.sock"
DEFAULT_RUN_DIRECTORY = Path("/run/mip")

Json = dict[str, object] | list[dict[str, object]]


class ControlError(Exception):
    """The daemon (or its absence) says no. `code` as in the schema; `exit_code` is what a command ends with."""

    EXIT_CODES = {"usage": 2, "not_running": 3, "not_found": 4, "timeout": 5, "forbidden": 6}

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
    return Path(os.environ.get("MIP_RUN_DIR", DEFAULT_RUN_DIRECTORY)) / SOCKET_NAME


class ControlClient:
    """One daemon, by its socket. Every method raises `ControlError`."""

    def __init__(self, path: Path | None = None, timeout: float = 10.0) -> None:
        self._path = path if path is not None else default_socket()
        self._timeout = timeout

    def get(self, name: str) -> Json:
        """status | bindings | visitors | agents | registration | tunnels | traffic."""
        return self._request("GET", name)

    def post(self, name: str) -> Json:
        """register | deregister | restart | stop."""
        return self._request("POST", name)

    def events(self, after: int | None = None, timeout: float | None = None) -> Iterator[dict[str, object]]:
        """Events as they come (`after` 0: the kept ones first), until the daemon ends or nothing came for `timeout` seconds.

        Raises: `ControlError` ("timeout" for the latter).
        """
        connection = self._connect(timeout)
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        try:
            connection.request("GET", "/v1/events", headers=headers)
            response = connection.getresponse()
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        except TimeoutError as error:
            raise ControlError("timeout", "no event came in time") from error
        except OSError as error:
            raise ControlError("not_running", f"the daemon went away: {error}") from error
        finally:
            connection.close()

    def _request(self, method: str, name: str) -> Json:
        connection = self._connect(self._timeout)
        try:
            connection.request(method, f"/v1/{name}")
            response = connection.getresponse()
            body: Json | dict[str, dict[str, str]] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ControlError("failed", f"the daemon gave no proper answer: {error}") from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            said = body.get("error") if isinstance(body, dict) else None
            error_view = said if isinstance(said, dict) else {}
            raise ControlError(
                str(error_view.get("code", "failed")),
                str(error_view.get("message", response.reason)),
                str(error_view.get("hint", "")),
            )
        return body  # type: ignore[return-value]  # a success has the view's form

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
