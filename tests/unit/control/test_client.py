"""The client against a true server, and against what is none."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.control import Running, running

from mobileip.control import client as module
from mobileip.control import server as server_module
from mobileip.control.client import ControlClient, ControlError, EventStream, default_socket
from mobileip.control.schema import ErrorView


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "mipd.sock") as one:
        yield one


@pytest.fixture
def client(daemon: Running) -> ControlClient:
    return ControlClient(daemon.path)


def test_views_are_plain_values(client: ControlClient) -> None:
    bindings = client.get("bindings")
    assert isinstance(bindings, list)
    assert [row["home_address"] for row in bindings] == ["10.1.0.10", "10.1.0.11"]


def test_commands(client: ControlClient, daemon: Running) -> None:
    assert client.post("register") == {"done": "register"}
    assert daemon.backend.commands == ["register"]


def test_what_is_said_of_a_link(client: ControlClient, daemon: Running) -> None:
    assert client.post_link("a/b c", "leaving") == {"done": "leaving"}
    assert client.post("handover/auto") == {"done": "handover"}
    assert daemon.backend.commands == ["leaving a/b c", "handover None"]


def test_metrics_are_text(client: ControlClient, daemon: Running) -> None:
    assert client.metrics() == daemon.backend.metrics()


def test_what_is_cleared_is_told(client: ControlClient, daemon: Running) -> None:
    view = client.delete("visitors", "10.1.0.10")
    assert isinstance(view, dict)
    assert (view["home_address"], view["revoked"]) == ("10.1.0.10", 1)
    assert daemon.backend.commands == ["clear visitors 10.1.0.10"]


def test_a_refusal_carries_code_message_and_hint(client: ControlClient, daemon: Running) -> None:
    daemon.backend.refusal = ErrorView(code="forbidden", message="no", hint="ask")
    with pytest.raises(ControlError) as caught:
        client.post("stop")
    assert (caught.value.code, caught.value.message, caught.value.hint) == ("forbidden", "no", "ask")
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("usage", 2),
        ("not_running", 3),
        ("not_found", 4),
        ("timeout", 5),
        ("forbidden", 6),
        ("configuration", 7),
        ("failed", 1),
        ("something of a later version", 1),
    ],
)
def test_exit_codes(code: str, exit_code: int) -> None:
    assert ControlError(code, "").exit_code == exit_code


def test_kept_events_then_those_that_come(client: ControlClient, daemon: Running) -> None:
    daemon.publish(event="one")
    stream = client.events(after=0, timeout=10)
    assert next(stream)["event"] == "one"
    daemon.publish(event="two")
    assert next(stream) == {"id": 2, "event": "two"}
    stream.close()


def test_nothing_that_happens_after_listen_is_missed(client: ControlClient, daemon: Running) -> None:
    with client.listen() as stream:
        daemon.publish(event="at once")
        assert (stream.next(10) or {})["event"] == "at once"


def test_silence_is_a_time_out(client: ControlClient) -> None:
    with client.listen() as stream, pytest.raises(ControlError) as caught:
        stream.next(0.01)
    assert caught.value.code == "timeout"


def test_heartbeats_are_no_events(client: ControlClient, daemon: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEARTBEAT_SECONDS", 0.01)
    with client.listen() as stream, pytest.raises(ControlError, match="no event came"):
        stream.next(0.1)


def test_the_end_of_the_daemon_ends_the_stream(client: ControlClient, daemon: Running) -> None:
    with client.listen() as stream:
        ender = threading.Thread(target=daemon.end_server)
        ender.start()
        assert _ends(stream)
        ender.join()


def _ends(stream: EventStream) -> bool:
    """Whether the stream is over: properly, or cut in the middle of a chunk."""
    try:
        return stream.next(10) is None
    except ControlError as error:
        return error.code == "not_running"


# -- no daemon, or none of ours


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no daemon answers") as caught:
        ControlClient(tmp_path / "nothing.sock").get("status")
    assert caught.value.exit_code == 3


def test_may_not_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(self: object) -> None:
        raise PermissionError

    monkeypatch.setattr(module._UnixConnection, "connect", refuse)
    with pytest.raises(ControlError, match="may not open") as caught:
        ControlClient(tmp_path / "mipd.sock").get("status")
    assert (caught.value.code, caught.value.hint) == ("forbidden", "use sudo")


def answering(path: Path, octets: bytes) -> threading.Thread:
    """A program at the socket that says `octets` to the first who comes, and goes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def answer() -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(octets)
        connection.close()
        listener.close()

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno!",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n3",
        b"HTTP/1.1 200 OK\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\n\r\n\xff",
    ],
)
def test_what_is_no_proper_answer(octets: bytes, tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", octets)
    with pytest.raises(ControlError, match="no proper answer") as caught:
        ControlClient(tmp_path / "x.sock").get("status")
    assert (caught.value.code, caught.value.hint) == ("failed", "are mip and mipd of the same version?")
    thread.join()


@pytest.mark.parametrize("body", [b"[]", b'{"error": 3}', b"<html>", b""])
def test_an_error_in_no_known_form(body: bytes, tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", b"HTTP/1.1 500 Oh dear\r\n\r\n" + body)
    with pytest.raises(ControlError, match="Oh dear"):
        ControlClient(tmp_path / "x.sock").get("status")
    thread.join()


def test_a_feed_that_breaks(tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", b"")
    with pytest.raises(ControlError, match="went away"):
        ControlClient(tmp_path / "x.sock").listen()
    thread.join()


def test_a_feed_that_is_refused(tmp_path: Path) -> None:
    body = b'{"error": {"code": "forbidden", "message": "not for you", "hint": "ask"}}'
    thread = answering(tmp_path / "x.sock", b"HTTP/1.1 403 Forbidden\r\n\r\n" + body)
    with pytest.raises(ControlError, match="not for you") as caught:
        ControlClient(tmp_path / "x.sock").listen()
    assert caught.value.exit_code == 6
    thread.join()


def test_the_events_end_with_the_feed(tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", b'HTTP/1.1 200 OK\r\n\r\n:\n\nid: 1\ndata: {"id": 1}\n\n')
    assert list(ControlClient(tmp_path / "x.sock").events(after=0)) == [{"id": 1}]
    thread.join()


def test_a_feed_whose_event_is_no_object(tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", b"HTTP/1.1 200 OK\r\n\r\ndata: 3\n")
    with ControlClient(tmp_path / "x.sock").listen() as stream, pytest.raises(ControlError, match="no proper answer"):
        stream.next()
    thread.join()


def test_a_feed_with_nonsense(tmp_path: Path) -> None:
    thread = answering(tmp_path / "x.sock", b"HTTP/1.1 200 OK\r\n\r\ndata: {\n")
    with ControlClient(tmp_path / "x.sock").listen() as stream, pytest.raises(ControlError, match="went away"):
        stream.next()
    thread.join()


def test_where_the_socket_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIP_RUN_DIR", raising=False)
    assert default_socket() == Path("/run/mip/mipd.sock")
    monkeypatch.setenv("MIP_RUN_DIR", "")
    assert default_socket() == Path("/run/mip/mipd.sock"), "set to nothing is not set"
    monkeypatch.setenv("MIP_RUN_DIR", "/run/other")
    assert default_socket() == Path("/run/other/mipd.sock")
    assert ControlClient()._path == Path("/run/other/mipd.sock")
