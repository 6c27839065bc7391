"""Every object and verb of `mip` against real daemons, for people and as JSON. The node is in a visited network."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from tests.support.machine import picture
from tests.support.other_user import mip_as_nobody
from tests.support.roaming import HOME_ADDRESS, eventually, go, reachable, roaming

from mobileip.control import schema
from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

CARE_OF_ADDRESS = "192.0.2.6"
FAILED, USAGE, NOT_RUNNING, NO_SUCH_OBJECT, TIMED_OUT, FORBIDDEN, CONFIGURATION = range(1, 8)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with roaming("minimal", "test-commands") as made:
        go(made, "foreign1")
        assert reachable(made)
        yield made


@pytest.fixture
def away(lab: Lab) -> Lab:
    """The node is registered, whatever the test before did."""
    if not lab.daemon("mn").ask("registration")["registered"]:
        lab.daemon("mn").tell("register")
        eventually(lambda: lab.daemon("mn").ask("registration")["registered"], "registered again")
    return lab


def mip(lab: Lab, node: str, *words: str) -> "subprocess.CompletedProcess[str]":
    done = lab.run(node, "mip", *words, check=False)
    assert "Traceback" not in done.stderr
    return done


def said(lab: Lab, node: str, *words: str) -> str:
    done = mip(lab, node, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def error_of(done: "subprocess.CompletedProcess[str]") -> schema.ErrorView:
    assert done.stdout == ""
    return msgspec.convert(json.loads(done.stderr)["error"], schema.ErrorView)


VIEWS = [
    ("status", "ha", schema.StatusView),
    ("status", "fa1", schema.StatusView),
    ("status", "mn", schema.StatusView),
    ("binding", "ha", list[schema.BindingView]),
    ("visitor", "fa1", list[schema.VisitorView]),
    ("agent", "mn", list[schema.AgentView]),
    ("registration", "mn", schema.RegistrationView),
    ("tunnel", "ha", list[schema.TunnelView]),
    ("tunnel", "fa1", list[schema.TunnelView]),
    ("traffic", "mn", schema.TrafficView),
]


@pytest.mark.parametrize(("name", "node", "kind"), VIEWS)
def test_json_has_exactly_the_fields_of_the_schema(away: Lab, name: str, node: str, kind: type[object]) -> None:
    raw = json.loads(said(away, node, "-j", name))
    view = msgspec.convert(raw, kind)
    assert msgspec.to_builtins(view) == raw, "no field is missing, none is unknown"
    assert raw, "there is something to show"


@pytest.mark.parametrize("words", [("binding", "show"), ("b", "s"), ("bind",), ("binding", "show", HOME_ADDRESS)])
def test_verbs_and_abbreviations_show_the_same(away: Lab, words: tuple[str, ...]) -> None:
    lines = said(away, "ha", *words).splitlines()
    assert lines[0].split("  ")[0] == "HOME ADDRESS"
    assert lines[1].split()[:4] == [HOME_ADDRESS, CARE_OF_ADDRESS, "foreign", "agent"]
    assert len(lines) == 2


def test_status_begins_with_a_verdict(away: Lab) -> None:
    assert said(away, "ha", "status").splitlines()[0] == "home agent 10.1.0.1 serves 1 binding"
    assert said(away, "fa1", "status").splitlines()[0] == f"foreign agent {CARE_OF_ADDRESS} has 1 visitor"
    assert said(away, "mn", "status").startswith(f"registered at {CARE_OF_ADDRESS} via home agent 10.1.0.1, ")
    status = json.loads(said(away, "mn", "-j", "status"))
    assert status["schema"] == schema.SCHEMA
    assert status["roles"] == ["mobile_node"]
    assert status["registration"]["care_of_address"] == CARE_OF_ADDRESS
    assert [link["name"] for link in status["links"]] == ["eth0"]


def test_visitor_agent_and_registration_tell_of_one_another(away: Lab) -> None:
    assert said(away, "fa1", "visitor").splitlines()[1].split()[:3] == [HOME_ADDRESS, "10.1.0.1", "eth1"]
    (visitor,) = json.loads(said(away, "fa1", "-j", "visitor"))
    (agent,) = [a for a in json.loads(said(away, "mn", "-j", "agent")) if "foreign" in a["roles"]]
    assert visitor["care_of_address"] in agent["care_of_addresses"]
    assert agent["address"] in said(away, "mn", "agent")
    registration = json.loads(said(away, "mn", "-j", "registration"))
    assert (registration["agent"], registration["care_of"]) == (agent["address"], "foreign_agent")
    assert registration["remaining_seconds"] <= registration["granted_lifetime_seconds"]
    assert f"care of address  {CARE_OF_ADDRESS}" in said(away, "mn", "registration")


def test_tunnel_and_traffic_count_what_passed(away: Lab) -> None:
    def passed() -> int:
        return sum(tunnel["packets"] for tunnel in json.loads(said(away, "ha", "-j", "tunnel")))

    before = passed()
    assert reachable(away)
    assert passed() > before
    assert "to the mobile node" in said(away, "ha", "tunnel")
    assert "to the visitor" in said(away, "fa1", "tunnel")
    traffic = json.loads(said(away, "ha", "-j", "traffic"))
    assert traffic["packets"]["encapsulated_packets"] > 0
    assert (traffic["foreign_agent"], traffic["mobile_node"]) == (None, None)
    assert "encapsulated_packets" in said(away, "ha", "traffic")
    assert "encapsulated_packets" in said(away, "ha", "status", "-s")


def test_an_object_that_this_daemon_does_not_have(away: Lab) -> None:
    assert said(away, "fa1", "binding") == "no bindings\n"
    assert said(away, "fa1", "-j", "binding") == "[]\n"
    for words in [("registration",), ("register",), ("deregister",), ("wait",)]:
        done = mip(away, "ha", *words)
        assert (done.returncode, done.stdout) == (NO_SUCH_OBJECT, ""), words
        assert done.stderr.startswith("mip: ")
        assert error_of(mip(away, "ha", "-j", *words)).code == "not_found"
    assert mip(away, "ha", "binding", "show", "10.9.9.9").returncode == NO_SUCH_OBJECT


def test_a_version_needs_no_daemon(away: Lab) -> None:
    assert said(away, "ha", "--version") == f"mip {version('mobileip')}\n"


def test_what_is_cleared_is_over_and_comes_back_when_the_node_registers_again(away: Lab) -> None:
    """Revocation is not agreed on in this lab, so nobody can be told."""
    untold = "can't be told: revocation was not agreed on at registration\n"
    home_agent = away.daemon("ha").ask("status")["home_agent"]
    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert (
        said(away, "fa1", "clear", "visitor", HOME_ADDRESS)
        == f"1 visitor of {HOME_ADDRESS} revoked; {home_agent} {untold}"
    )
    # The foreign agent told the node by an advertisement.
    away.events("fa1").wait_for("visitor_added", after=start)
    assert (
        said(away, "ha", "clear", "b", HOME_ADDRESS)
        == f"1 binding of {HOME_ADDRESS} revoked; {CARE_OF_ADDRESS} {untold}"
    )
    done = mip(away, "ha", "clear", "binding", HOME_ADDRESS)
    assert (done.returncode, done.stdout, done.stderr) == (NO_SUCH_OBJECT, "", f"mip: no binding {HOME_ADDRESS}\n")
    assert error_of(mip(away, "ha", "-j", "clear", "visitor", HOME_ADDRESS)).code == "not_found"
    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert said(away, "mn", "register") == "register: done\n"
    away.events("ha").wait_for("binding_created", after=start)
    cleared = json.loads(said(away, "ha", "-j", "clear", "binding", HOME_ADDRESS))
    assert msgspec.to_builtins(msgspec.convert(cleared, schema.RevokedView)) == cleared
    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    said(away, "mn", "register")
    away.events("ha").wait_for("binding_created", after=start)


def test_a_wrong_command_line(away: Lab) -> None:
    for words in [
        ("bindings-of-mine",),
        (),
        ("binding", "dance"),
        ("wait", "--for", "luck"),
        ("events", "--backwards"),
    ]:
        assert mip(away, "ha", *words).returncode == USAGE, words
        assert error_of(mip(away, "ha", "--json", *words)).code == "usage", words


def test_nobody_answers(away: Lab, tmp_path: Path) -> None:
    for words in [("status",), ("stop",), ("events",), ("wait",)]:
        done = mip(away, "ha", *words, "--run-dir", str(tmp_path))
        assert (done.returncode, done.stderr.count("\n")) == (NOT_RUNNING, 1), words
    assert error_of(mip(away, "ha", "-j", "--socket", str(tmp_path / "x"), "status")).code == "not_running"


def test_events_are_kept_and_followed(away: Lab) -> None:
    kept = [json.loads(line) for line in said(away, "mn", "-j", "events").splitlines()]
    assert {"schema", "id", "time", "boot_seconds", "event"} <= kept[0].keys()
    assert "registered" in {event["event"] for event in kept}
    assert f"care_of_address={CARE_OF_ADDRESS}" in said(away, "mn", "events")
    with subprocess.Popen(
        away.command("mn", "mip", "-j", "events", "--follow"),
        stdout=subprocess.PIPE,
        text=True,
        env=away.environment("mn"),
    ) as following:
        assert following.stdout is not None
        for _ in kept:
            following.stdout.readline()
        away.daemon("mn").tell("register")
        new = [json.loads(following.stdout.readline())]
        while new[-1]["event"] != "registered":
            new.append(json.loads(following.stdout.readline()))
        following.terminate()
    assert [event["id"] for event in new] == list(range(kept[-1]["id"] + 1, kept[-1]["id"] + 1 + len(new)))


def test_deregister_wait_and_register(away: Lab) -> None:
    assert said(away, "mn", "wait", "--for", "foreign_agent") == ""
    assert said(away, "mn", "deregister") == "deregister: done\n"
    eventually(lambda: not away.daemon("ha").ask("bindings"), "the binding is gone")
    done = mip(away, "mn", "wait", "--timeout", "0.2")
    assert (done.returncode, done.stderr) == (TIMED_OUT, "mip: not registered within 0.2 s\n")
    assert error_of(mip(away, "mn", "-j", "wait", "--timeout", "0")).code == "timeout"
    assert json.loads(said(away, "mn", "-j", "register")) == {"done": "register"}
    assert said(away, "mn", "wait", "--for", "registered") == ""
    assert said(away, "mn", "binding") == "no bindings\n"
    assert len(away.daemon("ha").ask("bindings")) == 1


def test_check_and_genkey_need_no_daemon(away: Lab, tmp_path: Path) -> None:
    key = said(away, "cn", "genkey")
    assert len(bytes.fromhex(key)) == 16
    assert said(away, "cn", "genkey") != key
    good = away.daemon("ha").configuration
    assert said(away, "cn", "check", str(good)) == f"{good}: good (home_agent)\n"
    bad = tmp_path / "bad.toml"
    bad.write_text("[home_agent]\naddress = 1\n")
    done = mip(away, "cn", "check", str(good), str(bad))
    assert done.returncode == CONFIGURATION
    assert {line.split(": ")[1] for line in done.stderr.splitlines()} == {
        "home_agent.address",
        "home_agent.home_network",
    }


def test_a_user_who_is_not_root_may_not_open_the_socket(away: Lab) -> None:
    socket = str(away.daemon("mn").socket)
    for words in [("status",), ("stop",)]:
        done = mip_as_nobody("--socket", socket, *words)
        assert (done.returncode, done.stderr) == (FORBIDDEN, f"mip: may not open {socket} (use sudo)\n"), words


def test_a_user_who_may_look_may_change_nothing(away: Lab) -> None:
    """Where an administrator opened the socket to everybody."""
    socket = away.daemon("mn").socket
    mode = socket.stat().st_mode
    before = picture(away, "mn")
    socket.chmod(0o666)
    looked = mip_as_nobody("--socket", str(socket), "status")
    for words in [("register",), ("deregister",), ("restart",), ("stop",), ("clear", "binding", HOME_ADDRESS)]:
        done = mip_as_nobody("--socket", str(socket), *words)
        assert done.returncode == FORBIDDEN, words
        assert done.stderr == "mip: only root and the daemon's own user may change anything (use sudo)\n"
    socket.chmod(mode)
    assert looked.returncode == 0
    assert looked.stdout.startswith("registered at")
    assert picture(away, "mn") == before
    assert away.daemon("mn").ask("registration")["registered"]


def test_status_warns_while_another_program_has_the_name_of_the_device(away: Lab) -> None:
    events, pid = away.events("ha"), int(str(away.daemon("ha").ask("status")["pid"]))
    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    os.kill(pid, signal.SIGSTOP)  # or the daemon would have the name back before the other program
    away.run("ha", "ip", "link", "delete", "mip0")
    away.run("ha", "ip", "link", "add", "mip0", "type", "veth", "peer", "name", "other")
    os.kill(pid, signal.SIGCONT)
    lost = events.wait_for("device_lost", after=start)
    assert lost["reason"] == "the name mip0 is taken by a device that is not ours"
    assert "warning: there is no tunnel device, no tunnelled packet passes: the name mip0" in said(away, "ha", "status")
    away.run("ha", "ip", "link", "delete", "mip0")
    events.wait_for("device_restored", after=start)
    eventually(lambda: reachable(away), "packets pass again")
    assert "no tunnel device" not in said(away, "ha", "status")
    log = away.daemon("ha").log.read_text()
    assert log.count("level=error event=device_lost") == 1
    assert "Traceback" not in log


def test_restart_and_stop(away: Lab) -> None:
    before = away.daemon("fa1").ask("status")
    assert json.loads(said(away, "fa1", "-j", "restart")) == {"done": "restart"}

    def is_new() -> bool:
        done = mip(away, "fa1", "-j", "status")
        return done.returncode == 0 and json.loads(done.stdout)["uptime_seconds"] < before["uptime_seconds"]

    eventually(is_new, "the next daemon answers")
    assert said(away, "fa1", "stop") == "stop: done\n"
    eventually(lambda: away.daemon("fa1").process is None, "it ends")
    assert mip(away, "fa1", "status").returncode == NOT_RUNNING
