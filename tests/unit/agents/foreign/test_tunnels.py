"""What the tunnels of a registration look like."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    BETWEEN_AGENTS,
    foreign_agent_config,
    pending,
    reply,
    request,
    visitor,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME

from mobileip.agents.foreign.config import ForeignAgentConfig, GreKeyForm, ReverseTunnels
from mobileip.agents.foreign.tunnels import (
    LARGEST_KEY,
    Grant,
    asks_udp,
    delivery_of,
    encapsulation_of,
    extensions_of,
    fresh_key,
    granted,
    uses_gre,
    wishes_of,
)
from mobileip.forwarding.model import VisitorReverse, VisitorRoute
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.gre_key_3gpp2 import key_of_3gpp2
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.message import Decoded
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

IPIP, MINIMAL, GRE = Encapsulation.IPIP, Encapsulation.MINIMAL, Encapsulation.GRE
COLOCATED = IPv4Address("198.51.100.77")
MHAE = (MobileHomeAuthentication, MOBILE_HOME)


def config(**fields: Any) -> ForeignAgentConfig:
    return foreign_agent_config(
        **({"encapsulations": tuple(Encapsulation), "reverse_tunnel": ReverseTunnels.OFFERED} | fields)
    )


def asked(**fields: Any) -> Decoded[RegistrationRequest]:
    decoded = request(**fields).decoded
    assert isinstance(decoded.message, RegistrationRequest)
    return Decoded(decoded.message, decoded.octets, decoded.offsets)


@pytest.mark.parametrize(
    ("fields", "options", "wanted"),
    [
        ({}, {}, IPIP),
        ({"minimal_encapsulation": True}, {}, MINIMAL),
        ({"gre_encapsulation": True}, {}, GRE),
        ({"gre_encapsulation": True, "minimal_encapsulation": True}, {}, GRE),
        ({}, {"prefer_gre": True}, GRE),
        ({"lifetime": 0}, {"prefer_gre": True}, GRE),
        ({"lifetime": 0, "care_of_address": HOME_ADDRESS}, {"prefer_gre": True}, GRE),
        ({"lifetime": 0, "care_of_address": COLOCATED}, {"prefer_gre": True}, IPIP),
        ({"decapsulation_by_mobile_node": True}, {"prefer_gre": True}, IPIP),
        ({"gre_encapsulation": True, "lifetime": 0}, {"encapsulations": (IPIP,)}, IPIP),
    ],
)
def test_encapsulation(fields: dict[str, Any], options: dict[str, Any], wanted: Encapsulation) -> None:
    assert encapsulation_of(asked(**fields).message, config(**options)) is wanted
    assert uses_gre(asked(**fields).message, config(**options)) is (wanted is GRE)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"reverse_tunneling": True}, IPIP),
        ({"reverse_tunneling": True, "minimal_encapsulation": True}, MINIMAL),
        ({"reverse_tunneling": True, "gre_encapsulation": True}, GRE),
        ({}, None),
    ],
)
def test_delivery(fields: dict[str, Any], wanted: Encapsulation | None) -> None:
    assert delivery_of(asked(**fields)) is None
    assert delivery_of(asked(extensions=(EncapsulatingDeliveryStyle(),), **fields)) is wanted


def test_udp_is_asked_for_behind_a_nat_and_for_tunnels_to_us() -> None:
    behind = config(behind_nat=True)
    assert asks_udp(asked().message, behind)
    assert not asks_udp(asked().message, config())
    assert not asks_udp(asked(care_of_address=COLOCATED).message, behind)
    assert not asks_udp(asked(decapsulation_by_mobile_node=True).message, behind)


def test_keys_are_fresh_and_never_0() -> None:
    assert fresh_key(bytes.fromhex("0000000700"), lambda _: False) == 7
    assert fresh_key(bytes.fromhex("00000007"), lambda key: key in (7, 8)) == 9
    assert fresh_key(b"", lambda _: False) == 1
    assert fresh_key(b"\xff" * 4, lambda key: key == LARGEST_KEY) == 1


def test_what_is_said_to_the_home_agent() -> None:
    assert extensions_of(pending(), GreKeyForm.RFC6245) == b""
    assert extensions_of(pending(received_key=7), GreKeyForm.RFC6245) == bytes.fromhex("3000000400000007")
    vendor = bytes.fromhex("2600000a0000159f040100000007")
    assert extensions_of(pending(received_key=7), GreKeyForm.THREE_GPP2) == vendor
    both = extensions_of(pending(received_key=7, udp_tunnel=True), GreKeyForm.RFC6245)
    assert both == GreKey(7).encode() + UdpTunnelRequest().encode()


def answer(*extensions: Extension, hidden: bool = False, **fields: Any) -> Grant:
    """What is granted of `pending(**fields)`; `hidden`: behind what the home agent has signed for us."""
    octets = b"".join(extension.encode() for extension in extensions)
    signed = reply(MHAE, BETWEEN_AGENTS).decoded if hidden else reply().decoded
    assert isinstance(signed.message, RegistrationReply)
    offsets, at = [], len(signed.octets)
    for extension in extensions:
        offsets.append(at)
        at += len(extension.encode())
    all_of_it = (*signed.message.extensions, *extensions)
    message = RegistrationReply(
        code=0,
        lifetime=1800,
        home_address=HOME_ADDRESS,
        home_agent=HOME_AGENT,
        identification=signed.message.identification,
        extensions=all_of_it,
    )
    decoded = Decoded(message, signed.octets + octets, (*signed.offsets, *offsets))
    return granted(decoded, pending(**fields), config(), AGENT_ADDRESS)


def test_keys_that_were_asked_for_are_granted() -> None:
    assert answer(GreKey(9)).sent_key is None
    assert answer(received_key=7).sent_key is None
    assert answer(GreKey(9), received_key=7) == Grant(agent_address=AGENT_ADDRESS, sent_key=9)
    vendor = key_of_3gpp2(256)
    assert answer(vendor, received_key=7).sent_key == 256
    assert answer(GreKey(9), hidden=True, received_key=7).sent_key is None


@pytest.mark.parametrize(
    ("told", "fields", "udp", "interval"),
    [
        ((UdpTunnelReply(),), {}, False, 0.0),
        ((), {"udp_tunnel": True}, False, 0.0),
        ((UdpTunnelReply(),), {"udp_tunnel": True}, True, 25.0),
        ((UdpTunnelReply(keepalive_interval=15),), {"udp_tunnel": True}, True, 15.0),
        ((UdpTunnelReply(keepalive_interval=110),), {"udp_tunnel": True}, True, 25.0),
        ((UdpTunnelReply(code=64),), {"udp_tunnel": True}, False, 0.0),
    ],
)
def test_udp_that_was_asked_for_is_granted(
    told: tuple[Extension, ...], fields: dict[str, Any], udp: bool, interval: float
) -> None:
    grant = answer(*told, **fields)
    assert (grant.udp_tunnel, grant.keepalive_interval) == (udp, interval)
    assert not answer(*told, hidden=True, **fields).udp_tunnel


def wished(**fields: Any) -> tuple[VisitorRoute, VisitorReverse | None]:
    route, *reverse = wishes_of(visitor(**fields), config())
    assert isinstance(route, VisitorRoute)
    [wish] = reverse or [None]
    assert wish is None or isinstance(wish, VisitorReverse)
    return route, wish


def test_wishes_for_a_visitor() -> None:
    assert wishes_of(visitor(care_of_address=COLOCATED, reverse_tunnel=True), config()) == ()
    route, reverse = wished()
    assert (route.tunnel, reverse) == (Tunnel(CARE_OF_ADDRESS, HOME_AGENT), None)
    route, reverse = wished(reverse_tunnel=True, realm=3)
    assert reverse is not None
    assert (reverse.tunnel, reverse.delivery) == (route.tunnel, None)
    assert (route.subject, reverse.subject) == (f"3/{HOME_ADDRESS}",) * 2


def test_the_tunnel_is_as_agreed() -> None:
    keys = {"received_key": 7, "sent_key": 9}
    route, _ = wished(encapsulation=GRE, **keys)
    assert route.tunnel == Tunnel(CARE_OF_ADDRESS, HOME_AGENT, GRE, GreOptions(sent_key=9, received_key=7))
    route, _ = wished(encapsulation=MINIMAL, udp_tunnel=True, **keys)
    assert route.tunnel == Tunnel(CARE_OF_ADDRESS, HOME_AGENT, MINIMAL, udp=UdpPorts(434, 434))


def test_encapsulating_delivery_is_a_tunnel_from_the_visitor_to_whom_it_heard() -> None:
    _, reverse = wished(reverse_tunnel=True, encapsulation=GRE, received_key=7, delivery=IPIP)
    assert reverse is not None
    assert reverse.delivery == Tunnel(AGENT_ADDRESS, HOME_ADDRESS)
