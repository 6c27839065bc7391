"""docs/reference/extensions.md: the registries of messages and extensions, who of us reads them, who judged them."""

import ast
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from enum import IntEnum

from tools.reference_pages.common import SOURCE, attribute_docstrings, code, table, users_of

from mobileip.wire import message, numbers
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions import registry
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import SKIPPABLE_FROM

PAGE = "extensions.md"

ORACLE = "tests.interop.test_wire_tshark_extensions"


def _file(module: str) -> str:
    return code(module.removeprefix("mobileip.").replace(".", "/") + ".py")


def _readers(names: Sequence[str]) -> str:
    """The roles whose code names one of these classes."""
    folders = {"home": "home agent", "foreign": "foreign agent", "mobile": "mobile node"}
    readers = [
        role for folder, role in folders.items() if any(users_of(name, SOURCE / "agents" / folder) for name in names)
    ]
    if any(SOURCE / "agents" / "advertising.py" in users_of(name, SOURCE / "agents") for name in names):
        readers = ["agents", *(role for role in readers if role == "mobile node")]
    return ", ".join(readers)


# -- messages


def _is_read(number: int) -> bool:
    """Whether `decode_message` knows the type: zeroes behind it are truncated or wrong, but not unknown."""
    try:
        message.decode_message(bytes((number,)))
    except DecodeError as error:
        return error.reason is not DecodeReason.UNKNOWN_MESSAGE_TYPE
    return True


def _messages() -> list[str]:
    documented = attribute_docstrings(numbers, "MessageType")
    classes = {kind.TYPE: kind for kind in message.Message.__args__}
    rows = []
    for number in numbers.MessageType:
        kind = classes.get(number) if _is_read(number) else None
        rows.append(
            [
                str(number.value),
                number.name.lower().replace("_", " "),
                documented[number.name].rstrip("."),
                "yes" if kind else "no",
                _readers([kind.__name__]) if kind else "",
                _file(kind.__module__) if kind else "",
            ]
        )
    return table(("type", "message", "RFC", "decoded", "acted on by", "file"), rows)


def _discovery_messages() -> list[str]:
    rows = [
        [str(kind.TYPE), name, reference, "yes", _readers([kind.__name__]), _file(kind.__module__)]
        for kind, name, reference in (
            (AgentAdvertisement, "agent advertisement", "RFC 5944 §2.1, RFC 1256 §3"),
            (AgentSolicitation, "agent solicitation", "RFC 5944 §2.2, RFC 1256 §3"),
        )
    ]
    return table(("ICMP type", "message", "RFC", "decoded", "acted on by", "file"), rows)


# -- extensions


def _entries(name: str) -> dict[str, ast.expr]:
    """Member -> the decoder's expression, of the registry called `name` in wire/extensions/registry.py."""
    for node in ast.parse(inspect.getsource(registry)).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        if isinstance(node.target, ast.Name) and node.target.id == name:
            return {
                key.attr: value
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Attribute)
            }
    raise ValueError(f"no registry {name}")


def _named(expression: ast.expr) -> list[object]:
    """What the names in an expression stand for."""
    found = []
    for node in ast.walk(expression):
        if isinstance(node, ast.Name):
            found.append(getattr(registry, node.id, None))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.append(getattr(getattr(registry, node.value.id), node.attr, None))
    return found


def _classes(expression: ast.expr, number: int) -> list[type[Extension]]:
    """The extensions that a decoder makes: named in its expression, else those of its module with its number."""
    named = _named(expression)
    classes = [one for one in named if inspect.isclass(one) and issubclass(one, Extension)]
    if classes:
        return classes
    modules = {importlib.import_module(one.__module__) for one in named if inspect.isfunction(one)}
    return [
        one
        for module in modules
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Extension) and getattr(one, "TYPE", None) == number
    ]


def _what(classes: list[type[Extension]]) -> str:
    """The classes in words, with their subtypes where there are several."""
    several = len(classes) > 1
    return ", ".join(
        f"{getattr(kind, 'SUBTYPE', '')} {code(kind.__name__)}".strip() if several else code(kind.__name__)
        for kind in classes
    )


def _judged(number: int, judged: Mapping[int, bool]) -> str:
    if number not in judged:
        return "no"
    return "field by field" if judged[number] else "type and length"


def _extensions(name: str, members: type[IntEnum], judged: Mapping[int, bool]) -> list[str]:
    documented = attribute_docstrings(numbers, members.__name__)
    rows = []
    for member, expression in _entries(name).items():
        number = members[member]
        classes = _classes(expression, number)
        text = documented[member]
        is_skippable = number >= SKIPPABLE_FROM and "not skippable" not in text
        rows.append(
            [
                str(number.value),
                _what(classes),
                re.split(r"[.:](?:\s|$)", text)[0],
                "yes" if is_skippable else "no",
                _readers([kind.__name__ for kind in classes]),
                _judged(number, judged),
                _file(classes[0].__module__),
            ]
        )
    return table(("type", "extension", "RFC", "skippable", "acted on by", "judged by tshark", "file"), rows)


def _control() -> list[str]:
    oracle = importlib.import_module(ORACLE)
    judged: dict[int, bool] = {}
    for extension in oracle.CONTROL:
        number = extension.encode()[0]
        judged[number] = judged.get(number, False) or isinstance(extension, tuple(oracle.KNOWN))
    return _extensions("CONTROL", numbers.ExtensionType, judged)


def _discovery() -> list[str]:
    oracle = importlib.import_module(ORACLE)
    in_detail = {numbers.AdvertisementExtensionType[name] for name in ("MOBILITY_AGENT", "PREFIX_LENGTHS", "CHALLENGE")}
    judged = {extension.encode()[0]: extension.encode()[0] in in_detail for extension in oracle.ADVERTISED}
    return _extensions("DISCOVERY", numbers.AdvertisementExtensionType, judged)


BLOCKS = {
    "messages": _messages,
    "discovery.messages": _discovery_messages,
    "control": _control,
    "discovery": _discovery,
}
