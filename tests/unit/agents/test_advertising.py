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
from tests.support.playbook import Playbook, discovery

from mobileip.agents.advertising import (
    ALL_SYSTEMS,
    ALL_SYSTEMS_LINK_ADDRESS,
    INITIAL_INTERVAL,
    MINIMUM_MULTICAST_GAP,
    UNICAST_BURST,
    Advertiser,
    Offer,
    combine,
)
from mobileip.agents.events import LinkRemoved, SolicitationArrived, Started, Stopping, TimerExpired
from mobileip.agents.outputs import Output, SendDiscovery
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    MobilityAgentAdvertisementExtension,
    decode_icmp,
    encode_icmp,
)

HALF = b"\x80" * 32
"""Entropy of which every draw is about one half."""


def offer(**fields: Any) -> Offer:
    defaults: dict[str, Any] = {
        "address": CARE_OF_ADDRESS,
        "foreign_agent": True,
        "care_of_addresses": (CARE_OF_ADDRESS,),
        "registration_lifetime": 1800,
        "interval": 1.0,
        "lifetime": 3,
    }
    return Offer(**(defaults | fields))


def home_offer(**fields: Any) -> Offer:
    return offer(
        **({"address": HOME_AGENT, "home_agent": True, "foreign_agent": False, "care_of_addresses": ()} | fields)
    )


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


def test_they_go_on_between_three_quarters_and_the_whole_of_the_interval() -> None:
    for entropy, wanted in ((b"\0" * 32, 0.75), (b"\xff" * 32, 1.0)):
        play = playbook(entropy=entropy).given(link_changed()).forget()
        play.wait(wanted - 0.01).expect_nothing()
        play.wait(0.02).expect(multicast(sequence_number=1))


def test_each_interval_is_drawn_anew_and_links_differ() -> None:
    advertiser = Advertiser({LINK: offer(), BARE_LINK: offer()})
    entropy = bytes(16) + b"\0\0\0\0" + b"\x80\0\0\0" + bytes(8)
    for name in (LINK, BARE_LINK):
        event = link_changed(name)
        advertiser.handle(event, instant(0.0))
    advertiser.handle(TimerExpired(entropy=entropy), instant(1.0))
    assert [place.next_at for place in advertiser._places.values()] == [1.75, 1.875]


def test_the_interval_is_never_longer_than_a_third_of_the_lifetime() -> None:
    play = playbook(entropy=b"\xff" * 32, interval=10.0, lifetime=9).given(link_changed()).forget()
    play.wait(3.0).expect(multicast())


def test_the_first_few_of_long_intervals_come_earlier() -> None:
    play = playbook(interval=600.0, lifetime=1800, entropy=b"\xff" * 32).given(link_changed()).forget()
    for _ in range(3):
        play.wait(INITIAL_INTERVAL).expect(multicast())
    play.wait(590.0).expect_nothing()
    play.wait(10.0).expect(multicast())


def test_an_interval_of_nothing_is_still_limited() -> None:
    play = playbook(interval=0.0).given(link_changed()).forget()
    play.wait(1.0 + MINIMUM_MULTICAST_GAP / 2)
    assert len(play.outputs) == 10


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


def test_an_offer_offers_something() -> None:
    with pytest.raises(ValueError, match="home agent or as foreign agent"):
        offer(foreign_agent=False)
    with pytest.raises(ValueError, match="no care-of address"):
        offer(care_of_addresses=())


def test_two_agents_on_one_link_make_one_advertisement() -> None:
    home = home_offer(registration_lifetime=600, interval=2.0, lifetime=6)
    foreign = offer(registration_required=True)
    for order in (({LINK: home}, {LINK: foreign, BARE_LINK: foreign}), ({LINK: foreign}, {LINK: home})):
        combined = combine(order)
        assert set(combined) == set(order[0]) | set(order[1])
        both = combined[LINK]
        assert (both.home_agent, both.foreign_agent, both.care_of_addresses) == (True, True, (CARE_OF_ADDRESS,))
        assert (both.registration_lifetime, both.registration_required) == (1800, True)
        assert (both.interval, both.lifetime) == (1.0, 3)
        assert both.address == order[0][LINK].address


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


def test_who_can_not_be_answered_alone_is_answered_with_all_others() -> None:
    for link_source in (None, b"\xff" * 6):
        play = playbook().given(link_changed()).forget()
        play.given(solicitation(link_source=link_source), after=0.01).expect_nothing()
        play.wait(MINIMUM_MULTICAST_GAP).expect(multicast())
        play.wait(0.3)
        play.given(solicitation(link_source=link_source)).forget()
        play.given(solicitation(link_source=link_source), after=0.2).expect(multicast())


def test_a_flood_of_solicitations_is_answered_a_limited_number_of_times() -> None:
    play = playbook().given(link_changed()).forget()
    flood: list[SolicitationArrived] = [solicitation(link_source=bytes((2, n % 256, *MAC[2:]))) for n in range(1000)]
    play.given(*flood)
    assert len(play.outputs) == UNICAST_BURST
    play.forget().wait(MINIMUM_MULTICAST_GAP).expect(multicast())
    play.wait(0.05).given(solicitation()).expect(discovery(AgentAdvertisement, frame_to=MAC))


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
