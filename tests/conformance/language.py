"""The language of the conformance cases: one file per rule, to be read by people.

    R5944-3.8.3.2-i R5944-3.8.3.2-j
    A Request that names another home agent is denied, and the Reply names us.

    home_agent maximum_lifetime=600

    > request home_agent=10.9.0.1
    < reply code=136 home_agent=10.1.0.1 +mobile_home
    = bindings 0

The first lines hold the ids of the requirements, then one sentence; then who is on the stage, with settings of its
configuration; then lines that begin with

    >   something happens: an event, with fields; what is not named has a sound value
    <   exactly these messages follow (in order, nothing else); notices and wishes for forwarding only where named
    =   something holds now

`#` begins a comment. Words are `field=value` (also `!=`, `<`, `>`), or `+extension:value,value`, in the order in which
the extensions stand in the message. `stage.py` knows the verbs, `parts.py` the extensions.
"""

import re
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

import msgspec

from mobileip.forwarding.model import BroadcastCopy
from mobileip.forwarding.tunnel import Encapsulation, Tunnel

REQUIREMENT = re.compile(r"R\d{4}-[0-9A-Z][0-9A-Za-z.]*-[a-z]{1,2}")
_CONDITION = re.compile(r"([a-z_]+)(!=|<=|>=|=|<|>)(.*)")
_ROLES = ("home_agent", "foreign_agent", "mobile_node")
_SIGNS = "><="


class CaseError(Exception):
    """A case that is not written as it should be."""


class Condition(msgspec.Struct, frozen=True):
    """`field=value` as written."""

    field: str
    sign: str
    word: str

    def holds(self, value: Any) -> bool:
        """Whether the field's value is as wanted."""
        if self.sign == "=":
            return self.word == "*" or equal(value, self.word)
        if self.sign == "!=":
            return not equal(value, self.word)
        number, limit = float(value), float(self.word)
        return {"<": number < limit, ">": number > limit, "<=": number <= limit, ">=": number >= limit}[self.sign]

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.word}"


class Line(msgspec.Struct, frozen=True):
    """One step: its sign, verb, plain words, conditions, extensions."""

    number: int
    sign: str
    verb: str
    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    parts: tuple[str, ...] = ()

    def fields(self) -> dict[str, str]:
        """The conditions as plain assignments.

        Raises: CaseError for anything else than `=`.
        """
        if any(condition.sign != "=" for condition in self.conditions):
            raise CaseError(f"line {self.number}: only = assigns")
        return {condition.field: condition.word for condition in self.conditions}


class Case(msgspec.Struct, frozen=True):
    """A whole file."""

    requirements: tuple[str, ...]
    title: str
    roles: tuple[Line, ...]
    steps: tuple[Line, ...]


def read_case(path: Path) -> Case:
    """Raises: CaseError, with the line."""
    requirements: list[str] = []
    title: list[str] = []
    roles: list[Line] = []
    steps: list[Line] = []
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", raw).strip()
        if not text:
            continue
        if text[0] in _SIGNS and text[1:2] == " ":
            steps.append(_line(number, text[0], text[1:].split()))
        elif text.split()[0] in _ROLES and not steps:
            roles.append(_line(number, "", text.split()))
        elif not title and not roles and all(REQUIREMENT.fullmatch(word) for word in text.split()):
            requirements += text.split()
        elif not roles and not steps:
            title.append(text)
        else:
            raise CaseError(f"{path}:{number}: {text!r} is neither an event (>), an output (<) nor a fact (=)")
    if not (requirements and title and roles and steps):
        raise CaseError(f"{path}: a case has requirements, a sentence, a role and steps")
    return Case(tuple(requirements), " ".join(title), tuple(roles), tuple(steps))


def _line(number: int, sign: str, words: list[str]) -> Line:
    plain, conditions, parts = [], [], []
    for word in words[1:]:
        match = _CONDITION.fullmatch(word)
        if word.startswith("+"):
            parts.append(word[1:])
        elif match:
            conditions.append(Condition(*match.groups()))
        else:
            plain.append(word)
    return Line(number, sign, words[0], tuple(plain), tuple(conditions), tuple(parts))


# -- words <-> values


def value_of(word: str, kind: Any) -> Any:
    """A word as a value of a field's type.

    Raises: CaseError.
    """
    origin, arguments = getattr(kind, "__origin__", None), getattr(kind, "__args__", ())
    if origin is tuple:
        return tuple(value_of(each, arguments[0]) for each in word.split(",") if each)
    if word == "none" and type(None) in arguments:
        return None
    if arguments and type(None) in arguments:
        kind = next(each for each in arguments if each is not type(None))
    if kind is bytes:
        return bytes.fromhex(word)
    if kind is bool:
        return word == "yes"
    if kind is int:
        return int(word, 0)
    try:
        return msgspec.convert(word, kind, strict=False, dec_hook=lambda wanted, text: wanted(text))
    except (msgspec.ValidationError, ValueError) as error:
        raise CaseError(f"{word!r} is no {kind}") from error


def struct_of(kind: type[Any], words: dict[str, str], **defaults: Any) -> Any:
    """A value of a Struct from words; names that it does not have are an error.

    Raises: CaseError.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    unknown = set(words) - set(types)
    if unknown:
        raise CaseError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**(defaults | {name: value_of(word, types[name]) for name, word in words.items()}))


def equal(value: Any, word: str) -> bool:
    """Whether a word stands for the value."""
    if value is None:
        return word == "none"
    if isinstance(value, bool):
        return word == ("yes" if value else "no")
    if isinstance(value, Enum):
        return word in (str(value.value), value.name.lower())
    if isinstance(value, int):
        return word.lower() == str(value) or (word[:2] == "0x" and int(word, 16) == value)
    if isinstance(value, bytes):
        return (value.hex() or "none") == word.lower()
    if isinstance(value, tuple | list | frozenset):
        return ",".join(show(each) for each in value) == word
    if isinstance(value, float):
        return abs(value - float(word)) < 1e-6
    return show(value) == word


def show(value: Any) -> str:
    """A value as a word, for messages."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex() or "none"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(show(each) for each in value)
    if isinstance(value, IPv4Address | IPv4Interface | IPv4Network | int | float | str):
        return str(value)
    if isinstance(value, Tunnel):
        return _shown_tunnel(value)
    if isinstance(value, BroadcastCopy):
        return f"{value.tunnel.remote}/{'nested' if value.nested else 'bare'}"
    return "none" if value is None else repr(value)


def _shown_tunnel(tunnel: Tunnel) -> str:
    """`REMOTE`, with `:PORT` in UDP, `/gre` or `/minimal`, and keys `/sent=KEY/received=KEY`."""
    words = [str(tunnel.remote) if tunnel.udp is None else f"{tunnel.remote}:{tunnel.udp.remote}"]
    if tunnel.encapsulation is not Encapsulation.IPIP:
        words.append(tunnel.encapsulation.value)
    keys = {"sent": tunnel.gre.sent_key, "received": tunnel.gre.received_key}
    return "/".join((*words, *(f"{name}={key}" for name, key in keys.items() if key is not None)))
