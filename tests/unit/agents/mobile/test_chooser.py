"""What a link offers, and which offer is the best."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import msgspec
import pytest
from tests.support.attachments import at_home, colocated, through_agent
from tests.support.messages import HOME_ADDRESS, HOME_AGENT
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME, NODE_MAC, Agent, config

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.attachment import ALL_AGENTS, Attachment, CareOf, Place
from mobileip.agents.mobile.chooser import Standing, candidates, choose, next_candidate_at
from mobileip.agents.mobile.link import LinkView
from mobileip.wire.registration import INFINITE_LIFETIME

ADDRESS = IPv4Interface("203.0.113.7/24")
GATEWAY = IPv4Address("203.0.113.1")
ADDRESSED = {"addresses": (ADDRESS,), "gateway": GATEWAY}
SAME_PREFIX = FOREIGN_2.but(prefix_length=None)


def link(*agents: Agent, **fields: Any) -> LinkView:
    """Up since boot time 0; the agents were heard one after the other."""
    view = LinkView("eth0", config())
    defaults: dict[str, Any] = {"name": "eth0", "index": 2, "carrier": True, "link_address": NODE_MAC}
    view.update(Link(**(defaults | fields)), 0.0)
    for agent in agents:
        hear(view, agent)
    return view


def hear(view: LinkView, agent: Agent, sequence_number: int = 10) -> None:
    arrival = Arrival(
        interface="eth0", source=agent.address, destination=IPv4Address("224.0.0.1"), link_source=agent.link_address
    )
    view.agents.hear(agent.advertisement(sequence_number), arrival, 0.0)


def offers(
    view: LinkView, now: float = 1.0, registered_at: set[Place] | None = None, **fields: Any
) -> list[Attachment]:
    return candidates(view, config(**fields), HOME_AGENT, registered_at or set(), now)


def care_of_addresses(view: LinkView, **fields: Any) -> list[str]:
    return [str(offer.care_of_address) for offer in offers(view, **fields)]


@pytest.mark.requirement("R5944-4.2.1-a")
def test_a_foreign_agent_is_itself_the_first_hop() -> None:
    (offer,) = offers(link(FOREIGN_1))
    assert (offer.gateway, offer.gateway_link_address) == (FOREIGN_1.address, FOREIGN_1.link_address)


class TestCandidates:
    def test_none_without_a_carrier(self) -> None:
        view = link(FOREIGN_1, **ADDRESSED)
        view.up = False
        assert offers(view) == []

    def test_none_where_nothing_is_known(self) -> None:
        assert offers(link()) == []

    def test_at_home_nothing_else_is_offered(self) -> None:
        (offer,) = offers(link(FOREIGN_1.but(prefix_length=None), HOME, **ADDRESSED))
        assert offer.is_home

    def test_foreign_agent(self) -> None:
        (offer,) = offers(link(FOREIGN_1.but(registration_lifetime=600)))
        assert offer == Attachment(
            interface="eth0",
            care_of=CareOf.FOREIGN_AGENT,
            care_of_address=FOREIGN_1.care_of_addresses[0],
            incarnation=1,
            agent=FOREIGN_1.address,
            first_hop=FOREIGN_1.link_address,
            gateway=FOREIGN_1.address,
            gateway_link_address=FOREIGN_1.link_address,
            longest_lifetime=600,
            reason=f"foreign agent {FOREIGN_1.address} is heard",
        )

    def test_each_care_of_address_of_an_agent_in_its_order(self) -> None:
        """RFC 5944 §2.4: the first one first, then "each subsequent advertised address in turn"."""
        addresses = tuple(IPv4Address("198.51.100.9") - number for number in range(3))
        assert care_of_addresses(link(FOREIGN_1.but(care_of_addresses=addresses))) == list(map(str, addresses))

    def test_the_agent_that_appeared_last_is_offered_first(self) -> None:
        assert care_of_addresses(link(FOREIGN_1, SAME_PREFIX)) == ["198.51.100.2", "198.51.100.1"]

    @pytest.mark.parametrize(
        "agent",
        [
            HOME.but(address=IPv4Address("192.0.9.1"), prefix_length=None),
            FOREIGN_1.but(registration_lifetime=0),
            FOREIGN_1.but(busy=True),
        ],
    )
    def test_agents_that_serve_no_newcomer(self, agent: Agent) -> None:
        assert offers(link(agent)) == []

    def test_a_busy_agent_keeps_those_that_it_serves(self) -> None:
        """RFC 5944 §2.1.1: it "will not accept registrations from additional mobile nodes"."""
        view = link(FOREIGN_1.but(busy=True))
        assert offers(view, registered_at={through_agent().place})


class TestColocated:
    def test_straight_to_the_home_agent(self) -> None:
        view = link(**ADDRESSED)
        view.learn_neighbour(GATEWAY, bytes(6))
        (offer,) = offers(view)
        assert offer == Attachment(
            interface="eth0",
            care_of=CareOf.COLOCATED,
            care_of_address=ADDRESS.ip,
            incarnation=1,
            gateway=GATEWAY,
            gateway_link_address=bytes(6),
            longest_lifetime=INFINITE_LIFETIME,
            reason="address 203.0.113.7 was set",
        )

    def test_not_before_an_agent_had_time_to_answer(self) -> None:
        view = link(**ADDRESSED)
        assert offers(view, now=0.1, colocated_wait=0.2) == []
        assert len(offers(view, now=0.2, colocated_wait=0.2)) == 1

    def test_not_where_it_is_forbidden(self) -> None:
        assert offers(link(**ADDRESSED), colocated=False) == []

    def test_not_without_a_way_out(self) -> None:
        assert offers(link(addresses=(ADDRESS,))) == []

    def test_without_a_gateway_where_the_home_agent_is_a_neighbour(self) -> None:
        view = link(addresses=(ADDRESS, IPv4Interface("198.51.100.7/24")))
        home_agent = IPv4Address("198.51.100.1")
        (offer,) = candidates(view, config(), home_agent, set(), 1.0)
        assert (str(offer.care_of_address), offer.gateway) == ("198.51.100.7", home_agent)

    def test_never_the_home_address(self) -> None:
        """RFC 5944 §3.6.1.2: as a care-of address it would mean "deregister all"."""
        view = link(FOREIGN_1, addresses=(IPv4Interface(f"{HOME_ADDRESS}/24"), ADDRESS), gateway=GATEWAY)
        assert care_of_addresses(view) == ["198.51.100.1", "203.0.113.7"]

    def test_behind_the_agents_of_the_link(self) -> None:
        assert care_of_addresses(link(FOREIGN_1, **ADDRESSED)) == ["198.51.100.1", "203.0.113.7"]


class TestRegistrationRequired:
    """RFC 5944 §2.4.1."""

    DEMANDING = FOREIGN_1.but(registration_required=True, registration_lifetime=600)

    def test_the_own_address_through_the_agent(self) -> None:
        offer = offers(link(self.DEMANDING, **ADDRESSED))[-1]
        assert offer.care_of is CareOf.COLOCATED
        assert (offer.agent, offer.first_hop) == (FOREIGN_1.address, FOREIGN_1.link_address)
        assert offer.longest_lifetime == 600
        assert offer.gateway == GATEWAY
        assert "demands registration" in offer.reason

    @pytest.mark.parametrize("fields", [{"busy": True}, {"registration_lifetime": 0}])
    def test_not_past_an_agent_that_serves_no_newcomer(self, fields: dict[str, Any]) -> None:
        assert offers(link(self.DEMANDING.but(**fields), **ADDRESSED)) == []

    def test_a_busy_agent_keeps_those_that_it_serves(self) -> None:
        (here,) = [offer for offer in offers(link(self.DEMANDING, **ADDRESSED)) if offer.care_of is CareOf.COLOCATED]
        busy = link(self.DEMANDING.but(busy=True), **ADDRESSED)
        assert [offer.place for offer in offers(busy, registered_at={here.place})] == [here.place]

    def test_an_agent_that_has_rebooted_knows_the_own_address_no_more(self) -> None:
        """RFC 5944 §2.4.4: "the mobile node SHOULD register again"."""
        view = link(self.DEMANDING, **ADDRESSED)
        before = offers(view)[-1]
        hear(view, self.DEMANDING, 11)
        assert offers(view)[-1].place == before.place
        hear(view, self.DEMANDING, 0)
        assert offers(view)[-1].care_of is CareOf.COLOCATED
        assert offers(view)[-1].place != before.place

    def test_through_another_one_when_one_is_busy(self) -> None:
        other = SAME_PREFIX.but(registration_required=True)
        offer = offers(link(self.DEMANDING.but(busy=True), other, **ADDRESSED))[-1]
        assert offer.agent == FOREIGN_2.address

    def test_a_home_agent_can_not_demand_it(self) -> None:
        other = HOME.but(address=IPv4Address("192.0.9.1"), prefix_length=None, registration_required=True)
        (offer,) = offers(link(other, **ADDRESSED))
        assert offer.agent is None


LINKS = {"eth0": Standing(points=100), "wlan0": Standing()}
AGENT, OWN, AT_HOME = through_agent(), colocated(), at_home()
FURTHER = through_agent(care_of_address=IPv4Address("198.51.100.2"))


def elsewhere(attachment: Attachment) -> Attachment:
    return msgspec.structs.replace(attachment, interface="wlan0")


class TestChoose:
    def test_nothing_to_choose_from(self) -> None:
        assert choose([], None, set(), LINKS) is None

    @pytest.mark.parametrize(
        ("better", "worse"),
        [
            (elsewhere(AT_HOME), AGENT),
            (elsewhere(AT_HOME), OWN),
            (AGENT, elsewhere(AGENT)),
            (OWN, elsewhere(AGENT)),
            (AGENT, OWN),
        ],
    )
    def test_the_better_one_in_whatever_order(self, better: Attachment, worse: Attachment) -> None:
        assert choose([better, worse], None, set(), LINKS) == better
        assert choose([worse, better], None, set(), LINKS) == better
        assert choose([worse, better], worse.place, set(), LINKS) == better

    def test_of_equals_the_first(self) -> None:
        assert choose([FURTHER, AGENT], None, set(), LINKS) == FURTHER

    def test_of_equals_what_is_chosen_already(self) -> None:
        assert choose([FURTHER, AGENT], AGENT.place, set(), LINKS) == AGENT

    @pytest.mark.parametrize("other", [FURTHER, OWN, elsewhere(AGENT), elsewhere(OWN)])
    def test_where_we_were_refused_is_behind_all_others(self, other: Attachment) -> None:
        assert choose([AGENT, other], AGENT.place, {AGENT.place}, LINKS) == other

    def test_refused_everywhere_is_refused_nowhere(self) -> None:
        assert choose([OWN, AGENT], None, {AGENT.place, OWN.place}, LINKS) == AGENT

    def test_home_stays_home_though_it_refuses(self) -> None:
        assert choose([AGENT, AT_HOME], None, {AT_HOME.place}, LINKS) == AT_HOME

    @pytest.mark.parametrize("said", ["is_wanted", "is_preferred"])
    def test_what_an_operator_says_comes_before_home(self, said: str) -> None:
        links = LINKS | {"wlan0": Standing(**{said: True})}
        assert choose([AT_HOME, elsewhere(OWN)], AT_HOME.place, set(), links) == elsewhere(OWN)

    def test_what_will_go_down_soon_is_behind_all_others(self) -> None:
        links = LINKS | {"eth0": Standing(points=100, is_leaving=True)}
        assert choose([AGENT, elsewhere(OWN)], AGENT.place, set(), links) == elsewhere(OWN)

    def test_where_we_were_refused_nobody_can_want_us(self) -> None:
        links = LINKS | {"wlan0": Standing(is_wanted=True)}
        assert choose([AGENT, elsewhere(OWN)], None, {elsewhere(OWN).place}, links) == AGENT


class TestNextCandidate:
    def test_when_the_wait_for_an_agent_ends(self) -> None:
        assert next_candidate_at(link(**ADDRESSED), config(colocated_wait=0.2), 0.1) == 0.2

    @pytest.mark.parametrize("now", [0.2, 5.0])
    def test_time_alone_changes_nothing_afterwards(self, now: float) -> None:
        assert next_candidate_at(link(**ADDRESSED), config(colocated_wait=0.2), now) is None

    def test_without_an_address_there_is_nothing_to_wait_for(self) -> None:
        assert next_candidate_at(link(), config(), 0.1) is None

    def test_nor_without_a_carrier(self) -> None:
        view = link(**ADDRESSED)
        view.up = False
        assert next_candidate_at(view, config(), 0.1) is None


LINK_ADDRESS = bytes.fromhex("0200000000aa")


def test_an_agent_that_is_known_by_the_link_alone() -> None:
    known = (("eth0", LINK_ADDRESS),)
    (offer,) = offers(link(**ADDRESSED), agent_link_addresses=known)
    assert (offer.agent, offer.first_hop, offer.care_of) == (ALL_AGENTS, LINK_ADDRESS, CareOf.COLOCATED)
    assert offer.care_of_address == ADDRESS.ip


def test_known_on_another_link() -> None:
    (offer,) = offers(link(**ADDRESSED), agent_link_addresses=(("eth9", LINK_ADDRESS),))
    assert offer.agent is None


def test_without_a_home_agent_to_send_to_an_address_is_no_offer() -> None:
    assert candidates(link(**ADDRESSED), config(), None, set(), 1.0) == []
    demanding = FOREIGN_1.but(registration_required=True, care_of_addresses=())
    (offer,) = candidates(link(demanding, **ADDRESSED), config(), None, set(), 1.0)
    assert offer.agent == FOREIGN_1.address
