"""One law for both packet paths: whenever a program in the kernel takes a packet it gives the same octets to the same
node as the pure function, whenever it drops one it does so by the same name, and what it leaves it leaves as it was.

`both_paths` says which field may differ. tools/fuzz/fast_path.py has the same cases, 10^5 of them.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.fast_path import FastPathMachine, fast_path_machine
from tools.fuzz.fast_path import both_ways
from tools.fuzz.fast_path_cases import ROLES, soft_state, world

pytestmark = pytest.mark.netns

PACKETS = 4


@pytest.fixture(scope="module")
def machine() -> Iterator[FastPathMachine]:
    with fast_path_machine() as made:
        yield made


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=st.randoms(use_true_random=False))
def test_both_paths_give_the_same_octets_to_the_same_node(machine: FastPathMachine, random: Random) -> None:
    there = world(random)
    machine.wish(*there.wishes)
    machine.learn(soft_state(random, machine.tables, there))
    for _ in range(PACKETS):
        both_ways(machine, there, random)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_leaves_everything(machine: FastPathMachine, role: str) -> None:
    """Of what is generated for it, the programs take a good part themselves."""
    fates: Counter[str] = Counter()
    for seed in range(60):
        random = Random(seed)
        there = world(random, role, form=seed % 2)
        machine.wish(*there.wishes)
        for _ in range(5):
            fates[both_ways(machine, there, random)] += 1
    taken = sum(count for fate, count in fates.items() if fate.endswith("taken"))
    assert taken > fates.total() / 5, fates
