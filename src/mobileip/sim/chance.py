"""All chance comes from here: one generator for each use, so that one use more leaves the others' draws alone."""

from random import Random


def generator(seed: int, use: str) -> Random:
    """The same seed and use give the same draws, on any machine."""
    return Random(f"{seed}/{use}")  # noqa: S311 - a simulation; nothing of it protects anything


def poisson(chance: Random, mean: float) -> float:
    """The time until something that happens every `mean` seconds on average, s."""
    return chance.expovariate(1.0 / mean)
