"""The mobile node as a whole: commands, stopping, what it shows, what it ignores."""

from ipaddress import IPv4Address, IPv4Interface
from math import inf

import msgspec
import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME, NODE_MAC, Scene
from tests.support.two_links import WLAN, WLAN_ADDRESS, WWAN, WWAN_ADDRESS, TwoLinks

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeregisterCommanded,
    Event,
    GatewayHeard,
    HandoverCommanded,
    LinkAnnounced,
    PacketsTold,
    PreferCommanded,
    RegisterCommanded,
    Resumed,
    SolicitationArrived,
    Started,
    Stopping,
    TimerExpired,
)
from mobileip.agents.instant import Deadline
from mobileip.agents.notices import (
    AgentHeard,
    AgentLost,
    Discarded,
    LinkNoticed,
    PathNoticed,
    RegistrationLost,
    UnauthenticatedAllowed,
)
from mobileip.agents.outputs import SendDiscovery
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import MobileLink
from mobileip.forwarding.news import EchoAnswered
from mobileip.wire.agent_discovery import AgentSolicitation


def registered() -> Scene:
    scene = Scene()
    scene.up()
    scene.hear(FOREIGN_1.but(lifetime=9000))
    scene.answer()
    scene.wait(5)
    return scene


class TestDeregisterCommanded:
    def test_through_the_foreign_agent(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        assert scene.state == "deregistering"
        assert scene.request.lifetime == 0
        assert scene.request.care_of_address == FOREIGN_1.care_of_addresses[0]
        assert scene.departure.destination == FOREIGN_1.address
        assert scene.route is not None
        scene.answer()
        assert scene.state == "deregistered"
        assert scene.route is None
        assert scene.notice(RegistrationLost).cause == "deregistered"

    def test_stays_so_until_register(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.answer()
        scene.wait(100)
        scene.hear(FOREIGN_2)
        scene.down()
        scene.up()
        scene.hear(FOREIGN_1)
        assert not scene.requests
        assert scene.state == "deregistered"
        scene.handle(RegisterCommanded())
        assert scene.requests
        scene.answer()
        assert scene.state == "registered"

    def test_register_again_at_the_same_place(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.answer()
        scene.wait(2)
        scene.handle(RegisterCommanded())
        assert scene.request.lifetime == 1800

    def test_register_before_the_answer(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.handle(RegisterCommanded())
        scene.wait(1)
        assert scene.request.lifetime == 1800
        scene.answer()
        assert scene.state == "registered"

    def test_co_located(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp()
        scene.answer()
        scene.wait(5)
        scene.handle(DeregisterCommanded())
        assert scene.request.care_of_address == IPv4Address("203.0.113.7")
        assert scene.request.decapsulation_by_mobile_node
        scene.link(addresses=(), gateway=None)
        assert scene.state == "deregistered"

    def test_gives_up_after_four_unanswered(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.wait(60)
        assert len(scene.requests) == 3
        assert scene.state == "deregistered"
        assert scene.route is None

    def test_refused(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.answer(129)
        assert scene.state == "deregistered"
        assert scene.notice(RegistrationLost).cause == "deregistered"

    def test_refused_with_nothing_in_force(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(lifetime=9000))
        scene.handle(DeregisterCommanded())
        scene.wait(1)
        scene.answer(129)
        assert scene.state == "deregistered"

    def test_resynchronised_first(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.answer(133)
        assert scene.state == "deregistering"
        scene.wait(1)
        assert scene.request.lifetime == 0
        scene.answer()
        assert scene.state == "deregistered"

    def test_waits_for_the_second_after_a_request(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.handle(DeregisterCommanded())
        assert not scene.requests
        scene.wait(1)
        assert scene.request.lifetime == 0
        assert scene.request.care_of_address == HOME_ADDRESS, "whatever the home agent may hold"
        scene.answer()
        assert scene.state == "deregistered"

    def test_what_lingers(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(5)
        assert scene.state == "lingering"
        scene.handle(DeregisterCommanded())
        assert scene.state == "deregistering"
        assert scene.departure.destination == FOREIGN_1.address
        scene.handle(DeregisterCommanded())
        assert not scene.requests

    def test_expires_meanwhile(self) -> None:
        scene = Scene(requested_lifetime=5)
        scene.register(FOREIGN_1.but(lifetime=9000))
        scene.wait(2)
        scene.handle(DeregisterCommanded())
        scene.wait(4)
        assert scene.state == "deregistered"
        assert scene.route is None

    def test_carrier_lost_meanwhile(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.down()
        assert scene.state == "deregistered"
        assert scene.node.snapshot().registration is None

    def test_at_home_there_is_nothing_to_deregister(self) -> None:
        scene = Scene()
        scene.register(HOME)
        scene.wait(1)
        scene.handle(DeregisterCommanded())
        assert scene.state == "at_home"
        assert not scene.requests

    def test_home_is_home_also_while_deregistered(self) -> None:
        scene = Scene()
        scene.handle(DeregisterCommanded())
        assert scene.state == "deregistered"
        scene.up()
        scene.hear(FOREIGN_1)
        assert not scene.requests
        scene.hear(HOME)
        assert scene.requests
        scene.answer()
        assert scene.state == "at_home"

    def test_home_while_deregistering(self) -> None:
        scene = registered()
        scene.handle(DeregisterCommanded())
        scene.hear(HOME)
        scene.wait(1)
        assert scene.request.care_of_address == HOME_ADDRESS
        scene.answer()
        assert scene.state == "at_home"

    @pytest.mark.parametrize("answered", [True, False])
    def test_home_on_another_link_while_deregistered(self, answered: bool) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.register(FOREIGN_1.but(lifetime=9000))
        scene.wait(5)
        scene.handle(DeregisterCommanded())
        if answered:
            scene.answer()
        scene.wait(1)
        scene.up("wlan0")
        scene.hear(HOME, "wlan0")
        scene.wait(1)
        scene.answer()
        assert scene.state == "at_home"
        assert scene.route is not None
        assert scene.route.interface == "wlan0"


class TestRegisterCommanded:
    def test_renews_what_is_registered(self) -> None:
        scene = registered()
        scene.handle(RegisterCommanded())
        assert scene.state == "renewing"
        assert scene.requests
        scene.handle(RegisterCommanded())
        assert scene.state == "renewing"

    def test_ends_the_wait_after_a_denial(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(lifetime=9000))
        scene.answer(131)
        scene.wait(2)
        scene.handle(RegisterCommanded())
        assert scene.requests
        assert scene.state == "registering"

    def test_solicits_once_more_without_an_agent(self) -> None:
        scene = Scene(links=("eth0", "eth1"))
        scene.up()
        scene.wait(40)
        scene.handle(RegisterCommanded())
        assert len(scene.solicitations) == 1
        scene.wait(32)
        assert not scene.solicitations

    def test_at_home_returns_again(self) -> None:
        scene = Scene()
        scene.register(HOME)
        scene.wait(2)
        scene.handle(RegisterCommanded())
        assert scene.state == "returning"
        assert scene.announcements
        assert scene.requests

    def test_forgets_the_home_agent_that_code_136_named(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(lifetime=9000))
        scene.answer(136, home_agent=IPv4Address("10.1.0.2"))
        scene.handle(RegisterCommanded())
        scene.wait(1)
        assert scene.request.home_agent == HOME_AGENT

    def test_keeps_the_home_agent_that_was_assigned(self) -> None:
        scene = Scene(home_agent=IPv4Address("255.255.255.255"), nai="mn@example.net")
        scene.up()
        scene.hear(FOREIGN_1.but(lifetime=9000))
        scene.answer(home_agent=HOME_AGENT)
        scene.wait(5)
        scene.handle(RegisterCommanded())
        assert scene.request.home_agent == HOME_AGENT


def test_a_node_that_believes_anybody_says_so_loudly() -> None:
    scene = Scene(started=False, allow_unauthenticated=True)
    scene.handle(Started())
    assert scene.notice(UnauthenticatedAllowed).home_agent == HOME_AGENT


def test_an_agent_that_fell_silent_is_noted_though_another_repeats_itself() -> None:
    scene = Scene()
    scene.up()
    scene.hear(FOREIGN_1.but(lifetime=9000))
    scene.answer()
    scene.hear(FOREIGN_1.but(address=FOREIGN_1.address + 1, lifetime=3))
    scene.now += 5
    scene.hear(FOREIGN_1.but(lifetime=9000), sequence_number=11)
    assert scene.notice(AgentLost).cause == "lifetime"


class TestStopping:
    def test_deregisters(self) -> None:
        scene = registered()
        scene.handle(Stopping())
        assert scene.request.lifetime == 0
        assert scene.node.next_deadline() is None
        scene.answer()
        assert scene.state == "deregistered"
        assert scene.handle(TimerExpired()) == []

    def test_a_second_after_the_last_request(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.handle(Stopping())
        assert scene.request.lifetime == 1800
        assert scene.node.next_deadline() == Deadline(101.0, "farewell")
        assert scene.node.farewell_at == 101.0
        scene.handle(TimerExpired())
        assert not scene.requests
        scene.wait(1)
        assert scene.request.lifetime == 0
        assert scene.node.next_deadline() is None

    def test_unless_the_link_is_gone_before_it_could_leave(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.handle(Stopping())
        scene.down()
        assert scene.wait(5) == []

    def test_not_where_that_is_not_wanted(self) -> None:
        scene = Scene(deregister_on_stop=False)
        scene.register()
        scene.wait(1)
        assert scene.handle(Stopping()) == []
        assert scene.state == "registered"

    def test_nothing_to_say_at_home(self) -> None:
        scene = Scene()
        scene.register(HOME)
        scene.wait(1)
        scene.handle(Stopping())
        assert not scene.requests

    def test_before_the_start(self) -> None:
        assert Scene(started=False).handle(Stopping()) == []

    def test_nothing_is_begun_afterwards(self) -> None:
        scene = Scene()
        scene.handle(Stopping())
        scene.up()
        scene.hear(FOREIGN_1)
        assert not scene.requests
        assert not scene.solicitations
        scene.down()


@pytest.mark.requirement("R5944-2.4-o")
def test_reserved_bits_are_ignored() -> None:
    scene = Scene()
    scene.up()
    mobility = FOREIGN_1.advertisement().mobility
    assert mobility is not None
    scene.hear(FOREIGN_1, extensions=(msgspec.structs.replace(mobility, reserved=0x1F, reserved_r=True),))
    assert scene.requests


class TestAdvertisements:
    def arrival(self, **fields: object) -> Arrival:
        defaults: dict[str, object] = {
            "interface": "eth0",
            "source": FOREIGN_1.address,
            "destination": IPv4Address("224.0.0.1"),
            "ttl": 1,
            "link_source": FOREIGN_1.link_address,
        }
        return Arrival(**(defaults | fields))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arrival", "advertisement"),
        [
            ({"link_source": None}, {}),
            ({"source": IPv4Address(0)}, {}),
            ({"source": IPv4Address("224.0.0.9")}, {}),
            ({"source": IPv4Address("127.0.0.1")}, {}),
            ({}, {"code": 7}),
        ],
    )
    def test_bad_ones_are_discarded(self, arrival: dict[str, object], advertisement: dict[str, object]) -> None:
        scene = Scene()
        scene.up()
        scene.handle(
            AdvertisementArrived(
                advertisement=FOREIGN_1.advertisement(**advertisement), arrival=self.arrival(**arrival)
            )
        )
        assert scene.notice(Discarded).reason == DropReason.BAD_ADVERTISEMENT
        assert scene.node.snapshot().agents == ()

    @pytest.mark.parametrize("agent", [FOREIGN_1.but(foreign_agent=False), FOREIGN_1.but(care_of_addresses=())])
    def test_agents_that_offer_nothing_are_discarded(self, agent: object) -> None:
        scene = Scene()
        scene.up()
        scene.hear(agent)  # type: ignore[arg-type]
        assert scene.notice(Discarded).reason == DropReason.BAD_ADVERTISEMENT

    def test_code_16_is_an_agent_too(self) -> None:
        """RFC 5944 §2.1: it does not route common traffic."""
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1, code=16)
        assert scene.requests

    def test_agent_without_router_addresses(self) -> None:
        """RFC 5944 §2.1: the number of addresses may be 0."""
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1, routers=())
        assert scene.requests

    def test_agent_that_grants_no_time_is_not_used(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(registration_lifetime=0))
        assert not scene.requests

    def test_our_own_are_not_heard(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1.but(link_address=NODE_MAC))
        assert not scene.requests
        assert not [n for n in scene.notices if isinstance(n, AgentHeard)]

    def test_not_before_the_carrier(self) -> None:
        scene = Scene()
        scene.link(carrier=False)
        scene.hear(FOREIGN_1)
        assert scene.outputs == []

    def test_plain_router_is_no_agent(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1, extensions=())
        assert not scene.requests
        assert not scene.notices
        assert scene.node.snapshot().agents == ()
        scene.wait(5)
        assert scene.solicitations
        assert not scene.notices

    def test_plain_router_beside_the_same_machines_agent(self) -> None:
        scene = Scene()
        scene.register()
        for _ in range(5):
            scene.wait(1)
            scene.hear(FOREIGN_1, extensions=())
            scene.hear(FOREIGN_1)
            assert not scene.requests
        scene.down()

    def test_more_agents_than_anyone_needs(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1.but(lifetime=9000, prefix_length=None))
        for number in range(100):
            source = IPv4Address("10.9.0.1") + number
            scene.hear(FOREIGN_2.but(address=source, lifetime=9000, prefix_length=None))
        agents = scene.node.snapshot().agents
        assert len(agents) == 16
        assert FOREIGN_1.address in [agent.address for agent in agents]


class TestSnapshot:
    def test_of_a_registered_node(self) -> None:
        scene = registered()
        snapshot = scene.node.snapshot()
        assert snapshot.home_address == HOME_ADDRESS
        assert snapshot.state == "registered"
        assert [agent.address for agent in snapshot.agents] == [FOREIGN_1.address]
        assert snapshot.links[0].state == "registered"
        assert snapshot.registration is not None
        assert snapshot.registration.care_of == "foreign_agent"
        assert snapshot.registration.agent == FOREIGN_1.address
        assert snapshot.counters["requests_sent"] == 1

    def test_of_links(self) -> None:
        scene = Scene(links=("eth0", "eth1", "eth2", "eth3"))
        scene.down("eth0")
        scene.up("eth1")
        scene.up("eth2", addresses=(IPv4Interface("192.0.2.9/24"),))
        assert [(link.name, link.state) for link in scene.node.snapshot().links] == [
            ("eth0", "down"),
            ("eth1", "up"),
            ("eth2", "addressed"),
        ]

    def test_of_a_request_under_way(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        registration = scene.node.snapshot().registration
        assert registration is not None
        assert registration.care_of_address == FOREIGN_1.care_of_addresses[0]
        assert registration.granted_lifetime == 0

    def test_is_a_copy(self) -> None:
        scene = registered()
        before = scene.node.snapshot()
        scene.handle(RegisterCommanded())
        assert before.counters["requests_sent"] == 1


class TestLinks:
    def test_up_is_noticed_once(self) -> None:
        scene = Scene()
        scene.up()
        assert scene.notice(LinkNoticed).state == "up"
        assert scene.up() == []

    def test_addressed(self) -> None:
        scene = Scene()
        scene.up()
        scene.dhcp()
        assert scene.notice(LinkNoticed).state == "addressed"

    def test_down_from_the_start(self) -> None:
        scene = Scene()
        assert not [n for n in (scene.down(), scene.notices)[1] if isinstance(n, LinkNoticed)]
        assert scene.wish(MobileLink) == MobileLink(interface="eth0", answers_arp=False, is_bare=True)

    def test_a_storm_of_flaps_is_answered_within_the_limit(self) -> None:
        scene = Scene()
        scene.up()
        for _ in range(100):
            scene.wait(0.05)
            scene.flap()
        assert len(scene.times(SendDiscovery)) <= 3 + 5

    def test_few_neighbours_are_kept(self) -> None:
        scene = Scene()
        scene.up()
        scene.dhcp()
        for number in range(20):
            scene.handle(
                GatewayHeard(interface="eth0", address=IPv4Address("192.0.2.0") + number, link_address=bytes(6))
            )
        scene.wait(1)
        scene.answer()
        assert scene.route is not None
        assert scene.route.gateway_link_address is None


def test_solicitations_of_others_are_not_for_us() -> None:
    scene = Scene()
    scene.up()
    arrival = Arrival(interface="eth0", source=HOME_ADDRESS, destination=IPv4Address("224.0.0.2"))
    assert scene.handle(SolicitationArrived(solicitation=AgentSolicitation(), arrival=arrival)) == []


def test_deadlines_say_why() -> None:
    scene = Scene()
    scene.up()
    deadline = scene.node.next_deadline()
    assert deadline is not None
    assert deadline.reason == "solicitation on eth0"
    scene.hear(FOREIGN_1)
    deadline = scene.node.next_deadline()
    assert deadline is not None
    assert (deadline.at, deadline.reason) == (101.0, "request")


class TestAnotherNetwork:
    """What the node itself does about it; the stories are in test_moves.py."""

    def test_a_flap_puts_every_agent_in_doubt(self) -> None:
        scene = registered()
        scene.flap()
        assert scene.notice(LinkNoticed).state == "up"
        assert scene.node.snapshot().agents == ()
        assert scene.solicitations

    def test_a_reboot_is_told(self) -> None:
        scene = registered()
        scene.hear(FOREIGN_1, sequence_number=0)
        assert scene.notice(AgentLost).cause == "rebooted"
        assert scene.notice(AgentHeard).agent == FOREIGN_1.address

    def test_a_withdrawal_is_told(self) -> None:
        scene = registered()
        scene.hear(FOREIGN_1, sequence_number=11, lifetime=0)
        assert scene.notice(AgentLost).cause == "lifetime"
        assert not [notice for notice in scene.notices if isinstance(notice, AgentHeard)]

    def test_one_that_was_doubted_and_is_heard_again_makes_the_others_speak(self) -> None:
        scene = registered()
        scene.hear(FOREIGN_2)
        scene.wait(2)
        scene.hear(FOREIGN_1, sequence_number=11)
        assert scene.solicitations

    def test_the_carrier_takes_what_is_registered_with_it(self) -> None:
        scene = registered()
        scene.down()
        assert scene.notice(RegistrationLost).cause == "link"
        assert scene.notice(AgentLost).cause == "link"
        assert scene.state == "searching"

    def test_the_carrier_takes_a_plain_router_without_a_word(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1, extensions=())
        scene.down()
        assert [type(notice) for notice in scene.notices] == [LinkNoticed]

    def test_the_carrier_takes_a_request_under_way(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.down()
        assert not [notice for notice in scene.notices if isinstance(notice, RegistrationLost)]
        assert scene.state == "searching"

    def test_the_carrier_takes_what_lingers_on_another_link(self) -> None:
        scene = Scene(links=("eth0", "wlan0"))
        scene.register()
        scene.wait(5)
        scene.up("wlan0")
        scene.hear(FOREIGN_2, "wlan0")
        assert scene.state == "registering"
        scene.down("eth0")
        assert scene.state == "registering", "that is another link's"
        assert scene.route is None

    def test_a_link_that_is_removed(self) -> None:
        scene = registered()
        scene.remove()
        assert scene.notice(LinkNoticed).state == "removed"
        assert scene.node.snapshot().links == ()
        assert scene.state == "searching"

    @pytest.mark.parametrize("event", ["up", "remove"])
    def test_a_link_that_is_not_ours(self, event: str) -> None:
        scene = Scene()
        assert getattr(scene, event)("eth9") == []
        assert scene.hear(FOREIGN_1, "eth9") == []

    def test_an_address_that_the_system_takes_away(self) -> None:
        scene = Scene()
        scene.up()
        scene.wait(1)
        scene.dhcp()
        scene.answer()
        assert scene.dhcp() == [], "the same picture again"
        scene.link(addresses=(), gateway=None)
        assert scene.notice(RegistrationLost).cause == "link"
        assert scene.state == "searching"
        assert scene.route is None


class TestRepetitions:
    """Advertisements that tell nothing new are taken in by a short way, and nothing may be overlooked on it."""

    def test_change_nothing_but_the_agents_time(self) -> None:
        scene = registered()
        before = scene.node.snapshot()
        assert scene.hear(FOREIGN_1.but(lifetime=9000), sequence_number=11) == []
        after = scene.node.snapshot()
        assert after.agents[0].expires_at == scene.now + 9000
        assert after.agents[0].sequence_number == 11
        assert after.counters["advertisements_heard"] == before.counters["advertisements_heard"] + 1
        assert after.registration == before.registration

    def test_keep_the_agent_believed(self) -> None:
        scene = Scene()
        scene.register()
        for number in range(11, 31):
            scene.wait(2)
            scene.hear(FOREIGN_1, sequence_number=number)
        assert scene.state == "registered"
        scene.wait(3)
        assert scene.state == "lingering"

    def test_a_renewal_that_is_due_begins(self) -> None:
        scene = registered()
        scene.now += 1300
        scene.hear(FOREIGN_1.but(lifetime=9000), sequence_number=11)
        assert scene.requests
        assert scene.state == "renewing"

    def test_an_end_that_has_come_is_noticed(self) -> None:
        scene = Scene()
        scene.register(FOREIGN_1.but(lifetime=9000))
        scene.now += 1900
        scene.hear(FOREIGN_1.but(lifetime=9000), sequence_number=11)
        assert scene.notice(RegistrationLost).cause == "expired"

    def test_a_request_that_is_due_leaves(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(FOREIGN_1)
        scene.now += 1.5
        scene.hear(FOREIGN_1, sequence_number=11)
        assert scene.requests

    def test_a_request_that_the_limit_holds_up_leaves_no_sooner_and_no_later(self) -> None:
        scene = Scene()
        scene.register()
        scene.wait(0.3)
        scene.hear(FOREIGN_1, sequence_number=0)
        scene.wait(0.2)
        assert scene.hear(FOREIGN_1, sequence_number=1) == []
        scene.wait(0.49)
        assert not scene.requests
        scene.wait(0.02)
        assert scene.requests

    def test_before_the_start_nothing_is_done_about_them(self) -> None:
        scene = Scene(started=False)
        scene.up()
        scene.hear(FOREIGN_1)
        scene.hear(FOREIGN_1, sequence_number=11)
        assert not scene.requests

    def test_after_the_end_neither(self) -> None:
        scene = registered()
        scene.handle(Stopping())
        assert scene.hear(FOREIGN_1.but(lifetime=9000), sequence_number=11) == []
        assert scene.node.next_deadline() is None


def test_what_packets_tell_is_for_the_keepalives() -> None:
    scene = registered()
    assert scene.handle(PacketsTold(news=EchoAnswered(home_address=HOME_ADDRESS, identifier=0x4D49, sequence=1))) == []


def moved_on() -> TwoLinks:
    """Registered with a co-located address by wlan0; wwan0 is there as well."""
    scene = TwoLinks()
    scene.lease(WLAN)
    scene.answer()
    scene.wait(0.1)
    scene.answer_probe()
    scene.wait(2)
    scene.lease(WWAN)
    scene.wait(0.1)
    return scene


class TestLinksOfOperatorsAndManagers:
    def test_a_command_moves_the_node_at_once(self) -> None:
        scene = moved_on()
        scene.handle(HandoverCommanded(interface=WWAN))
        assert scene.request.care_of_address == WWAN_ADDRESS
        scene.answer()
        assert (scene.way, scene.handover.trigger) == (WWAN, "command")
        assert scene.exits == {WLAN_ADDRESS, WWAN_ADDRESS}, "what is on its way still arrives"
        scene.wait(scene.config.handover_grace)
        assert scene.exits == {WWAN_ADDRESS}

    def test_what_is_preferred_is_taken_without_hold_down(self) -> None:
        scene = moved_on()
        scene.handle(PreferCommanded(interface=WWAN))
        scene.answer()
        assert (scene.way, scene.handover.trigger) == (WWAN, "preference")
        assert scene.node.snapshot().preferred_link == WWAN

    def test_a_link_that_will_go_down_is_left_before(self) -> None:
        scene = moved_on()
        scene.handle(LinkAnnounced(interface=WLAN, leaving=True))
        scene.answer()
        assert (scene.way, scene.handover.trigger) == (WWAN, "leaving")

    def test_no_probe_leaves_by_a_link_that_is_down(self) -> None:
        scene = moved_on()
        scene.down(WWAN, addresses=())
        scene.handle(HandoverCommanded(interface=WWAN))
        assert scene.solicitations == []

    @pytest.mark.parametrize(
        "event",
        [
            HandoverCommanded(interface="eth9"),
            PreferCommanded(interface="eth9"),
            LinkAnnounced(interface="eth9", leaving=True),
        ],
    )
    def test_what_is_no_link_of_ours_is_nothing_to_us(self, event: Event) -> None:
        scene = moved_on()
        assert scene.handle(event) == []
        snapshot = scene.node.snapshot()
        assert (snapshot.wanted_link, snapshot.preferred_link) == (None, None)

    def test_after_a_sleep_an_agent_has_to_show_that_it_is_still_there(self) -> None:
        scene = TwoLinks()
        scene.visit(WLAN)
        scene.answer()
        scene.wait(60)
        assert scene.solicitations == []
        scene.handle(Resumed())
        assert [each.departure.interface for each in scene.solicitations] == [WLAN], "wwan0 is down"
        assert scene.way == WLAN, "nothing ends by it"

    def test_a_dead_path_is_left(self) -> None:
        scene = moved_on()
        for sent in (100, 200):
            scene.wait(0.1)
            scene.use(sent=sent)
        scene.answer_probe()
        scene.wait(0.9)
        scene.answer()
        assert (scene.way, scene.handover.trigger) == (WWAN, "path_dead")

    def test_it_is_seen_to_be_whole_again(self) -> None:
        scene = moved_on()
        for sent in (100, 200):
            scene.wait(0.1)
            scene.use(sent=sent)
        scene.answer_probe()
        scene.wait(0.9)
        scene.down(WWAN, addresses=())
        while not scene.probes:
            scene.wait(0.1)
        scene.answer_probe()
        assert scene.notice(PathNoticed) == PathNoticed(interface=WLAN, state="verified")
        assert scene.way == WLAN


class TestWhatIsKnownOfItself:
    def test_it_has_settled_when_it_knows_where_it_is(self) -> None:
        scene = TwoLinks()
        assert not scene.node.has_settled
        assert scene.node.registered_until == inf
        scene.visit(WLAN)
        assert not scene.node.has_settled
        scene.answer()
        assert scene.node.has_settled
        assert scene.node.registered_until == scene.now + scene.request.lifetime

    def test_at_home_it_has_settled_before_the_answer(self) -> None:
        scene = Scene()
        scene.up()
        scene.hear(HOME)
        assert scene.node.has_settled

    @pytest.mark.parametrize("event", [DeregisterCommanded(), Stopping()])
    def test_one_that_is_not_to_be_anywhere_has_settled(self, event: Event) -> None:
        scene = TwoLinks()
        scene.handle(event)
        assert scene.node.has_settled
