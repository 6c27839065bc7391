"""A home agent whose daemon is dead forwards on the fast path, and nobody's packets beyond what was granted."""

import time
from itertools import pairwise

import pytest
from tests.support.eventually import eventually

from mobileip.lab.capture import Frame
from mobileip.lab.laboratory import Lab

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

SHORT, LONG = "10.1.0.10", "10.1.0.11"
SETTINGS = {
    "ha": {"daemon": {"engine": "ebpf"}},
    "mn1": {"mobile_node": {"requested_lifetime": 8}},
}
AFTERWARDS = 3.0
"""Seconds to be looked at after the end of the short lifetime."""
MARGIN = 0.5
IP_IN_IP = 4


def tunnelled(frames: list[Frame], home_address: str) -> list[float]:
    """When packets for that address left in a tunnel; wall clock, seconds."""
    inner = bytes(int(part) for part in home_address.split("."))
    leaving = (frame for frame in frames if frame.outgoing and frame.payload[9:10] == bytes((IP_IN_IP,)))
    return [frame.time / 1e9 for frame in leaving if frame.payload[36:40] == inner]


def test_a_lifetime_ends_though_nobody_is_there_to_end_it() -> None:
    with Lab("two-nodes", name="dead-daemon", settings=SETTINGS) as lab:
        for node in ("mn2", "mn1"):
            lab.move(node, "foreign1")
            lab.events(node).wait_for("registered", care_of="foreign_agent")
        for address in (SHORT, LONG):
            lab.spawn("cn", f"ping-{address}", "ping", "-q", "-i", "0.05", "-w", "60", address)
        with lab.capture(("ha", "eth0"), snap_octets=64) as capture:
            eventually(lambda: tunnelled(capture.frames, SHORT) and tunnelled(capture.frames, LONG))
            bindings = {view["home_address"]: view for view in lab.daemon("ha").ask("bindings")}
            end = time.time() + bindings[SHORT]["remaining_seconds"]
            lab.daemon("ha").kill()
            killed = time.time()
            assert killed < end - 2 * MARGIN, "there is something to be seen before it"
            eventually(lambda: tunnelled(capture.frames, LONG)[-1] > end + AFTERWARDS, seconds=30.0)
            short, long_ = tunnelled(capture.frames, SHORT), tunnelled(capture.frames, LONG)
    assert end - MARGIN < max(short) < end + MARGIN, "until its end, and no longer"
    gaps = [later - earlier for earlier, later in pairwise(long_) if later > killed]
    assert max(gaps) < MARGIN, "the other one's go on"
