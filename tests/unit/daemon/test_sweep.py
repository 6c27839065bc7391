"""The sweeper waits for a daemon that adopts what was left, and removes it when none comes."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mobileip.daemon import sweep
from mobileip.daemon.lock import LOCK_NAME, DaemonLock
from mobileip.dataplane.fake import FakeKernel
from mobileip.dataplane.identity import identity
from mobileip.dataplane.ports import Action, Sysctl
from mobileip.linux.nftables import NftError

OURS = Sysctl(path="net/ipv4/ip_forward", value="1")


class Time:
    """Passes when somebody sleeps. `at` a time, something happens."""

    def __init__(self) -> None:
        self.now = 0.0
        self.happenings: dict[float, Any] = {}

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if happening := self.happenings.pop(self.now, None):
            happening()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(sweep, "time", clock)
    return clock


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """What was removed, while the lock was held."""
    calls: list[tuple[Path, str]] = []

    async def remove_all(run_directory: Path, device: str) -> None:
        assert (run_directory / LOCK_NAME).exists()
        calls.append((run_directory, device))

    monkeypatch.setattr(sweep, "remove_all", remove_all)
    return calls


Swept = list[tuple[Path, str]]


def test_nobody_comes(tmp_path: Path, time: Time, swept: Swept) -> None:
    assert sweep.main([str(tmp_path), "mip0"]) == 0
    assert time.now == sweep.ADOPTION_SECONDS
    assert swept == [(tmp_path, "mip0")]
    assert list(tmp_path.iterdir()) == []


def test_how_long_it_waits_can_be_said(tmp_path: Path, time: Time, swept: Swept) -> None:
    assert sweep.main([str(tmp_path), "mip0", "1.5"]) == 0
    assert time.now == 1.5
    assert len(swept) == 1


def test_a_daemon_adopts_what_was_left(tmp_path: Path, time: Time, swept: Swept) -> None:
    daemon: list[DaemonLock] = []
    time.happenings[3.0] = lambda: daemon.append(DaemonLock(tmp_path))
    assert sweep.main([str(tmp_path), "mip0"]) == 0
    assert (time.now, swept) == (3.0, [])
    assert (tmp_path / LOCK_NAME).exists(), "the lock is the daemon's"
    daemon[0].release()


def test_a_daemon_that_comes_at_the_last_instant(tmp_path: Path, time: Time, swept: Swept) -> None:
    daemon = DaemonLock(tmp_path)
    assert sweep.main([str(tmp_path), "mip0", "0"]) == 0
    assert swept == []
    daemon.release()


def test_a_run_directory_that_is_gone_for_good(tmp_path: Path, time: Time, swept: Swept) -> None:
    file = tmp_path / "run"
    file.touch()
    assert sweep.main([str(file), "mip0"]) == 1
    assert (time.now, swept) == (1.0, [])


def test_the_lock_is_given_up_whatever_happens(tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise OSError("the kernel says nothing")

    monkeypatch.setattr(sweep, "remove_all", fail)
    with pytest.raises(OSError, match="says nothing"):
        sweep.main([str(tmp_path), "mip0", "0"])
    assert list(tmp_path.iterdir()) == []


async def test_everything_of_ours_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    class Kernel(FakeKernel):
        def __init__(self, device: str, journal: object) -> None:
            super().__init__()
            calls.append(f"tables of {device}")
            self.objects[identity(OURS)] = OURS

        def clear_leftovers(self) -> None:
            calls.append("frame marks")

        def restore_sysctls(self) -> None:
            calls.append(f"sysctls, after {[(o.action, o.target) for o in self.performed] == [(Action.REMOVE, OURS)]}")

        def close(self) -> None:
            calls.append("close")

    monkeypatch.setattr(sweep, "KernelTables", Kernel)
    monkeypatch.setattr(sweep, "SysctlJournal", lambda path: calls.append(path.name))
    monkeypatch.setattr(sweep, "remove_leftover", lambda device: calls.append(f"device {device}"))
    monkeypatch.setattr(sweep, "remove_realms", lambda device: calls.append(f"realms of {device}"))
    (tmp_path / "inheritance.db").touch()

    class Attached:
        def __init__(self, run_directory: Path, device: str) -> None:
            calls.append(f"attachments of {device}")

        def sweep(self) -> None:
            calls.append("detached")

        def close(self) -> None:
            calls.append("close attachments")

    monkeypatch.setattr(sweep, "Attachments", Attached)

    def close_firewall(_: object) -> None:
        calls.append("firewall")
        raise NftError("nft refuses")

    monkeypatch.setattr(sweep.FirewallOpening, "close", close_firewall)
    await sweep.remove_all(tmp_path, "mip7")
    assert calls == [
        "attachments of mip7",
        "detached",
        "close attachments",
        "sysctl.journal",
        "tables of mip7",
        "frame marks",
        "sysctls, after True",
        "close",
        "firewall",
        "realms of mip7",
        "device mip7",
    ]
    assert list(tmp_path.iterdir()) == [], "nothing is left to inherit either"


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, 60.0), ("", 60.0), ("soon", 60.0), ("0.3", 0.3), ("-5", 0.0), ("nan", 0.0)]
)
def test_patience(value: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sweep.SECONDS_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(sweep.SECONDS_VARIABLE, value)
    assert sweep.patience() == seconds


def test_it_is_a_process_that_outlives_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: started.append((words, how)))
    monkeypatch.delenv(sweep.SECONDS_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    sweep.start(Path("run"), "mip0")
    ((words, how),) = started
    assert words == [sys.executable, "-m", "mobileip.daemon.sweep", f"{tmp_path}/run", "mip0", "60"]
    assert how["start_new_session"]
    assert how["cwd"] == "/"
    assert {how["stdin"], how["stdout"], how["stderr"]} == {subprocess.DEVNULL}


def test_it_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = DaemonLock(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sweep", str(tmp_path), "mip0", "0"])
    monkeypatch.delitem(sys.modules, "mobileip.daemon.sweep")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.daemon.sweep", run_name="__main__")
    assert ended.value.code == 0
    daemon.release()
