"""Life stories: every move between home, foreign agents and networks without one, seen from the mobile node alone."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import (
    FOREIGN_1,
    FOREIGN_2,
    HOME,
    HOME_AGENT_MAC,
    HOME_NETWORK,
    Agent,
    Scene,
    foreign_agent,
)

from mobileip.agents.mobile.config import MoveDetection
from mobileip.agents.notices import AgentHeard, AgentLost, Attached, LinkNoticed, Registered, RegistrationLost
from mobileip.agents.outputs import AnnounceAddress, ChangeForwarding, SendDiscovery, SendMessage
from mobileip.forwarding.model import HomeAddress, MobileRoute, Neighbour, TunnelExit
from mobileip.forwarding.tunnel import Tunnel

COLOCATED = IPv4Address("203.0.113.7")
GATEWAY = IPv4Address("203.0.113.1")
GATEWAY_MAC = bytes((2, 0, 203, 0, 113, 1))


def arrive_at_agent(scene: Scene, agent: Agent) -> None:
    scene.up(addresses=(), gateway=None)
    scene.hear(agent)
    assert scene.departure.destination == agent.address
    assert scene.departure.link_destination == agent.link_address
    assert scene.route is None
    scene.answer(agent=agent)
    assert scene.state == "registered"
    assert scene.route == MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth0",
        gateway=agent.address,
        gateway_link_address=agent.link_address,
        segment_size=1440,
    )
    assert scene.tunnel_exit is None
    assert not scene.answers_arp()


def arrive_at_foreign_1(scene: Scene) -> None:
    arrive_at_agent(scene, FOREIGN_1)


def arrive_at_foreign_2(scene: Scene) -> None:
    arrive_at_agent(scene, FOREIGN_2)


def arrive_without_agent(scene: Scene) -> None:
    scene.up(addresses=(), gateway=None)
    scene.wait(1)
    scene.dhcp()
    assert scene.departure.destination == HOME_AGENT
    assert scene.departure.source == COLOCATED
    assert scene.departure.link_destination is None
    assert scene.request.decapsulation_by_mobile_node
    assert scene.request.care_of_address == COLOCATED
    scene.answer()
    assert scene.state == "registered"
    assert scene.route == MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth0",
        gateway=GATEWAY,
        gateway_link_address=GATEWAY_MAC,
        segment_size=1440,
    )
    assert scene.tunnel_exit is not None
    assert scene.tunnel_exit.tunnel == Tunnel(COLOCATED, HOME_AGENT)
    assert not scene.answers_arp()


def arrive_at_home(scene: Scene) -> None:
    scene.up(addresses=(), gateway=None)
    scene.hear(HOME)
    assert scene.answers_arp()
    assert scene.departure.link_destination == HOME_AGENT_MAC
    assert scene.request.lifetime == 0
    assert scene.request.care_of_address == HOME_ADDRESS
    scene.answer()
    assert scene.state == "at_home"
    assert scene.route == MobileRoute(
        home_address=HOME_ADDRESS, interface="eth0", gateway=HOME_AGENT, on_link=HOME_NETWORK
    )
    assert scene.tunnel_exit is None


PLACES = [arrive_at_home, arrive_at_foreign_1, arrive_at_foreign_2, arrive_without_agent]


@pytest.mark.parametrize("destination", PLACES)
@pytest.mark.parametrize("origin", PLACES)
def test_each_move_with_a_carrier_event(origin: Callable[[Scene], None], destination: Callable[[Scene], None]) -> None:
    scene = Scene()
    origin(scene)
    scene.wait(30)
    scene.down()
    assert scene.route is None
    assert scene.tunnel_exit is None
    assert scene.state == "searching"
    scene.wait(1)
    destination(scene)


@pytest.mark.parametrize("origin", PLACES)
def test_the_carriers_loss_ends_the_registration_at_once(origin: Callable[[Scene], None]) -> None:
    scene = Scene()
    origin(scene)
    scene.down()
    assert scene.notice(LinkNoticed).state == "down"
    lost = [n for n in scene.notices if isinstance(n, RegistrationLost)]
    assert len(lost) == (0 if origin is arrive_at_home else 1)
    assert all(notice.cause == "link" for notice in lost)
    assert scene.node.snapshot().agents == ()


class TestDiscovery:
    def test_solicits_in_the_call_that_reports_the_carrier(self) -> None:
        scene = Scene()
        (solicitation,) = [o for o in scene.up() if isinstance(o, SendDiscovery)]
        assert solicitation.departure.destination == IPv4Address("224.0.0.2")
        assert solicitation.departure.interface == "eth0"
        assert solicitation.departure.ttl == 1

    def test_keeps_soliciting_with_a_back_off_when_everything_is_lost(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(300)
        times = [at - 100.0 for at in scene.times(SendDiscovery)]
        assert times == [0, 1, 2, 4, 8, 16, 32, 64, 124, 184, 244]

    def test_does_not_solicit_while_an_agent_is_heard(self) -> None:
        scene = Scene()
        scene.up()
        for _ in range(10):
            scene.hear(FOREIGN_1)
            scene.wait(1)
            assert not scene.solicitations

    def test_solicits_anew_when_the_agents_lifetime_ends(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(3)
        assert scene.notice(AgentLost).cause == "lifetime"
        assert len(scene.solicitations) == 1
        assert scene.state == "lingering"
        assert scene.route is not None, "what is registered carries traffic until something replaces it"

    def test_does_not_solicit_with_a_co_located_address_in_use(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.wait(600)
        assert not scene.solicitations


class TestHome:
    def test_order_of_a_return(self) -> None:
        """RFC 5944 §4.6: ARP is answered again, then the gratuitous ARP, then the request."""
        scene = Scene()
        scene.register()
        scene.wait(2)
        kinds = [type(output) for output in scene.hear(HOME)]
        assert kinds[:3] == [ChangeForwarding, AnnounceAddress, SendMessage]

    def test_gratuitous_arp_is_repeated_beside_the_request(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        scene.wait(0.1)
        scene.answer()
        scene.wait(10)
        assert scene.times(AnnounceAddress) == [100.0, 101.0, 102.0]

    def test_gratuitous_arp_ends_when_the_node_leaves(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        scene.down()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.wait(10)
        assert scene.times(AnnounceAddress) == [100.0]

    def test_arp_is_silenced_before_the_request_when_leaving_home(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        scene.wait(2)
        outputs = scene.hear(FOREIGN_1)
        assert isinstance(outputs[0], ChangeForwarding)
        assert not scene.answers_arp()
        assert scene.route is None
        assert scene.requests

    def test_home_agent_that_falls_silent_does_not_take_the_home_network_away(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        scene.wait(60)
        assert scene.state == "at_home"
        assert scene.route is not None
        assert scene.times(SendDiscovery)[1:], "it is searched for all the same"
        scene.hear(HOME)
        assert not scene.requests

    def test_a_flap_at_home_is_another_return(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        scene.wait(2)
        scene.hear(HOME)
        scene.flap()
        assert scene.solicitations
        scene.hear(HOME)
        assert scene.announcements
        assert scene.requests
        assert scene.state == "returning"

    def test_home_by_a_system_set_address(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp("10.1.0.10/24", "10.1.0.254")
        assert scene.departure.link_destination is None
        assert scene.departure.source == HOME_ADDRESS
        assert scene.route is not None
        assert scene.route.gateway == IPv4Address("10.1.0.254")
        assert scene.answers_arp()
        scene.answer()
        scene.wait(60)
        assert not scene.solicitations, "where we are has been determined through other means"
        assert scene.state == "at_home"

    def test_the_home_agents_binding_is_deleted_even_if_we_know_of_none(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        assert [request.lifetime for request in scene.requests_so_far] == [0]

    def test_retransmits_until_answered(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        scene.wait(10)
        assert [at - 100 for at in scene.times(SendMessage)] == [0, 1, 3, 7]
        assert scene.answers_arp()
        scene.answer()
        assert scene.state == "at_home"

    def test_configured_gateway(self) -> None:
        scene = Scene(home_gateway=IPv4Address("10.1.0.253"))
        arrive = scene.up() and scene.hear(HOME)
        assert arrive
        assert scene.route is not None
        assert scene.route.gateway == IPv4Address("10.1.0.253")


class TestForeignAgent:
    def test_request_leaves_in_the_call_in_which_the_agent_is_heard(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        assert scene.departure.source == HOME_ADDRESS
        assert scene.departure.ttl == 255
        assert not scene.request.decapsulation_by_mobile_node
        assert scene.notice(AgentHeard).agent == FOREIGN_1.address
        assert scene.notice(Attached).care_of == "foreign_agent"

    def test_another_request_to_a_new_agent_waits_for_the_second(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.down()
        scene.wait(0.25)
        scene.up()
        scene.hear(FOREIGN_2)
        assert not scene.requests
        scene.wait(0.74)
        assert not scene.requests
        scene.wait(0.02)
        assert [request.care_of_address for request in scene.requests] == list(FOREIGN_2.care_of_addresses)

    def test_reboot_is_registered_again(self) -> None:
        scene = Scene()
        scene.register()
        route = scene.route
        scene.wait(1)
        scene.hear(FOREIGN_1, sequence_number=0)
        assert scene.requests
        assert scene.notice(AgentLost).cause == "rebooted"
        assert scene.state == "registering"
        assert scene.route == route, "the route stays meanwhile"
        scene.answer()
        assert scene.state == "registered"

    def test_rollover_is_no_reboot(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1, sequence_number=0xFFFF)
        scene.answer()
        scene.wait(1)
        scene.hear(FOREIGN_1, sequence_number=256)
        assert not scene.requests
        assert scene.state == "registered"

    def test_flap_too_short_to_be_seen_is_verified(self) -> None:
        scene = Scene()
        scene.register()
        route = scene.route
        scene.wait(1)
        scene.flap()
        assert scene.solicitations
        assert scene.state == "lingering"
        assert scene.route == route
        scene.hear(FOREIGN_1, sequence_number=11)
        assert scene.requests
        assert scene.route == route
        scene.answer()
        assert scene.state == "registered"

    def test_flap_with_another_agent_behind_it(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(1)
        scene.flap()
        scene.hear(FOREIGN_2.but(prefix_length=None))
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway == FOREIGN_2.address

    def test_an_agent_heard_again_after_its_lifetime_is_verified(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(4)
        scene.hear(FOREIGN_1)
        assert scene.requests

    def test_new_care_of_address_of_the_same_agent(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(1)
        other = IPv4Address("198.51.100.99")
        scene.hear(FOREIGN_1.but(care_of_addresses=(other,)))
        assert scene.request.care_of_address == other

    def test_second_care_of_address_of_the_same_agent_changes_nothing(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(1)
        scene.hear(FOREIGN_1.but(care_of_addresses=(IPv4Address("198.51.100.99"), *FOREIGN_1.care_of_addresses)))
        assert not scene.requests

    def test_other_link_layer_address_is_another_agent(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(1)
        scene.hear(FOREIGN_1.but(link_address=b"\x02\x00\x00\x00\x00\x77"))
        assert scene.departure.link_destination == b"\x02\x00\x00\x00\x00\x77"

    def test_withdrawn_agent(self) -> None:
        scene = Scene()
        scene.register()
        scene.hear(FOREIGN_1, lifetime=0)
        assert scene.notice(AgentLost).cause == "lifetime"
        assert scene.state == "lingering"
        scene.hear(FOREIGN_1, lifetime=0)
        assert not [n for n in scene.notices if isinstance(n, AgentLost)]

    def test_requests_no_more_than_the_agent_offers(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(registration_lifetime=120))
        assert scene.request.lifetime == 120


class TestBusy:
    def test_busy_agent_is_avoided(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(busy=True))
        assert not scene.requests
        scene.hear(FOREIGN_2)
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]

    def test_agent_that_becomes_busy_is_kept(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(1)
        scene.hear(FOREIGN_1.but(busy=True))
        assert scene.state == "registered"
        assert not scene.requests

    def test_co_located_address_beside_a_busy_agent(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(busy=True))
        scene.wait(1)
        scene.hear(FOREIGN_1.but(busy=True))
        scene.dhcp("192.0.1.77/24", "192.0.1.254")
        assert scene.request.care_of_address == IPv4Address("192.0.1.77")
        assert scene.departure.destination == HOME_AGENT

    def test_not_where_the_busy_agent_demands_registration(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(busy=True, registration_required=True, lifetime=9))
        scene.wait(1)
        scene.dhcp("192.0.1.77/24", "192.0.1.254")
        assert not scene.requests


class TestColocated:
    def test_waits_for_an_agent_first(self) -> None:
        scene = Scene()
        scene.up()
        scene.dhcp()
        assert not scene.requests
        scene.wait(0.19)
        assert not scene.requests
        scene.wait(0.02)
        assert scene.request.care_of_address == COLOCATED

    def test_address_that_comes_late_is_used_at_once(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(2)
        scene.dhcp()
        assert scene.requests

    def test_not_without_a_gateway(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(2)
        scene.dhcp()
        scene.link(gateway=None)
        assert scene.state == "searching"
        scene.link(gateway=GATEWAY)
        assert scene.state == "registering"

    def test_home_agent_on_the_same_subnet_is_its_own_gateway(self) -> None:
        scene = Scene(home_agent=IPv4Address("203.0.113.99"))
        scene.up()
        scene.wait(2)
        scene.dhcp()
        scene.link(gateway=None)
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway == IPv4Address("203.0.113.99")

    def test_not_when_forbidden(self) -> None:
        scene = Scene(colocated=False)
        scene.up()
        scene.wait(2)
        scene.dhcp()
        assert not scene.requests

    def test_gateways_neighbour_is_wished_for_with_the_request(self) -> None:
        """RFC 5944 §4.6: the request itself must not ask by ARP."""
        scene = Scene()
        scene.up()
        scene.wait(1)
        outputs = scene.dhcp()
        assert isinstance(outputs[0], ChangeForwarding)
        neighbour = Neighbour(interface="eth0", address=GATEWAY, link_address=GATEWAY_MAC)
        assert scene.wish(Neighbour) == neighbour
        scene.answer()
        assert scene.wish(Neighbour) == neighbour

    def test_tunnel_is_open_before_the_reply(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp()
        assert scene.tunnel_exit == TunnelExit(
            home_address=HOME_ADDRESS, tunnel=Tunnel(COLOCATED, HOME_AGENT), expires_at=101.0 + 1800
        )
        assert scene.route is None

    def test_gateways_link_address_may_come_later(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp()
        scene.link(gateway=IPv4Address("203.0.113.2"))
        assert not scene.requests, "another gateway is no other point of attachment"
        assert scene.wish(Neighbour) is None
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway_link_address is None
        scene.dhcp(gateway="203.0.113.2")
        assert scene.route.gateway_link_address == GATEWAY_MAC

    def test_agent_heard_later_is_preferred(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.wait(5)
        scene.hear(FOREIGN_1)
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        assert scene.tunnel_exit is not None, "the old way carries traffic until the new one is granted"
        scene.answer()
        assert scene.wish(Neighbour) is None
        scene.wait(2)
        assert scene.tunnel_exit is None, "packets were on their way to the old one"

    def test_address_taken_away_ends_it(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.link(addresses=(), gateway=None)
        assert scene.notice(RegistrationLost).cause == "link"
        assert scene.route is None
        assert scene.state == "searching"
        assert scene.solicitations

    def test_other_address_is_registered(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.wait(5)
        scene.dhcp("203.0.113.8/24")
        assert scene.request.care_of_address == IPv4Address("203.0.113.8")
        assert scene.notice(RegistrationLost).cause == "link"

    def test_flap_is_verified(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.wait(5)
        before = len(scene.requests_so_far)
        scene.flap()
        assert scene.state == "registering", "no agent was here before, and none is waited for"
        assert scene.route is not None
        assert [request.care_of_address for request in scene.requests_so_far[before:]] == [COLOCATED]
        scene.answer()
        assert scene.state == "registered"

    def test_through_the_agent_where_it_demands_registration(self) -> None:
        """RFC 5944 §2.4.1: the R bit."""
        scene = Scene()
        scene.up()
        demanding = FOREIGN_1.but(registration_required=True, lifetime=30, registration_lifetime=600)
        scene.hear(demanding)
        scene.wait(0.6)
        scene.deny(FOREIGN_1, 77)
        scene.wait(0.4)
        scene.dhcp("192.0.1.77/24", "192.0.1.254")
        request = scene.request
        assert request.care_of_address == IPv4Address("192.0.1.77")
        assert request.decapsulation_by_mobile_node
        assert request.lifetime == 600
        assert scene.departure.source == IPv4Address("192.0.1.77")
        assert scene.departure.destination == FOREIGN_1.address
        assert scene.departure.link_destination == FOREIGN_1.link_address
        scene.answer(agent=FOREIGN_1)
        assert scene.route is not None
        assert scene.route.gateway == IPv4Address("192.0.1.254")
        assert scene.tunnel_exit is not None


class TestSilentReplug:
    """The switch behind the link was replugged: no carrier event."""

    def test_from_agent_to_agent_by_prefix(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1)
        route = scene.route
        scene.wait(2)
        scene.hear(FOREIGN_2)
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]
        assert scene.route == route
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway == FOREIGN_2.address
        scene.wait(60)
        assert all(r.care_of_address != FOREIGN_1.care_of_addresses[0] for r in scene.requests)

    def test_by_lifetime_only_where_that_is_configured(self) -> None:
        scene = Scene(move_detection=MoveDetection.BY_LIFETIME)
        scene.register(FOREIGN_1)
        scene.wait(2)
        scene.hear(FOREIGN_2)
        assert not scene.requests
        scene.wait(1)
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]

    @pytest.mark.parametrize("silent", [FOREIGN_1, FOREIGN_2])
    def test_without_prefix_lengths_by_lifetime(self, silent: Agent) -> None:
        agents = [a.but(prefix_length=None) if a is silent else a for a in (FOREIGN_1, FOREIGN_2)]
        scene = Scene()
        scene.register(agents[0])
        scene.wait(2)
        scene.hear(agents[1])
        assert not scene.requests
        scene.wait(1)
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]

    def test_same_prefix_is_the_same_network(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1)
        scene.wait(2)
        scene.hear(foreign_agent(1, address=IPv4Address("192.0.1.2"), link_address=b"\x02\0\0\0\0\x02"))
        assert not scene.requests

    def test_two_agents_with_two_prefixes_on_one_link_settle(self) -> None:
        """One change at most; the solicitation makes both answer, and so both stay believed."""
        scene = Scene()
        scene.register(FOREIGN_1)
        scene.wait(1)
        scene.hear(FOREIGN_2)
        scene.answer()
        count = len(scene.requests_so_far)
        for number in range(20):
            scene.wait(1)
            scene.hear(FOREIGN_1, sequence_number=20 + number)
            scene.hear(FOREIGN_2, sequence_number=20 + number)
        assert len(scene.requests_so_far) == count

    def test_back_to_the_first_agent_while_it_was_doubted(self) -> None:
        slow = [agent.but(lifetime=1800) for agent in (FOREIGN_1, FOREIGN_2)]
        scene = Scene()
        scene.register(slow[0])
        scene.wait(1)
        scene.hear(slow[1])
        scene.answer()
        scene.wait(1)
        scene.hear(slow[0], sequence_number=12)
        assert scene.solicitations, "whoever is here answers"
        scene.wait(2.5)
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]

    def test_from_agent_to_home(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1)
        scene.wait(2)
        scene.hear(HOME)
        assert scene.state == "returning"
        assert scene.requests

    def test_from_home_to_agent(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        scene.wait(2)
        scene.hear(FOREIGN_1)
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        assert not scene.answers_arp()

    def test_from_home_to_agent_without_prefixes_by_lifetime(self) -> None:
        scene = Scene()
        arrive_at_home(scene)
        scene.wait(2)
        scene.hear(FOREIGN_1.but(prefix_length=None))
        assert not scene.requests
        scene.wait(1)
        assert scene.requests

    def test_from_agent_to_a_network_without_one(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1)
        scene.wait(1)
        scene.dhcp()
        assert not scene.requests, "the agent is still believed"
        scene.wait(3)
        assert scene.request.care_of_address == COLOCATED
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway == GATEWAY

    def test_from_no_agent_to_an_agent(self) -> None:
        scene = Scene()
        arrive_without_agent(scene)
        scene.wait(30)
        scene.hear(FOREIGN_2)
        assert scene.request.care_of_address == FOREIGN_2.care_of_addresses[0]


class TestSeveralLinks:
    def test_make_before_break(self) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.up("wlan0")
        scene.hear(FOREIGN_1.but(lifetime=60), "wlan0")
        scene.answer()
        route = scene.route
        scene.wait(5)
        scene.up("eth0")
        scene.hear(FOREIGN_2.but(lifetime=60), "eth0")
        assert scene.departure.interface == "eth0"
        assert scene.route == route
        scene.answer()
        assert scene.route is not None
        assert scene.route.interface == "eth0"
        assert scene.state == "registered"

    def test_the_other_link_stands_in_at_once(self) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.up("wlan0")
        scene.up("eth0")
        scene.hear(FOREIGN_1.but(lifetime=60), "eth0")
        scene.answer()
        scene.hear(FOREIGN_2.but(lifetime=60), "wlan0")
        assert not scene.requests
        scene.wait(5)
        scene.down("eth0")
        assert scene.departure.interface == "wlan0"

    def test_home_on_the_lesser_link_wins(self) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.register(FOREIGN_1.but(lifetime=60))
        scene.wait(5)
        scene.up("wlan0")
        scene.hear(HOME.but(lifetime=60), "wlan0")
        assert scene.answers_arp("wlan0")
        assert not scene.answers_arp("eth0")
        assert scene.departure.interface == "wlan0"
        scene.answer()
        assert scene.notice(Registered).interface == "wlan0"
        assert scene.state == "at_home"
        scene.down("wlan0")
        scene.wait(1)
        assert scene.departure.interface == "eth0"

    def test_links_that_are_not_configured_are_left_alone(self) -> None:
        scene = Scene()
        assert scene.up("eth7") == []
        assert scene.hear(FOREIGN_1, "eth7") == []
        assert scene.remove("eth7") == []
        assert scene.dhcp(name="eth7") == []

    def test_removed_link(self) -> None:
        scene = Scene()
        scene.register()
        scene.remove()
        assert scene.notice(RegistrationLost).cause == "link"
        assert scene.notice(LinkNoticed).state == "removed"
        assert list(scene.node.forwarding().wishes) == [("HomeAddress", str(HOME_ADDRESS))]
        assert scene.node.snapshot().links == ()


def test_the_home_address_is_wished_for_from_the_start() -> None:
    scene = Scene(started=False)
    assert scene.node.forwarding().wishes == {}
    assert scene.node.next_deadline() is None
    assert scene.up() == scene.outputs
    assert not scene.solicitations
    scene = Scene()
    assert scene.wish(HomeAddress) == HomeAddress(address=HOME_ADDRESS)
