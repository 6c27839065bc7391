"""All tests; those of the namespaces once with each engine of the daemons (`make test`).

Usage: tools/each_engine.py [FILE ...]   only the tests of these files

The userspace engine's run goes on beside everything else: tests of namespaces mostly wait. It has /run/netns and
/run/mip to itself, so that labs of one name meet nowhere, and its output is shown at its end.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

PYTEST = (sys.executable, "-m", "pytest", "-q")
ALONE = ("unshare", "--mount", "sh", "-c")
"""Mounts made in here are seen by nobody else."""
OWN_FOLDERS = """
for folder in /run/netns /run/mip; do mkdir -p $folder; mount -t tmpfs tmpfs $folder || exit 1; done
exec "$@"
"""

RUNS = (("not netns", "ebpf"), ("netns", "ebpf"))
"""One after another: which tests, and the engine of their daemons."""
BESIDE = ("netns and not no_engine", "userspace")


NO_TESTS = 5
"""pytest's exit code: a file may have none with such marks, all files together may not."""


def command(marks: str, files: Sequence[str]) -> list[str]:
    return [*PYTEST, "-m", marks, *(files or ["tests"])]


def environment(engine: str) -> dict[str, str]:
    return {**os.environ, "MIP_LAB_ENGINE": engine}


def main(files: Sequence[str]) -> int:
    marks, engine = BESIDE
    with tempfile.TemporaryFile() as output:
        words = [*ALONE, OWN_FOLDERS, "sh", *command(marks, files)]
        beside = subprocess.Popen(words, env=environment(engine), stdout=output, stderr=subprocess.STDOUT)
        try:
            codes = [subprocess.run(command(m, files), env=environment(e), check=False).returncode for m, e in RUNS]
        finally:  # Ctrl-C reaches both, and each clears up what it has made
            beside.wait()
            output.seek(0)
            print(f"\nthe namespaces' tests with the engine {engine}:", flush=True)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    good = {0, NO_TESTS} if files else {0}
    return int(not good.issuperset((*codes, beside.returncode)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
