#!/usr/bin/env python3
"""Simulated handovers under faults, until a million of them are counted: exit code 1 when an invariant is broken.

    tools/soak.py [SCENARIO ...] [--handovers N] [--minutes M]

The scenarios of `tools/soak_scenarios/` are run in turn by the shipped simulator, each round with the next seed. The
same seeds give the same figures but for times. A run that fails prints the command that shows it again. A handover
counts when its reply has arrived; nothing counts before a scenario's `warm_up`, when nodes register for the first time.
No scenario has both attackers and home agents that reboot: one that lost its memory can't tell a replay of what it had
accepted, and which of the two is right nobody can decide until it keeps that in a store.
"""

import argparse
import gc
import json
import os
import platform
import shlex
import signal
import sys
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mobileip.sim.scenario import load
from mobileip.sim.simulation import Simulation

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "tools" / "soak_scenarios"
RESULT = ROOT / "bench" / "results" / "soak.json"
WANTED = 1_000_000
DONE, FAILED, INTERRUPTED = 0, 1, 130
MOST_TOLD = 300
"""Characters of a failure's beginning, and of its end: snapshots are long, and the command shows the whole."""


class Task(NamedTuple):
    """One run to be made. `duration`: instead of the scenario's, s."""

    scenario: str
    seed: int
    duration: float | None = None

    @property
    def command(self) -> str:
        """Shows the run again."""
        path = (SCENARIOS / f"{self.scenario}.toml").relative_to(ROOT)
        words = ["mip", "simulate", str(path), "--seed", str(self.seed)]
        return shlex.join(words if self.duration is None else [*words, "--duration", f"{self.duration:g}"])


class Outcome(NamedTuple):
    """What came of a run."""

    task: Task
    handovers: int
    messages: int
    """Of signalling, by honest machines."""
    checks: int
    """Of invariants."""
    simulated: float
    """Seconds."""
    processor: float
    """Seconds that one core worked."""
    befell: dict[str, int]
    """Faults and attackers' messages, by kind."""
    failure: str | None


def play(task: Task) -> Outcome:
    """One run, to its end or to its first failure."""
    began = time.process_time()
    scenario = msgspec.structs.replace(load(str(SCENARIOS / f"{task.scenario}.toml")), seed=task.seed)
    if task.duration is not None:
        scenario = msgspec.structs.replace(scenario, duration=task.duration)
    simulation = Simulation(scenario)
    failure = None
    try:
        simulation.run()
    except AssertionError as error:
        failure = str(error)
    except Exception:  # whatever an agent raises: the seed must be told
        failure = f"at {simulation.world.schedule.now:.6f} s:\n{traceback.format_exc()}"
    meter = simulation.meter
    return Outcome(
        task=task,
        handovers=len(meter.handovers),
        messages=meter.sent.total(),
        checks=simulation.invariants.checked,
        simulated=simulation.world.schedule.now,
        processor=time.process_time() - began,
        befell=simulation.faults.happened | {f"attack_{k}": n for k, n in simulation.attackers.sent.items()},
        failure=failure,
    )


def _play_and_clean(task: Task) -> Outcome:
    outcome = play(task)
    gc.collect()  # a run's machines know one another
    return outcome


def _begin_to_work() -> None:
    # Nothing but whole runs is freed by the collector; and who interrupts is answered by the parent.
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def tasks(scenarios: Sequence[str], first_seed: int, duration: float | None) -> Iterator[Task]:
    """Without end: all scenarios with one seed, then with the next."""
    seed = first_seed
    while True:
        for scenario in scenarios:
            yield Task(scenario, seed, duration)
        seed += 1


class Tally:
    """The sum of all runs."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.outcomes: list[Outcome] = []
        self.handovers = 0
        self._began = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.handovers += outcome.handovers

    @property
    def failures(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.failure is not None]

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def line(self) -> str:
        """For a terminal."""
        left = self.seconds * max(0, self.wanted - self.handovers) / self.handovers if self.handovers else 0.0
        return (
            f"soak: {self.handovers:,} of {self.wanted:,} handovers, {len(self.outcomes)} runs, "
            f"{len(self.failures)} failed, {left:,.0f} s to go"
        )

    def result(self) -> dict[str, Any]:
        """In the form of the other results; `baseline` is what was wanted, `spread` the fewest and most of one run."""
        seeds = [outcome.task.seed for outcome in self.outcomes]
        each = [outcome.handovers for outcome in self.outcomes]
        processor = sum(outcome.processor for outcome in self.outcomes)
        befell: Counter[str] = Counter()
        by_scenario: Counter[str] = Counter()
        for outcome in self.outcomes:
            befell.update(outcome.befell)
            by_scenario[outcome.task.scenario] += outcome.handovers
        return {
            "name": "soak",
            "value": self.handovers,
            "unit": "simulated handovers under faults",
            "baseline": self.wanted,
            "ratio": round(self.handovers / self.wanted, 4),
            "runs": len(self.outcomes),
            "spread": [min(each, default=0), max(each, default=0)],
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
            "violations": len(self.failures),
            "failures": [outcome.task.command for outcome in self.failures],
            "invariant_checks": sum(outcome.checks for outcome in self.outcomes),
            "messages": sum(outcome.messages for outcome in self.outcomes),
            "simulated_hours": round(sum(outcome.simulated for outcome in self.outcomes) / 3600, 1),
            "seconds": round(self.seconds, 1),
            "processor_seconds": round(processor, 1),
            "handovers_per_processor_second": round(self.handovers / processor) if processor else 0,
            "seeds": [min(seeds, default=0), max(seeds, default=0)],
            "handovers_by_scenario": dict(sorted(by_scenario.items())),
            "faults": dict(sorted(befell.items())),
        }


def soak(chosen: argparse.Namespace, tally: Tally) -> None:
    """Runs until enough is counted or the time is over. Every run that was begun is counted."""
    to_do = tasks(chosen.scenarios, chosen.seed, chosen.duration)
    running: deque[Future[Outcome]] = deque()
    pool = ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn"), initializer=_begin_to_work)
    try:
        for _ in range(chosen.processes + 1):  # one waits, so that no process does
            running.append(pool.submit(_play_and_clean, next(to_do)))
        while running:
            outcome = running.popleft().result()
            tally.add(outcome)
            tell(outcome, tally)
            if tally.handovers < tally.wanted and tally.seconds < 60 * chosen.minutes:
                running.append(pool.submit(_play_and_clean, next(to_do)))
    finally:
        pool.shutdown(cancel_futures=True)


def tell(outcome: Outcome, tally: Tally) -> None:
    """A failure at once, and how far it is on a terminal."""
    is_shown = sys.stderr.isatty()
    if outcome.failure is not None:
        task = outcome.task
        text = f"soak: {task.scenario}, seed {task.seed}: {_cut(outcome.failure)}\n  to see it again: {task.command}"
        print(f"\r{text}" if is_shown else text, file=sys.stderr, flush=True)
    if is_shown:
        print(f"\r{tally.line()}  ", end="", file=sys.stderr, flush=True)


def _cut(text: str) -> str:
    return text if len(text) <= 2 * MOST_TOLD else f"{text[:MOST_TOLD]} ... {text[-MOST_TOLD:]}"


def _parsed(words: Sequence[str] | None) -> argparse.Namespace:
    known = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(known)} (all)")
    parser.add_argument("--handovers", type=int, default=WANTED, metavar="N", help="until so many (%(default)s)")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="for so long at most")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first round (%(default)s)")
    parser.add_argument("--duration", type=float, metavar="S", help="of each run, instead of its scenario's")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="at once (%(default)s)")
    parser.add_argument("--result", type=Path, default=RESULT, metavar="FILE", help="where figures go (%(default)s)")
    chosen = parser.parse_args(words)
    unknown = sorted(set(chosen.scenarios) - set(known))
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}: there are {', '.join(known)}")
    if min(chosen.handovers, chosen.processes) < 1:
        parser.error("handovers and processes are at least 1")
    chosen.scenarios = chosen.scenarios or known
    return chosen


def main(words: Sequence[str] | None = None) -> int:
    chosen = _parsed(words)
    tally = Tally(chosen.handovers)
    try:
        soak(chosen, tally)
    except KeyboardInterrupt:
        print(f"\n{tally.line()}; interrupted, no result is written", file=sys.stderr)
        return INTERRUPTED
    if sys.stderr.isatty():
        print(file=sys.stderr)
    result = tally.result()
    chosen.result.parent.mkdir(parents=True, exist_ok=True)
    chosen.result.write_text(json.dumps(result, indent=2) + "\n")
    print(
        f"soak: {result['value']:,} handovers in {result['runs']} runs, {result['simulated_hours']:,} simulated hours: "
        f"{result['invariant_checks']:,} checks, {result['violations']} runs failed, {result['seconds']:,} s"
    )
    return FAILED if tally.failures else DONE


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell in the background has them ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
