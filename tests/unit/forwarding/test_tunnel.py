"""What a tunnel adds to a packet (tests/unit/dataplane compares it with the octets that are made); half bound ones."""

from ipaddress import IPv4Address

import pytest

from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

ENDS = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
UDP = UdpPorts(434, 434)


@pytest.mark.parametrize(
    ("encapsulation", "gre", "udp", "octets"),
    [
        (Encapsulation.IPIP, GreOptions(), None, 20),
        (Encapsulation.IPIP, GreOptions(), UDP, 32),
        (Encapsulation.MINIMAL, GreOptions(), None, 20),
        (Encapsulation.GRE, GreOptions(), None, 24),
        (Encapsulation.GRE, GreOptions(sent_key=0), None, 28),
        (Encapsulation.GRE, GreOptions(received_key=1), None, 24),
        (Encapsulation.GRE, GreOptions(1, 2, with_checksum=True, with_sequence=True), UDP, 48),
    ],
)
def test_the_overhead(encapsulation: Encapsulation, gre: GreOptions, udp: UdpPorts | None, octets: int) -> None:
    assert Tunnel(*ENDS, encapsulation, gre, udp).overhead == octets


def test_a_tunnel_is_ip_in_ip_where_nothing_else_is_said() -> None:
    assert Tunnel(*ENDS) == Tunnel(*ENDS, Encapsulation.IPIP, GreOptions(), None)


def test_a_tunnel_is_half_bound_until_its_other_port_is_known() -> None:
    assert Tunnel(*ENDS, udp=UdpPorts(434, 0)).is_half_bound
    assert not Tunnel(*ENDS, udp=UDP).is_half_bound
    assert not Tunnel(*ENDS).is_half_bound
