"""A fast stream from a mobile node that changes between two places: not one of its packets is lost.

What a change is made of comes one after the other: packet tables, the kernel's addresses, routes and rules, and packets
that are on their way. Between any two of them packets come.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench.handover import drops
from bench.handover.combinations import PAIRS, Kind, Part
from bench.handover.laboratory import CORRESPONDENT_ADDRESS, HOME_ADDRESS, LINKS, mobile_ip
from tests.support.steady import Steady, steady

from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import ENGINE_VARIABLE

pytestmark = [pytest.mark.netns, pytest.mark.alone]

ENGINE = os.environ.get(ENGINE_VARIABLE, "auto")
PATIENCE_SECONDS = 15.0
NO_ROOM = {f"{node}.mip0.tx_drop" for node in ("mn", "fa1", "fa2", "ha")}
"""Packets for which a device of ours had no room: the daemon was kept from reading it."""
TIMES = 3
ATTEMPTS = 4
"""Where a daemon on a busy machine could not read its device in time, a loss proves nothing."""
PAUSE_SECONDS = 1.2
"""No two Requests leave within a second (RFC 5944 §3.6)."""


@contextmanager
def between(pair: str, delay_ms: int = 1) -> Iterator[Lab]:
    """The node is at the first of the two places; `delay_ms`: one way to the home agent."""
    part = Part(Kind.MAKE_BEFORE_BREAK, pair, delay_ms, ENGINE)
    with mobile_ip(part, PAIRS[pair], name="test-no-gap") as (lab, _):
        yield lab


def to_and_fro(lab: Lab, times: int) -> tuple[Steady, list[int]]:
    """Handovers to the second place and back; the stream from the node, and when each handover began."""
    moments = []
    with steady(lab, HOME_ADDRESS, CORRESPONDENT_ADDRESS) as stream:
        for number in range(2 * times):
            boot = time.clock_gettime(time.CLOCK_BOOTTIME)
            link = LINKS[(number + 1) % 2]
            moments.append(time.monotonic_ns())
            lab.daemon("mn").tell(f"links/{link}/handover")
            lab.events("mn").wait_for("handed_over", after=boot, to_interface=link, timeout=PATIENCE_SECONDS)
            time.sleep(PAUSE_SECONDS)
    return stream, moments


def moments_of(stream: Steady, moments: list[int]) -> list[int]:
    """The first number that was sent after each."""
    return [sum(at < moment for at in stream.sent) for moment in moments]


@pytest.mark.parametrize(
    ("pair", "delay_ms"),
    [("fa-colocated", 1), ("home-colocated", 1), ("home-fa", 20)],
)
def test_a_change_of_place_loses_no_packet_of_the_node(pair: str, delay_ms: int) -> None:
    with between(pair, delay_ms) as lab:
        for _ in range(ATTEMPTS):
            before = drops.look(lab)
            assert before.keys() >= NO_ROOM
            stream, moments = to_and_fro(lab, TIMES)
            dropped = drops.grown(before, drops.look(lab))
            if not dropped.keys() & NO_ROOM:
                break
        else:
            pytest.fail("the machine has no time for a stream")
        wires = lab.wires()
    assert wires is not None
    assert not any(lane.overflowed for lanes in wires.wires.values() for lane in lanes), "the lab's own wire lost some"
    assert stream.lost() == [], (stream.lost_near(moments), stream.lost()[0], moments_of(stream, moments), dropped)
