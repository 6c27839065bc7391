from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.support.attachments import COLOCATED_ADDRESS, GATEWAY, GATEWAY_MAC, asked, colocated, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, config

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.config import ReverseTunnelling
from mobileip.agents.mobile.registration import Binding
from mobileip.agents.mobile.terms import Agreement, Terms, UdpAnswer
from mobileip.agents.mobile.tunnels import PORTS, expected_tunnel, forward_tunnel, ways_out
from mobileip.forwarding.model import EVERYWHERE, LinkHop, MobileRoute, ReverseTunnel, Way
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest

DIRECT = (IPv4Network("192.0.2.0/24"),)
REPLIED_FROM = IPv4Address("192.0.1.77")


def agreement(**fields: Any) -> Agreement:
    own = {name: fields.pop(name) for name in ("udp", "reply_source") if name in fields}
    return Agreement(terms=Terms(**fields), **own)


def binding(attachment: Attachment, agreed: Agreement) -> Binding:
    return Binding(
        attachment=attachment,
        home_agent=HOME_AGENT,
        lifetime=900,
        registered_at=100.0,
        renew_at=700.0,
        expires_at=1000.0,
        agreement=agreed,
    )


def ways(attachment: Attachment, agreed: Agreement, **fields: Any) -> list[MobileRoute | ReverseTunnel]:
    fields = {"reverse_tunnel": ReverseTunnelling.AUTO} | fields
    return list(ways_out(binding(attachment, agreed), config(**fields)))


def route(**fields: Any) -> MobileRoute:
    defaults = {"interface": "eth0", "gateway": GATEWAY, "gateway_link_address": GATEWAY_MAC}
    return MobileRoute(home_address=HOME_ADDRESS, **(defaults | fields))


def agent_route(**fields: Any) -> MobileRoute:
    return route(gateway=FOREIGN_1.address, gateway_link_address=FOREIGN_1.link_address, **fields)


class TestForwardTunnel:
    @pytest.mark.parametrize("encapsulation", Encapsulation)
    def test_as_agreed(self, encapsulation: Encapsulation) -> None:
        tunnel = forward_tunnel(binding(colocated(), agreement(encapsulation=encapsulation)))
        assert tunnel == Tunnel(COLOCATED_ADDRESS, HOME_AGENT, encapsulation=encapsulation)

    @pytest.mark.requirement("R3519-4.4-e", "R3519-4.4-f", "R3519-4.9-c")
    def test_in_udp_by_the_port_of_signalling(self) -> None:
        tunnel = forward_tunnel(binding(colocated(), agreement(udp=UdpAnswer.AGREED)))
        assert tunnel.udp == UdpPorts(434, 434)

    @pytest.mark.parametrize(
        ("udp", "ports"),
        [(None, None), (UdpTunnelRequest(), None), (UdpTunnelRequest(force=True), PORTS)],
    )
    def test_expected_before_the_answer(self, udp: UdpTunnelRequest | None, ports: UdpPorts | None) -> None:
        tunnel = expected_tunnel(asked(colocated(), terms=Terms(reverse=True, udp=udp)))
        assert tunnel == Tunnel(COLOCATED_ADDRESS, HOME_AGENT, udp=ports)


class TestOwnAddress:
    def test_all_goes_into_the_tunnel(self) -> None:
        assert ways(colocated(), agreement(reverse=True)) == [
            ReverseTunnel(
                home_address=HOME_ADDRESS,
                tunnel=Tunnel(COLOCATED_ADDRESS, HOME_AGENT),
                expires_at=1000.0,
                way=Way("eth0", GATEWAY),
            )
        ]

    def test_but_what_goes_direct(self) -> None:
        _, way = ways(colocated(), agreement(reverse=True), direct_destinations=DIRECT)
        assert way == route(destinations=DIRECT, segment_size=1440)

    def test_without_a_reverse_tunnel_programs_know_of_the_tunnel(self) -> None:
        assert ways(colocated(), agreement()) == [route(segment_size=1440)]
        assert ways(colocated(), agreement(encapsulation=Encapsulation.GRE)) == [route(segment_size=1436)]

    def test_in_udp_though_no_reverse_tunnel_was_wanted(self) -> None:
        agreed = agreement(reverse=True, udp=UdpAnswer.AGREED)
        (way,) = ways(colocated(), agreed, reverse_tunnel=ReverseTunnelling.OFF)
        assert isinstance(way, ReverseTunnel)
        assert way.tunnel.udp == PORTS


class TestForeignAgent:
    def test_delivers_directly(self) -> None:
        agreed = agreement(reverse=True, reply_source=REPLIED_FROM)
        assert ways(through_agent(), agreed, direct_destinations=DIRECT) == [agent_route(destinations=(EVERYWHERE,))]

    @pytest.mark.requirement("R3024-5.2.2-a", "R5944-4.4-i")
    def test_is_given_what_is_encapsulated_to_it(self) -> None:
        agreed = agreement(reverse=True, encapsulating=True, reply_source=REPLIED_FROM)
        assert ways(through_agent(), agreed) == [
            ReverseTunnel(
                home_address=HOME_ADDRESS,
                tunnel=Tunnel(HOME_ADDRESS, REPLIED_FROM),
                expires_at=1000.0,
                hop=LinkHop("eth0", FOREIGN_1.link_address),
            )
        ]

    def test_is_given_it_in_the_form_that_was_agreed_on(self) -> None:
        agreed = agreement(
            reverse=True, encapsulating=True, encapsulation=Encapsulation.MINIMAL, reply_source=REPLIED_FROM
        )
        way, direct = ways(through_agent(), agreed, direct_destinations=DIRECT)
        assert isinstance(way, ReverseTunnel)
        assert way.tunnel.encapsulation is Encapsulation.MINIMAL
        assert direct == agent_route(destinations=DIRECT, segment_size=1440)

    def test_forwards_what_we_send_where_there_is_no_reverse_tunnel(self) -> None:
        assert ways(through_agent(), agreement()) == [agent_route(segment_size=1440)]
