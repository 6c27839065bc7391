"""Ends and beginnings of a daemon: what stays, what is adopted, what is repaired. Its node is in a visited network."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.machine import MARK, Picture, ours, picture
from tests.support.roaming import CORRESPONDENT, HOME_ADDRESS, eventually, go, packets, reachable

from mobileip.control.client import ControlClient, ControlError
from mobileip.dataplane.fight import ROUNDS
from mobileip.lab import processes
from mobileip.lab.capture import Frame
from mobileip.lab.errors import LabError
from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import Settings

pytestmark = pytest.mark.netns

NODES = ("ha", "fa1", "mn")
ECHO_REQUEST = 8
SWEEP_SOON = {"MIP_ADOPTION_SECONDS": "0.3"}
TABLE = ("table", "7434")
TRIANGULAR: Settings = {"mn": {"mobile_node": {"reverse_tunnel": "off", "nat_traversal": "off"}}}
"""What a reverse tunnel carries passes the daemons of both agents, and waits for them while they restart."""


@pytest.fixture(scope="module")
def untouched() -> dict[str, Picture]:
    """What each node looked like before a daemon was there."""
    return {}


@pytest.fixture(scope="module")
def bare(untouched: dict[str, Picture]) -> Iterator[Lab]:
    with Lab("minimal", name="test-daemon-life", daemons=False, settings=TRIANGULAR) as made:
        for node in NODES:
            untouched[node] = picture(made, node)
        made.start_daemons()
        yield made


@pytest.fixture
def lab(bare: Lab) -> Lab:
    """All daemons run, and the node is registered by way of the foreign agent."""
    for node in NODES:
        if bare.daemon(node).process is None:
            bare.daemon(node).start()
    if bare.where("mn") != "foreign1":
        go(bare, "foreign1")
    register(bare)
    return bare


def register(lab: Lab) -> None:
    """Visitors live in memory: after a restart of the foreign agent they come back with the next registration."""
    eventually(lambda: lab.daemon("mn").ask("agents"), "the node hears the agent")
    if not (lab.daemon("ha").ask("bindings") and lab.daemon("fa1").ask("visitors")):
        lab.daemon("mn").tell("register")
    eventually(lambda: lab.daemon("fa1").ask("visitors"), "a visitor")
    eventually(lambda: lab.daemon("ha").ask("bindings"), "a binding")
    eventually(lambda: lab.daemon("mn").ask("registration")["registered"], "the node is registered")


def run_directory(lab: Lab, node: str) -> list[str]:
    """Names in it, but for what a home agent remembers."""
    names = (entry.name for entry in lab.daemon(node).run_dir.iterdir())
    return sorted(name for name in names if not name.startswith("home_agent."))


def assert_nothing_stays(lab: Lab, node: str, untouched: dict[str, Picture]) -> None:
    assert picture(lab, node) == untouched[node]
    assert run_directory(lab, node) == []


def ended(lab: Lab, node: str) -> bool:
    return lab.daemon(node).process is None


def sweepers(lab: Lab, node: str) -> list[int]:
    """The processes that wait to remove what this node's daemon left."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue  # it has ended
        if "mobileip.daemon.sweep" in words and str(lab.daemon(node).run_dir) in words:
            found.append(int(entry.name))
    return found


def mip(lab: Lab, node: str, *words: str) -> int:
    return lab.run(node, "mip", *words, check=False).returncode


# -- an end that removes everything


def test_mip_stop_removes_everything(lab: Lab, untouched: dict[str, Picture]) -> None:
    assert all(ours(lab, node) for node in ("ha", "mn")), "there is something to remove"
    for node in reversed(NODES):
        assert mip(lab, node, "stop") == 0
        eventually(lambda node=node: ended(lab, node), "the daemon ends")
        assert_nothing_stays(lab, node, untouched)


def test_sigint_removes_everything(lab: Lab, untouched: dict[str, Picture]) -> None:
    for node in reversed(NODES):
        lab.daemon(node).end(signal.SIGINT)
        assert_nothing_stays(lab, node, untouched)


# -- an end that leaves what packets need


def requests_at_correspondent(frames: list[Frame]) -> list[int]:
    """Sequence numbers of the echo requests that the node's home address sent, as they came in."""
    return [
        int.from_bytes(packet.payload[6:8], "big")
        for frame, packet in packets(frames)
        if not frame.outgoing and packet.payload[:1] == bytes([ECHO_REQUEST]) and str(packet.source) == HOME_ADDRESS
    ]


def stream_across(lab: Lab, node: str) -> tuple[list[int], list[int]]:
    """Numbers sent by the mobile node, and come to the correspondent, while a daemon is ended by SIGTERM and started.

    The stream is echo requests, 50 in a second, so that something happens in every part of a restart.
    """
    capture = lab.capture(("mn", "eth0"), ("cn", "eth0"))
    ping = lab.spawn("mn", "stream", "ping", "-n", "-q", "-i0.02", CORRESPONDENT)

    def arrived() -> list[int]:
        return requests_at_correspondent([f for f in capture.frames if f.place.node == "cn"])

    eventually(lambda: len(arrived()) >= 10, "the stream begins")
    lab.daemon(node).terminate()
    before = arrived()[-1]
    eventually(lambda: arrived()[-1] > before + 10, "the stream goes on without the daemon")
    lab.daemon(node).start()
    before = arrived()[-1]
    eventually(lambda: arrived()[-1] > before + 10, "the stream goes on with the new daemon")
    processes.end(ping, signal.SIGINT)
    last = arrived()[-1]
    capture.close()
    sent = {
        int.from_bytes(packet.payload[6:8], "big")
        for frame, packet in packets(capture.frames)
        if frame.place.node == "mn" and frame.outgoing and packet.payload[:1] == bytes([ECHO_REQUEST])
    }
    return sorted(number for number in sent if number <= last), sorted(set(arrived()))


def test_what_visitors_send_is_lost_nowhere_while_the_foreign_agent_is_restarted(lab: Lab) -> None:
    # The kernel forwards it (ip_forward and the links' sysctls stay). What comes for them passes the daemon's own
    # sockets, so it waits for the next daemon and the node's next registration.
    sent, arrived = stream_across(lab, "fa1")
    assert set(sent) <= set(arrived)


def test_what_nodes_send_is_lost_nowhere_while_the_home_agent_is_restarted(lab: Lab) -> None:
    sent, arrived = stream_across(lab, "ha")
    assert set(sent) <= set(arrived)


def test_sigterm_leaves_marked_state_and_the_next_daemon_adopts_it(lab: Lab) -> None:
    for node in NODES:
        before = ours(lab, node)
        device = picture(lab, node)["link mip0"]
        lab.daemon(node).terminate()
        assert ours(lab, node) >= before - {"link mip0"}, node
        assert "mipd.lock" not in run_directory(lab, node)
        lab.daemon(node).start()
        adopted = picture(lab, node)["link mip0"]
        assert isinstance(device, tuple)
        assert isinstance(adopted, tuple)
        assert adopted[0] == device[0], "the same device, so programs that are bound to it notice nothing"
    register(lab)
    assert reachable(lab), "after three restarts"


def test_a_sysctl_that_was_changed_before_a_restart_gets_its_old_value_at_the_end(
    lab: Lab, untouched: dict[str, Picture]
) -> None:
    for _ in range(2):
        lab.daemon("ha").restart(signal.SIGTERM)
    lab.daemon("ha").stop()
    assert_nothing_stays(lab, "ha", untouched)


def test_what_nobody_adopts_is_swept(lab: Lab, untouched: dict[str, Picture]) -> None:
    for node in NODES:
        lab.daemon(node).stop()
        lab.daemon(node).start(environment=SWEEP_SOON)
    go(lab, "home")
    go(lab, "foreign1")
    for node in NODES:
        lab.daemon(node).terminate()
    for node in NODES:
        eventually(lambda node=node: not sweepers(lab, node), "the sweeper is done")
        assert_nothing_stays(lab, node, untouched)


def test_a_sweeper_leaves_what_was_adopted_alone(lab: Lab) -> None:
    lab.daemon("mn").terminate()
    (sweeper,) = sweepers(lab, "mn")
    lab.daemon("mn").start()
    eventually(lambda: sweeper not in sweepers(lab, "mn"), "the sweeper sees that it is not needed")
    assert "link mip0" in ours(lab, "mn")
    eventually(lambda: lab.daemon("mn").ask("registration")["registered"], "registered again")
    assert reachable(lab)


def test_a_second_sigterm_means_that_nothing_stays(lab: Lab, untouched: dict[str, Picture]) -> None:
    process = lab.daemon("ha").process
    assert process is not None
    # An ending daemon waits a moment for those who listen, so the second signal finds it there.
    with ControlClient(lab.daemon("ha").socket).listen():
        while processes.is_alive(process):
            os.kill(process.pid, signal.SIGTERM)
            time.sleep(0.005)
    assert_nothing_stays(lab, "ha", untouched)
    assert sweepers(lab, "ha") == []


# -- mip restart


def test_mip_restart_becomes_the_next_daemon(lab: Lab) -> None:
    before = lab.daemon("fa1").ask("status")
    device = picture(lab, "fa1")["link mip0"]
    assert mip(lab, "fa1", "restart") == 0

    def is_new() -> bool:
        try:
            return bool(lab.daemon("fa1").ask("status")["uptime_seconds"] < before["uptime_seconds"])
        except ControlError:
            return False  # between the two

    eventually(is_new, "a new daemon")
    assert lab.daemon("fa1").ask("status")["pid"] == before["pid"], "the service manager sees one process"
    assert isinstance(device, tuple)
    assert device[0] == picture(lab, "fa1")["link mip0"][0]  # type: ignore[index]  # a tuple, see machine.picture
    eventually(lambda: lab.daemon("fa1").ask("visitors"), "the visitor registers again")
    assert reachable(lab)


def test_mip_restart_with_a_broken_configuration_is_refused_and_loses_nothing(lab: Lab) -> None:
    file = lab.daemon("ha").configuration
    good = file.read_text()
    before = lab.daemon("ha").ask("status")
    file.write_text(good.replace("home_network", "home_netwrok"))
    done = lab.run("ha", "mip", "restart", check=False)
    file.write_text(good)
    assert done.returncode == 7
    assert "home_agent.home_netwrok: unknown key (did you mean home_network?)" in done.stderr
    after = lab.daemon("ha").ask("status")
    assert after["uptime_seconds"] > before["uptime_seconds"]
    assert after["bindings"] == 1


# -- a crash


def test_what_kill_9_left_is_repaired_at_the_next_start(lab: Lab, untouched: dict[str, Picture]) -> None:
    for node in NODES:
        lab.daemon(node).kill()
        inheritance = [] if node == "ha" else ["inheritance.db", "inheritance.db-wal"]
        left = [name for name in run_directory(lab, node) if name != "attachments.journal"]  # on the fast path
        assert left == [*inheritance, "mipd.lock", "mipd.sock", "sysctl.journal"]
    lab.run("ha", "ip", "route", "add", "10.1.0.99", "dev", "eth0", "metric", "77", "proto", "77")  # of a dead binding
    lab.run("ha", "ip", "neighbour", "add", "proxy", "10.1.0.99", "dev", "eth1", "proto", "77")
    assert len(ours(lab, "ha")) >= 2
    for node in NODES:
        lab.daemon(node).start()
    assert not any("10.1.0.99" in name for name in ours(lab, "ha"))
    register(lab)
    assert reachable(lab)
    for node in reversed(NODES):
        lab.daemon(node).stop()
        assert_nothing_stays(lab, node, untouched)


# -- others


def test_what_others_delete_comes_back(lab: Lab) -> None:
    deletions = {
        "mn": [
            ("route", "del", "default", *TABLE, "metric", "0"),
            ("route", "replace", "default", "dev", "mip0", *TABLE, "metric", "0"),
            ("rule", "del", "priority", "7430"),
            ("address", "del", f"{HOME_ADDRESS}/32", "dev", "mip0"),
            ("link", "set", "mip0", "down"),
            ("link", "del", "mip0"),
        ],
        "ha": [("route", "del", HOME_ADDRESS, "dev", "mip0")],
    }
    for node, commands in deletions.items():
        before = ours(lab, node)
        for words in commands:
            now = time.clock_gettime(time.CLOCK_BOOTTIME)
            lab.run(node, "ip", *words)
            lab.events(node).wait_for("repaired", after=now)
            eventually(lambda node=node, before=before: ours(lab, node) == before, f"back after: {' '.join(words)}")
    assert reachable(lab)


def test_what_a_network_manager_clears_away_comes_back_as_a_whole(lab: Lab) -> None:
    """systemd-networkd removes all rules and routes that it does not know, unless it is told not to."""
    lab.daemon("mn").restart()  # so that what the test before took is forgotten
    register(lab)
    before = ours(lab, "mn")
    for words in (("rule", "flush", "protocol", MARK), ("route", "flush", "table", "all", "protocol", MARK)):
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        lab.run("mn", "ip", *words)
        lab.events("mn").wait_for("repaired", after=now)
        eventually(lambda: ours(lab, "mn") == before, f"back after: {' '.join(words)}")
    assert reachable(lab)


def test_a_fight_over_a_rule_is_told_and_backed_off_and_the_rest_is_repaired_meanwhile(lab: Lab) -> None:
    lab.daemon("mn").restart()  # so that what the test before took is forgotten
    register(lab)
    events = lab.events("mn")

    def rules() -> list[dict[str, object]]:
        text = lab.run("mn", "ip", "-j", "rule", "show", "priority", "7431").stdout
        return [rule for rule in json.loads(text) if rule]

    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    for _ in range(ROUNDS):
        lab.run("mn", "ip", "rule", "del", "priority", "7431")
        eventually(rules, "it is put back")
    told = events.wait_for("rule_fight", after=start)
    assert told["objects"] == ["Rule"]
    lab.run("mn", "ip", "rule", "del", "priority", "7431")
    lab.run("mn", "ip", "address", "del", f"{HOME_ADDRESS}/32", "dev", "mip0")
    events.wait_for("repaired", after=told["boot_seconds"])
    eventually(lambda: HOME_ADDRESS in lab.run("mn", "ip", "address", "show", "mip0").stdout, "the address is back")
    assert not rules(), "but the rule is left to the other side for a while"
    log = lab.daemon("mn").log.read_text()
    assert "level=warning event=rule_fight objects=Rule" in log
    eventually(rules, "and then it is tried again")


def test_no_daemon_of_this_lab_ever_wrote_a_traceback(lab: Lab) -> None:
    for node in NODES:
        assert "Traceback" not in lab.daemon(node).log.read_text(), node


def test_the_same_daemon_is_not_started_twice_by_a_lab(lab: Lab) -> None:
    with pytest.raises(LabError, match="runs already"):
        lab.daemon("ha").start()
