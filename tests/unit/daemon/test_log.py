"""The log: one line for one notice, none that drowns others."""

import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from mobileip.daemon import log
from mobileip.daemon.config_file import LogFormat
from mobileip.daemon.log import LOGGER, NoticeLog


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    stream = io.StringIO()
    monkeypatch.setattr(log, "sys", SimpleNamespace(stderr=stream))
    yield stream
    LOGGER.handlers = []
    LOGGER.setLevel(logging.NOTSET)


def test_logfmt(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.LOGFMT)
    fields = {"event": "registered", "interface": "eth0", "reason": "a b", "empty": "", "list": ["a", "b"], "n": 1}
    NoticeLog().write(fields, 0.0)
    assert lines.getvalue() == ('level=info event=registered interface=eth0 reason="a b" empty="" list=a,b n=1\n')


def test_json(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.JSON)
    NoticeLog().write({"event": "registered", "interface": "eth0"}, 0.0)
    assert json.loads(lines.getvalue()) == {"level": "info", "event": "registered", "interface": "eth0"}


def test_words_that_would_break_a_line_are_quoted(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.LOGFMT)
    NoticeLog().write({"event": "message_shown", "text": 'two\nlines "and" = more'}, 0.0)
    assert lines.getvalue().count("\n") == 1
    assert r"two\nlines" in lines.getvalue()
    NoticeLog().write({"event": "message_shown", "text": "two\nlines", "other": "\x1b[2J"}, 0.0)
    assert lines.getvalue().count("\n") == 2
    assert "\x1b" not in lines.getvalue()


def test_priorities_for_the_journal(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    log.configure("debug", LogFormat.LOGFMT)
    notices = NoticeLog()
    for event in ("registration_sent", "registered", "registration_denied"):
        notices.write({"event": event}, 0.0)
    assert [line[:3] for line in lines.getvalue().splitlines()] == ["<7>", "<6>", "<4>"]


def test_a_record_without_fields(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.LOGFMT)
    LOGGER.info("ready")
    assert lines.getvalue() == "level=info event=ready\n"


def test_a_fault_of_ours_is_one_line_with_its_traceback(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.LOGFMT)
    try:
        raise KeyError("home")
    except KeyError:
        LOGGER.exception("request_failed")
    (line,) = lines.getvalue().splitlines()
    assert line.startswith('level=error event=request_failed traceback="Traceback')
    assert "KeyError: 'home'" in line


def test_what_is_for_debugging_is_not_in_a_usual_log(lines: io.StringIO) -> None:
    log.configure("info", LogFormat.LOGFMT)
    NoticeLog().write({"event": "binding_renewed"}, 0.0)
    assert lines.getvalue() == ""


def discard(notices: NoticeLog, source: str, now: float, times: int = 1) -> None:
    for _ in range(times):
        notices.write({"event": "discarded", "source": source}, now)


def test_one_sender_can_not_fill_the_log(lines: io.StringIO) -> None:
    log.configure("debug", LogFormat.LOGFMT)
    notices = NoticeLog()
    discard(notices, "192.0.2.1", 0.0, 100)
    assert len(lines.getvalue().splitlines()) == log.DISCARDS_PER_SENDER
    discard(notices, "192.0.2.2", 0.0)
    assert len(lines.getvalue().splitlines()) == log.DISCARDS_PER_SENDER + 1
    discard(notices, "192.0.2.1", log.WINDOW_SECONDS)
    assert len(lines.getvalue().splitlines()) == log.DISCARDS_PER_SENDER + 2


def test_nor_can_a_crowd_nor_fill_the_memory(lines: io.StringIO) -> None:
    log.configure("debug", LogFormat.LOGFMT)
    notices = NoticeLog()
    for number in range(log.SENDERS + 500):
        discard(notices, str(number), 0.0)
    assert len(lines.getvalue().splitlines()) == log.SENDERS + log.DISCARDS_PER_SENDER
    assert len(notices._discards) <= log.SENDERS + 1
    discard(notices, "later", log.WINDOW_SECONDS + 1)
    assert len(notices._discards) == 1
