"""The command line: `mip lab up|down|list|show|exec|move|demo`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from mobileip.lab import moves, state, topology
from mobileip.lab.demo import run as demo
from mobileip.lab.errors import FAILED, NOT_PERMITTED, LabError
from mobileip.lab.laboratory import Lab
from mobileip.lab.rootless import become_root_of_ones_own, search_path

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 failed, 2 usage, 4 no such object, 5 time-out, 6 not permitted."""
    arguments = _parser().parse_args(argv)
    os.environ["PATH"] = search_path()
    try:
        code = cast("int", arguments.run(arguments))
    except LabError as error:
        print(f"mip lab: {error}", file=sys.stderr)
        return error.code
    except PermissionError as error:
        print(f"mip lab: a lab needs root: {error}", file=sys.stderr)
        return NOT_PERMITTED
    except FileNotFoundError as error:
        print(f"mip lab: {error.filename} is missing (tools/setup demo installs what a lab needs)", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mip lab", description="Real daemons in network namespaces of this machine: topologies, moves, the demo."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(run=run)
        made.add_argument("-j", "--json", action="store_true", help="print JSON")
        return made

    def named(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument("--name", help="the lab, where several are up")
        return made

    up = named(command("up", _up, "build a lab and start its daemons"))
    up.add_argument("topology", nargs="?", default="roaming")
    up.add_argument("--rp-filter", type=int, choices=(0, 1, 2), default=1, help="the hosts' value (default 1)")
    up.add_argument("--no-daemons", action="store_true", help="networks only")
    named(command("down", _down, "end a lab's processes and remove it"))
    command("list", _list, "topologies, and labs that are up")
    show = named(command("show", _show, "draw a topology, and what runs in it"))
    show.add_argument("topology", nargs="?")
    run = named(command("exec", _exec, "run a command in a node; mip finds that node's daemon"))
    run.add_argument("node")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    move = named(command("move", _move, "replug a node's cable; nothing is said to any daemon"))
    move.add_argument("node")
    move.add_argument("network")
    move.add_argument("--silent", action="store_true", help="replug the switch behind it: no carrier event")
    move.add_argument("--gap", type=float, default=moves.GAP_SECONDS * 1e3, metavar="MS", help="cable out for so long")
    move.add_argument("--interface", help="the cable, where the node has several")
    rebind = named(command("rebind", _rebind, "have a NAT forget its mappings: every flow gets another port"))
    rebind.add_argument("node")
    show_off = command("demo", _demo, "a mobile node roams while a download and a voice-like stream go on")
    show_off.add_argument("--rp-filter", type=int, choices=(0, 1, 2), default=1, help="the hosts' value (default 1)")
    show_off.add_argument("--build", type=Path, default=Path("build"), help="where results go (default build)")
    show_off.add_argument("--name", default="demo", help="the lab's name (default demo)")
    return parser


def _print_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode())


def _up(arguments: argparse.Namespace) -> int:
    _need_root()
    lab = Lab(
        arguments.topology,
        name=arguments.name,
        rp_filter=arguments.rp_filter,
        daemons=not arguments.no_daemons,
    )
    lab.up()
    if arguments.json:
        _print_json({"name": lab.name, "topology": lab.topology.name, "nodes": list(lab.topology.nodes)})
    else:
        print(f"lab {lab.name} is up: {', '.join(lab.topology.nodes)}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    """Without --name: the lab that is up; else what a crash may have left."""
    _need_root()
    for name in [arguments.name] if arguments.name else _to_remove():
        known = state.Folder(name).read()
        Lab(known.topology if known else "roaming", name=name).down()
        print(f"lab {name} is down")
    return 0


def _to_remove() -> list[str]:
    return [state.choose(None)] if state.running() else state.leftovers()


def _list(arguments: argparse.Namespace) -> int:
    topologies = {name: topology.load(name).summary for name in topology.names()}
    if arguments.json:
        _print_json({"topologies": topologies, "up": state.running()})
        return 0
    width = max(map(len, topologies))
    for name, summary in topologies.items():
        print(f"{name:{width}}  {summary}")
    print(f"up: {', '.join(state.running()) or 'none'}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """A topology by name; without one the lab that is up, or `roaming`."""
    lab = None if arguments.topology or not state.running() else Lab.open(arguments.name)
    drawn = lab.topology if lab else topology.load(arguments.topology or "roaming")
    alive = {process.label for process in lab.processes()} if lab else set()
    if arguments.json:
        _print_json({"name": drawn.name, "summary": drawn.summary, "drawing": drawn.drawing, "alive": sorted(alive)})
        return 0
    print(f"{drawn.name}: {drawn.summary}\n{drawn.drawing}")
    for name, node in drawn.nodes.items():
        places = []
        for interface_name, interface in node.interfaces.items():
            plugged = interface.network and lab.where(name, interface_name) if lab else interface.network
            places.append(f"{interface_name} {interface.address or ''} {plugged or interface.wire or 'unplugged'}")
        running = sorted(label.partition(".")[2] for label in alive if label.startswith(f"{name}."))
        print(f"{name:9} {node.summary:36} {'; '.join(places)}{'  runs ' + ', '.join(running) if running else ''}")
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    lab = Lab.open(arguments.name)
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    command = lab.command(arguments.node, *(argv or ["sh"]))
    environment = {**os.environ, **lab.environment(arguments.node)}
    return subprocess.run(command, env=environment, check=False).returncode


def _move(arguments: argparse.Namespace) -> int:
    lab = Lab.open(arguments.name)
    done = lab.move(
        arguments.node,
        arguments.network,
        silent=arguments.silent,
        gap=arguments.gap / 1e3,
        interface=arguments.interface,
    )
    if arguments.json:
        _print_json(done)
    else:
        took = (done.link_up - done.started) * 1e3
        print(f"{done.node} is plugged into {done.network} (link up {took:.0f} ms after the cut)")
    return 0


def _rebind(arguments: argparse.Namespace) -> int:
    lab = Lab.open(arguments.name)
    at = lab.rebind(arguments.node)
    if arguments.json:
        _print_json({"node": arguments.node, "boot_seconds": at})
    else:
        print(f"the NAT at {arguments.node} has forgotten its mappings")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    become_root_of_ones_own(sys.argv[1:])
    return demo.main(build=arguments.build, name=arguments.name, rp_filter=arguments.rp_filter, as_json=arguments.json)


def _need_root() -> None:
    if os.geteuid() != 0:
        raise LabError("a lab needs root (network namespaces that stay); the demo alone may do without", NOT_PERMITTED)
