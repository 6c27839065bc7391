"""docs/reference/events.md: the agents' notices, and the events that daemon/service.py adds."""

import ast
import inspect
import logging
import types
import typing
from ipaddress import IPv4Address

import msgspec
from tools.reference_pages.common import SOURCE, code, same_keys, table, users_of

from mobileip.agents.notices import Notice
from mobileip.daemon import engine_switch, publishing, service, succession
from mobileip.daemon.log import LOGGER, NoticeLog
from mobileip.forwarding.drop_reason import DropReason

PAGE = "events.md"

ABOUT = {
    "binding_created": "A mobile node that was not registered is.",
    "binding_renewed": "The same care-of address again.",
    "visitor_added": "A new visitor, or one that came by another way.",
    "agent_heard": "An agent that was not known, or is known anew: restarted, or heard again after doubt.",
    "operation_failed": "The kernel refused something: `what` with the reason, `target` in words.",
    "repaired": "Others removed something of ours from the kernel; so many `objects` were put back.",
    "device_lost": "Others took the name of our tunnel device away: no tunnelled packet passes. It is tried "
    "again until it succeeds.",
    "device_restored": "The tunnel device is there again, and the routes into it.",
    "engine_changed": "Other packet paths than before forward, though nobody asked for it.",
    "engine_chosen": "Someone chose what forwards packets (`mip engine`, or another configuration): what does now, "
    "and why.",
    "firewall_opened": "Accept rules of ours are in the firewall, as `[daemon] open_firewall` allows.",
    "firewall_closed": "They are out of it again.",
    "firewall_trouble": "The firewall could not be changed so; `mip doctor` says what it drops.",
    "inherited": "So many `wishes` of the daemon before go on until mobile nodes have registered anew, or their "
    "lifetime ends.",
    "inheritance_trouble": "What the daemon before left can't be used, or nothing can be left to the next one.",
    "memory_trouble": "The home agent's bindings and replay state can't be read or written: what is wrong, and "
    "what to do. It goes on without.",
    "memory_restored": "They can be written again, and are.",
    "rule_fight": "Others keep removing what we put back: the kinds of `objects`. It is tried again, ever more rarely.",
}
"""Of what has no docstring; the others' is the sentence."""

ADDED = {
    "operation_failed": {"what": "string", "target": "string"},
    "repaired": {"objects": "integer"},
    "device_lost": {"device": "string", "reason": "string", "hint": "string"},
    "device_restored": {"device": "string"},
    "engine_changed": {"engine": "string", "reason": "string"},
    "engine_chosen": {"choice": "string", "engine": "string", "reason": "string"},
    "firewall_opened": {"rules": "array of string"},
    "firewall_closed": {"rules": "array of string"},
    "firewall_trouble": {"reason": "string"},
    "inherited": {"wishes": "integer"},
    "inheritance_trouble": {"reason": "string"},
    "memory_trouble": {"reason": "string"},
    "memory_restored": {},
    "rule_fight": {"objects": "array of string"},
}
"""Types of the fields of what the daemon adds; the names are compared with the code."""

PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number", bytes: "hexadecimal", IPv4Address: "string"}


def _type(annotation: object) -> str:
    if annotation is DropReason:
        return "[name](drop-reasons.md)"
    if typing.get_origin(annotation) is tuple:
        return f"array of {_type(typing.get_args(annotation)[0])}"
    if typing.get_origin(annotation) is types.UnionType:
        return f"{_type(typing.get_args(annotation)[0])} or null"
    return PLAIN[typing.cast("type", annotation)]


def notices() -> dict[str, type[msgspec.Struct]]:
    return {str(kind.__struct_config__.tag): kind for kind in typing.get_args(Notice)}


def _source() -> str:
    return "".join(inspect.getsource(module) for module in (publishing, service, succession, engine_switch))


def added() -> dict[str, list[str]]:
    """Events of the daemon's own: the literal dicts that these files publish."""
    found = {}
    for node in ast.walk(ast.parse(_source())):
        if isinstance(node, ast.Dict):
            entries = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
            event = entries.pop("event", None)
            if isinstance(event, ast.Constant):
                found[str(event.value)] = [str(name) for name in entries]
    return found


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.level_name = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.level_name = record.levelname.lower()


def _log_level(event: str) -> str:
    """The level at which the daemon logs it."""
    ear, before = _Ear(), (LOGGER.handlers, LOGGER.level, LOGGER.propagate)
    LOGGER.handlers, LOGGER.propagate = [ear], False
    LOGGER.setLevel(logging.DEBUG)
    try:
        NoticeLog().write({"event": event}, 0.0)
    finally:
        LOGGER.handlers, level, LOGGER.propagate = before
        LOGGER.setLevel(level)
    return ear.level_name


def _senders(kind: type[msgspec.Struct]) -> str:
    """The roles whose code names the notice."""
    folders = {"home": "home agent", "foreign": "foreign agent", "mobile": "mobile node"}
    senders = [role for folder, role in folders.items() if users_of(kind.__name__, SOURCE / "agents" / folder)]
    if {SOURCE / "agents" / name for name in ("node.py", "advertising.py")} & set(
        users_of(kind.__name__, SOURCE / "agents")
    ):
        senders.append("node")
    return ", ".join(senders) or "nobody in this version"


def _types(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {name: _type(hint) for name, hint in typing.get_type_hints(kind).items()}


def _own_docstring(kind: type[msgspec.Struct]) -> str:
    text = kind.__dict__.get("__doc__")
    return " ".join(text.split()) if isinstance(text, str) else ""


def _row(event: str, sender: str, types: dict[str, str], sentence: str) -> list[str]:
    words = ", ".join(f"{code(name)} ({kind})" if kind != "string" else code(name) for name, kind in types.items())
    return [code(event), sender, _log_level(event), words, sentence]


def _events() -> list[str]:
    """Raises: ValueError when an event has no sentence, or a sentence no event."""
    said = {event: _own_docstring(kind) for event, kind in notices().items()}
    same_keys(f"{__name__}.ABOUT", ABOUT, [*ADDED, *(event for event, text in said.items() if not text)])
    same_keys(f"{__name__}.ADDED", ADDED, added())
    for event, names in added().items():
        same_keys(f"{__name__}.ADDED: {event}", ADDED[event], names)
    rows = [_row(e, _senders(kind), _types(kind), ABOUT.get(e) or said[e]) for e, kind in notices().items()]
    rows += [_row(event, "daemon", types, ABOUT[event]) for event, types in ADDED.items()]
    return table(("event", "from", "log level", "fields", "meaning"), rows)


BLOCKS = {"events": _events}
