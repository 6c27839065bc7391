"""All tests; those of the namespaces once with each engine of the daemons (`make test`).

Usage: tools/each_engine.py [FILE ...]   only the tests of these files

The three runs go on beside one another: tests of namespaces mostly wait, and go before the others where both could run.
Each of theirs has /run/netns, /run/mip and its processes to itself, so that labs of one name meet nowhere and none
outlives a run that is killed. Their output is shown when they have ended.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, NamedTuple

PYTEST = (sys.executable, "-m", "pytest", "-q")
ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c")
"""Mounts and processes made in here are seen by nobody else, and end with it."""
# The shell stays: somebody has to take leave of orphans.
OWN_FOLDERS = """
for folder in /run/netns /run/mip; do mkdir -p $folder; mount -t tmpfs tmpfs $folder || exit 1; done
"$@"
"""
BEHIND = ("nice", "-n", "5")

NO_TESTS = 5
"""pytest's exit code: a file may have none with such marks, all files together may not."""


class Run(NamedTuple):
    marks: str
    engine: str
    """Of their daemons."""


OTHERS = Run("not netns", "ebpf")
NAMESPACES = (Run("netns", "ebpf"), Run("netns and not no_engine", "userspace"))


def command(marks: str, files: Sequence[str]) -> list[str]:
    return [*PYTEST, "-m", marks, *(files or ["tests"])]


def started(run: Run, files: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """A run of the namespaces' tests."""
    words = [*ALONE, OWN_FOLDERS, "sh", *command(run.marks, files)]
    environment = {**os.environ, "MIP_LAB_ENGINE": run.engine}
    return subprocess.Popen(words, env=environment, stdout=output, stderr=subprocess.STDOUT)


def main(files: Sequence[str]) -> int:
    codes: list[int] = []
    with ExitStack() as opened:
        outputs = [opened.enter_context(tempfile.TemporaryFile()) for _ in NAMESPACES]
        beside = [started(run, files, output) for run, output in zip(NAMESPACES, outputs, strict=True)]
        try:
            codes.append(subprocess.run([*BEHIND, *command(OTHERS.marks, files)], check=False).returncode)
        finally:  # Ctrl-C reaches all of them, and each clears up what it has made
            codes += [process.wait() for process in beside]
        for run, output in zip(NAMESPACES, outputs, strict=True):
            print(f"\nthe namespaces' tests with the engine {run.engine}:", flush=True)
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    good = {0, NO_TESTS} if files else {0}
    return int(not good.issuperset(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
