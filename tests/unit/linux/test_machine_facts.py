"""What the kernel's files say."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mobileip.linux import machine_facts
from mobileip.linux.machine_facts import default_route_link, ip_forward, primary_address, reverse_path_filters

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t00000000\t050200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
eth2\t00000000\t00000000\t0001\t0\t0\t0\t0000000F\t0\t0\t0
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine_facts, "CONF", tmp_path)
    monkeypatch.setattr(machine_facts, "ROUTES", tmp_path / "route")
    return tmp_path


def rp_filter(files: Path, **values: str) -> None:
    for link, value in values.items():
        (files / "conf" / link).mkdir(parents=True)
        (files / "conf" / link / "rp_filter").write_text(f"{value}\n")


def test_the_larger_of_all_and_the_links_own_filter_holds(files: Path) -> None:
    assert reverse_path_filters(["eth0"]) == {}
    rp_filter(files, all="1", eth0="0", eth1="2")
    assert reverse_path_filters(["eth0", "eth1", "gone"]) == {"eth0": 1, "eth1": 2}


def test_the_address_of_a_link() -> None:
    assert primary_address("lo") == IPv4Address("127.0.0.1")
    assert primary_address("no-such-link") is None


def test_whether_it_is_a_router(files: Path) -> None:
    assert not ip_forward()
    (files / "ip_forward").write_text("1\n")
    assert ip_forward()


def test_the_default_route_with_the_lowest_metric_counts_and_refusals_do_not(files: Path) -> None:
    assert default_route_link() is None
    (files / "route").write_text(ROUTES)
    assert default_route_link() == "eth0"
