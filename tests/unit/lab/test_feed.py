"""The feed: events are kept in order and waited for, also across a restart of the daemon."""

import json
import socket
import threading
from pathlib import Path

import pytest

from mobileip.lab.errors import TIMED_OUT, LabError
from mobileip.lab.feed import Feed


class OneDaemon:
    """Answers one question after another with its events, then hangs up."""

    def __init__(self, path: Path, *lives: list[dict[str, object]]) -> None:
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._lives = lives
        self.questions: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for events in self._lives:
            connection, _ = self._listener.accept()
            with connection:
                self.questions.append(connection.recv(65536))
                body = b"".join(b"id: %d\ndata: %b\n\n" % (event["id"], json.dumps(event).encode()) for event in events)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + body)
        self._listener.close()

    def join(self) -> None:
        self._thread.join(5)


def event(number: int, at: float, name: str, **fields: object) -> dict[str, object]:
    return {"schema": 1, "id": number, "boot_seconds": at, "event": name, **fields}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mipd.sock"


def test_events_are_found_by_name_time_and_fields(path: Path) -> None:
    events = [
        event(1, 10.0, "registered", care_of="home"),
        event(2, 11.0, "agent_heard", agent="10.2.1.1"),
        event(3, 12.0, "registered", care_of="foreign_agent"),
        event(4, 13.0, "registered", care_of="foreign_agent"),
    ]
    daemon = OneDaemon(path, events)
    feed = Feed(path)
    assert feed.wait_for("registered")["id"] == 1
    assert feed.wait_for("registered", care_of="foreign_agent")["id"] == 3
    assert feed.wait_for("registered", after=12.0)["id"] == 4
    assert feed.wait_for("agent_heard", where=lambda found: found["agent"].startswith("10.2"))["id"] == 2
    assert [found["id"] for found in feed.events(after=11.5)] == [3, 4]
    feed.close()
    daemon.join()
    feed.join()
    assert b"last-event-id: 0" in daemon.questions[0].lower()


def test_a_daemon_asked_again_is_not_heard_twice_and_a_new_one_is_heard(path: Path) -> None:
    first = [event(1, 10.0, "started")]
    daemon = OneDaemon(path, first, [*first, event(2, 11.0, "x")], [event(1, 20.0, "started")])
    feed = Feed(path)
    assert feed.wait_for("started", after=15.0)["boot_seconds"] == 20.0
    assert [(found["id"], found["boot_seconds"]) for found in feed.events()] == [(1, 10.0), (2, 11.0), (1, 20.0)]
    feed.close()
    daemon.join()
    feed.join()


def test_what_does_not_come_is_told_with_what_came(path: Path) -> None:
    daemon = OneDaemon(path, [event(1, 10.0, "agent_heard")])
    feed = Feed(path)
    feed.wait_for("agent_heard")
    with pytest.raises(LabError, match=r"no event registered .*heard: agent_heard") as caught:
        feed.wait_for("registered", timeout=0.05)
    assert caught.value.code == TIMED_OUT
    feed.close()
    daemon.join()
    feed.join()


def test_no_daemon_yet_is_waited_for(path: Path) -> None:
    feed = Feed(path)
    daemon = OneDaemon(path, [event(1, 10.0, "started")])
    feed.wait_for("started")
    feed.close()
    daemon.join()
    feed.join()
