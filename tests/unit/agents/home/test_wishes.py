"""What bindings want of the forwarding, whole and as changes."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.home_agent import HOME_LINK, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.home.wishes import Bindings, BindingWishes
from mobileip.forwarding.model import (
    BindingRoute,
    BroadcastCopy,
    BroadcastRoute,
    ForwardingChange,
    ForwardingState,
    Interception,
    ReverseExit,
)
from mobileip.forwarding.tunnel import Tunnel, UdpPorts

OTHER = IPv4Address("192.0.2.3")


def binding(care_of_address: IPv4Address = CARE_OF_ADDRESS, **fields: Any) -> MobilityBinding:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "care_of_address": care_of_address,
        "home_agent": HOME_AGENT,
        "tunnel": Tunnel(HOME_AGENT, care_of_address),
        "lifetime": 100,
        "registered_at": 0.0,
        "expires_at": 100.0,
        "identification": 1,
        "spi": 256,
    }
    return MobilityBinding(**(defaults | fields))


PLAIN = (binding(),)
ASKING = (binding(broadcast_datagrams=True, expires_at=50.0),)
DIRECT = (binding(broadcast_datagrams=True, decapsulation_by_mobile_node=True),)
BOTH = (*ASKING, binding(OTHER))
NAT = IPv4Address("198.51.100.7")


def in_udp(port: int, care_of_address: IPv4Address = CARE_OF_ADDRESS, **fields: Any) -> MobilityBinding:
    return binding(care_of_address, tunnel=Tunnel(HOME_AGENT, NAT, udp=UdpPorts(434, port)), **fields)


REVERSE = (binding(reverse_tunneling=True),)
BEHIND_NAT, HALF_BOUND = (in_udp(40000),), (in_udp(0, broadcast_datagrams=True),)
MIXED = (in_udp(40001, broadcast_datagrams=True), *REVERSE, binding(OTHER))
SAME_END = (in_udp(40000, expires_at=40.0), in_udp(40000, care_of_address=OTHER))


def wishes(**config: Any) -> BindingWishes:
    return BindingWishes(home_agent_config(**config))


def broadcasts(bindings: Bindings) -> BroadcastRoute:
    (route,) = [wish for wish in wishes().of(bindings) if isinstance(wish, BroadcastRoute)]
    return route


def test_a_route_for_all_tunnels_until_the_last_ends() -> None:
    tunnels = (Tunnel(HOME_AGENT, CARE_OF_ADDRESS), Tunnel(HOME_AGENT, OTHER))
    assert wishes(forward_broadcasts=False).of(BOTH) == (
        BindingRoute(home_address=HOME_ADDRESS, tunnels=tunnels, expires_at=100.0),
    )


def test_at_home_nothing_is_wanted() -> None:
    assert wishes().of(()) == ()
    assert wishes().change((), ()) is None


def test_interception_on_a_home_link() -> None:
    intercepted = Interception(home_address=HOME_ADDRESS, interface=HOME_LINK)
    assert wishes(home_link=HOME_LINK).of(PLAIN)[1:] == (intercepted,)


@pytest.mark.parametrize(("bindings", "nested"), [(ASKING, True), (DIRECT, False)])
def test_broadcasts_are_nested_for_a_foreign_agent(bindings: Bindings, nested: bool) -> None:
    assert broadcasts(bindings).copies == (BroadcastCopy(Tunnel(HOME_AGENT, CARE_OF_ADDRESS), nested),)


def test_broadcasts_go_to_the_bindings_that_asked_as_long_as_those_last() -> None:
    route = broadcasts(BOTH)
    assert [copy.tunnel.remote for copy in route.copies] == [CARE_OF_ADDRESS]
    assert route.expires_at == 50.0
    assert route.home_agent == HOME_AGENT


STATES = [(), PLAIN, ASKING, DIRECT, BOTH, REVERSE, BEHIND_NAT, HALF_BOUND, MIXED, SAME_END]


@pytest.mark.parametrize("link", [None, HOME_LINK])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_change_leads_from_one_to_the_other(
    before: Bindings, after: Bindings, forward: bool, link: str | None
) -> None:
    made = wishes(home_link=link, forward_broadcasts=forward)
    change = made.change(before, after) or ForwardingChange()
    assert ForwardingState.of(made.of(before)).apply(change) == ForwardingState.of(made.of(after))


def test_a_renewal_leaves_the_interception_alone() -> None:
    change = wishes(home_link=HOME_LINK).change(PLAIN, PLAIN)
    assert change is not None
    assert [type(wish) for wish in change.install] == [BindingRoute]
    assert change.remove == ()


def reverse_exits(bindings: Bindings) -> list[ReverseExit]:
    return [wish for wish in wishes().of(bindings) if isinstance(wish, ReverseExit)]


@pytest.mark.requirement("R3024-4.3.2-b", "R3024-4.3.2-f")
def test_what_the_mobile_node_sends_comes_by_the_same_tunnel_as_long_as_the_binding_lasts() -> None:
    (leaving,) = reverse_exits(REVERSE)
    assert (leaving.home_address, leaving.tunnel, leaving.expires_at) == (HOME_ADDRESS, REVERSE[0].tunnel, 100.0)
    assert [leaving.tunnel for leaving in reverse_exits(MIXED)] == [MIXED[0].tunnel, MIXED[1].tunnel]


@pytest.mark.requirement("R3024-4.3.2-c")
def test_without_a_reverse_tunnel_nothing_does() -> None:
    assert reverse_exits(PLAIN) == []


def test_keepalives_need_a_way_to_us_whatever_t_says() -> None:
    assert [leaving.tunnel for leaving in reverse_exits(BEHIND_NAT)] == [BEHIND_NAT[0].tunnel]


def test_two_bindings_of_one_end_have_one_exit_as_the_later_has_it() -> None:
    assert [leaving.expires_at for leaving in reverse_exits(SAME_END)] == [100.0]


@pytest.mark.requirement("R3519-4.6-g")
def test_to_a_half_bound_tunnel_nothing_goes() -> None:
    assert [type(wish) for wish in wishes().of(HALF_BOUND)] == [ReverseExit]
    (route, *_) = wishes().of((*HALF_BOUND, *PLAIN))
    assert isinstance(route, BindingRoute)
    assert route.tunnels == (PLAIN[0].tunnel,)


@pytest.mark.requirement("R3519-4.7-b")
def test_a_port_that_changed_is_one_change() -> None:
    change = wishes().change(BEHIND_NAT, (in_udp(40001),))
    assert change is not None
    assert [type(wish) for wish in change.install] == [BindingRoute, ReverseExit]
    assert change.remove == (("ReverseExit", f"0/{HOME_ADDRESS}/{NAT}:40000"),)
