"""The command line: `mip simulate`, `mip simulate plan`."""

import argparse
import json
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from mobileip.sim import plan, report
from mobileip.sim.chart import Chart
from mobileip.sim.network import Passage, Tap
from mobileip.sim.pcap import Capture
from mobileip.sim.progress import Progress
from mobileip.sim.scenario import Scenario, ScenarioError, check, load, shipped
from mobileip.sim.simulation import Simulation

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
PLAN = "plan"
PLANNED = "city"
"""What is planned by where nothing is named."""


def main(argv: Sequence[str], stopwatch: Callable[[], float]) -> int:
    """Returns the exit code: 0 done, 1 an invariant or an agent broke, 2 usage. `stopwatch`: real seconds."""
    words = list(argv)
    is_plan = words[:1] == [PLAN]
    options = parser(is_plan=is_plan).parse_args(words[1:] if is_plan else words)
    if options.list:
        return _list(as_json=options.json)
    if options.scenario is None:
        _complain("which scenario? `mip simulate --list` shows those that come with it")
        return USAGE
    try:
        scenario = _changed(load(options.scenario), options)
    except ScenarioError as error:
        for line in error.errors:
            _complain(line)
        return USAGE
    command = Command(options, scenario, Progress(sys.stderr, stopwatch), shlex.join(["mip", "simulate", *words]))
    try:
        return command.plan() if is_plan else command.run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}")
        return FAILED


def parser(*, is_plan: bool) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="mip simulate plan" if is_plan else "mip simulate",
        description="Signalling load and loss against the number of nodes, carried on to a million."
        if is_plan
        else "True agents in virtual time: roaming, bad links, reboots, attackers, ten thousand nodes. "
        "`mip simulate plan` shows load against the number of nodes.",
    )
    made.add_argument(
        "scenario", nargs="?", default=PLANNED if is_plan else None, help="a name (--list) or a TOML file"
    )
    made.add_argument("--list", action="store_true", help="scenarios that come with it")
    made.add_argument("--seed", type=int, metavar="N", help="another course of chance")
    made.add_argument("--duration", type=float, metavar="SECONDS", help="simulated, before the calm time at the end")
    made.add_argument("--svg", type=Path, metavar="FILE", help="write a drawing")
    made.add_argument("-j", "--json", action="store_true", help="print JSON")
    if is_plan:
        sizes = ",".join(str(size) for size in plan.SIZES)
        made.add_argument("--nodes", type=_sizes, default=plan.SIZES, metavar="N,N,...", help=f"default {sizes}")
        return made
    made.add_argument("--nodes", type=int, metavar="N", help="mobile nodes")
    made.add_argument("--pcap", type=Path, metavar="FILE", help="write a capture of all links for Wireshark")
    made.add_argument(
        "--window", type=float, nargs=2, metavar="SECONDS", help="draw only what happened from then till then"
    )
    made.add_argument("--advertisements", action="store_true", help="multicast ones in the drawing too")
    return made


def _sizes(words: str) -> tuple[int, ...]:
    sizes = tuple(sorted({int(word) for word in words.split(",")}))
    if sizes[0] < 1:
        raise ValueError(words)
    return sizes


def _changed(scenario: Scenario, options: argparse.Namespace) -> Scenario:
    """With what the command line says."""
    changes: dict[str, object] = {}
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.duration is not None:
        changes["duration"] = options.duration
    if isinstance(options.nodes, int):
        changes["mobile"] = msgspec.structs.replace(scenario.mobile, nodes=options.nodes)
        streams = min(scenario.traffic.streams, options.nodes)
        changes["traffic"] = msgspec.structs.replace(scenario.traffic, streams=streams)
    changed: Scenario = msgspec.structs.replace(scenario, **changes)
    check(changed)
    return changed


def _list(*, as_json: bool) -> int:
    scenarios = shipped()
    if as_json:
        _print(json.dumps({name: load(name).title for name in scenarios}))
        return DONE
    for name, text in scenarios.items():
        head = [line[1:].rstrip() for line in _head(text.splitlines())]
        _print("\n".join(line.removeprefix(" ") for line in head) + "\n")
        _print(f"    mip simulate {name}\n\n")
    return DONE


def _head(lines: Iterable[str]) -> Iterable[str]:
    """The comment at a file's top."""
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


class Command:
    def __init__(self, options: argparse.Namespace, scenario: Scenario, progress: Progress, words: str) -> None:
        self._options = options
        self._scenario = scenario
        self._progress = progress
        self._words = words if "--seed" in words else f"{words} --seed {scenario.seed}"

    def run(self) -> int:
        options, chart = self._options, None
        with ExitStack() as stack:
            taps: list[Tap] = []
            if options.svg is not None:
                chart = Chart(*(options.window or ()), advertisements=options.advertisements)
                taps.append(chart.pass_on)
            if options.pcap is not None:
                taps.append(Capture(stack.enter_context(options.pcap.open("wb"))).pass_on)
            found = self._simulate(self._scenario, _all(taps))
        if chart is not None:
            options.svg.write_text(chart.draw(self._scenario.title))
        if found is None:
            return FAILED
        _print(json.dumps(found[1], indent=2) if options.json else report.page(found[1]))
        return DONE

    def plan(self) -> int:
        options = self._options
        seconds = options.duration or plan.SECONDS
        try:
            planned = plan.run(self._scenario, options.nodes, seconds, self._measured)
        except _Failed:
            return FAILED
        if options.svg is not None:
            options.svg.write_text(plan.draw(planned))
        _print(json.dumps(planned, indent=2) if options.json else plan.page(planned))
        return DONE

    def _measured(self, scenario: Scenario) -> tuple[Simulation, report.Figures]:
        found = self._simulate(scenario, None)
        if found is None:
            raise _Failed
        return found

    def _simulate(self, scenario: Scenario, tap: Tap | None) -> tuple[Simulation, report.Figures] | None:
        """None when it failed: then it has been said how, and how to see it again."""
        progress = self._progress
        progress.begin()
        simulation = Simulation(scenario, tap)
        try:
            simulation.run(lambda now: progress.show(f"{scenario.mobile.nodes} nodes", now, simulation.end))
        except AssertionError as error:
            progress.clear()
            _complain(str(error))
        except Exception:  # whatever an agent raises: the seed must be told
            progress.clear()
            _complain(f"at {simulation.world.schedule.now:.6f} s:\n{traceback.format_exc()}")
        else:
            progress.clear()
            return simulation, report.figures(simulation, progress.seconds)
        _complain(f"seed {scenario.seed}; to see it again: {self._words}")
        return None


class _Failed(Exception):
    pass


def _all(taps: list[Tap]) -> Tap | None:
    if len(taps) < 2:
        return taps[0] if taps else None

    def each(passage: Passage) -> None:
        for tap in taps:
            tap(passage)

    return each


def _print(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"mip simulate: {text}\n")
