"""Agent advertisements: when, to whom, and what they say."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    BARE_LINK,
    LINK,
    MAC,
    OTHER_MAC,
    link_changed,
    solicitation,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, instant
from tests.support.offers import home_offer, offer
from tests.support.playbook import Playbook, discovery

from mobileip.agents.advertising import (
    INITIAL_INTERVAL,
    MINIMUM_MULTICAST_GAP,
    RESPONSE_DELAY,
    UNICAST_BURST,
    Advertiser,
)
from mobileip.agents.events import LinkRemoved, SolicitationArrived, Started, Stopping, TimerExpired
from mobileip.agents.notices import SolicitationBroadcast
from mobileip.agents.offers import ALL_SYSTEMS, ALL_SYSTEMS_LINK_ADDRESS, LIMITED_BROADCAST
from mobileip.agents.outputs import Notify, Output, SendDiscovery
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    MobilityAgentAdvertisementExtension,
    decode_icmp,
    encode_icmp,
)

HALF = b"\x80" * 32
"""Entropy of which every draw is about one half."""


def playbook(*, entropy: bytes = HALF, busy: bool = False, link: str = LINK, **fields: Any) -> Playbook:
    return Playbook(Advertiser({link: offer(**fields)}, lambda: busy), entropy=entropy)


def mobility(output: Output) -> MobilityAgentAdvertisementExtension:
    assert isinstance(output, SendDiscovery)
    assert isinstance(output.message, AgentAdvertisement)
    assert output.message.mobility is not None
    return output.message.mobility


def multicast(**fields: Any) -> Any:
    return discovery(AgentAdvertisement, to=ALL_SYSTEMS, frame_to=ALL_SYSTEMS_LINK_ADDRESS, **fields)


# -- periodic


def test_the_first_comes_with_the_carrier_and_says_what_is_offered() -> None:
    play = playbook(registration_required=True)
    play.given(Started()).expect_nothing()
    play.given(link_changed()).expect(
        multicast(
            frm=AGENT_ADDRESS,
            on=LINK,
            ttl=1,
            code=0,
            lifetime=3,
            sequence_number=0,
            registration_lifetime=1800,
            registration_required=True,
            busy=False,
            home_agent=False,
            foreign_agent=True,
            care_of_addresses=(CARE_OF_ADDRESS,),
            routers=lambda routers: [(r.address, r.preference) for r in routers] == [(AGENT_ADDRESS, 0)],
            prefix_lengths=lambda extension: extension.prefix_lengths == (24,),
        )
    )


def test_what_is_sent_can_be_read() -> None:
    [output] = playbook().given(link_changed()).outputs
    assert isinstance(output, SendDiscovery)
    assert decode_icmp(encode_icmp(output.message)) == output.message


@pytest.mark.requirement("R5944-2.1-g", "R1256-4.3-b")
def test_they_go_on_between_three_quarters_and_the_whole_of_the_interval() -> None:
    for entropy, wanted in ((b"\0" * 32, 0.75), (b"\xff" * 32, 1.0)):
        play = playbook(entropy=entropy).given(link_changed()).forget()
        play.wait(wanted - 0.01).expect_nothing()
        play.wait(0.02).expect(multicast(sequence_number=1))


@pytest.mark.requirement("R5944-2.1-g", "R1256-4.3-b")
def test_each_interval_is_drawn_anew_and_links_differ() -> None:
    advertiser = Advertiser({LINK: offer(), BARE_LINK: offer()})
    entropy = bytes(16) + b"\0\0\0\0" + b"\x80\0\0\0" + bytes(8)
    for name in (LINK, BARE_LINK):
        event = link_changed(name)
        advertiser.handle(event, instant(0.0))
    advertiser.handle(TimerExpired(entropy=entropy), instant(1.0))
    assert [place.next_at for place in advertiser._places.values()] == [1.75, 1.875]


@pytest.mark.requirement("R5944-2.1-f")
def test_the_interval_is_never_longer_than_a_third_of_the_lifetime() -> None:
    play = playbook(entropy=b"\xff" * 32, interval=10.0, lifetime=9).given(link_changed()).forget()
    play.wait(3.0).expect(multicast())


@pytest.mark.requirement("R1256-4.3-c")
def test_the_first_few_of_long_intervals_come_earlier() -> None:
    play = playbook(interval=600.0, lifetime=1800, entropy=b"\xff" * 32).given(link_changed()).forget()
    for _ in range(3):
        play.wait(INITIAL_INTERVAL).expect(multicast())
    play.wait(590.0).expect_nothing()
    play.wait(10.0).expect(multicast())


@pytest.mark.requirement("R5944-2.3-e", "R5944-2.3-f")
def test_an_interval_of_nothing_is_still_limited() -> None:
    play = playbook(interval=0.0).given(link_changed()).forget()
    play.wait(1.0 + MINIMUM_MULTICAST_GAP / 2)
    assert len(play.outputs) == 10


@pytest.mark.requirement("R5944-2.3.2-b", "R5944-2.3.2-c")
def test_the_sequence_number_counts_from_0_and_rolls_over_to_256() -> None:
    advertiser = Advertiser({LINK: offer()})
    numbers = []
    advertiser.handle(link_changed(), instant(0.0))
    for turn in range(0x10005):
        [output] = advertiser.handle(TimerExpired(), instant(1.0 + turn))
        numbers.append(mobility(output).sequence_number)
    assert numbers[:3] == [1, 2, 3]
    assert numbers[0xFFFD:] == [0xFFFE, 0xFFFF, 256, 257, 258, 259, 260, 261]


def test_one_count_for_all_links() -> None:
    play = Playbook(Advertiser({LINK: offer(), BARE_LINK: offer()}))
    play.given(link_changed(LINK), link_changed(BARE_LINK)).expect(
        multicast(on=LINK, sequence_number=0), multicast(on=BARE_LINK, sequence_number=1)
    )


# -- what they say


@pytest.mark.requirement("R5944-2.1.1-e")
def test_busy_is_said_by_foreign_agents_only() -> None:
    playbook(busy=True).given(link_changed()).expect(multicast(busy=True, foreign_agent=True))
    play = Playbook(Advertiser({LINK: home_offer()}, lambda: True))
    play.given(link_changed()).expect(multicast(busy=False, home_agent=True, foreign_agent=False))


def test_a_link_without_address_shows_the_agents_own() -> None:
    playbook(link=BARE_LINK).given(link_changed(BARE_LINK)).expect(
        multicast(
            frm=CARE_OF_ADDRESS,
            routers=lambda routers: [r.address for r in routers] == [CARE_OF_ADDRESS],
            prefix_lengths=lambda extension: extension.prefix_lengths == (32,),
        )
    )


def test_of_several_addresses_the_agents_own_is_the_source() -> None:
    addresses = (IPv4Interface("10.2.0.1/16"), IPv4Interface("10.1.0.1/24"))
    play = Playbook(Advertiser({LINK: home_offer()}))
    play.given(link_changed(addresses=addresses)).expect(
        multicast(
            frm=HOME_AGENT,
            routers=lambda routers: [str(r.address) for r in routers] == ["10.2.0.1", "10.1.0.1"],
            prefix_lengths=lambda extension: extension.prefix_lengths == (16, 24),
        )
    )


@pytest.mark.requirement("R5944-2.1.1-g")
def test_service_that_needs_a_foreign_agent_is_not_required_by_a_home_agent() -> None:
    play = Playbook(Advertiser({LINK: home_offer(registration_required=True)}))
    play.given(link_changed()).expect(multicast(registration_required=False))


@pytest.mark.parametrize("tunnel", ["reverse_tunneling", "minimal_encapsulation", "gre_encapsulation", "udp_tunneling"])
def test_the_tunnels_that_are_offered_are_told(tunnel: str) -> None:
    for there in (True, False):
        [output] = playbook(**{tunnel: there}).given(link_changed()).outputs
        assert getattr(mobility(output), tunnel) is there


def test_who_does_not_route_common_traffic_says_so_in_every_advertisement() -> None:
    play = playbook(routes_common_traffic=False).given(link_changed(), solicitation())
    play.expect(multicast(code=16), discovery(AgentAdvertisement, to=HOME_ADDRESS, code=16))


def test_nodes_that_do_not_hear_multicasts_are_told_by_broadcast() -> None:
    play = playbook(advertisement_address=LIMITED_BROADCAST).given(link_changed())
    play.expect(discovery(AgentAdvertisement, to=LIMITED_BROADCAST, frame_to=b"\xff" * 6))
    play.forget().given(solicitation(source=IPv4Address(0))).expect(
        discovery(AgentAdvertisement, to=LIMITED_BROADCAST, frame_to=MAC)
    )
    play.forget().given(Stopping()).expect(discovery(AgentAdvertisement, to=LIMITED_BROADCAST, lifetime=0))


def test_our_addresses_have_the_preference_that_is_configured() -> None:
    playbook(preference_level=-(1 << 31)).given(link_changed()).expect(
        multicast(routers=lambda routers: [r.preference for r in routers] == [-(1 << 31)])
    )


def test_prefix_lengths_can_be_left_out() -> None:
    playbook(prefix_lengths=False).given(link_changed()).expect(
        multicast(extensions=lambda extensions: [e.TYPE for e in extensions] == [16])
    )
    playbook().given(link_changed()).expect(
        multicast(extensions=lambda extensions: [e.TYPE for e in extensions] == [16, 19])
    )


# -- solicited


def test_a_solicitation_is_answered_at_once_to_its_sender_alone() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(solicitation(), after=0.01).expect(
        discovery(
            AgentAdvertisement,
            to=HOME_ADDRESS,
            frame_to=MAC,
            on=LINK,
            frm=AGENT_ADDRESS,
            ttl=1,
            lifetime=3,
            sequence_number=1,
        )
    )


def test_the_periodic_ones_are_not_moved_by_unicast_answers() -> None:
    play = playbook().given(link_changed()).forget()
    before = play.agent.next_deadline()
    play.given(solicitation(), after=0.01)
    assert play.agent.next_deadline() == before


def test_who_has_no_address_is_answered_at_the_group_address_by_its_own_frame() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(solicitation(source=IPv4Address(0)), solicitation(source=IPv4Address("224.0.0.9")))
    play.expect(
        discovery(AgentAdvertisement, to=ALL_SYSTEMS, frame_to=MAC),
        discovery(AgentAdvertisement, to=ALL_SYSTEMS, frame_to=MAC),
    )


def test_the_sender_need_not_be_a_neighbour() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(solicitation(source=IPv4Address("203.0.113.77"))).expect(
        discovery(AgentAdvertisement, to="203.0.113.77")
    )


@pytest.mark.requirement("R1256-4.3-d")
def test_who_can_not_be_answered_alone_is_answered_with_all_others() -> None:
    for link_source in (None, b"\xff" * 6):
        play = playbook(interval=600.0, lifetime=1800).given(link_changed()).wait(5.0).forget()
        play.given(solicitation(link_source=link_source)).expect_nothing()
        play.wait(RESPONSE_DELAY / 2 - 0.01).expect_nothing()
        play.wait(0.02).expect(multicast())


@pytest.mark.requirement("R1256-4.3-d")
def test_one_multicast_answers_all_who_asked_meanwhile() -> None:
    play = playbook(interval=600.0, lifetime=1800, entropy=b"\xff" * 32).given(link_changed()).wait(5.0).forget()
    play.given(solicitation(link_source=None))
    play.wait(RESPONSE_DELAY - 0.05).given(solicitation(link_source=None)).expect_nothing()
    play.wait(0.05).expect(multicast())
    play.forget().wait(5.0).expect_nothing()


@pytest.mark.requirement("R5944-2.3-e")
def test_a_multicast_answer_waits_for_the_least_gap() -> None:
    play = playbook(entropy=bytes(32)).given(link_changed()).forget()
    play.given(solicitation(link_source=None), after=0.01).expect_nothing()
    play.wait(MINIMUM_MULTICAST_GAP).expect(multicast())


@pytest.mark.requirement("R1256-4.3-d")
def test_a_multicast_answer_begins_the_interval_anew() -> None:
    play = playbook(interval=16.0, lifetime=48, entropy=b"\xff" * 32).given(link_changed()).wait(10.0)
    play.given(solicitation(link_source=None)).forget().wait(RESPONSE_DELAY).expect(multicast())
    play.forget().wait(15.9).expect_nothing()
    play.wait(0.2).expect(multicast())


@pytest.mark.requirement("R1256-4.3-e")
def test_a_solicitation_by_broadcast_is_told_once_where_multicast_was_expected() -> None:
    play = playbook().given(link_changed()).forget()
    told = SolicitationBroadcast(interface=LINK, source=HOME_ADDRESS)
    play.given(solicitation(destination=LIMITED_BROADCAST))
    assert [output.notice for output in play.outputs if isinstance(output, Notify)] == [told]
    play.forget().given(solicitation(destination=LIMITED_BROADCAST))
    assert not [output for output in play.outputs if isinstance(output, Notify)]
    play = playbook(advertisement_address=LIMITED_BROADCAST).given(link_changed()).forget()
    play.given(solicitation(destination=LIMITED_BROADCAST))
    assert not [output for output in play.outputs if isinstance(output, Notify)]


def test_a_flood_of_solicitations_is_answered_a_limited_number_of_times() -> None:
    play = playbook().given(link_changed()).forget()
    flood: list[SolicitationArrived] = [solicitation(link_source=bytes((2, n % 256, *MAC[2:]))) for n in range(1000)]
    play.given(*flood)
    assert len(play.outputs) == UNICAST_BURST
    play.forget().wait(RESPONSE_DELAY).expect(multicast())
    play.given(solicitation()).expect(discovery(AgentAdvertisement, frame_to=MAC))


@pytest.mark.requirement("R5944-2.3-e")
def test_a_long_flood_leaves_ten_multicasts_a_second_at_most() -> None:
    play = playbook().given(link_changed()).forget()
    for _ in range(1000):
        play.given(solicitation(link_source=OTHER_MAC), after=0.001)
    multicasts = [
        output
        for output in play.outputs
        if isinstance(output, SendDiscovery) and output.departure.destination == ALL_SYSTEMS
    ]
    assert len(multicasts) <= 10
    assert len(play.outputs) - len(multicasts) <= UNICAST_BURST + 20


def test_a_solicitation_may_be_faster_than_the_news_of_its_link() -> None:
    playbook().given(solicitation()).expect(
        discovery(AgentAdvertisement, frame_to=MAC, frm=CARE_OF_ADDRESS, sequence_number=0)
    )


def test_links_of_others_are_left_alone() -> None:
    play = playbook()
    play.given(link_changed("eth7"), solicitation(interface="eth7"), LinkRemoved(name="eth7")).expect_nothing()
    assert play.agent.next_deadline() is None


# -- links come and go


@pytest.mark.requirement("R1256-4.3-f")
def test_nothing_is_sent_without_carrier_and_the_first_at_its_return() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(link_changed(carrier=False)).wait(60.0).expect_nothing()
    assert play.agent.next_deadline() is None
    play.given(link_changed(carrier_changes=2)).expect(multicast(sequence_number=1))


def test_a_flap_too_short_to_be_seen_counts_as_a_return() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(link_changed(carrier_changes=2), after=0.5).expect(multicast())
    play.given(link_changed(carrier_changes=2), after=0.2).expect_nothing()


def test_a_new_address_is_made_known() -> None:
    play = playbook().given(link_changed(addresses=())).forget()
    play.given(link_changed(), after=0.5).expect(multicast(frm=AGENT_ADDRESS))


@pytest.mark.requirement("R5944-2.3-e", "R5944-2.3-f")
def test_a_flapping_link_is_limited_too() -> None:
    play = playbook().given(link_changed())
    for turn in range(100):
        play.given(link_changed(carrier_changes=turn), after=0.01)
    assert len(play.outputs) <= 11


def test_a_link_that_is_removed_and_comes_back() -> None:
    play = playbook().given(link_changed()).forget()
    play.given(LinkRemoved(name=LINK)).wait(5.0).expect_nothing()
    play.given(link_changed()).expect(multicast(sequence_number=1))


def test_the_last_one_says_that_it_is_over() -> None:
    play = Playbook(Advertiser({LINK: offer(), BARE_LINK: offer()}))
    play.given(link_changed(), link_changed(BARE_LINK), link_changed(BARE_LINK, carrier=False)).forget()
    play.given(Stopping()).expect(multicast(lifetime=0, on=LINK, foreign_agent=True, sequence_number=2))
    assert play.agent.next_deadline() is None


def test_it_forwards_nothing_and_repeats_itself() -> None:
    play = playbook().given(link_changed(), solicitation()).wait(5.0)
    assert not play.agent.forwarding().wishes
    play.replay(Advertiser({LINK: offer()}))


# -- a registration that is gone


def test_one_mobile_node_is_told_by_a_number_of_0_and_all_others_count_on() -> None:
    play = playbook().given(link_changed()).forget()
    advertiser = play.agent
    assert isinstance(advertiser, Advertiser)
    [told] = advertiser.tell_reset(LINK, HOME_ADDRESS, MAC)
    assert mobility(told).sequence_number == 0
    assert isinstance(told, SendDiscovery)
    assert (told.departure.destination, told.departure.link_destination) == (HOME_ADDRESS, MAC)
    play.wait(1.0).expect(multicast(sequence_number=1))


def test_nobody_is_told_where_we_do_not_advertise() -> None:
    advertiser = playbook().agent
    assert isinstance(advertiser, Advertiser)
    assert advertiser.tell_reset(LINK, HOME_ADDRESS, MAC) == []
    assert advertiser.tell_reset("eth7", HOME_ADDRESS, MAC) == []
