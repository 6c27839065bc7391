"""What the machine is to do with packets, read off what the node remembers."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.attachments import (
    COLOCATED_ADDRESS,
    GATEWAY,
    GATEWAY_MAC,
    ask,
    at_home,
    colocated,
    pursue,
    register,
    started,
    through_agent,
)
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, HOME_NETWORK, config

from mobileip.agents.events import Link
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.wishes import home_target, wishes
from mobileip.forwarding.model import (
    ArpAnswer,
    BroadcastExit,
    ForwardingState,
    HomeAddress,
    MobileLink,
    MobileRoute,
    Neighbour,
    TunnelExit,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel

OTHER_MAC = b"\x02\0\0\0\0\x99"
CARE_OF_ADDRESS = FOREIGN_1.care_of_addresses[0]
THROUGH_AGENT = MobileRoute(
    home_address=HOME_ADDRESS,
    interface="eth0",
    gateway=FOREIGN_1.address,
    gateway_link_address=FOREIGN_1.link_address,
    segment_size=1440,
)


def wanted(state: NodeState, kind: type[Wish]) -> list[Any]:
    return [wish for wish in wishes(state).wishes.values() if isinstance(wish, kind)]


def test_nothing_before_the_start() -> None:
    assert wishes(NodeState(config())) == ForwardingState()


def test_the_home_address_from_the_start_and_nothing_else() -> None:
    assert list(wishes(started()).wishes.values()) == [HomeAddress(address=HOME_ADDRESS)]


class TestLinks:
    def link_exists(self, state: NodeState, name: str) -> None:
        state.links[name].update(Link(name=name, index=2, carrier=False), 0.0)

    def test_only_those_that_exist(self) -> None:
        state = started()
        self.link_exists(state, "wlan0")
        assert wanted(state, MobileLink) == [MobileLink(interface="wlan0", answers_arp=False, is_bare=True)]

    def test_arp_is_answered_on_the_home_link_alone(self) -> None:
        """RFC 5944 §4.6: from before the request on."""
        state = started()
        for name in state.links:
            self.link_exists(state, name)
        pursue(state, at_home())
        assert wanted(state, MobileLink) == [
            MobileLink(interface="eth0", answers_arp=True, is_bare=True),
            MobileLink(interface="wlan0", answers_arp=False, is_bare=True),
        ]
        pursue(state, through_agent())
        assert not any(link.answers_arp for link in wanted(state, MobileLink))


class TestRoute:
    def test_none_while_the_first_request_is_out(self) -> None:
        state = started()
        ask(state, through_agent())
        assert wanted(state, MobileRoute) == []

    def test_through_the_foreign_agent_once_it_is_agreed(self) -> None:
        state = started()
        register(state, through_agent())
        assert wanted(state, MobileRoute) == [THROUGH_AGENT]

    def test_stays_while_another_place_is_asked_for(self) -> None:
        state = started()
        register(state, through_agent())
        ask(state, through_agent(incarnation=2), 200.0)
        assert wanted(state, MobileRoute) == [THROUGH_AGENT]

    def test_of_two_links_the_newest_registration(self) -> None:
        state = started()
        register(state, through_agent(), 100.0)
        register(state, through_agent(interface="wlan0"), 200.0)
        assert [route.interface for route in wanted(state, MobileRoute)] == ["wlan0"]

    def test_at_home_before_the_request(self) -> None:
        """RFC 5944 §2.4.3."""
        state = started()
        register(state, through_agent(interface="wlan0"))
        pursue(state, at_home(), 200.0)
        assert wanted(state, MobileRoute) == [
            MobileRoute(home_address=HOME_ADDRESS, interface="eth0", gateway=HOME_AGENT, on_link=HOME_NETWORK)
        ]


class TestArpAnswer:
    ANSWER = ArpAnswer(interface="eth0", home_address=HOME_ADDRESS, link_address=FOREIGN_1.link_address)

    def test_the_agent_that_is_asked_to_register_may_ask_back(self) -> None:
        state = started()
        assert wanted(state, ArpAnswer) == []
        ask(state, through_agent())
        assert wanted(state, ArpAnswer) == [self.ANSWER]

    def test_the_agent_of_the_registration_in_force_too(self) -> None:
        state = started()
        register(state, through_agent())
        ask(state, through_agent(first_hop=OTHER_MAC), 200.0)
        other = ArpAnswer(interface="eth0", home_address=HOME_ADDRESS, link_address=OTHER_MAC)
        assert wanted(state, ArpAnswer) == [self.ANSWER, other]

    def test_nobody_with_a_care_of_address_of_our_own_or_at_home(self) -> None:
        state = started()
        pursue(state, colocated())
        assert wanted(state, ArpAnswer) == []
        pursue(state, at_home())
        assert wanted(state, ArpAnswer) == []


@pytest.mark.requirement("R5944-4.6-q")
def test_a_foreign_agent_may_ask_by_arp_and_nobody_else() -> None:
    state = started()
    ask(state, through_agent())
    assert [answer.link_address for answer in wanted(state, ArpAnswer)] == [FOREIGN_1.link_address]
    pursue(state, colocated())
    assert wanted(state, ArpAnswer) == []


class TestTunnelExit:
    EXIT = TunnelExit(
        home_address=HOME_ADDRESS,
        tunnel=Tunnel(local=COLOCATED_ADDRESS, remote=HOME_AGENT),
        expires_at=100.0 + 1800,
    )

    def test_from_the_first_request_on(self) -> None:
        """The home agent's packets may be here before its reply."""
        state = started()
        pursue(state, colocated())
        assert wanted(state, TunnelExit) == []
        ask(state, colocated())
        assert wanted(state, TunnelExit) == [self.EXIT]

    def test_until_what_was_granted_ends(self) -> None:
        state = started()
        register(state, colocated(), lifetime=600)
        (found,) = wanted(state, TunnelExit)
        assert found.expires_at == 700.0

    def test_the_one_in_force_stays_while_another_is_asked_for(self) -> None:
        state = started()
        register(state, colocated())
        ask(state, colocated(care_of_address=COLOCATED_ADDRESS + 1), 200.0)
        found = {wish.tunnel.local for wish in wanted(state, TunnelExit)}
        assert found == {COLOCATED_ADDRESS, COLOCATED_ADDRESS + 1}, "packets may come by either"

    def test_a_foreign_agent_has_its_own(self) -> None:
        state = started()
        ask(state, through_agent())
        assert wanted(state, TunnelExit) == []
        register(state, through_agent(), 200.0)
        assert wanted(state, TunnelExit) == []

    def test_ready_for_the_own_address_beside_an_agent_in_force(self) -> None:
        state = started()
        register(state, through_agent())
        ask(state, colocated(), 200.0)
        assert [found.tunnel.local for found in wanted(state, TunnelExit)] == [COLOCATED_ADDRESS]

    def test_from_the_home_agent_that_is_asked(self) -> None:
        state = started()
        ask(state, colocated(), home_agent=HOME_AGENT + 1)
        assert [found.tunnel.remote for found in wanted(state, TunnelExit)] == [HOME_AGENT + 1]

    def test_from_the_home_agent_that_agreed_though_another_one_is_asked_next(self) -> None:
        """RFC 5944 §4.2.3: the tunnel's packets come from the home agent of the reply."""
        state = started()
        register(state, colocated())
        state.home_agent = HOME_AGENT + 1
        assert [found.tunnel.remote for found in wanted(state, TunnelExit)] == [HOME_AGENT]


class TestNeighbours:
    GATEWAY = Neighbour(interface="eth0", address=GATEWAY, link_address=GATEWAY_MAC)

    def test_the_gateway_of_the_own_address_is_not_asked_for_by_arp(self) -> None:
        """RFC 5944 §4.6."""
        state = started()
        pursue(state, colocated())
        assert wanted(state, Neighbour) == [self.GATEWAY]

    def test_of_what_is_in_force_and_of_what_is_asked_for(self) -> None:
        state = started()
        register(state, colocated())
        state.registrations["eth0"].leave()
        other = colocated(interface="wlan0", gateway=IPv4Address("198.18.0.1"))
        pursue(state, other, 200.0)
        assert [(wish.interface, wish.address) for wish in wanted(state, Neighbour)] == [
            ("eth0", GATEWAY),
            ("wlan0", other.gateway),
        ]

    def test_not_where_it_is_not_known(self) -> None:
        state = started()
        pursue(state, colocated(gateway_link_address=None))
        assert wanted(state, Neighbour) == []

    def test_foreign_agents_are_in_the_route_itself(self) -> None:
        state = started()
        register(state, through_agent())
        assert wanted(state, Neighbour) == []


def test_home_target() -> None:
    state = started()
    assert home_target(state) is None
    pursue(state, through_agent())
    assert home_target(state) is None
    pursue(state, at_home())
    assert home_target(state) == at_home()
    state.registrations["eth0"].leave()
    assert home_target(state) is None


def test_care_of_addresses_of_agents_are_not_ours() -> None:
    state = started()
    register(state, through_agent())
    assert str(CARE_OF_ADDRESS) not in repr(wishes(state))


class TestBroadcasts:
    """RFC 5944 §4.3."""

    def exit(self, state: NodeState) -> BroadcastExit | None:
        found = [wish for wish in wishes(state).wishes.values() if isinstance(wish, BroadcastExit)]
        return found[0] if found else None

    def test_behind_a_foreign_agent_out_of_the_inner_tunnel(self) -> None:
        state = started(broadcasts=True)
        register(state, through_agent())
        found = self.exit(state)
        assert found is not None
        assert found.tunnel == Tunnel(local=HOME_ADDRESS, remote=HOME_AGENT)
        assert found.network == HOME_NETWORK

    def test_with_an_own_address_out_of_the_only_one(self) -> None:
        state = started(broadcasts=True)
        register(state, colocated())
        found = self.exit(state)
        assert found is not None
        assert found.tunnel == Tunnel(local=COLOCATED_ADDRESS, remote=HOME_AGENT)

    def test_not_before_it_is_agreed(self) -> None:
        state = started(broadcasts=True)
        pursue(state, through_agent())
        assert self.exit(state) is None

    def test_not_unless_wanted(self) -> None:
        state = started()
        register(state, through_agent())
        assert self.exit(state) is None


def test_no_home_address_before_one_is_assigned() -> None:
    state = started(home_address=IPv4Address(0), nai="mn@example.net")
    assert not [wish for wish in wishes(state).wishes.values() if isinstance(wish, HomeAddress)]


def test_no_tunnel_from_a_home_agent_that_is_not_known() -> None:
    broadcast = HOME_NETWORK.broadcast_address
    state = started(home_agent=broadcast)
    pursue(state, colocated())
    ask(state, colocated(), home_agent=broadcast)
    assert not [wish for wish in wishes(state).wishes.values() if isinstance(wish, TunnelExit)]
