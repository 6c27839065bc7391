"""All tests; those of the namespaces once with each engine of the daemons (`make test`).

Usage: tools/each_engine.py [FILE ...]   only the tests of these files

The runs go on beside one another: tests of namespaces mostly wait, and go before the others where both could run. Each
of theirs has /run/netns, /run/mip, /dev/shm and its processes to itself, so that labs of one name meet nowhere and none
outlives a run that is killed. Their output is shown when they have ended.
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
    """Of tests of namespaces."""

    marks: str
    engine: str
    """Of their daemons."""
    first: int = 0
    step: int = 1
    """Which of the files: this one, and each so many after it."""


OTHERS = "not netns"
NAMESPACES = (Run("netns", "ebpf", 0, 2), Run("netns", "ebpf", 1, 2), Run("netns and not no_engine", "userspace"))


def with_namespaces() -> list[str]:
    """All test files with tests of namespaces."""
    return sorted(str(path) for path in Path("tests").rglob("test_*.py") if "pytest.mark.netns" in path.read_text())


def command(marks: str, files: Sequence[str]) -> list[str]:
    return [*PYTEST, "-m", marks, *files]


def started(run: Run, files: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    words = [*ALONE, OWN_FOLDERS, "sh", *command(run.marks, files)]
    environment = {**os.environ, "MIP_LAB_ENGINE": run.engine}
    return subprocess.Popen(words, env=environment, stdout=output, stderr=subprocess.STDOUT)


def main(files: Sequence[str]) -> int:
    runs = [(run, part) for run in NAMESPACES if (part := (files or with_namespaces())[run.first :: run.step])]
    codes: list[int] = []
    with ExitStack() as opened:
        outputs = [opened.enter_context(tempfile.TemporaryFile()) for _ in runs]
        beside = [started(run, part, output) for (run, part), output in zip(runs, outputs, strict=True)]
        try:
            others = [*BEHIND, *command(OTHERS, files or ["tests"])]
            codes.append(subprocess.run(others, env={**os.environ, "MIP_LAB_ENGINE": "ebpf"}, check=False).returncode)
        finally:  # Ctrl-C reaches all of them, and each clears up what it has made
            codes += [process.wait() for process in beside]
        for (run, _), output in zip(runs, outputs, strict=True):
            print(f"\nthe namespaces' tests with the engine {run.engine}:", flush=True)
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    good = {0, NO_TESTS} if files else {0}
    return int(not good.issuperset(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
