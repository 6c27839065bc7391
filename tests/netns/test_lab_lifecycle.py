"""Up and down: what a lab makes it removes, also after a crash; labs side by side; the command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.eventually import eventually

from mobileip.lab import netns, processes, rootless, state
from mobileip.lab.errors import LabError
from mobileip.lab.laboratory import Lab

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

NAME = "test-life"


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    Lab("minimal", name=NAME).down()


def mip_lab(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mobileip.lab", *words], capture_output=True, text=True, check=False, timeout=60
    )


def is_gone(name: str) -> bool:
    return netns.existing(f"mip-{name}-") == [] and not (state.ROOT / name).exists()


def test_down_leaves_no_namespace_no_process_and_no_file() -> None:
    lab = Lab("roaming", name=NAME, daemons=False)
    lab.up()
    running = lab.processes()
    assert sorted(process.label for process in running) == ["mn.dhcpcd", "nat.dnsmasq", "visited.dnsmasq", "wires"]
    namespaces = netns.existing(f"mip-{NAME}-")
    eventually(lambda: len(netns.inhabitants(namespaces)) >= 2)  # DHCP client and server; the wires live outside
    inhabitants = netns.inhabitants(namespaces)
    lab.down()
    assert not any(processes.is_alive(process) for process in running)
    assert not any(Path(f"/proc/{pid}/ns/net").exists() for pid in inhabitants)
    assert is_gone(NAME)


def test_down_twice_and_down_of_nothing_are_harmless() -> None:
    lab = Lab("minimal", name=NAME, daemons=False)
    lab.down()
    lab.up()
    lab.down()
    lab.down()
    assert is_gone(NAME)


def test_a_lab_that_is_up_is_not_built_twice() -> None:
    with Lab("minimal", name=NAME, daemons=False), pytest.raises(LabError, match=f"lab {NAME} is up already"):
        Lab("minimal", name=NAME, daemons=False).up()


def test_an_error_while_building_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mobileip.lab.builder._start_dhcp", fail)
    with pytest.raises(KeyboardInterrupt):
        Lab("roaming", name=NAME, daemons=False).up()
    assert is_gone(NAME)


BUILD_AND_HANG = """
import sys, time
from mobileip.lab.laboratory import Lab
lab = Lab("roaming", name=sys.argv[1], daemons=False)
{before}
lab.{build}()
print("up", flush=True)
time.sleep(600)
"""
HANG_HALFWAY = """
from mobileip.lab import builder
def hang(*_):
    print("halfway", flush=True)
    time.sleep(600)
builder._start_dhcp = hang
"""


@pytest.mark.parametrize(
    ("before", "build", "goes_by"),
    [("", "up", "down"), (HANG_HALFWAY, "up", "up"), ("", "__enter__", "up"), ("", "__enter__", "down")],
    ids=["whole", "half-built", "in-a-with-block", "in-a-with-block-down"],
)
def test_a_killed_builder_leaves_nothing_that_up_and_down_do_not_clear(before: str, build: str, goes_by: str) -> None:
    script = BUILD_AND_HANG.format(before=before, build=build)
    with subprocess.Popen([sys.executable, "-c", script, NAME], stdout=subprocess.PIPE) as builder:
        assert builder.stdout is not None
        builder.stdout.readline()
        builder.kill()
    left = processes.noted(state.Folder(NAME).notes)
    assert any(processes.is_alive(process) for process in left)
    if goes_by == "up":
        with Lab("minimal", name=NAME, daemons=False) as lab:  # another topology of the same name
            assert not any(processes.is_alive(process) for process in left)
            assert [process.label for process in lab.processes()] == ["wires"]
    else:
        Lab("roaming", name=NAME).down()
    assert not any(processes.is_alive(process) for process in left)
    assert is_gone(NAME)


def test_a_process_that_was_killed_is_seen_as_gone_and_its_helpers_end_with_the_lab() -> None:
    with Lab("roaming", name=NAME, daemons=False) as lab:
        (client,) = (process for process in lab.processes() if process.label == "mn.dhcpcd")
        eventually(lambda: len(netns.inhabitants([lab.namespace("mn")])) > 1)
        os.kill(client.pid, signal.SIGKILL)
        eventually(lambda: not processes.is_alive(client))
        helpers = netns.inhabitants([lab.namespace("mn")])
    assert not any(Path(f"/proc/{pid}/ns/net").exists() for pid in helpers)


def test_labs_stand_side_by_side() -> None:
    with Lab("minimal", name=NAME, daemons=False) as one, Lab("minimal", name=f"{NAME}-2", daemons=False) as two:
        for lab in (one, two):
            lab.run("cn", "ip", "route", "get", "192.0.2.6")
        two.down()
        assert is_gone(f"{NAME}-2")
        assert len(one.processes()) == 1
        assert netns.existing(f"mip-{NAME}-cn") == [f"mip-{NAME}-cn"]


def test_the_command_line_from_up_to_down() -> None:
    up = mip_lab("up", "roaming", "--name", NAME, "--no-daemons", "--rp-filter", "2", "-j")
    assert up.returncode == 0, up.stderr
    assert json.loads(up.stdout)["name"] == NAME
    assert NAME in json.loads(mip_lab("list", "-j").stdout)["up"]
    assert mip_lab("up", "roaming", "--name", NAME).returncode == 1

    shown = mip_lab("show", "--name", NAME).stdout
    assert "internet" in shown
    assert "runs dhcpcd" in shown

    moved = json.loads(mip_lab("move", "mn", "foreign1", "--silent", "-j", "--name", NAME).stdout)
    assert moved["network"] == "foreign1"
    assert moved["link_up"] >= moved["started"] > 0

    run = mip_lab("exec", "--name", NAME, "fa1", "--", "sh", "-c", "cat /proc/sys/net/ipv4/conf/all/rp_filter; exit 3")
    assert run.stdout.strip() == "2"
    assert run.returncode == 3
    told = mip_lab("exec", "--name", NAME, "mn", "--", "sh", "-c", "echo $MIP_RUN_DIR").stdout.strip()
    assert told == f"/run/mip/lab/{NAME}/nodes/mn/run"

    assert mip_lab("move", "mn", "moon", "--name", NAME).returncode == 4
    assert mip_lab("exec", "--name", "no-such-lab", "mn").returncode == 4
    assert mip_lab("move", "mn").returncode == 2
    assert mip_lab("down", "--name", NAME).returncode == 0
    assert is_gone(NAME)


IN_A_USER_NAMESPACE = """
import time
from mobileip.lab.laboratory import Lab
with Lab("roaming", daemons=False) as lab:
    lab.move("mn", "visited")
    give_up = time.monotonic() + 15
    while "203.0.113." not in lab.run("mn", "ip", "address", "show", "eth0").stdout and time.monotonic() < give_up:
        time.sleep(0.02)
    print(lab.run("mn", "ip", "route").stdout)
"""


def test_a_lab_works_in_a_user_namespace() -> None:
    """As the demo without root does it: only user 0 is mapped, and no group can be set."""
    words = [*rootless.UNSHARE, "sh", "-c", f'{rootless.PREPARE}exec "$@"', "sh", sys.executable, "-c"]
    done = subprocess.run([*words, IN_A_USER_NAMESPACE], capture_output=True, text=True, check=False, timeout=60)
    assert "default via 203.0.113.1 dev eth0" in done.stdout, done.stderr


def test_without_root_the_demo_says_what_it_needs() -> None:
    done = subprocess.run(
        [
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            sys.executable,
            "-m",
            "mobileip.lab",
            "up",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6
    assert "needs root" in done.stderr
