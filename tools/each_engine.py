"""All tests; those of the namespaces once with each engine of the daemons (`make test`).

Usage: tools/each_engine.py [FILE ...]   only the tests of these files

The runs go on beside one another: tests of namespaces mostly wait, and go before the others where both could run. Those
are in two parts, so that two cores have something to do to the end. Each run of tests of namespaces has /run/netns,
/run/mip, /dev/shm and its processes to itself, so that labs of one name meet nowhere and none outlives a run that is
killed. The output of all but one is shown when they have ended. Tests that are marked `alone` run then: those of
benches, whose wires go before everything else, and of fast streams, which need what the others would take.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

PYTEST = (sys.executable, "-m", "pytest", "-q")
ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c")
"""Mounts and processes made in here are seen by nobody else, and end with it."""
# Shared memory too: libfaketime names its own by the process's id, and two of these runs have the same ids.
# The shell stays: somebody has to take leave of orphans.
OWN_FOLDERS = """
for folder in /run/netns /run/mip /dev/shm; do mkdir -p $folder; mount -t tmpfs tmpfs $folder || exit 1; done
"$@"
"""
BEHIND = ("nice", "-n", "5")

NO_TESTS = 5
"""pytest's exit code: a file may have none with such marks, all files together may not."""


class Run(NamedTuple):
    title: str
    marks: str
    first: int
    step: int
    """Which of the files: this one, and each so many after it."""
    engine: str = "ebpf"
    """Of their daemons."""

    @property
    def has_namespaces(self) -> bool:
        return self.marks != OTHERS


OTHERS = "not netns"
AT_ONCE = (
    Run("tests without namespaces", OTHERS, 0, 2),  # whose output is shown while it is at work
    Run("more tests without namespaces", OTHERS, 1, 2),
    Run("tests of namespaces, the engine is ebpf", "netns and not alone", 0, 2),
    Run("more tests of namespaces, the engine is ebpf", "netns and not alone", 1, 2),
    Run("tests of namespaces, the engine is userspace", "netns and not no_engine and not alone", 0, 1, "userspace"),
)
ALONE_AT_LAST = (
    Run("tests that want the machine for themselves", "alone", 0, 1),
    Run("those of them with daemons, the engine is userspace", "alone and not no_engine", 0, 1, "userspace"),
)


def files_of(run: Run, asked: Sequence[str]) -> Sequence[str]:
    """Those of `asked`, or of all test files, that this run is to take."""
    if not asked:
        tests = sorted(Path("tests").rglob("test_*.py"))
        asked = [str(test) for test in tests if not run.has_namespaces or "pytest.mark.netns" in test.read_text()]
    return asked[run.first :: run.step]


def started(run: Run, files: Sequence[str], output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    around = (*ALONE, OWN_FOLDERS, "sh") if run.has_namespaces else BEHIND
    environment = {**os.environ, "MIP_LAB_ENGINE": run.engine}
    words = [*around, *PYTEST, "-m", run.marks, *files]
    return subprocess.Popen(words, env=environment, stdout=output, stderr=None if output is None else subprocess.STDOUT)


def at_once(runs: Sequence[Run], asked: Sequence[str]) -> list[int]:
    """Their exit codes, when all have ended."""
    codes: list[int] = []
    with ExitStack() as opened:
        begun: list[tuple[Run, subprocess.Popen[bytes], IO[bytes] | None]] = []
        try:
            for run in runs:
                if files := files_of(run, asked):
                    output: IO[bytes] | None = opened.enter_context(tempfile.TemporaryFile()) if begun else None
                    begun.append((run, started(run, files, output), output))
            for _, process, _ in begun[:1]:
                process.wait()
        finally:  # Ctrl-C reaches all of them, and each clears up what it has made
            codes += [process.wait() for _, process, _ in begun]
        for run, _, output in begun:
            if output is not None:
                print(f"\n{run.title}:", flush=True)
                output.seek(0)
                sys.stdout.buffer.write(output.read())
                sys.stdout.flush()
    return codes


def main(asked: Sequence[str]) -> int:
    codes = at_once(AT_ONCE, asked)
    for run in ALONE_AT_LAST:
        print(f"\n{run.title}:", flush=True)
        codes += at_once([run], asked)
    good = {0, NO_TESTS} if asked else {0}
    return int(not good.issuperset(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
