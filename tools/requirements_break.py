#!/usr/bin/env python3
"""Breaks each cited line of code in turn and fails when the tests that claim its requirement still pass.

    tools/requirements_break.py [ID ...]        all, or these; --jobs N at once; --list shows what would be broken

What a citation belongs to is negated by `tools/negate.py`. The broken text never touches the disk: `tools/broken.py`
hands it to the import of one test process. First the tests have to pass as they are.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from negate import broken_source
from requirements import ROOT, Matrix, Place, read_matrix

MODULE_VARIABLE = "MOBILEIP_BROKEN"
"""File and line that a test process breaks, as JSON."""
TIME_LIMIT = 300
"""Seconds: a break that makes tests hang is noticed too."""
PASSED = 0
"""What pytest ends with; anything else is a failure of a test, or of its import."""


class Break(NamedTuple):
    """One requirement, one place of code that cites it, and the tests that claim it."""

    identity: str
    place: Place
    tests: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.place.path.relative_to(ROOT)}:{self.place.line}"

    def text(self) -> str:
        """The statement, negated.

        Raises: ValueError.
        """
        return broken_source(self.place.path.read_text(), self.place.line)[1]


def breaks(matrix: Matrix, identities: set[str]) -> Iterator[Break]:
    """All of the requirements that are tested, or of `identities`."""
    for identity in matrix.requirements:
        if identity in matrix.tests and (not identities or identity in identities):
            tests = tuple(sorted({place.name for place in matrix.tests[identity]}))
            for place in matrix.code.get(identity, ()):
                yield Break(identity, place, tests)


def run(tests: tuple[str, ...], place: Place | None = None) -> tuple[int, str]:
    """What pytest ends with, and what it says; with `place` broken.

    Raises: TimeoutExpired.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    tools = Path(__file__).parent
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    if place is not None:
        command += ["-p", "broken"]
        environment[MODULE_VARIABLE] = json.dumps({"file": str(place.path), "line": place.line})
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(tools), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )
    return done.returncode, (done.stdout + done.stderr)[-500:]


def complaint(one: Break) -> str | None:
    """Why a break was not noticed; None when a test failed, as it should."""
    try:
        text = one.text()
        code, _ = run(one.tests, one.place)
    except ValueError as error:
        return f"{one.identity} {one.where}: {error}"
    except subprocess.TimeoutExpired:
        return None
    return f"{one.identity} {one.where}: still passes with `{text}`" if code == PASSED else None


def main() -> int:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("ids", nargs="*")
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    command.add_argument("--list", action="store_true")
    options = command.parse_args()
    todo = list(breaks(read_matrix(), set(options.ids)))
    if options.list:
        for one in todo:
            print(one.identity, one.where, one.text())
        return 0
    if todo:
        code, said = run(tuple(sorted({test for one in todo for test in one.tests})))
        if code != PASSED:
            print(f"the tests fail without any break: {said}", file=sys.stderr)
            return 1
    unnoticed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for count, problem in enumerate(pool.map(complaint, todo), 1):
            if problem:
                unnoticed += 1
                print(problem, flush=True)
            if sys.stderr.isatty():
                print(f"\r{count}/{len(todo)} broken, {unnoticed} unnoticed ", end="", file=sys.stderr)
    print(f"requirements-break: {len(todo)} lines broken, {unnoticed} breaks unnoticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
