"""docs/reference/commands.md: objects, options and exit codes from the parsers themselves."""

import argparse
from collections.abc import Iterator, Mapping

from tools.reference_pages.common import code, same_keys, table

from mobileip.cli import main as mip
from mobileip.control.client import ControlError
from mobileip.daemon import main as mipd
from mobileip.lab import errors as lab_errors
from mobileip.lab.commands import _parser as lab_parser
from mobileip.sim.commands import parser as simulate_parser

PAGE = "commands.md"

MEANINGS = {
    0: ("done", "mip mipd lab"),
    1: ("failed: the message says why", "mip mipd lab"),
    2: ("wrong usage", "mip mipd lab"),
    3: ("no daemon answers, or it went away", "mip"),
    4: ("no such thing: entry, role, lab, node, network", "mip lab"),
    5: ("it did not happen in time", "mip lab"),
    6: ("not permitted: root, a capability or the socket's rights are missing", "mip mipd lab"),
    7: ("the configuration is wrong: one line for each error", "mip mipd"),
    130: ("interrupted (SIGINT)", "mip lab"),
}
"""Exit code -> meaning, and who ends with it."""


FORMS = {
    "lab": "mip lab COMMAND",
    "simulate": "mip simulate [plan] NAME|FILE",
    "check": "mip check FILE ...",
    "genkey": "mip genkey",
}
"""What runs as a program of its own has a parser of its own."""


def _children(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    return next((a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)), {})  # noqa: SLF001


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Without --help and without commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):  # noqa: SLF001
            yield action


def _word(action: argparse.Action) -> str:
    """The argument as a usage line shows it."""
    if action.nargs == argparse.REMAINDER:
        return "[-- COMMAND ...]"
    shown = action.metavar if isinstance(action.metavar, str) else None
    value = shown or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"[{value}]" if action.nargs == "?" else value
    words = ", ".join(action.option_strings)
    return words if action.nargs == 0 else f"{words} {value}"


def _help(action: argparse.Action) -> str:
    sentence = action.help or ""
    has_default = action.default not in (None, False, True, argparse.SUPPRESS) and "default" not in sentence
    default = f"default {action.default:g}" if isinstance(action.default, float) else f"default {action.default}"
    if has_default and action.option_strings:
        return f"{sentence} ({default})" if sentence else default
    return sentence


def _form(program: str, parser: argparse.ArgumentParser, common: set[str]) -> str:
    words = [
        f"[{action.option_strings[0]}]" if action.nargs == 0 and action.option_strings else _optional(action)
        for action in _arguments(parser)
        if action.dest not in common
    ]
    return " ".join([program, *words])


def _optional(action: argparse.Action) -> str:
    word = _word(action)
    return f"[{word.rpartition(', ')[2]}]" if action.option_strings and not action.required else word


def _options(owners: Mapping[str, argparse.ArgumentParser], common: set[str]) -> list[list[str]]:
    """One row for each option, with the commands that have it."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, parser in owners.items():
        for action in _arguments(parser):
            if action.option_strings and action.dest not in common:
                rows.setdefault((_word(action), _help(action)), []).append(name)
    return [[code(word), ", ".join(names), sentence] for (word, sentence), names in rows.items()]


def _mip_objects() -> list[str]:
    parser = mip.parser()
    common = {action.dest for action in _arguments(parser)}
    rows = []
    for name, child in _children(parser).items():
        form = FORMS[name] if name in mip.PROGRAMS else _form(f"mip {name}", child, common)
        rows.append([code(form), mip.HELP[name]])
    return table(("command", "meaning"), rows)


def _mip_options() -> list[str]:
    parser = mip.parser()
    common = {action.dest for action in _arguments(parser)}
    children = _children(parser).values()
    shared = {action.dest for child in children for action in _arguments(child)}
    everywhere = [
        [code(_word(action)), "all" if action.dest in shared else "mip", _help(action)] for action in _arguments(parser)
    ]
    return table(("option", "of", "meaning"), everywhere + _options(_children(parser), common))


def _mipd_options() -> list[str]:
    return table(("option", "meaning"), [[code(_word(a)), _help(a)] for a in _arguments(mipd.parser())])


def _lab_commands() -> list[str]:
    children = _children(lab_parser())
    common = {"json", "name"}
    return table(
        ("command", "meaning"),
        [[code(_form(f"mip lab {n}", child, common)), child.description or ""] for n, child in children.items()],
    )


def _lab_options() -> list[str]:
    return table(("option", "of", "meaning"), _options(_children(lab_parser()), set()))


def _simulate_options() -> list[str]:
    parsers = {"simulate": simulate_parser(is_plan=False), "simulate plan": simulate_parser(is_plan=True)}
    return table(("option", "of", "meaning"), _options(parsers, set()))


def _exit_codes() -> list[str]:
    """Raises: ValueError when a code of the programs is not described, or not one of theirs."""
    lab = (lab_errors.FAILED, lab_errors.NO_SUCH_OBJECT, lab_errors.TIMED_OUT, lab_errors.NOT_PERMITTED)
    theirs = {
        "mip": {0, 1, mip.EXIT_INTERRUPTED, *ControlError.EXIT_CODES.values()},
        "mipd": {0, 2, mipd.EXIT_FAILED, mipd.EXIT_FORBIDDEN, mipd.EXIT_CONFIGURATION},
        "lab": {0, 2, mip.EXIT_INTERRUPTED, *lab},
    }
    for name, codes in theirs.items():
        same_keys(f"exit codes of {name}", map(str, _of(name)), map(str, codes))
    names = {value: name for name, value in ControlError.EXIT_CODES.items()} | {1: "failed"}
    rows = [
        [str(number), meaning, code(names[number]) if number in names else "", *(_mark(name, who) for name in theirs)]
        for number, (meaning, who) in MEANINGS.items()
    ]
    return table(("code", "meaning", "`error.code` in JSON", "mip", "mipd", "mip lab"), rows)


def _of(program: str) -> set[int]:
    return {number for number, (_, who) in MEANINGS.items() if program in who.split()}


def _mark(program: str, who: str) -> str:
    return "yes" if program in who.split() else ""


BLOCKS = {
    "mip.objects": _mip_objects,
    "mip.options": _mip_options,
    "mipd.options": _mipd_options,
    "lab.commands": _lab_commands,
    "lab.options": _lab_options,
    "simulate.options": _simulate_options,
    "exit.codes": _exit_codes,
}
