"""The commands of DHCP server and client."""

from ipaddress import IPv4Address, IPv4Interface

import pytest

from mobileip.lab import dhcp
from mobileip.lab.topology import DhcpServer, Interface

SERVER = DhcpServer(interface="eth1", first=IPv4Address("203.0.113.100"), last=IPv4Address("203.0.113.150"))


def test_the_server_offers_at_once_and_nothing_but_addresses(tmp_path: object) -> None:
    interface = Interface(network="visited", address=IPv4Interface("203.0.113.1/24"))
    words = dhcp.server_command("mip-x-visited", interface, SERVER, dhcp.Path("/nowhere/leases"))
    assert words[:3] == ["nsenter", "--net=/run/netns/mip-x-visited", "dnsmasq"]
    assert "--no-ping" in words
    assert "--port=0" in words
    assert "--dhcp-range=203.0.113.100,203.0.113.150,255.255.255.0,2m" in words
    assert "--dhcp-option=option:router,203.0.113.1" in words


def test_a_server_without_address_is_refused() -> None:
    with pytest.raises(ValueError, match="eth1 has no address"):
        dhcp.server_command("mip-x-visited", Interface(network="visited"), SERVER, dhcp.Path("/nowhere/leases"))


def test_the_client_sends_no_arp_and_keeps_to_its_own_files() -> None:
    words = dhcp.client_command("mip-x-mn", "eth0")
    assert words[:4] == ["nsenter", "--net=/run/netns/mip-x-mn", "unshare", "--mount"]
    assert words[-1] == "eth0"
    shell = words[words.index("-c") + 1]
    for expected in ("--noarp", "--noipv4ll", "--ipv4only", "--script /bin/true", "mount -t tmpfs tmpfs /run"):
        assert expected in shell


def test_a_process_that_does_not_exist_listens_nowhere() -> None:
    assert not dhcp.server_listens(2**22 + 1)
