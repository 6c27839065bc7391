"""Laws 4 and 5 for everything that reads what others wrote, by the targets of `make fuzz`: messages, packets, netlink.

tests/property/test_wire_roundtrip.py draws values; here it is octets, random ones and valid ones that were damaged.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import strategies
from tools.fuzz.target import Target
from tools.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_no_octets_raise_and_what_is_accepted_is_kept(target: Target) -> None:
    valid = st.sampled_from(target.seeds)

    @settings(max_examples=2000, deadline=None)
    @given(st.binary(max_size=120) | valid | strategies.mutated(valid) | strategies.mutated(valid))
    def law(octets: bytes) -> None:
        assert target.check(octets) in (True, False)

    law()
