"""The plain generator: so many inputs from one seed, in turns for each target, up to the first bug."""

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tools.fuzz.generate import generate
from tools.fuzz.target import Target

INPUTS_PER_PROGRESS = 5_000


@dataclass(frozen=True)
class Finding:
    target: str
    octets: bytes
    error: Exception

    def report(self) -> str:
        shown = "".join(traceback.format_exception(self.error))
        return f"{shown}\nBUG: decoder {self.target}, octets {self.octets.hex()}"


@dataclass
class Outcome:
    inputs: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    finding: Finding | None = None

    def report(self) -> str:
        return "\n".join(
            f"{name:22}{count:>9,} inputs, {100 * self.accepted[name] / count:3.0f} % accepted"
            for name, count in self.inputs.items()
        )


def examine(target: Target, octets: bytes) -> bool | Finding:
    """Whether one input was accepted, or what it has found."""
    try:
        return target.check(octets)
    except Exception as error:  # whatever it is: that is the question
        return Finding(target.name, octets, error)


def run(
    targets: Sequence[Target], *, seed: int, count: int, progress: Callable[[int], None] = lambda _done: None
) -> Outcome:
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    outcome = Outcome()
    for number in range(count):
        target = targets[number % len(targets)]
        result = examine(target, generate(random, target))
        outcome.inputs[target.name] += 1
        if isinstance(result, Finding):
            outcome.finding = result
            break
        outcome.accepted[target.name] += result
        if number % INPUTS_PER_PROGRESS == 0:
            progress(number)
    return outcome
