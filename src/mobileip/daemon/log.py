"""One line for one notice: logfmt or JSON on stderr, stable `event=` names, discards limited for each sender."""

import json
import logging
import os
import sys
from collections.abc import Mapping

from mobileip.daemon.config_file import LogFormat

LOGGER = logging.getLogger("mobileip")

DISCARDS_PER_SENDER = 5
"""Lines about one sender's discarded messages in a minute; counters go on, the log does not drown."""
WINDOW_SECONDS = 60.0
SENDERS = 1000
"""Senders that are remembered; more than that at once are one crowd."""

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}

_WARNINGS = frozenset(
    {
        "registration_denied",
        "registration_lost",
        "agent_lost",
        "rule_fight",
        "firewall_trouble",
        "inheritance_trouble",
        "memory_trouble",
        "binding_not_restored",
        "operation_failed",
        "unauthenticated_allowed",
    }
)
_ERRORS = frozenset({"device_lost"})
_DEBUG = frozenset({"discarded", "binding_renewed", "registration_sent"})


class _Formatter(logging.Formatter):
    """`fields` of the record become key=value or JSON; under the journal each line begins with its priority."""

    def __init__(self, form: LogFormat, priorities: bool) -> None:
        super().__init__()
        self._json = form is LogFormat.JSON
        self._priorities = priorities

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {"level": record.levelname.lower(), "event": record.getMessage()}
        extra = getattr(record, "fields", None)
        if isinstance(extra, Mapping):
            fields.update((str(key), value) for key, value in extra.items())
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        if self._json:
            line = json.dumps(fields, default=str)
        else:
            line = " ".join(f"{key}={_word(value)}" for key, value in fields.items())
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{line}" if self._priorities else line


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ",".join(str(entry) for entry in value)
    text = str(value)
    # What came from the network may hold anything: a line stays a line.
    is_word = text.isprintable() and text and not any(c in ' "=' for c in text)
    return text if is_word else json.dumps(text)


def configure(level: str, form: LogFormat) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(form, priorities="JOURNAL_STREAM" in os.environ))
    LOGGER.handlers = [handler]
    LOGGER.propagate = False
    LOGGER.setLevel(level.upper())


def _level(event: str) -> int:
    if event in _ERRORS:
        return logging.ERROR
    if event in _WARNINGS:
        return logging.WARNING
    return logging.DEBUG if event in _DEBUG else logging.INFO


class NoticeLog:
    """Writes events of the feed to the log."""

    def __init__(self) -> None:
        self._discards: dict[str, tuple[float, int]] = {}

    def write(self, fields: Mapping[str, object], now: float) -> None:
        event = str(fields.get("event", ""))
        if event == "discarded" and not self._may_log_discard(str(fields.get("source", "")), now):
            return
        LOGGER.log(_level(event), event, extra={"fields": {k: v for k, v in fields.items() if k != "event"}})

    def _may_log_discard(self, source: str, now: float) -> bool:
        if source not in self._discards and len(self._discards) >= SENDERS:
            self._discards = {s: entry for s, entry in self._discards.items() if now - entry[0] < WINDOW_SECONDS}
            if len(self._discards) >= SENDERS:
                source = "others"
        since, count = self._discards.get(source, (now, 0))
        if now - since >= WINDOW_SECONDS:
            since, count = now, 0
        self._discards[source] = (since, count + 1)
        return count < DISCARDS_PER_SENDER
