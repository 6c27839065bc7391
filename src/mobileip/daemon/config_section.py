"""One table of a configuration file: keys are taken out one by one, and every error is noted with its key.

The readers turn a TOML value into what a key wants and raise ValueError or TypeError for anything else; nothing that a
file can hold makes them raise something else (NaN and numbers of a thousand digits included).
"""

import difflib
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TypeVar

LONGEST_INTERFACE_NAME = 15
"""Octets (IFNAMSIZ of Linux less the final zero)."""
LONGEST_SHOWN_VALUE = 60
"""Characters of a wrong value that an error shows."""

T = TypeVar("T")
S = TypeVar("S", bound=StrEnum)


class Section:
    """One table of the document: takes keys out one by one, collects errors, and knows what is left over."""

    def __init__(self, table: Mapping[str, object], path: str, folder: Path, errors: list[str]) -> None:
        self._table = table
        self._path = path
        self._known: set[str] = set()
        self.folder = folder
        self._errors = errors

    def error(self, key: str, text: str) -> None:
        self._errors.append(f"{self._path}{key}: {text}")

    def section(self, key: str) -> "Section":
        self._known.add(key)
        value = self._table[key]
        if not isinstance(value, dict):
            self.error(key, f"expected a table [{self._path}{key}]")
            value = {}
        return Section(value, f"{self._path}{key}.", self.folder, self._errors)

    def sections(self, key: str) -> "list[Section]":
        self._known.add(key)
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.error(key, f"expected tables [[{self._path}{key}]]")
            return []
        return [Section(e, f"{self._path}{key}[{i}].", self.folder, self._errors) for i, e in enumerate(value)]

    def tables(self, key: str, expected: str) -> "dict[str, Section]":
        """Tables whose names are the user's, by name."""
        nothing: dict[str, dict[str, object]] = {}
        tables = self.take(key, read_tables, nothing, expected) or {}
        return {
            name: Section(table, f"{self._path}{key}.{_plain(name)}.", self.folder, self._errors)
            for name, table in tables.items()
        }

    def take(
        self, key: str, read: Callable[[object], T], default: T | None, expected: str, *, secret: bool = False
    ) -> T | None:
        """The value of `key` through `read` (which raises ValueError or TypeError), or the default.

        None stands for "missing or wrong, an error is noted" where there is no default. `secret`: a wrong value may
        be a key that was written in the wrong place, and is not shown.
        """
        self._known.add(key)
        if key not in self._table:
            if default is None:
                self.error(key, f"is missing ({expected})")
            return default
        try:
            return read(self._table[key])
        except (ValueError, TypeError, OverflowError):
            value = "" if secret else _shown(self._table[key]) + " "
            self.error(key, f"{value}is wrong (expected {expected})")
            return default

    def has(self, key: str) -> bool:
        self._known.add(key)
        return key in self._table

    def address(self, key: str) -> IPv4Address | None:
        return self.take(key, read_address, None, "an IPv4 address such as 192.0.2.1")

    def network(self, key: str) -> IPv4Network | None:
        return self.take(key, read_network, None, "a prefix such as 192.0.2.0/24")

    def number(self, key: str, default: int, low: int, high: int) -> int:
        value = self.take(
            key, lambda v: in_range(read_integer(v), low, high), default, f"a number from {low} to {high}"
        )
        return default if value is None else value

    def seconds(self, key: str, default: float, low: float, high: float) -> float:
        value = self.take(key, lambda v: in_range(read_real(v), low, high), default, f"seconds from {low} to {high}")
        return default if value is None else value

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, read_boolean, default, "true or false")
        return default if value is None else value

    def choice(self, key: str, kind: type[S], default: S) -> S:
        value = self.take(key, kind, default, "one of " + ", ".join(kind))
        return default if value is None else value

    def interfaces(self, key: str) -> tuple[str, ...]:
        return self.take(key, read_interfaces, None, 'interface names such as ["eth0"]') or ()

    def finish(self) -> None:
        """Notes every key that nobody took."""
        for key in self._table:
            if key not in self._known:
                close = difflib.get_close_matches(key, self._known, 1)
                self.error(_plain(key), "unknown key" + (f" (did you mean {close[0]}?)" if close else ""))


def _shown(value: object) -> str:
    """A wrong value as the user wrote it, shortened."""
    try:
        text = repr(value)
    except ValueError:  # more digits than Python turns into text
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN_VALUE else text[:LONGEST_SHOWN_VALUE] + "..."


def _plain(key: str) -> str:
    """A key as part of a line: quoted where it would end the line, or do something to a terminal."""
    return key if key.isprintable() else repr(key)


def read_address(value: object) -> IPv4Address:
    """An address that one node can have."""
    address = IPv4Address(read_string(value))
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_reserved:
        raise ValueError(value)
    return address


def read_network(value: object) -> IPv4Network:
    """A prefix of such addresses. Not the whole Internet: the machine's default route would lead into the tunnel."""
    network = IPv4Network(read_string(value))
    if network.prefixlen == 0 or network.is_loopback or network.is_multicast or network.is_reserved:
        raise ValueError(value)
    return network


def read_path(value: object) -> Path:
    name = read_string(value)
    if not name or "\0" in name:
        raise ValueError(value)
    return Path(name)


def read_string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def read_integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def read_real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def read_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def read_tables(value: object) -> dict[str, dict[str, object]]:
    if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
        raise TypeError(value)
    return value


N = TypeVar("N", int, float)


def in_range(value: N, low: float, high: float) -> N:
    if not low <= value <= high:
        raise ValueError(value)
    return value


def read_interface(value: object) -> str:
    """What Linux can call an interface, and nothing else: the name becomes a step of a path below /proc/sys."""
    name = read_string(value)
    fits = 0 < len(name.encode()) <= LONGEST_INTERFACE_NAME
    if not fits or name in (".", "..", "all", "default") or not name.isprintable() or set(name) & set("/: "):
        raise ValueError(name)
    return name


def read_interfaces(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise TypeError(value)
    names = tuple(read_interface(entry) for entry in value)
    if len(set(names)) != len(names):
        raise ValueError(value)
    return names
