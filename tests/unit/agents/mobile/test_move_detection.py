"""What advertisements tell about having moved (RFC 5944 §2.4.2, §2.4.4)."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME, Agent, foreign_agent

from mobileip.agents.events import Arrival
from mobileip.agents.mobile.config import MoveDetection
from mobileip.agents.mobile.move_detection import (
    MOST_AGENTS,
    PROBE_TIME,
    Heard,
    HeardAgents,
    complaint,
    in_another_network,
)
from mobileip.wire.agent_discovery import AgentAdvertisement, PrefixLengthsExtension, RouterAddress

WITHOUT_PREFIX = FOREIGN_2.but(prefix_length=None)
SAME_NETWORK = FOREIGN_1.but(address=FOREIGN_1.address + 1)


def arrival(agent: Agent = FOREIGN_1, **fields: Any) -> Arrival:
    defaults: dict[str, Any] = {
        "interface": "eth0",
        "source": agent.address,
        "destination": IPv4Address("224.0.0.1"),
        "ttl": 1,
        "link_source": agent.link_address,
    }
    return Arrival(**(defaults | fields))


class Ears:
    """One link's agents; each is heard with a lifetime of 30 s unless told otherwise."""

    def __init__(self, method: MoveDetection = MoveDetection.BY_PREFIX) -> None:
        self.agents = HeardAgents(method)

    def hear(self, agent: Agent, sequence_number: int = 10, now: float = 0.0, **fields: Any) -> Heard:
        advertisement = agent.advertisement(sequence_number, **({"lifetime": 30} | fields))
        return self.agents.hear(advertisement, arrival(agent), now)

    def believed(self) -> list[IPv4Address]:
        return [agent.address for agent in self.agents.believed()]

    def incarnation(self, agent: Agent) -> int:
        (known,) = [known for known in self.agents.believed() if known.address == agent.address]
        return known.incarnation


class TestLifetime:
    """Algorithm 1."""

    def test_believed_until_its_lifetime_ends(self) -> None:
        ears = Ears()
        assert ears.agents.next_expiry() is None
        assert ears.hear(FOREIGN_1, now=5.0) is Heard.FIRST
        assert ears.agents.next_expiry() == 35.0
        assert ears.agents.expire(34.9) == []
        (lost,) = ears.agents.expire(35.0)
        assert lost.address == FOREIGN_1.address
        assert ears.believed() == []

    def test_each_advertisement_begins_the_lifetime_anew(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, now=0.0)
        assert ears.hear(FOREIGN_1, 11, now=20.0) is Heard.SAME
        assert ears.agents.next_expiry() == 50.0
        ears.hear(FOREIGN_1, 12, now=21.0, lifetime=3)
        assert ears.agents.next_expiry() == 24.0, "the last one counts, also when it promises less"

    def test_one_heard_after_its_lifetime_is_another_point_of_attachment(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        before = ears.incarnation(FOREIGN_1)
        ears.agents.expire(100.0)
        assert ears.hear(FOREIGN_1, now=100.0) is Heard.FIRST
        assert ears.incarnation(FOREIGN_1) != before

    def test_lifetime_zero_withdraws(self) -> None:
        ears = Ears()
        assert ears.hear(FOREIGN_1, lifetime=0) is Heard.SAME, "it never was one"
        ears.hear(FOREIGN_1)
        assert ears.hear(FOREIGN_1, lifetime=0) is Heard.WITHDRAWN
        assert ears.believed() == []

    def test_the_link_is_gone(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        (lost,) = ears.agents.forget_all()
        assert lost.address == FOREIGN_1.address
        assert ears.believed() == []
        assert ears.agents.next_expiry() is None


class TestSequenceNumbers:
    """RFC 5944 §2.4.4: "less than the first and inside the range 0 to 255"."""

    @pytest.mark.parametrize(
        ("first", "second", "heard"),
        [
            (10, 11, Heard.SAME),
            (10, 10, Heard.SAME),
            (10, 9, Heard.REBOOTED),
            (0xFFFF, 0, Heard.REBOOTED),
            (1000, 255, Heard.REBOOTED),
            (1000, 256, Heard.SAME),
            (0xFFFF, 256, Heard.SAME),
            (1000, 999, Heard.SAME),
            (0, 0xFFFF, Heard.SAME),
        ],
    )
    def test_rebooted_or_rolled_over(self, first: int, second: int, heard: Heard) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, first)
        before = ears.incarnation(FOREIGN_1)
        assert ears.hear(FOREIGN_1, second) is heard
        assert (ears.incarnation(FOREIGN_1) != before) == (heard is Heard.REBOOTED)

    def test_two_roles_of_one_machine_count_for_themselves(self) -> None:
        ears = Ears()
        also_home = FOREIGN_1.but(home_agent=True, foreign_agent=False, care_of_addresses=())
        assert ears.hear(FOREIGN_1, 10) is Heard.FIRST
        assert ears.hear(also_home, 200) is Heard.FIRST
        assert ears.hear(FOREIGN_1, 11) is Heard.SAME
        assert ears.hear(also_home, 201) is Heard.SAME

    def test_a_machine_that_came_back_with_another_role_is_what_it_was_no_more(self) -> None:
        ears = Ears()
        also_home = FOREIGN_1.but(home_agent=True)
        ears.hear(FOREIGN_1, 200)
        assert ears.hear(also_home, 0) is Heard.REBOOTED
        (believed,) = ears.agents.believed()
        assert believed.home_agent

    def test_unless_it_advertises_both_by_themselves(self) -> None:
        ears = Ears()
        also_home = FOREIGN_1.but(home_agent=True, foreign_agent=False, care_of_addresses=())
        ears.hear(FOREIGN_1, 200)
        ears.hear(also_home, 10)
        assert ears.hear(FOREIGN_1, 201) is Heard.RETURNED
        assert ears.hear(also_home, 11) is Heard.SAME
        assert len(ears.agents.believed()) == 2

    def test_a_plain_router_has_none(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, extensions=())
        assert ears.hear(FOREIGN_1, extensions=()) is Heard.SAME

    def test_another_machine_with_the_same_address(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        before = ears.incarnation(FOREIGN_1)
        assert ears.hear(FOREIGN_1.but(link_address=bytes(6)), 11) is Heard.FIRST
        assert ears.incarnation(FOREIGN_1) != before


class TestPrefixes:
    """Algorithm 2."""

    def test_another_prefix_casts_doubt_on_what_was_heard_before(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2)
        assert ears.believed() == [FOREIGN_2.address]

    @pytest.mark.parametrize("other", [WITHOUT_PREFIX, SAME_NETWORK])
    def test_no_doubt_without_two_different_prefixes(self, other: Agent) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        ears.hear(other)
        assert ears.believed() == [FOREIGN_1.address, other.address]

    def test_no_doubt_where_only_lifetimes_count(self) -> None:
        ears = Ears(MoveDetection.BY_LIFETIME)
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2)
        assert ears.believed() == [FOREIGN_1.address, FOREIGN_2.address]

    def test_a_plain_router_casts_none(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2, extensions=(PrefixLengthsExtension((24,)),))
        assert FOREIGN_1.address in ears.believed()

    def test_one_known_already_casts_none(self) -> None:
        ears = Ears(MoveDetection.BY_PREFIX)
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2)
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2, 11)
        assert ears.believed() == [FOREIGN_1.address, FOREIGN_2.address]

    def test_one_that_returns_leaves_the_others_the_time_to_answer(self) -> None:
        ears = Ears()
        near = SAME_NETWORK
        ears.hear(FOREIGN_1)
        ears.hear(near)
        ears.hear(FOREIGN_2, lifetime=9000)
        before = {agent.address: agent.expires_at for agent in ears.agents.believed()}
        assert before == {FOREIGN_2.address: 9000.0}
        assert ears.hear(FOREIGN_1, 11, now=10.0) is Heard.RETURNED
        expiries = {agent.address: agent.expires_at for agent in ears.agents.believed()}
        assert expiries == {FOREIGN_1.address: 40.0, FOREIGN_2.address: 10.0 + PROBE_TIME}

    def test_what_ends_sooner_anyway_is_left_alone(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        ears.hear(FOREIGN_2, lifetime=11)
        ears.hear(FOREIGN_1, 11, now=10.0)
        assert ears.agents.next_expiry() == 11.0

    def test_one_that_returns_is_another_point_of_attachment(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        before = ears.incarnation(FOREIGN_1)
        ears.agents.doubt_all()
        assert ears.believed() == []
        assert ears.hear(FOREIGN_1, 11) is Heard.RETURNED
        assert ears.incarnation(FOREIGN_1) != before

    def test_doubted_ones_end_with_their_lifetime(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1)
        ears.agents.doubt_all()
        assert ears.agents.next_expiry() == 30.0
        assert len(ears.agents.expire(30.0)) == 1

    @pytest.mark.parametrize(
        ("one", "other", "elsewhere"),
        [
            (("10.0.0.0/24",), ("10.0.1.0/24",), True),
            (("10.0.0.0/24", "10.0.1.0/24"), ("10.0.1.0/24",), False),
            (("10.0.0.0/24",), ("10.0.0.0/25",), True),
            ((), ("10.0.1.0/24",), False),
            (("10.0.1.0/24",), (), False),
            ((), (), False),
        ],
    )
    def test_networks(self, one: tuple[str, ...], other: tuple[str, ...], elsewhere: bool) -> None:
        ears = Ears(MoveDetection.BY_LIFETIME)
        for agent, networks in ((FOREIGN_1, one), (FOREIGN_2, other)):
            parsed = [IPv4Network(network) for network in networks]
            extensions = (PrefixLengthsExtension(tuple(network.prefixlen for network in parsed)),)
            routers = tuple(RouterAddress(network.network_address) for network in parsed)
            ears.hear(agent, routers=routers, extensions=extensions if networks else ())
        first, second = ears.agents.believed()
        assert in_another_network(first, second) is elsewhere

    def test_lengths_that_make_no_network_are_ignored(self) -> None:
        ears = Ears()
        routers = tuple(RouterAddress(IPv4Address(f"10.0.{number}.1")) for number in range(3))
        ears.hear(FOREIGN_1, routers=routers, extensions=(PrefixLengthsExtension((0, 33, 24)),))
        (agent,) = ears.agents.believed()
        assert agent.prefixes == {IPv4Network("10.0.2.0/24")}


class TestRepetitions:
    """The short way for advertisements that say nothing new must lead where the long way leads."""

    def repeated(self, ears: Ears, agent: Agent, sequence_number: int, now: float = 5.0, **fields: Any) -> bool:
        advertisement = agent.advertisement(sequence_number, **({"lifetime": 30} | fields))
        return ears.agents.hear_again(advertisement, arrival(agent), now)

    @pytest.mark.parametrize("agent", [FOREIGN_1, WITHOUT_PREFIX, HOME])
    def test_the_next_number_begins_the_lifetime_anew(self, agent: Agent) -> None:
        short, long = Ears(), Ears()
        for ears in (short, long):
            ears.hear(agent, 10)
        assert self.repeated(short, agent, 11, now=5.0)
        assert long.hear(agent, 11, now=5.0) is Heard.SAME
        assert short.agents.believed() == long.agents.believed()
        assert short.agents.next_expiry() == 35.0

    def test_each_of_several_agents(self) -> None:
        ears = Ears(MoveDetection.BY_LIFETIME)
        ears.hear(FOREIGN_1, 10)
        ears.hear(FOREIGN_2, 10)
        ears.hear(FOREIGN_1, 11)
        assert self.repeated(ears, FOREIGN_1, 12)
        assert self.repeated(ears, FOREIGN_2, 11)
        assert not self.repeated(ears, foreign_agent(3), 11)

    @pytest.mark.parametrize("number", [10, 9, 0, 256])
    def test_not_a_number_that_may_mean_a_reboot(self, number: int) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 1000)
        assert not self.repeated(ears, FOREIGN_1, number)

    def test_not_the_same_number_again(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        assert not self.repeated(ears, FOREIGN_1, 10)

    @pytest.mark.parametrize(
        "fields",
        [
            {"lifetime": 31},
            {"lifetime": 0},
            {"code": 16},
            {"routers": ()},
            {"extensions": ()},
            {"extensions": FOREIGN_1.but(busy=True).advertisement(11).extensions},
            {"extensions": FOREIGN_1.but(care_of_addresses=()).advertisement(11).extensions},
            {"extensions": FOREIGN_1.but(prefix_length=25).advertisement(11).extensions},
            {"extensions": FOREIGN_1.advertisement(11).extensions[::-1]},
        ],
    )
    def test_nothing_else_may_differ(self, fields: dict[str, Any]) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        before = ears.agents.believed()
        assert not self.repeated(ears, FOREIGN_1, 11, **fields)
        assert ears.agents.believed() == before

    def test_not_from_another_machine(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        assert not self.repeated(ears, FOREIGN_1.but(link_address=bytes(6)), 11)
        assert not self.repeated(ears, FOREIGN_1.but(address=FOREIGN_1.address + 1), 11)

    def test_a_plain_router_has_no_number_to_go_by(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, extensions=())
        assert not self.repeated(ears, FOREIGN_1, 11, extensions=())

    def test_not_one_that_is_doubted(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        ears.hear(FOREIGN_2, 10)
        assert not self.repeated(ears, FOREIGN_1, 11)
        ears.agents.doubt_all()
        assert not self.repeated(ears, FOREIGN_2, 11)

    def test_not_one_whose_time_is_over(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        ears.agents.expire(30.0)
        assert not self.repeated(ears, FOREIGN_1, 11, now=30.0)

    def test_not_after_the_link_was_gone(self) -> None:
        ears = Ears()
        ears.hear(FOREIGN_1, 10)
        ears.agents.forget_all()
        assert not self.repeated(ears, FOREIGN_1, 11)


class TestMemory:
    def fill(self, count: int = MOST_AGENTS) -> Ears:
        ears = Ears(MoveDetection.BY_LIFETIME)
        for number in range(count):
            ears.hear(foreign_agent(number), now=float(number))
        return ears

    def test_the_one_heard_longest_ago_makes_room(self) -> None:
        ears = self.fill(MOST_AGENTS + 1)
        assert len(ears.believed()) == MOST_AGENTS
        assert foreign_agent(0).address not in ears.believed()

    def test_never_the_one_that_we_are_registered_with(self) -> None:
        ears = self.fill()
        newcomer = foreign_agent(200)
        ears.agents.hear(newcomer.advertisement(), arrival(newcomer), 99.0, foreign_agent(0).address)
        assert foreign_agent(0).address in ears.believed()
        assert foreign_agent(1).address not in ears.believed()

    def test_one_that_changed_its_link_layer_address_needs_no_room(self) -> None:
        ears = self.fill()
        ears.hear(foreign_agent(3).but(link_address=bytes(6)), now=99.0)
        assert len(ears.believed()) == MOST_AGENTS


class TestComplaint:
    @pytest.mark.parametrize("agent", [FOREIGN_1, HOME, FOREIGN_1.but(home_agent=True), WITHOUT_PREFIX])
    @pytest.mark.parametrize("code", [0, 16])
    def test_nothing_is_wrong(self, agent: Agent, code: int) -> None:
        assert complaint(agent.advertisement(code=code), arrival(agent)) is None

    def test_no_router_addresses_are_none_needed(self) -> None:
        """RFC 5944 §2.1, otherwise than RFC 1256 §5.2."""
        assert complaint(FOREIGN_1.advertisement(routers=()), arrival()) is None

    def test_a_plain_router_may_be_further_away(self) -> None:
        assert complaint(AgentAdvertisement(lifetime=30), arrival(ttl=64)) is None

    def test_a_plain_router(self) -> None:
        assert complaint(AgentAdvertisement(lifetime=30), arrival()) is None

    @pytest.mark.parametrize(
        ("agent", "sent", "came", "words"),
        [
            (FOREIGN_1, {"code": 1}, {}, "ICMP code 1"),
            (FOREIGN_1, {}, {"ttl": 2}, "TTL 2"),
            (FOREIGN_1, {}, {"link_source": None}, "no link-layer source"),
            (FOREIGN_1, {}, {"source": IPv4Address(0)}, "source 0.0.0.0"),
            (FOREIGN_1, {}, {"source": IPv4Address("224.0.0.1")}, "source 224.0.0.1"),
            (FOREIGN_1, {}, {"source": IPv4Address("127.0.0.1")}, "source 127.0.0.1"),
            (FOREIGN_1.but(foreign_agent=False), {}, {}, "neither a home agent nor a foreign agent"),
            (FOREIGN_1.but(care_of_addresses=()), {}, {}, "a foreign agent without a care-of address"),
        ],
    )
    def test_what_is_wrong(self, agent: Agent, sent: dict[str, Any], came: dict[str, Any], words: str) -> None:
        assert complaint(agent.advertisement(**sent), arrival(agent, **came)) == words


def test_whether_anything_has_expired() -> None:
    ears = Ears()
    ears.hear(FOREIGN_1, lifetime=9)
    assert not ears.agents.has_expired(8.9)
    assert ears.agents.has_expired(9.0)
