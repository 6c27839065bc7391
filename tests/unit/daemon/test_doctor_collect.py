"""What is looked up for the doctor, in a daemon and without one."""

import json
import runpy
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file

from mobileip.control.schema import EngineView
from mobileip.daemon import doctor_collect
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.doctor_collect import main, of_daemon, without_daemon
from mobileip.daemon.doctor_facts import TunnelPath
from mobileip.dataplane.engine import TunnelUse
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.linux.errors import MachineError
from mobileip.linux.nftables import NftError, Ruleset

LOCAL, REMOTE = IPv4Address("10.1.0.1"), IPv4Address("192.0.2.2")
PLAIN, IN_UDP = Tunnel(LOCAL, REMOTE), Tunnel(LOCAL, REMOTE, udp=UdpPorts(434, 434))


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    key_file(tmp_path)
    return parse(documents()["foreign_agent"], tmp_path)


@pytest.fixture(autouse=True)
def looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a default route, a filter, and nothing that a daemon lacks."""
    monkeypatch.setattr(doctor_collect.nftables, "read_ruleset", Ruleset)
    monkeypatch.setattr(doctor_collect.machine_facts, "default_route_link", lambda: "eth0")
    monkeypatch.setattr(doctor_collect.machine_facts, "primary_address", {"eth0": LOCAL}.get)
    monkeypatch.setattr(doctor_collect.machine_facts, "reverse_path_filters", lambda links: dict.fromkeys(links, 2))
    monkeypatch.setattr(doctor_collect.capabilities, "lacks", lambda: [MachineError("no TUN device", "modprobe tun")])


ENGINE = EngineView(name="ebpf", reason="a test")


class Machine:
    """As far as it is asked."""

    def __init__(self) -> None:
        self.engine = self

    def tunnels(self) -> list[TunnelUse]:
        return [TunnelUse(("BindingRoute", str(n)), t, 1, 1) for n, t in enumerate((PLAIN, PLAIN, IN_UDP))]

    def path_mtu(self, tunnel: Tunnel, now: float) -> int | None:
        return 1400 if tunnel.udp is None else None


async def daemon_facts(configuration: Configuration, machine: Machine, **known: Any) -> Any:
    defaults: dict[str, Any] = {
        "device_trouble": None,
        "engine": ENGINE,
        "opened": [],
        "visitors": [],
        "clock_offset": 0.0,
        "now": 1.0,
    }
    return await of_daemon(configuration, machine, **(defaults | known))  # type: ignore[arg-type]


async def test_of_a_daemon(configuration: Configuration) -> None:
    facts = await daemon_facts(configuration, Machine(), visitors=[REMOTE] * 20)
    assert facts.reverse_path_filters == {"eth1": 2, "mip0": 2}
    assert facts.uplink_address == LOCAL
    assert facts.tunnels == (TunnelPath(REMOTE, "ipip", 20, 1400), TunnelPath(REMOTE, "ipip in UDP", 32, None))
    assert facts.no_daemon is None
    assert (facts.device_trouble, facts.engine) == (None, ENGINE)
    assert len(facts.visitors) == 10


async def test_of_a_daemon_in_trouble(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Ruleset:
        raise NftError("nft is not installed")

    monkeypatch.setattr(doctor_collect.nftables, "read_ruleset", refuse)
    monkeypatch.setattr(doctor_collect.machine_facts, "default_route_link", lambda: None)
    facts = await daemon_facts(configuration, Machine(), device_trouble=MachineError("mip0 is taken", "rename"))
    assert (facts.ruleset, facts.ruleset_trouble) == (None, "nft is not installed")
    assert facts.device_trouble == ("mip0 is taken", "rename")
    assert facts.uplink_address is None


def test_without_a_daemon(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_collect, "is_foreign", lambda name: name == "mip0")
    facts = without_daemon(configuration, "none answers")
    assert facts.lacks == (("no TUN device", "modprobe tun"),)
    assert facts.device_trouble is not None
    assert facts.reverse_path_filters == {"eth1": 2, "mip0": 2}
    assert facts.ruleset == Ruleset()
    assert facts.uplink_address == LOCAL
    monkeypatch.setattr(doctor_collect.machine_facts, "default_route_link", lambda: None)
    nothing = without_daemon(None, "none answers")
    assert nothing.uplink_address is None
    assert (nothing.ruleset, nothing.reverse_path_filters) == (None, {})


def test_the_program_prints_the_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--why", "none answers"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert "none answers" in view["findings"][0]["found"]
    file = tmp_path / "fa.toml"
    file.write_text('[foreign_agent]\nlinks = ["eth1"]\ncare_of_address = "192.0.2.1"\n')
    assert main(["--config", str(file)]) == 0
    assert any(f["check"] == "default route" for f in json.loads(capsys.readouterr().out)["findings"])
    file.write_text("[foreign_agent")
    assert main(["--config", str(file)]) == 7
    assert "not TOML" in capsys.readouterr().err


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["doctor_collect"])
    monkeypatch.delitem(sys.modules, "mobileip.daemon.doctor_collect")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mobileip.daemon.doctor_collect", run_name="__main__")
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1
