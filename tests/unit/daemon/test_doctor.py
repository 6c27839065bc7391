"""What the doctor says of facts, check by check."""

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file

from mobileip.control.schema import EngineView, FindingView
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.doctor import examine
from mobileip.daemon.doctor_facts import Facts, TunnelPath
from mobileip.linux.nftables import Ruleset

Configured = Callable[..., Configuration]


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """A configuration with these roles."""
    key_file(tmp_path)

    def make(*roles: str, **daemon: Any) -> Configuration:
        document: dict[str, Any] = {"daemon": daemon}
        for role in roles:
            document |= documents()[role]
        return parse(document, tmp_path)

    return make


def facts(configuration: Configuration | None = None, **known: Any) -> Facts:
    return Facts(configuration=configuration, **({"ruleset": Ruleset(), "uplink": "eth0"} | known))


def found(given: Facts, check: str) -> list[FindingView]:
    return [finding for finding in examine(given).findings if finding.check == check]


def verdicts(given: Facts, check: str) -> list[str]:
    return [finding.verdict for finding in found(given, check)]


@pytest.mark.parametrize("role", ["home_agent", "foreign_agent", "mobile_node"])
def test_a_machine_that_is_fine(configured: Configured, role: str) -> None:
    view = examine(facts(configured(role), reverse_path_filters={"eth1": 2}))
    assert view.verdict == "ok"
    assert view.daemon_running
    assert {finding.verdict for finding in view.findings} == {"ok"}


def test_the_worst_finding_is_the_verdict(configured: Configured) -> None:
    agent = configured("foreign_agent")
    assert examine(facts(agent, uplink=None)).verdict == "warning"
    assert examine(facts(agent, uplink=None, ip_forward=False)).verdict == "problem"


@pytest.mark.parametrize(
    ("engine", "verdict", "words"),
    [
        (EngineView(name="ebpf", reason="this kernel takes it"), "ok", "programs in the kernel forward"),
        (EngineView(name="userspace", reason="chosen", choice="userspace"), "ok", "as was chosen"),
        (EngineView(name="userspace", reason="no fast path: CAP_BPF is missing"), "warning", "CAP_BPF is missing"),
        (EngineView(name="userspace", reason="no room", choice="ebpf"), "warning", "no room"),
    ],
)
def test_what_forwards_packets(engine: EngineView, verdict: str, words: str) -> None:
    (finding,) = found(facts(engine=engine), "engine")
    assert finding.verdict == verdict
    assert words in finding.found
    assert bool(finding.advice) == (verdict == "warning")


def test_without_a_daemon(configured: Configured) -> None:
    (alone,) = found(facts(no_daemon="no daemon answers"), "daemon")
    assert alone.verdict == "warning"
    assert "mip doctor --config" in alone.advice
    assert not examine(facts(no_daemon="no daemon answers")).daemon_running
    (told,) = found(facts(configured("home_agent"), no_daemon="no daemon answers"), "daemon")
    assert told.advice == "start it: mipd --config FILE"


def test_what_a_daemon_would_lack() -> None:
    (lack,) = found(facts(no_daemon="none", lacks=(("UDP port 434 is in use", "who is it?"),)), "needs")
    assert (lack.verdict, lack.found, lack.advice) == ("problem", "UDP port 434 is in use", "who is it?")


def test_the_device() -> None:
    assert "is ours" in found(facts(), "device")[0].found
    assert "free" in found(facts(no_daemon="none"), "device")[0].found
    (taken,) = found(facts(device_trouble=("mip0 is taken", "rename it")), "device")
    assert (taken.verdict, taken.advice) == ("problem", "rename it")


def test_an_agent_forwards_and_a_mobile_node_need_not(configured: Configured) -> None:
    assert verdicts(facts(configured("home_agent"), ip_forward=False), "ip_forward") == ["problem"]
    assert verdicts(facts(configured("home_agent"), ip_forward=False, no_daemon="none"), "ip_forward") == ["ok"]
    assert verdicts(facts(configured("mobile_node"), ip_forward=False), "ip_forward") == []


def test_a_strict_reverse_path_filter(configured: Configured) -> None:
    agent = configured("foreign_agent")
    told = found(facts(agent, reverse_path_filters={"eth1": 1, "mip0": 2}), "rp_filter")
    assert [finding.verdict for finding in told] == ["problem"]
    assert told[0].advice.startswith("sysctl -w net.ipv4.conf.eth1.rp_filter=2")
    assert verdicts(facts(agent, reverse_path_filters={"eth1": 1}, no_daemon="none"), "rp_filter") == ["ok"]
    assert verdicts(facts(agent, reverse_path_filters={"eth1": 0}, no_daemon="none"), "rp_filter") == ["ok"]
    assert verdicts(facts(agent), "rp_filter") == []


def test_a_foreign_agent_wants_a_default_route(configured: Configured) -> None:
    assert verdicts(facts(configured("foreign_agent"), uplink=None), "default route") == ["warning"]
    assert verdicts(facts(configured("foreign_agent")), "default route") == ["ok"]
    assert verdicts(facts(configured("home_agent"), uplink=None), "default route") == []


def path(mtu: int | None, overhead: int = 20) -> TunnelPath:
    return TunnelPath(IPv4Address("192.0.2.9"), "ipip", overhead, mtu)


@pytest.mark.parametrize(
    ("mtu", "verdict", "words"),
    [
        (None, "ok", "nothing is known"),
        (1500, "ok", "enough for the device's 1480"),
        (1492, "ok", 'segments of 1432, senders of larger packets hear "fragmentation needed, 1472"'),
        (1200, "warning", "so 1180 of the device's 1480"),
    ],
)
def test_the_path_of_a_tunnel(configured: Configured, mtu: int | None, verdict: str, words: str) -> None:
    (told,) = found(facts(configured("home_agent"), tunnels=(path(mtu),)), "path MTU")
    assert told.verdict == verdict
    assert words in told.found
    assert ("tunnel_mtu = 1180" in told.advice) is (verdict == "warning")


def test_many_tunnels_are_summed_up_the_narrow_ones_first(configured: Configured) -> None:
    agent = configured("home_agent")
    told = found(facts(agent, tunnels=(*[path(1500)] * 12, path(600))), "path MTU")
    assert len(told) == 11
    assert told[0].verdict == "warning"
    assert told[-1].found == "3 more tunnels, 0 of them by narrow paths"
    assert verdicts(facts(agent, tunnels=(path(600),) * 12), "path MTU")[-1] == "warning"


def test_the_clock_of_a_mobile_node(configured: Configured) -> None:
    node = configured("mobile_node")
    assert verdicts(facts(node, clock_offset=-8.0), "clock") == ["warning"]
    assert "ours is +8 s off" in found(facts(node, clock_offset=-8.0), "clock")[0].found
    assert verdicts(facts(node, clock_offset=6.0), "clock") == ["ok"]
    assert verdicts(facts(node, no_daemon="none"), "clock") == []
    assert verdicts(facts(configured("home_agent"), clock_offset=9.0), "clock") == []
