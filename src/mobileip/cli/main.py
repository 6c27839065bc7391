"""`mip`: asks a daemon over its control socket and prints what it says."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mobileip.cli import doctor, links, packets, tables
from mobileip.cli.words import read_address, read_number, read_seconds
from mobileip.control.client import SOCKET_NAME, ControlClient, ControlError

SHOWN = {
    "status": "status",
    "binding": "bindings",
    "visitor": "visitors",
    "agent": "agents",
    "registration": "registration",
    "tunnel": "tunnels",
    "traffic": "traffic",
    "link": "links",
    "handovers": "handovers",
}
"""Object -> name in the API."""

HELP = {
    "status": "the verdict, warnings, links",
    "binding": "a home agent's mobile nodes and where they are",
    "visitor": "a foreign agent's visitors",
    "agent": "agents that a mobile node hears",
    "registration": "a mobile node's registration",
    "tunnel": "tunnel ends and what passed through them",
    "traffic": "counters: accepted, denied, discarded, packets",
    "link": "a mobile node's links and why it is where it is; or what it is to know of them",
    "handovers": "the latest changes of the way that packets take: when, why, how long",
    "handover": "the mobile node takes this link now, for as long as it offers anything; auto: it decides again",
    "metrics": "all counters, for Prometheus",
    "engine": "what forwards packets, why and how; or which it is to be from now on",
    "trace": "packets that go into tunnels or come out, as they pass; of those that programs in the kernel take out of "
    "tunnels see tcpdump -i mip0",
    "doctor": "what on this machine stands in the way, and what to do",
    "events": "what happens, as it happens",
    "register": "register now",
    "deregister": "give the registration up until `mip register`",
    "restart": "the daemon starts anew and adopts what it left in the kernel",
    "stop": "the daemon ends and removes all that it made",
    "clear": "end a mobile node's bindings, or a visitor, and tell the other agent",
    "wait": "until something is true",
    "check": "validate a configuration file",
    "genkey": "print a fresh key",
    "lab": "networks on this machine: mip lab --help",
    "simulate": "thousands of nodes in virtual time: mip simulate --help",
}

PROGRAMS = {
    "lab": "mobileip.lab",
    "simulate": "mobileip.sim",
    "check": "mobileip.daemon.check",
    "genkey": "mobileip.daemon.genkey",
}
"""What runs as a program of its own, so that asking a daemon costs no import of it."""

VERSION_PROGRAM = "mobileip.control.version"
"""Another one, behind --version."""

CLEARED = ("binding", "visitor")
"""What can be ended by `mip clear`."""

ENGINES = ("auto", "ebpf", "userspace")

CONDITIONS = ("registered", "home", "foreign_agent", "colocated")
"""What can be waited for: registered anywhere, or from one kind of place."""

EXIT_INTERRUPTED = 130

WITH_VALUE = ("--socket", "--run-dir")
"""Options that take the next word."""


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options before the object, and the rest from the object on: `mip -j binding` as `ip -j link`."""
    place = 0
    while place < len(words) and words[place].startswith("-"):
        place += 2 if words[place] in WITH_VALUE else 1
    return list(words[:place]), list(words[place:])


def expand(word: str) -> str:
    """The object that `word` abbreviates; the word itself where nothing, or more than one thing, begins with it.

    Looking never changes anything, so what can be looked at comes first: `mip reg` is `mip registration`.
    """
    if word in HELP:
        return word
    for names in (SHOWN, HELP):
        matches = [name for name in names if name.startswith(word)]
        if matches:
            return matches[0] if len(matches) == 1 else word
    return word


class UsageError(ControlError):
    """Words that are no command. `usage`: what would be one."""

    def __init__(self, message: str, command: argparse.ArgumentParser) -> None:
        super().__init__("usage", message, f"see {command.prog} --help")
        self.usage = command.format_usage()
        self.prog = command.prog


class Parser(argparse.ArgumentParser):
    """Leaves the printing of errors to `main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self)


def wants_json(words: Sequence[str]) -> bool:
    """Whether --json (or an abbreviation), -j or a cluster as -sj is among words that may be no command at all."""
    return any(
        (len(word) > 2 and "--json".startswith(word)) or (word[:1] == "-" and word[1:2] != "-" and "j" in word)
        for word in words
    )


def parser() -> Parser:
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("-j", "--json", action="store_true", help="JSON, for programs")
    common.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's control socket")
    common.add_argument("--run-dir", type=Path, metavar="DIR", help="the daemon's run directory ($MIP_RUN_DIR)")
    command = Parser(
        prog="mip",
        allow_abbrev=False,  # `split` must know an option that takes the next word
        description="Mobile IP on this machine. Objects may be abbreviated: mip b = mip binding.",
        parents=[common],
    )
    command.add_argument("--version", action="store_true", help="print the version and end")
    objects = command.add_subparsers(dest="object", metavar="OBJECT", required=True)
    for name in SHOWN:
        shown = objects.add_parser(name, help=HELP[name], parents=[common])
        if name == "link":
            shown.add_argument("verb", nargs="?", default="show", type=links.verb, choices=links.VERBS)
            shown.add_argument("which", nargs="?", metavar="INTERFACE", help="one link; prefer none: no link")
        else:
            shown.add_argument("verb", nargs="?", default="show", type=_verb, choices=["show"], help="show (default)")
            shown.add_argument("which", nargs="?", help="only entries with this address")
        shown.add_argument("-s", "--statistics", action="store_true", help="and the counters")
        if name == "tunnel":
            shown.add_argument("-a", "--all", action="store_true", help="those too that nothing has passed through")
    handover = objects.add_parser("handover", help=HELP["handover"], parents=[common])
    handover.add_argument("interface", metavar="INTERFACE|auto")
    objects.add_parser("metrics", help=HELP["metrics"], parents=[common])
    engine = objects.add_parser("engine", help=HELP["engine"], parents=[common])
    engine.add_argument("choice", nargs="?", type=_engine, choices=ENGINES, help="from now on, until the daemon ends")
    trace = objects.add_parser("trace", help=HELP["trace"], parents=[common])
    trace.add_argument("--packets", action="store_true", required=True, help="their inner packets, a line each")
    trace.add_argument("--count", type=read_number, metavar="N", help="end after so many")
    trace.add_argument(
        "--write", type=Path, metavar="FILE", help="as a pcap file, the first 256 octets of each (-: pipe)"
    )
    examination = objects.add_parser("doctor", help=HELP["doctor"], parents=[common])
    examination.add_argument("--config", type=Path, metavar="FILE", help="what a daemon would run with, if none runs")
    events = objects.add_parser("events", help=HELP["events"], parents=[common])
    events.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    for name in ("register", "deregister", "restart", "stop"):
        objects.add_parser(name, help=HELP[name], parents=[common])
    clear = objects.add_parser("clear", help=HELP["clear"], parents=[common])
    clear.add_argument("what", type=_cleared, choices=CLEARED, help="of a home agent, of a foreign agent")
    clear.add_argument("home_address", type=read_address, metavar="HOME_ADDRESS", help="of the mobile node")
    wait = objects.add_parser("wait", help=HELP["wait"], parents=[common])
    wait.add_argument("--for", dest="condition", choices=CONDITIONS, default="registered")
    wait.add_argument("--timeout", type=read_seconds, default=10.0, metavar="SECONDS")
    for name in PROGRAMS:
        objects.add_parser(name, help=HELP[name], add_help=False)
    return command


def _cleared(word: str) -> str:
    return next((name for name in CLEARED if word and name.startswith(word)), word)


def _engine(word: str) -> str:
    return next((name for name in ENGINES if word and name.startswith(word)), word)


def _verb(word: str) -> str:
    return "show" if word and "show".startswith(word) else word


def main(arguments: Sequence[str] | None = None) -> int:
    before, words = split(sys.argv[1:] if arguments is None else arguments)
    if words:
        words[0] = expand(words[0])
        if words[0] in PROGRAMS:
            _become(PROGRAMS[words[0]], *words[1:])
    if "--version" in before:
        _become(VERSION_PROGRAM)
    try:
        options = parser().parse_args([*before, *words], argparse.Namespace(json=False, socket=None, run_dir=None))
    except UsageError as error:
        complain_of_usage(error, as_json=wants_json([*before, *words]))
        return error.exit_code
    try:
        result = run(options)
        print(end="", flush=True)  # what can't be written is known now, not when the interpreter ends
    except ControlError as error:
        complain(error, as_json=options.json)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _write_no_more()  # the reader has seen enough: mip events | head
        return 0
    except OSError as error:
        _write_no_more()
        failure = ControlError("failed", f"can't write: {error.strerror}")
        complain(failure, as_json=options.json)
        return failure.exit_code
    return result


def _become(module: str, *words: str) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", module, *words])  # noqa: S606 - a program of ours, given as words


def _write_no_more() -> None:
    """What is still buffered is for nobody; without this the interpreter would try once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def run(options: argparse.Namespace) -> int:
    path = options.socket or (options.run_dir / SOCKET_NAME if options.run_dir else None)
    client = ControlClient(path)
    return _ACTIONS.get(options.object, _command)(client, options)


def _command(client: ControlClient, options: argparse.Namespace) -> int:
    """What is done, and answered by a word."""
    answer = client.post(options.object)
    print(json.dumps(answer) if options.json else f"{options.object}: done")
    return 0


def diagnose(client: ControlClient, options: argparse.Namespace) -> int:
    """0, or 1 where there is a problem."""
    found = doctor.view(client, options.config)
    print(json.dumps(found, indent=2) if options.json else doctor.page(found))
    return doctor.exit_code(found)


def engine(client: ControlClient, options: argparse.Namespace) -> int:
    view = client.post(f"engine/{options.choice}") if options.choice else client.get("engine")
    if not isinstance(view, dict):
        raise ControlError("failed", "the daemon's answer is no engine", "see it with --json")
    print(json.dumps(view, indent=2) if options.json else tables.engine(view))
    return 0


def clear(client: ControlClient, options: argparse.Namespace) -> int:
    view = client.delete(SHOWN[options.what], options.home_address)
    if options.json:
        print(json.dumps(view))
    else:
        print(tables.revoked(options.what, view) if isinstance(view, dict) else "done")
    return 0


def complain(error: ControlError, *, as_json: bool) -> None:
    if as_json:
        body = {"code": error.code, "message": error.message, "hint": error.hint}
        print(json.dumps({"error": body}), file=sys.stderr)
    else:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"mip: {error.message}{hint}", file=sys.stderr)


def complain_of_usage(error: UsageError, *, as_json: bool) -> None:
    if as_json:
        complain(error, as_json=True)
    else:
        print(f"{error.usage}{error.prog}: error: {error.message}", file=sys.stderr)


def show(client: ControlClient, options: argparse.Namespace) -> int:
    name = SHOWN[options.object]
    wants_all = name == "tunnels" and options.all
    view = client.get("tunnels?idle=true" if wants_all else name)
    if isinstance(view, list) and options.which:
        view = [row for row in view if options.which in row.values()]
        if not view:
            raise ControlError("not_found", f"no {options.object.removesuffix('s')} {options.which}")
    if options.json:
        print(json.dumps(view, indent=2))
    elif isinstance(view, list) and name in tables.COLUMNS:
        columns = [*tables.COLUMNS[name], *(tables.STATISTICS.get(name, ()) if options.statistics else ())]
        print(tables.table(columns, view) if view else f"no {name}")
    elif isinstance(view, dict) and name in _PAGES:
        print(_PAGES[name](view))
    else:
        raise ControlError("failed", f"the daemon's answer is no {options.object}", "see it with --json")
    if options.statistics and not options.json and name != "traffic":
        counters = client.get("traffic")
        print(tables.traffic(counters) if isinstance(counters, dict) else "")
    return 0


_PAGES: dict[str, Callable[[tables.Row], str]] = {
    "status": tables.status,
    "registration": tables.registration,
    "traffic": tables.traffic,
}


def follow(client: ControlClient, options: argparse.Namespace) -> int:
    """Kept events, then with --follow new ones until the daemon ends."""
    try:
        for event in client.events(after=0, timeout=None if options.follow else 0.2):
            print(json.dumps(event) if options.json else tables.event(event), flush=True)
    except ControlError as error:
        if error.code != "timeout":
            raise
    return 0


def wait(client: ControlClient, options: argparse.Namespace) -> int:
    """Looks once, then at every event, until the condition holds (0) or the time is over (5)."""
    give_up = time.monotonic() + options.timeout
    with client.listen() as stream:
        while not _holds(client, options.condition):
            try:
                event = stream.next(max(0.0, give_up - time.monotonic()))
            except ControlError as error:
                if error.code == "timeout":
                    raise ControlError("timeout", f"not {options.condition} within {options.timeout:g} s") from error
                raise
            if event is None:
                raise ControlError("not_running", "the daemon ended")
    return 0


def _holds(client: ControlClient, condition: str) -> bool:
    view = client.get("registration")
    if not isinstance(view, dict) or not view.get("registered"):
        return False
    return condition == "registered" or view.get("care_of") == condition


def _link(client: ControlClient, options: argparse.Namespace) -> int:
    if options.verb == links.SHOW:
        return show(client, options)
    return links.say(client, options.verb, options.which, as_json=options.json)


def _trace(client: ControlClient, options: argparse.Namespace) -> int:
    return packets.trace(client, count=options.count, file=options.write, as_json=options.json)


_ACTIONS: dict[str, Callable[[ControlClient, argparse.Namespace], int]] = {
    **dict.fromkeys(SHOWN, show),
    "link": _link,
    "handover": lambda client, options: links.say(client, "handover", options.interface, as_json=options.json),
    "metrics": lambda client, options: links.metrics(client, as_json=options.json),
    "engine": engine,
    "trace": _trace,
    "doctor": diagnose,
    "events": follow,
    "wait": wait,
    "clear": clear,
}
"""By object; what is not here is a command."""


if __name__ == "__main__":
    sys.exit(main())
