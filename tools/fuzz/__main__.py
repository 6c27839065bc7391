"""Generated octets for every decoder: exit code 1, and what to repeat it with, when one of them has a bug.

python -m tools.fuzz [--seed N] [--count N]       plain: everything follows from the seed
python -m tools.fuzz --guided SECONDS [--seed N]  guided by coverage (atheris)
python -m tools.fuzz --replay DECODER HEX         one input again
"""

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from random import SystemRandom

from tools.fuzz.plain import Finding, examine, run
from tools.fuzz.target import Target
from tools.fuzz.targets import TARGETS

DEFAULT_COUNT = 1_000_000
NOISE = ('"', "######", "INFO: Instrumenting", "WARNING: Failed to find function")
"""How lines of the guided one begin that tell nobody anything: a dictionary for another run, every module by name."""


def main(words: Sequence[str] | None = None, targets: Sequence[Target] = TARGETS) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, help="of the generator (random, and printed)")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="inputs in all (%(default)s)")
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="guided by coverage for so long")
    parser.add_argument("--replay", nargs=2, metavar=("DECODER", "HEX"), help="one input again")
    chosen = parser.parse_args(words)
    if chosen.replay is not None:
        return _replay(targets, *chosen.replay)
    seed = SystemRandom().randrange(1, 1 << 31) if chosen.seed is None else chosen.seed
    if chosen.guided is not None:
        return _guided(chosen.guided, seed)
    return _plain(targets, seed, chosen.count)


def _plain(targets: Sequence[Target], seed: int, count: int) -> int:
    print(f"fuzz: {count:,} inputs for {len(targets)} decoders, seed {seed}", flush=True)

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{100 * done // count:3} % ", end="", file=sys.stderr, flush=True)

    begun = time.monotonic()
    outcome = run(targets, seed=seed, count=count, progress=progress)
    progress(count)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(outcome.report())
    if outcome.finding is not None:
        print(f"{outcome.finding.report()}, seed {seed}, input {outcome.inputs.total()}")
        return 1
    print(f"fuzz: nothing found in {time.monotonic() - begun:.0f} s")
    return 0


def _guided(seconds: int, seed: int) -> int:
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: atheris is missing: tools/setup fuzz installs it", file=sys.stderr)
        return 2
    print(f"fuzz: guided by coverage for {seconds} s, seed {seed}", flush=True)
    command = [sys.executable, "-m", "tools.fuzz.guided", str(seconds), str(seed)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as fuzzer:
        for line in fuzzer.stderr or ():
            if not line.startswith(NOISE):
                print(line, end="", file=sys.stderr, flush=True)
    return int(fuzzer.returncode != 0)


def _replay(targets: Sequence[Target], name: str, digits: str) -> int:
    target = next((target for target in targets if target.name == name), None)
    if target is None:
        print(f"fuzz: no decoder {name!r}; there are: {', '.join(t.name for t in targets)}", file=sys.stderr)
        return 2
    result = examine(target, bytes.fromhex(digits))
    print(result.report() if isinstance(result, Finding) else f"fuzz: {'accepted' if result else 'refused'}")
    return int(isinstance(result, Finding))


if __name__ == "__main__":
    sys.exit(main())
