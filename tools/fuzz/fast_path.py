"""Generated packets through the programs in the kernel and through the pure functions: the same octets (root).

python -m tools.fuzz.fast_path [--seed N] [--count N]     exit code 1, and what to repeat it with, for a difference
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from random import Random, SystemRandom

from tests.support import both_paths
from tests.support.fast_path import FastPathMachine, fast_path_machine
from tools.fuzz.fast_path_cases import World, into_device, outer, soft_state, world

DEFAULT_COUNT = 100_000
PACKETS_PER_WORLD = 40


def both_ways(machine: FastPathMachine, there: World, random: Random) -> str:
    """One packet, one of three ways. What the programs did with it."""
    way = random.choice(("into", "into", "out_of", "out_of", "out_of_raw"))
    if way == "into":
        realm = there.realm if random.random() < 0.4 else 0
        fate = both_paths.into(machine, into_device(random, there), realm)
    else:
        fate = both_paths.out_of(machine, outer(random, there), raw=way == "out_of_raw")
    return f"{way} {fate.value}"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz.fast_path", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, help="of the generator (random, and printed)")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="packets (%(default)s)")
    chosen = parser.parse_args(words)
    seed = SystemRandom().randrange(1, 1 << 31) if chosen.seed is None else chosen.seed
    print(f"fuzz: {chosen.count:,} packets on both paths, seed {seed}", flush=True)
    fates: Counter[str] = Counter()
    begun = time.monotonic()
    with fast_path_machine() as machine:
        for number in range(0, chosen.count, PACKETS_PER_WORLD):
            random = Random(seed + number)  # noqa: S311 - no secret
            there = world(random)
            machine.wish(*there.wishes)
            machine.learn(soft_state(random, machine.tables, there))
            try:
                for _ in range(PACKETS_PER_WORLD):
                    fates[both_ways(machine, there, random)] += 1
            except AssertionError:
                traceback.print_exc()
                print(f"fuzz: both paths differ; again: --seed {seed + number} --count {PACKETS_PER_WORLD}")
                return 1
    print(", ".join(f"{fate} {count:,}" for fate, count in sorted(fates.items())))
    print(f"fuzz: nothing found in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
