"""A mobile node with two links, told from outside where to be: behind a foreign agent on one, co-located on the other.

eth0 -- foreign1 -- fa1            eth1 -- a second link of the router `visited`, with an address of its own
"""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.roaming import CORRESPONDENT, PATIENCE_SECONDS, counters, eventually, reachable, registration

from mobileip.lab.laboratory import Lab
from mobileip.lab.topology import Wire

pytestmark = pytest.mark.netns

SETTINGS = {"mn": {"mobile_node": {"links": ["eth0", "eth1"], "hold_down": 0.2, "deregister_on_stop": False}}}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("roaming", name="test-handover", settings=SETTINGS, daemons=False) as made:  # type: ignore[arg-type]
        made.move("mn", "foreign1")
        plug_second_link(made)
        for node in ("ha", "fa1", "mn"):
            made.daemon(node).start()
        eventually(lambda: is_on(made, "eth0"), "it is registered by the better link")
        yield made


def plug_second_link(lab: Lab) -> None:
    ends = f"eth1 netns {lab.namespace('mn')} type veth peer name eth2 netns {lab.namespace('visited')}"
    subprocess.run(["ip", "link", "add", *ends.split()], check=True)
    for node, line in (
        ("visited", "address add 203.0.114.1/24 dev eth2"),
        ("visited", "link set eth2 up"),
        ("internet", "route add 203.0.114.0/24 via 192.0.2.14"),
        ("mn", "address add 203.0.114.7/24 dev eth1"),
        ("mn", "link set eth1 up"),
        ("mn", "route add default via 203.0.114.1 dev eth1 metric 200"),
    ):
        lab.run(node, "ip", *line.split())


def is_on(lab: Lab, interface: str) -> bool:
    view = registration(lab)
    return bool(view["registered"]) and view["interface"] == interface


def mip(lab: Lab, *words: str) -> Any:
    return json.loads(lab.run("mn", "mip", "-j", *words).stdout)


def told(lab: Lab, *words: str, then: str) -> dict[str, Any]:
    """Says something to the node and waits until it is on that link; the record of the handover."""
    before = len(mip(lab, "handovers"))
    mip(lab, *words)
    eventually(lambda: is_on(lab, then), f"{' '.join(words)}: it is on {then}")
    eventually(lambda: len(mip(lab, "handovers")) > before, "there is a record")
    record: dict[str, Any] = mip(lab, "handovers")[-1]
    assert record["to_interface"] == then
    return record


def test_a_handover_by_command_is_made_before_the_former_way_breaks(lab: Lab) -> None:
    record = told(lab, "handover", "eth1", then="eth1")
    assert (record["trigger"], record["from_interface"], record["from_care_of"]) == ("command", "eth0", "foreign_agent")
    assert (record["to_care_of"], record["make_before_break"], record["silence_ms"]) == ("colocated", True, 0)
    assert reachable(lab)
    back = told(lab, "handover", "auto", then="eth0")
    assert back["make_before_break"]
    assert reachable(lab)
    text = lab.run("mn", "mip", "metrics").stdout
    assert 'mip_handover_duration_seconds_count{trigger="command",make_before_break="true"}' in text


def test_a_link_that_is_announced_to_go_is_left(lab: Lab) -> None:
    record = told(lab, "link", "leaving", "eth0", then="eth1")
    assert (record["trigger"], record["make_before_break"]) == ("leaving", True)
    leaving = {link["name"]: link["leaving"] for link in mip(lab, "link")}
    assert leaving == {"eth0": True, "eth1": False}
    told(lab, "link", "staying", "eth0", then="eth0")


def test_a_link_that_is_preferred_is_taken(lab: Lab) -> None:
    told(lab, "link", "prefer", "eth1", then="eth1")
    assert [link["preferred"] for link in mip(lab, "link")] == [False, True]
    told(lab, "link", "prefer", "none", then="eth0")


def test_a_machine_that_stood_still_looks_where_it_is(lab: Lab) -> None:
    events, began = lab.events("mn"), time.clock_gettime(time.CLOCK_BOOTTIME)
    mip(lab, "link", "resumed")
    events.wait_for("agent_heard", after=began, interface="eth0")
    eventually(lambda: is_on(lab, "eth0"), "it is where it was")
    assert reachable(lab)


def test_a_link_that_the_node_has_not_is_a_clear_error(lab: Lab) -> None:
    for words in (["handover", "eth9"], ["link", "leaving", "eth9"]):
        done = lab.run("mn", "mip", *words, check=False)
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr.endswith("eth9 is no link of this mobile node (it has eth0, eth1)\n")


def is_probed_often(lab: Lab) -> bool:
    """Five probes in two seconds."""
    before = counters(lab, "mn", "mobile_node")["probes_sent"]
    time.sleep(2.0)
    return counters(lab, "mn", "mobile_node")["probes_sent"] >= before + 5


@pytest.mark.parametrize("direction", ["to", "from"])
def test_a_path_that_is_dead_without_a_sign_is_left(lab: Lab, direction: str) -> None:
    eventually(lambda: is_on(lab, "eth0"), "it is on the better link")
    eventually(lambda: mip(lab, "link")[0]["state"] == "verified", "its path is proven")
    source, target = ("cn", "10.1.0.10") if direction == "to" else ("mn", CORRESPONDENT)
    lab.spawn(source, f"ping-{direction}", "ping", "-n", "-q", "-i0.05", "-w", f"{2 * PATIENCE_SECONDS:.0f}", target)
    events = lab.events("mn")
    eventually(lambda: is_probed_often(lab), "packets pass")
    began = time.clock_gettime(time.CLOCK_BOOTTIME)
    lab.set_wire("foreign1", Wire(delay_ms=5, loss=1.0))
    try:
        events.wait_for("path_noticed", after=began, state="dead")
        handed = events.wait_for("handed_over", after=began)
        assert (handed["trigger"], handed["to_interface"]) == ("path_dead", "eth1")
        assert reachable(lab)
    finally:
        lab.set_wire("foreign1", Wire(delay_ms=5))
    eventually(lambda: is_on(lab, "eth0"), "it returns when the path is whole again")
