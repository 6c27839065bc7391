#!/usr/bin/env python3
"""Does each module have a test file of its own that reaches every line and branch of it?

tools/own_coverage.py                    the rooms wire, security, forwarding, agents
tools/own_coverage.py agents/mobile      one room, or a part of one; several may be named

A module and its test file correspond by their paths:

    src/mobileip/agents/mobile/link.py   ->   tests/unit/agents/mobile/test_link.py

Each test file runs alone, in a process of its own, two at a time, and only its own module is measured: what the
tests of other modules happen to reach does not count. A module without a function (only definitions of values:
configuration, events, outputs) needs no test file; where it has one all the same, it is measured like the others.
`__init__.py` is asked for nothing unless it holds a function; then its test file is test_init.py in that folder.

Prints a table of the modules below 100 % and ends with exit code 1 if there is one, 2 if a named room does not
exist.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "mobileip"
TESTS = ROOT / "tests" / "unit"
ROOMS = ("wire", "security", "forwarding", "agents")
PROCESSES = 2


@dataclass(frozen=True)
class Finding:
    """What is wrong with one module's own tests."""

    module: str
    covered: str
    detail: str


def modules(room: str) -> list[Path]:
    """The modules of a room that need a test file or have one."""
    found = sorted((SOURCE / room).rglob("*.py"))
    return [module for module in found if test_file(module).exists() or _holds_a_function(module)]


def test_file(module: Path) -> Path:
    name = "init" if module.stem == "__init__" else module.stem
    return TESTS / module.relative_to(SOURCE).parent / f"test_{name}.py"


def _holds_a_function(module: Path) -> bool:
    tree = ast.parse(module.read_text())
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in ast.walk(tree))


def examine(module: Path) -> Finding | None:
    """Runs a module's test file; None when it reaches all of the module."""
    name, tests = str(module.relative_to(SOURCE)), test_file(module)
    if not tests.exists():
        return Finding(name, "-", f"no {tests.relative_to(ROOT)}")
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        # The project's own settings name the whole package as the source, which would overrule --include.
        coverage = [sys.executable, "-m", "coverage"]
        # A coverage run around this one must not have its own data mixed with ours.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
        run = subprocess.run(
            [
                *(*coverage, "run", "--rcfile=", f"--data-file={data}", "--branch", f"--include={module}"),
                *("-m", "pytest", "-q", "--tb=line", str(tests)),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            return Finding(name, "-", f"tests fail: {_last_line(run.stdout or run.stderr)}")
        told = subprocess.run(
            [*coverage, "json", "--rcfile=pyproject.toml", f"--data-file={data}", "-o", str(report), "-q"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode:
            return Finding(name, "0 %", "its tests do not even import it")
        return _judge(name, next(iter(json.loads(report.read_text())["files"].values())))


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]


def _judge(name: str, measured: dict) -> Finding | None:
    missing = set(measured["missing_lines"])
    lines = [str(line) for line in sorted(missing)]
    # A line that was never reached is not told again with its branches; a target below 0 is the way out.
    branches = [
        f"{start}->{target if target > 0 else 'exit'}"
        for start, target in measured["missing_branches"]
        if not missing & {start, target}
    ]
    if not lines and not branches:
        return None
    return Finding(name, f"{int(measured['summary']['percent_covered'])} %", ", ".join(lines + branches))


def print_table(findings: list[Finding]) -> None:
    rows = [("module", "covered", "missing lines and branches")]
    rows += [(finding.module, finding.covered, finding.detail) for finding in findings]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for module, covered, detail in rows:
        print(f"{module:<{widths[0]}}  {covered:>{widths[1]}}  {detail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", default=ROOMS, help="folders below src/mobileip (default: %(default)s)")
    rooms = parser.parse_args().rooms
    unknown = [room for room in rooms if not (SOURCE / room).is_dir()]
    if unknown:
        print(f"no such room: {', '.join(unknown)}", file=sys.stderr)
        return 2
    todo = [module for room in rooms for module in modules(room)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        findings = [finding for finding in pool.map(examine, todo) if finding is not None]
    if findings:
        print_table(findings)
    print(f"{len(todo) - len(findings)} of {len(todo)} modules are wholly reached by their own test files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
