"""What is written for `nft`; the namespace tests have it done."""

import pytest

from mobileip.lab import firewall
from mobileip.lab.errors import LabError
from mobileip.lab.firewall import install, script
from mobileip.lab.topology import decode, load

TEXT = """
summary = "s"
drawing = "d"
networks = {{ inside = "10.0.0.0/24" }}
wires = {{}}
[nodes.gate]
summary = "router"
{}
interfaces.eth0 = {{ network = "inside", address = "10.0.0.1/24" }}
interfaces.eth1 = {{ network = "inside" }}
"""


def test_a_nat_draws_its_ports_at_random() -> None:
    node = load("obstacles").nodes["nat"]
    assert script(node).splitlines() == [
        "table ip lab {",
        'chain nat { type nat hook postrouting priority 100; oifname "eth0" masquerade random; }',
        "}",
    ]


def test_an_ingress_filter_admits_its_own_network_alone() -> None:
    node = load("obstacles").nodes["filter"]
    assert 'iifname "eth1" ip saddr != 203.0.113.0/25 drop;' in script(node)


def test_a_plain_router_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall.shutil, "which", lambda _: None)
    install("nowhere", load("roaming").nodes["internet"])


def test_without_nft_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall.shutil, "which", lambda _: None)
    with pytest.raises(LabError, match="apt-get install nftables"):
        install("nowhere", load("obstacles").nodes["nat"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('nat = "eth9"', "nodes.gate.nat: no interface eth9"),
        ('ingress_filter = "eth9"', "nodes.gate.ingress_filter: no interface eth9"),
        ('ingress_filter = "eth1"', "nodes.gate.ingress_filter: eth1 has no address"),
    ],
)
def test_what_does_not_fit_is_told_by_place(line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode("t", TEXT.format(line).encode())
