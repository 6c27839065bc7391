"""What is missing, in words; tests/netns takes the capabilities away in earnest."""

import os
import re
from pathlib import Path

import pytest

from mobileip.linux import capabilities
from mobileip.linux.errors import DeviceUnavailable, PermissionMissing, PortOccupied

ALL = 1 << 10 | 1 << 12 | 1 << 13
NET_ADMIN = 1 << 12


class Machine:
    """One that lacks nothing, until a test takes something away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._patch = monkeypatch.setattr
        self.may(ALL)
        self._patch(capabilities, "CONTROL", Path("/dev/null"))
        self._patch(capabilities, "SYSCTLS", directory)
        self._patch(os, "statvfs", lambda _: os.statvfs_result((0,) * 10))
        self.udp(None)

    def may(self, effective: int) -> None:
        self.status(f"Name:\tmip\nCapPrm:\tffff\nCapEff:\t{effective:016x}\n")

    def status(self, text: str) -> None:
        self._patch(Path, "read_text", lambda _: text)

    def no_tun(self) -> None:
        self._patch(capabilities, "CONTROL", Path("/nowhere/tun"))

    def forbidden_tun(self) -> None:
        self._patch(os, "access", lambda *_: False)

    def read_only_sysctls(self) -> None:
        self._patch(os, "statvfs", lambda _: os.statvfs_result((0,) * 8 + (os.ST_RDONLY, 0)))

    def udp(self, refusal: Exception | None) -> None:
        class Socket:
            def __init__(self) -> None:
                if refusal is not None:
                    raise refusal

            def close(self) -> None:
                pass

        self._patch(capabilities, "SignallingSocket", Socket)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_a_machine_that_has_everything(machine: Machine) -> None:
    assert capabilities.missing_capabilities() == []
    assert capabilities.has_tun()
    assert capabilities.lacks() == []


def test_each_capability_has_its_line(machine: Machine) -> None:
    machine.may(NET_ADMIN)
    assert capabilities.missing_capabilities() == ["CAP_NET_BIND_SERVICE", "CAP_NET_RAW"]
    lacks = capabilities.lacks()
    assert [str(lack) for lack in lacks] == [
        "CAP_NET_BIND_SERVICE is missing (UDP port 434)",
        "CAP_NET_RAW is missing (tunnel packets and signalling frames)",
    ]
    assert {type(lack) for lack in lacks} == {PermissionMissing}
    assert lacks[0].hint == "run as root, or give the service the capability"


def test_a_kernel_that_tells_of_no_capabilities_gives_none(machine: Machine) -> None:
    machine.status("Name:\tmip\n")
    assert len(capabilities.missing_capabilities()) == 3


def test_no_tun_device(machine: Machine) -> None:
    machine.no_tun()
    assert not capabilities.has_tun()
    (lack,) = capabilities.lacks()
    assert isinstance(lack, DeviceUnavailable)
    assert str(lack) == "no TUN device: /nowhere/tun does not exist"


def test_a_tun_device_that_may_not_be_opened(machine: Machine) -> None:
    machine.forbidden_tun()
    (lack,) = capabilities.lacks()
    assert isinstance(lack, PermissionMissing)
    assert str(lack) == "may not open /dev/null"


def test_read_only_sysctls(machine: Machine) -> None:
    machine.read_only_sysctls()
    assert [str(lack) for lack in capabilities.lacks()] == ["/proc/sys is read-only"]


def test_an_occupied_port(machine: Machine) -> None:
    machine.udp(PortOccupied("UDP port 434 is in use"))
    assert [str(lack) for lack in capabilities.lacks()] == ["UDP port 434 is in use"]


def test_the_port_is_not_tried_when_something_else_is_missing_already(machine: Machine) -> None:
    machine.udp(AssertionError("tried"))
    machine.no_tun()
    machine.read_only_sysctls()
    machine.may(0)
    assert len(capabilities.lacks()) == 5


def test_the_example_of_a_service_has_the_capabilities_that_a_daemon_needs_and_the_fast_paths() -> None:
    unit = (Path(__file__).parents[3] / "examples/mipd.service").read_text()
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        (given,) = re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)
        assert set(given.split()) == {*(name for name, _ in capabilities._NEEDED.values()), "CAP_BPF"}
