"""What a registration's tunnel looks like. The rules one by one are played in tests/conformance/home_agent_*; here is
what the checks note, and the corners that no honest peer comes to.
"""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.examined import examined
from tests.support.home_agent import FOREIGN_HOME, Trial
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
)

from mobileip.agents.home import tunnels
from mobileip.agents.home.config import ReverseTunnels
from mobileip.agents.home.examination import Examination
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.numbers import ReplyCode

NAT = IPv4Address("198.51.100.7")
MOBILE_NODE = (MobileHomeAuthentication, MOBILE_HOME)
ALL = tuple(Encapsulation)
OURS: dict[str, Any] = {
    "nat_traversal": True,
    "reverse_tunnel": ReverseTunnels.ALLOWED,
    "encapsulations": ALL,
    "foreign_agents": ((CARE_OF_ADDRESS, FOREIGN_HOME),),
}
KEY = int(HOME_ADDRESS)


def told(
    *extensions: Extension,
    after: tuple[Extension, ...] = (),
    last: tuple[Extension, ...] | None = None,
    config: dict[str, Any] | None = None,
    **fields: Any,
) -> Examination:
    """The examination of a Request: `extensions` of the mobile node, those `after` it, and where there is a `last`, a
    foreign agent's signature and what stands behind it."""
    behind = [each.encode() for each in after]
    if last is not None:
        behind += [each.encode() for each in (ForeignHomeAuthentication(FOREIGN_HOME.spi, bytes(16)), *last)]
    return examined(MOBILE_NODE, config=OURS | (config or {}), behind=b"".join(behind), extensions=extensions, **fields)


def tunnel_of(examination: Examination) -> Tunnel:
    assert tunnels.check_udp_tunnel(examination) is None
    assert tunnels.check_encapsulation(examination) is None
    return examination.tunnel


def answers(examination: Examination, code: ReplyCode = ReplyCode.ACCEPTED) -> tuple[list[Extension], list[Extension]]:
    """For the mobile node, for the foreign agent."""
    made = [
        [
            maker(examination, code, is_mobile_nodes=is_mobile_nodes)
            for maker in (tunnels.udp_tunnel_reply, tunnels.gre_key_of_reply)
        ]
        for is_mobile_nodes in (True, False)
    ]
    mobile_nodes, foreign_agents = ([each for each in some if each is not None] for some in made)
    return mobile_nodes, foreign_agents


def test_an_ordinary_tunnel_leads_to_the_care_of_address() -> None:
    examination = told(MobileNodeNai("mn@example.net"), source=NAT)
    assert tunnel_of(examination) == Tunnel(HOME_AGENT, CARE_OF_ADDRESS)
    assert answers(examination) == ([], [])


@pytest.mark.requirement("R3519-4.6-e", "R3519-4.6-c")
def test_behind_a_nat_it_leads_to_where_the_request_came_from() -> None:
    examination = told(UdpTunnelRequest(), source=NAT, decapsulation_by_mobile_node=True)
    assert tunnel_of(examination) == Tunnel(HOME_AGENT, NAT, udp=UdpPorts(434, examination.arrival.source_port))
    assert answers(examination) == ([UdpTunnelReply(code=0)], [])


POORLY_FORMED = ReplyCode.HA_POORLY_FORMED_REQUEST
PROHIBITED = ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED
UNAVAILABLE = ReplyCode.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE
NOT_IN_UDP = ReplyCode.HA_UDP_ENCAPSULATION_UNAVAILABLE
OFF = {"nat_traversal": False}


@pytest.mark.requirement("R3519-4.6.1-a", "R3519-4.6.1-b", "R3519-4.6.1-c", "R3519-4.6.1-d")
@pytest.mark.parametrize(
    ("own", "agents", "direct", "fields", "refusal"),
    [
        ((UdpTunnelRequest(),), (), False, {"source": NAT}, POORLY_FORMED),
        ((), (UdpTunnelRequest(),), True, {"source": NAT}, POORLY_FORMED),
        ((UdpTunnelRequest(),), (), True, {"source": NAT, "config": OFF}, PROHIBITED),
        ((UdpTunnelRequest(force=True),), (), True, {"config": OFF}, PROHIBITED),
        ((UdpTunnelRequest(force=True),), (), True, {"config": {"force_udp": False}}, PROHIBITED),
        ((UdpTunnelRequest(),), (), True, {"config": OFF}, None),
        ((UdpTunnelRequest(),), (), True, {}, None),
    ],
)
def test_who_gets_no_tunnel_in_udp(
    own: tuple[Extension, ...],
    agents: tuple[Extension, ...],
    direct: bool,
    fields: dict[str, Any],
    refusal: ReplyCode | None,
) -> None:
    examination = told(*own, after=agents, decapsulation_by_mobile_node=direct, **fields)
    assert tunnels.check_udp_tunnel(examination) is refusal
    assert examination.tunnel == Tunnel(HOME_AGENT, CARE_OF_ADDRESS)


@pytest.mark.requirement("R3519-4.6.1-f", "R3024-4.3.1-a", "R6245-4.2-d")
@pytest.mark.parametrize(
    ("extensions", "bits", "refusal"),
    [
        ((UdpTunnelRequest(encapsulation=47),), {}, NOT_IN_UDP),
        ((UdpTunnelRequest(encapsulation=99),), {}, NOT_IN_UDP),
        ((UdpTunnelRequest(),), {"gre_encapsulation": True}, UNAVAILABLE),
        ((), {"minimal_encapsulation": True}, UNAVAILABLE),
        ((GreKey(7),), {}, UNAVAILABLE),
    ],
)
def test_what_we_lack_is_refused(extensions: tuple[Extension, ...], bits: dict[str, bool], refusal: ReplyCode) -> None:
    config = {"encapsulations": (Encapsulation.IPIP,)}
    examination = told(*extensions, source=NAT, decapsulation_by_mobile_node=True, config=config, **bits)
    assert tunnels.check_udp_tunnel(examination) is None
    assert tunnels.check_encapsulation(examination) is refusal


@pytest.mark.requirement("R3519-4.6-a")
@pytest.mark.parametrize("code", [POORLY_FORMED, ReplyCode.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE])
def test_a_denial_speaks_of_no_tunnel(code: ReplyCode) -> None:
    examination = told(UdpTunnelRequest(encapsulation=47), GreKey(1), source=NAT, decapsulation_by_mobile_node=True)
    assert tunnel_of(examination).encapsulation is Encapsulation.GRE
    assert answers(examination) != ([], [])
    assert answers(examination, code) == ([], [])


def test_what_stands_behind_all_signatures_is_not_there() -> None:
    examination = told(source=NAT, last=(UdpTunnelRequest(), GreKey(7)))
    assert tunnel_of(examination) == Tunnel(HOME_AGENT, CARE_OF_ADDRESS)
    assert answers(examination) == ([], [])


def test_what_a_foreign_agent_signs_is_its_own() -> None:
    examination = told(after=(UdpTunnelRequest(), GreKey(7)), last=(), source=NAT, gre_encapsulation=True)
    keys = GreOptions(sent_key=7, received_key=KEY)
    udp = UdpPorts(434, examination.arrival.source_port)
    assert tunnel_of(examination) == Tunnel(HOME_AGENT, NAT, Encapsulation.GRE, keys, udp)
    assert answers(examination) == ([], [UdpTunnelReply(code=0), GreKey(KEY)])


def test_only_a_mobile_nodes_tunnel_is_half_bound() -> None:
    own = told(UdpTunnelRequest(through_foreign_agent=True), source=NAT, decapsulation_by_mobile_node=True)
    assert tunnel_of(own).udp == UdpPorts(434, 0)
    agents = told(after=(UdpTunnelRequest(through_foreign_agent=True),), source=NAT)
    assert tunnel_of(agents).udp == UdpPorts(434, agents.arrival.source_port)


def test_a_deregistration_makes_no_tunnel_and_is_never_denied_for_one() -> None:
    config = {"encapsulations": (Encapsulation.IPIP,)}
    request = told(UdpTunnelRequest(encapsulation=55), GreKey(7), source=NAT, lifetime=0, config=config)
    assert tunnel_of(request) == Tunnel(HOME_AGENT, CARE_OF_ADDRESS)
    assert tunnels.check_reverse_tunnel(request) is None
    assert answers(request) == ([UdpTunnelReply(code=64)], [])
    keyed = told(after=(GreKey(7),), lifetime=0)
    tunnel_of(keyed)
    assert answers(keyed) == ([], [GreKey(KEY)])


def test_checksums_and_numbers_are_as_configured() -> None:
    examination = told(gre_encapsulation=True, config={"gre_checksum": True, "gre_sequence": True})
    assert tunnel_of(examination).gre == GreOptions(with_checksum=True, with_sequence=True)


def test_in_udp_another_encapsulation_than_gre_has_no_key() -> None:
    asked = UdpTunnelRequest(encapsulation=4)
    examination = told(asked, GreKey(7), source=NAT, decapsulation_by_mobile_node=True, gre_encapsulation=True)
    assert tunnel_of(examination).gre == GreOptions()
    assert answers(examination) == ([UdpTunnelReply(code=0)], [])


def test_the_form_of_3gpp2_is_answered_in_that_form() -> None:
    asked = CriticalVendorExtension(vendor=5535, vendor_type=0x0401, value=bytes(4))
    examination = told(after=(asked,))
    assert tunnel_of(examination).gre == GreOptions(sent_key=KEY, received_key=KEY)
    ((answer,),) = (answers(examination)[1],)
    assert answer == CriticalVendorExtension(vendor=5535, vendor_type=0x0401, value=HOME_ADDRESS.packed)


@pytest.mark.parametrize(
    ("policy", "with_t", "without_t"),
    [
        (ReverseTunnels.ALLOWED, None, None),
        (ReverseTunnels.REQUIRED, None, ReplyCode.HA_REVERSE_TUNNEL_MANDATORY),
        (ReverseTunnels.REQUIRED_IF_PRIVATE, None, ReplyCode.HA_REVERSE_TUNNEL_MANDATORY),
        (ReverseTunnels.REFUSED, ReplyCode.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE, None),
    ],
)
@pytest.mark.requirement("R3024-4.3.1-b", "R3024-3.4-a")
def test_reverse_tunnels(policy: ReverseTunnels, with_t: ReplyCode | None, without_t: ReplyCode | None) -> None:
    config = {"reverse_tunnel": policy, "nat_traversal": False}
    assert tunnels.check_reverse_tunnel(told(config=config, reverse_tunneling=True)) is with_t
    assert tunnels.check_reverse_tunnel(told(config=config)) is without_t


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("10.0.0.1", True),
        ("172.31.255.255", True),
        ("172.32.0.1", False),
        ("192.168.7.7", True),
        ("192.0.2.1", False),
        ("100.64.0.1", False),
    ],
)
def test_private_is_what_rfc_1918_says(address: str, is_private: bool) -> None:
    assert tunnels.is_private_address(IPv4Address(address)) is is_private


def test_public_home_addresses_need_none_where_private_ones_do() -> None:
    examination = told(config={"reverse_tunnel": ReverseTunnels.REQUIRED_IF_PRIVATE})
    examination.home_address = IPv4Address("192.0.2.77")
    assert tunnels.check_reverse_tunnel(examination) is None


def test_a_duplicate_has_the_tunnel_of_its_binding_wherever_it_comes_from() -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED)
    fields = {"extensions": (UdpTunnelRequest(),), "decapsulation_by_mobile_node": True}
    octets = trial.octets(MOBILE_NODE, **fields)
    trial.receive(octets, source=NAT, source_port=1)
    outcome = trial.receive(octets, source=IPv4Address("203.0.113.66"), source_port=2)
    assert UdpTunnelReply(code=0) in outcome.reply.extensions
    (binding,) = trial.bindings
    assert binding.tunnel == Tunnel(HOME_AGENT, NAT, udp=UdpPorts(434, 1))
