"""What forwards packets is changed while packets flow, and what passes is seen with either engine."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from tests.support.roaming import CORRESPONDENT, HOME_ADDRESS, engines, eventually, go, reachable, roaming
from tests.support.traffic import boot, traffic

from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

AGENTS = ("ha", "fa1")
BOTH = ("ebpf", "userspace")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with roaming("minimal", "test-engine") as made:
        before = {node: made.daemon(node).ask("engine")["choice"] for node in AGENTS}
        for node in AGENTS:
            choose(made, node, "ebpf")  # where programs need a qdisc of ours, it is there from now on
        go(made, "foreign1")
        eventually(lambda: _packets(made), "the home agent has answered the only probe of a node with one link")
        yield made
        for node, choice in before.items():
            choose(made, node, choice)


def choose(lab: Lab, node: str, name: str) -> dict[str, object]:
    chosen = lab.run(node, "mip", "-j", "engine", name)
    view = json.loads(chosen.stdout)
    assert isinstance(view, dict)
    return view


@pytest.mark.parametrize("name", BOTH)
def test_what_a_tunnel_carried_counts_on_whichever_engine(lab: Lab, name: str) -> None:
    before = _packets(lab)
    choose(lab, "ha", name)
    assert _packets(lab) == before
    assert reachable(lab)
    assert _packets(lab) > before
    shown = lab.run("ha", "mip", "tunnel", "-s").stdout
    assert "LAST PACKET" in shown
    assert f" {HOME_ADDRESS} " in shown
    assert " s ago" in shown


def _packets(lab: Lab) -> int:
    return sum(row["packets"] for row in lab.daemon("ha").ask("tunnels") if row["direction"] == "to the mobile node")


@pytest.mark.parametrize("name", BOTH)
def test_packets_are_seen_while_somebody_looks(lab: Lab, name: str) -> None:
    choose(lab, "ha", name)
    command = lab.command("ha", "mip", "-j", "trace", "--packets", "--count", "2")
    environment = {**os.environ, **lab.environment("ha")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as looking:
        assert looking.stdout is not None
        try:
            # Whoever looks begins some time after the program was started: it is pinged until enough was seen.
            eventually(lambda: reachable(lab) and looking.poll() is not None, "two packets are seen")
            seen = [json.loads(line) for line in looking.stdout.read().splitlines()]
        finally:
            if looking.poll() is None:
                looking.send_signal(signal.SIGINT)
    into = [row for row in seen if row["direction"] == "into"]
    assert len(seen) == 2
    assert {(row["source"], row["destination"], row["protocol"]) for row in into} == {(CORRESPONDENT, HOME_ADDRESS, 1)}
    assert {row["length"] for row in into} == {84}
    assert {len(bytes.fromhex(row["octets"])) for row in into} == {84}
    assert {row["encapsulation"] for row in into} == {"ipip"}


def test_no_packet_is_lost_when_the_engine_changes(lab: Lab) -> None:
    with traffic(lab) as going:
        begin = boot()
        for node in AGENTS:
            for name in (*BOTH, "auto"):
                view = choose(lab, node, name)
                assert (view["name"], view["choice"]) == ("userspace" if name == "userspace" else "ebpf", name)
                assert (view["attached_by"] is None) == (name == "userspace")
                now = boot()
                eventually(lambda now=now: going.to_mobile_node().first_arrival(now), "the stream")  # type: ignore[misc]
        end = boot()
        eventually(lambda: going.to_mobile_node().first_arrival(end), "the stream towards the mobile node")
        eventually(lambda: going.from_mobile_node().first_arrival(end), "the stream from the mobile node")
        assert (going.to_mobile_node().lost(begin, end), going.from_mobile_node().lost(begin, end)) == (0, 0)
        assert going.to_mobile_node().sent, "there was something to lose"
    assert {engine for engine, _ in (engines(lab)[node] for node in AGENTS)} == {"ebpf"}
    assert lab.daemon("ha").ask("status")["warnings"] == []
