"""The server, spoken to in plain HTTP."""

import http.client
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientConnectionResetError, web
from aiohttp.test_utils import make_mocked_request
from tests.support.control import Running, running

from mobileip.control import server as module
from mobileip.control.schema import ErrorView


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "mipd.sock") as one:
        yield one


def ask(daemon: Running, method: str, path: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(daemon.path))
    connection.request(method, path)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def test_the_socket_is_for_its_group_and_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "mipd.sock"
    with running(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [
        "status",
        "bindings",
        "visitors",
        "agents",
        "registration",
        "tunnels",
        "traffic",
        "engine",
        "doctor",
        "links",
        "handovers",
    ],
)
def test_every_view_is_shown(name: str, daemon: Running) -> None:
    status, body = ask(daemon, "GET", f"/v1/{name}")
    assert status == 200
    assert isinstance(body, list if name.endswith("s") and name != "status" else dict)


def test_what_this_daemon_has_not(daemon: Running) -> None:
    daemon.backend.shown_registration = None
    status, body = ask(daemon, "GET", "/v1/registration")
    assert (status, body["error"]["code"]) == (404, "not_found")  # type: ignore[index]


@pytest.mark.parametrize("name", ["register", "deregister", "restart", "stop"])
def test_commands_reach_the_daemon(name: str, daemon: Running) -> None:
    assert ask(daemon, "POST", f"/v1/{name}") == (200, {"done": name})
    assert daemon.backend.commands == [name]


def test_a_command_that_can_not_be_done(daemon: Running) -> None:
    daemon.backend.refusal = ErrorView(code="not_found", message="no mobile node")
    status, body = ask(daemon, "POST", "/v1/register")
    assert status == 409
    assert body == {"error": {"code": "not_found", "message": "no mobile node", "hint": ""}}


def test_an_engine_is_chosen(daemon: Running) -> None:
    status, body = ask(daemon, "POST", "/v1/engine/userspace")
    assert (status, body["name"], body["choice"]) == (200, "userspace", "userspace")
    assert daemon.backend.commands == ["engine userspace"]


@pytest.mark.parametrize(("code", "status"), [("usage", 400), ("failed", 409)])
def test_an_engine_that_can_not_be_had(code: str, status: int, daemon: Running) -> None:
    daemon.backend.refusal = ErrorView(code=code, message="no fast path")
    got, body = ask(daemon, "POST", "/v1/engine/ebpf")
    assert (got, body["error"]["code"]) == (status, code)  # type: ignore[index]


@pytest.mark.parametrize(("path", "number"), [("tunnels", 1), ("tunnels?idle=true", 2), ("tunnels?idle=no", 1)])
def test_idle_tunnels_are_told_when_they_are_asked_for(path: str, number: int, daemon: Running) -> None:
    assert len(ask(daemon, "GET", f"/v1/{path}")[1]) == number


@pytest.mark.parametrize(
    ("path", "told", "done"),
    [
        ("links/eth0/handover", "handover eth0", "handover"),
        ("links/eth0/prefer", "prefer eth0", "prefer"),
        ("links/eth0/leaving", "leaving eth0", "leaving"),
        ("links/eth0/staying", "staying eth0", "staying"),
        ("links/a%2Fb%20c/leaving", "leaving a/b c", "leaving"),
        ("links/auto/handover", "handover auto", "handover"),
        ("handover/auto", "handover None", "handover"),
        ("prefer/none", "prefer None", "prefer"),
        ("resumed", "resumed None", "resumed"),
    ],
)
def test_what_is_said_of_links_reaches_the_daemon(path: str, told: str, done: str, daemon: Running) -> None:
    assert ask(daemon, "POST", f"/v1/{path}") == (200, {"done": done})
    assert daemon.backend.commands == [told]


def test_a_link_that_is_not_there(daemon: Running) -> None:
    daemon.backend.refusal = ErrorView(code="not_found", message="leaving: eth9 is no link", hint="it has eth0")
    status, body = ask(daemon, "POST", "/v1/links/eth9/leaving")
    assert (status, body["error"]["hint"]) == (404, "it has eth0")  # type: ignore[index]


def test_metrics_are_text(daemon: Running) -> None:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(daemon.path))
    connection.request("GET", "/v1/metrics")
    response = connection.getresponse()
    assert response.getheader("Content-Type") == module.METRICS_TYPE
    assert response.read() == daemon.backend.metrics().encode()
    connection.close()


@pytest.mark.parametrize("name", ["bindings", "visitors"])
def test_what_is_cleared(name: str, daemon: Running) -> None:
    status, body = ask(daemon, "DELETE", f"/v1/{name}/10.1.0.10")
    assert (status, body["revoked"], body["told"]) == (200, 1, ["192.0.2.2"])
    assert daemon.backend.commands == [f"clear {name} 10.1.0.10"]


def test_what_is_not_there_can_not_be_cleared(daemon: Running) -> None:
    daemon.backend.refusal = ErrorView(code="not_found", message="no binding 10.1.0.10")
    status, body = ask(daemon, "DELETE", "/v1/bindings/10.1.0.10")
    assert (status, body["error"]["code"]) == (404, "not_found")  # type: ignore[index]


@pytest.mark.parametrize("address", ["10.1.0", "mn@example.net", "::1", "10.1.0.10%20"])
def test_only_an_address_can_be_cleared(address: str, daemon: Running) -> None:
    status, body = ask(daemon, "DELETE", f"/v1/bindings/{address}")
    assert (status, body["error"]["code"]) == (400, "usage")  # type: ignore[index]
    assert daemon.backend.commands == []


def test_others_may_not_change_anything(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_peer_user", lambda _: 4711)
    monkeypatch.setattr(module.os, "geteuid", lambda: 1)
    changes = [("POST", "/v1/stop"), ("POST", "/v1/engine/auto"), ("DELETE", "/v1/bindings/10.1.0.10")]
    changes += [("POST", "/v1/handover/auto"), ("POST", "/v1/links/eth0/leaving")]
    for method, path in changes:
        status, body = ask(daemon, method, path)
        assert (status, body["error"]["code"]) == (403, "forbidden")  # type: ignore[index]
    assert daemon.backend.commands == []
    assert ask(daemon, "GET", "/v1/packets")[0] == 403, "they are others' packets"
    assert ask(daemon, "GET", "/v1/status")[0] == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("POST", "/v1/status", 405)])
def test_what_nobody_offers_is_refused_in_the_same_form(method: str, path: str, status: int, daemon: Running) -> None:
    got, body = ask(daemon, method, path)
    assert (got, body["error"]["code"]) == (status, "usage")  # type: ignore[index]


def test_a_fault_of_ours_is_an_error_in_the_same_form_and_in_the_log(
    daemon: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise KeyError("what is inside stays inside")

    monkeypatch.setattr(module.LOGGER.parent, "propagate", True)
    monkeypatch.setattr(daemon.backend, "status", fail)
    status, body = ask(daemon, "GET", "/v1/status")
    assert status == 500
    assert body == {"error": {"code": "failed", "message": "a fault in the daemon: KeyError", "hint": "see its log"}}
    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info is not None) == ("request_failed", True)
    assert ask(daemon, "GET", "/v1/bindings")[0] == 200, "the server goes on"


async def test_nobody_is_told_when_whoever_asked_is_gone() -> None:
    async def gone(_: object) -> web.StreamResponse:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await module._errors(make_mocked_request("GET", "/v1/events"), gone)


@pytest.mark.parametrize(
    ("last", "first"),
    [("0", 1), ("2", 3), ("", 4), ("-1", 4), ("two", 4), ("٢", 4), ("9" * 18, 4), ("9" * 5000, 4)],
)
def test_a_stream_begins_behind_the_last_event_that_is_named(last: str, first: int, daemon: Running) -> None:
    """What is no number of an event names none: only new events come."""
    for _ in range(3):
        daemon.publish(event="old")
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(daemon.path))
    connection.request("GET", "/v1/events", headers={"Last-Event-ID": last.encode()})
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
    daemon.publish(event="new")
    assert response.readline() == b"id: %d\n" % first
    connection.close()


def test_a_reader_that_goes_away_is_no_fault(
    daemon: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def gone(*_: object) -> None:
        raise ClientConnectionResetError("Cannot write to closing transport")

    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(daemon.path))
    connection.request("GET", "/v1/events")
    response = connection.getresponse()
    monkeypatch.setattr(module.web.StreamResponse, "write", gone)
    daemon.publish(event="new")
    assert response.read() == b""
    connection.close()
    assert caplog.records == []


@pytest.mark.parametrize("name", ["events", "packets"])
def test_a_silent_stream_has_heartbeats(name: str, daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(daemon.path))
    connection.request("GET", f"/v1/{name}")
    response = connection.getresponse()
    assert response.readline() == b":\n"
    connection.close()


def test_the_other_end_is_known_by_its_user(daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = module._peer_user

    def noted(request: web.Request) -> int:
        seen.append(real(request))
        return seen[-1]

    monkeypatch.setattr(module, "_peer_user", noted)
    assert ask(daemon, "POST", "/v1/register")[0] == 200
    assert seen == [os.geteuid()]


def test_who_is_at_the_other_end() -> None:
    class Gone:
        transport = None

    assert module._peer_user(Gone()) == -1  # type: ignore[arg-type]
