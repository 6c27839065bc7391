from ipaddress import IPv4Address

import pytest

from mobileip.linux.links import GROUPS, LinkSocket, gratuitous_arp, multicast_link_address


def test_multicast_addresses_as_in_rfc_1112() -> None:
    found = {str(group): multicast_link_address(group).hex() for group in GROUPS}
    assert found == {
        "224.0.0.1": "01005e000001",
        "224.0.0.2": "01005e000002",
        "224.0.0.11": "01005e00000b",
    }
    # Only 23 bits of the group are in it.
    assert multicast_link_address(IPv4Address("239.255.255.255")).hex() == "01005e7fffff"


def test_a_gratuitous_arp_is_a_request_for_its_own_sender() -> None:
    octets = gratuitous_arp(IPv4Address("10.1.0.10"), b"\x02\0\0\0\0\x01")
    assert octets.hex(" ", 2) == "0001 0800 0604 0001 0200 0000 0001 0a01 000a 0000 0000 0000 0a01 000a"


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(OSError, match="no interface with this name"):
        LinkSocket("not-there")
