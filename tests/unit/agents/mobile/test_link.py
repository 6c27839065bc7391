"""One link: its turns, its neighbours, what it shows."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import msgspec
import pytest
from tests.support.mobile_node import FOREIGN_1, HOME, NODE_MAC, Agent, config

from mobileip.agents.events import Arrival, Link
from mobileip.agents.mobile.link import (
    LONGEST_PATIENCE,
    MOST_NEIGHBOURS,
    MOST_NETWORKS,
    SILENCE,
    LinkTurn,
    LinkView,
    Quality,
)
from mobileip.agents.mobile.snapshot import LinkSnapshot

GATEWAY = IPv4Address("192.0.2.1")
GATEWAY_MAC = b"\2\0\0\0\0\1"
ADDRESS = IPv4Interface("192.0.2.9/24")


def picture(**fields: Any) -> Link:
    defaults: dict[str, Any] = {"name": "eth0", "index": 2, "carrier": True, "link_address": NODE_MAC}
    return Link(**(defaults | fields))


def connected(now: float = 0.0, **fields: Any) -> LinkView:
    view = LinkView("eth0", config())
    view.update(picture(**fields), now)
    return view


def hear(view: LinkView, agent: Agent, now: float = 0.0, **fields: Any) -> None:
    arrival = Arrival(
        interface="eth0",
        source=agent.address,
        destination=IPv4Address("224.0.0.1"),
        link_source=agent.link_address,
    )
    view.agents.hear(agent.advertisement(**fields), arrival, now)


class TestTurns:
    def test_each_new_connection_counts(self) -> None:
        view = LinkView("eth0", config())
        assert not view.exists
        assert view.update(picture(carrier=False), 0.0) is LinkTurn.NOTHING
        assert view.exists
        assert not view.up
        assert view.update(picture(carrier_changes=1), 1.0) is LinkTurn.UP
        assert (view.up, view.epoch, view.up_since) == (True, 1, 1.0)
        assert view.update(picture(carrier_changes=1), 2.0) is LinkTurn.NOTHING
        assert (view.epoch, view.up_since) == (1, 1.0)
        assert view.update(picture(carrier_changes=3), 3.0) is LinkTurn.FLAPPED
        assert (view.epoch, view.up_since) == (2, 3.0)
        assert view.update(picture(carrier=False, carrier_changes=4), 4.0) is LinkTurn.DOWN
        assert (view.up, view.epoch) == (False, 2)

    def test_connecting_begins_a_search(self) -> None:
        assert connected(5.0).solicitor.due == 5.0

    def test_the_picture_is_taken_over_whole(self) -> None:
        view = connected(addresses=(ADDRESS,), gateway=GATEWAY)
        assert (view.addresses, view.gateway, view.link_address) == ((ADDRESS,), GATEWAY, NODE_MAC)
        assert view.has_address(ADDRESS.ip)
        view.update(picture(), 1.0)
        assert (view.addresses, view.gateway) == ((), None)
        assert not view.has_address(ADDRESS.ip)

    def test_a_removed_link_is_as_if_it_had_never_been(self) -> None:
        view = connected(addresses=(ADDRESS,), gateway=GATEWAY)
        view.remove()
        assert (view.exists, view.up, view.addresses, view.gateway) == (False, False, (), None)
        assert view.update(picture(), 1.0) is LinkTurn.UP


class TestTrust:
    def test_a_link_that_is_there_for_the_first_time_is_trusted(self) -> None:
        assert connected(7.0).trusted_at == 0.0

    @pytest.mark.parametrize("how", ["down", "flapped", "removed"])
    def test_one_that_was_lost_has_to_be_there_for_a_while(self, how: str) -> None:
        view = connected()
        if how == "down":
            view.update(picture(carrier=False), 1.0)
        elif how == "removed":
            view.remove()
        view.update(picture(carrier_changes=2), 7.0)
        assert view.trusted_at == 7.0 + config().hold_down

    def test_one_whose_path_has_died_too(self) -> None:
        view = connected()
        view.distrust(9.0)
        assert view.trusted_at == 9.0 + config().hold_down

    def test_what_was_found_of_it_and_said_of_it_ends_with_the_connection(self) -> None:
        view = connected()
        view.quality, view.leaving = Quality(delay=0.1, is_verified=True), True
        view.update(picture(carrier=False), 1.0)
        assert (view.quality, view.leaving) == (Quality(), False)


class TestWaitingForAgents:
    def test_where_there_was_none_none_is_waited_for(self) -> None:
        view = connected()
        assert view.waits_for_agents(ADDRESS.ip, GATEWAY)
        view.no_agent_is_here(ADDRESS.ip, GATEWAY)
        assert not view.waits_for_agents(ADDRESS.ip, GATEWAY)
        assert view.waits_for_agents(ADDRESS.ip, GATEWAY + 1)

    def test_where_one_was_heard_at_any_time_one_is_waited_for(self) -> None:
        view = connected()
        view.no_agent_is_here(ADDRESS.ip, GATEWAY)
        view.agent_is_here()
        view.no_agent_is_here(ADDRESS.ip, GATEWAY)
        assert view.waits_for_agents(ADDRESS.ip, GATEWAY)

    @pytest.mark.parametrize("ending", [{"carrier": False}, {"carrier_changes": 2}])
    @pytest.mark.parametrize(("seconds", "waits"), [(SILENCE, False), (SILENCE - 0.1, True)])
    def test_three_unanswered_solicitations_tell_as_well(
        self, seconds: float, waits: bool, ending: dict[str, Any]
    ) -> None:
        view = connected(10.0, addresses=(ADDRESS,), gateway=GATEWAY)
        view.update(picture(**ending), 10.0 + seconds)
        assert view.waits_for_agents(ADDRESS.ip, GATEWAY) is waits

    def test_but_not_where_an_agent_answered_or_no_gateway_was(self) -> None:
        heard, alone = connected(addresses=(ADDRESS,), gateway=GATEWAY), connected(addresses=(ADDRESS,))
        heard.agent_is_here()
        for view in (heard, alone):
            view.update(picture(carrier=False), 60.0)
            assert view.waits_for_agents(ADDRESS.ip, GATEWAY)

    def test_the_oldest_of_many_networks_is_forgotten(self) -> None:
        view = connected()
        for number in range(MOST_NETWORKS + 1):
            view.no_agent_is_here(ADDRESS.ip + number, GATEWAY)
        assert view.waits_for_agents(ADDRESS.ip, GATEWAY)
        assert not view.waits_for_agents(ADDRESS.ip + 1, GATEWAY)


class TestNeighbours:
    def test_forgotten_with_the_connection(self) -> None:
        view = connected()
        view.learn_neighbour(GATEWAY, GATEWAY_MAC)
        assert view.neighbour(GATEWAY) == GATEWAY_MAC
        view.update(picture(carrier_changes=2), 1.0)
        assert view.neighbour(GATEWAY) is None

    def test_a_router_that_advertises_is_one(self) -> None:
        view = connected()
        hear(view, FOREIGN_1, extensions=())
        assert view.neighbour(FOREIGN_1.address) == FOREIGN_1.link_address
        assert view.neighbour(GATEWAY) is None

    def test_its_own_frame_says_more_than_an_advertisement(self) -> None:
        view = connected()
        hear(view, FOREIGN_1)
        view.learn_neighbour(FOREIGN_1.address, GATEWAY_MAC)
        assert view.neighbour(FOREIGN_1.address) == GATEWAY_MAC

    def test_few_are_kept_and_the_oldest_goes(self) -> None:
        view = connected()
        for number in range(MOST_NEIGHBOURS + 1):
            view.learn_neighbour(GATEWAY + number, bytes(6))
        assert view.neighbour(GATEWAY) is None
        assert view.neighbour(GATEWAY + 1) == bytes(6)
        assert view.neighbour(GATEWAY + MOST_NEIGHBOURS) == bytes(6)

    def test_one_that_is_known_pushes_no_other_out(self) -> None:
        view = connected()
        for number in range(MOST_NEIGHBOURS):
            view.learn_neighbour(GATEWAY + number, bytes(6))
        view.learn_neighbour(GATEWAY + 3, GATEWAY_MAC)
        assert view.neighbour(GATEWAY) == bytes(6)
        assert view.neighbour(GATEWAY + 3) == GATEWAY_MAC


class TestShown:
    @pytest.mark.parametrize(
        ("fields", "state"),
        [
            ({"carrier": False, "addresses": (ADDRESS,)}, "down"),
            ({}, "up"),
            ({"addresses": (ADDRESS,)}, "addressed"),
        ],
    )
    def test_state(self, fields: dict[str, Any], state: str) -> None:
        view = connected(**fields)
        assert view.snapshot() == LinkSnapshot(name="eth0", state=state, addresses=fields.get("addresses", ()))

    @pytest.mark.parametrize(
        ("quality", "state"),
        [
            (Quality(is_verified=True), "verified"),
            (Quality(is_dead=True), "dead"),
            (Quality(is_verified=True, is_dead=True), "dead"),
        ],
    )
    def test_state_that_probes_have_found(self, quality: Quality, state: str) -> None:
        view = connected(addresses=(ADDRESS,))
        view.quality = quality
        assert view.snapshot().state == state

    def test_state_with_an_agent(self) -> None:
        view = connected(addresses=(ADDRESS,))
        hear(view, FOREIGN_1)
        assert view.snapshot().state == "agent_heard"

    def test_only_agents_are_shown(self) -> None:
        view = connected()
        hear(view, FOREIGN_1, extensions=())
        assert view.snapshot().state == "up"
        assert view.heard() == []
        hear(view, HOME.but(lifetime=9, prefix_length=None), now=2.0, sequence_number=77)
        (shown,) = view.heard()
        assert (shown.interface, shown.address, shown.link_address) == ("eth0", HOME.address, HOME.link_address)
        assert (shown.home_agent, shown.foreign_agent, shown.busy) == (True, False, False)
        assert (shown.registration_lifetime, shown.sequence_number) == (1800, 77)
        assert (shown.heard_at, shown.expires_at) == (2.0, 11.0)
        assert shown.care_of_addresses == ()

    def test_doubted_ones_are_not_shown(self) -> None:
        view = connected()
        hear(view, FOREIGN_1)
        view.agents.doubt_all()
        assert view.heard() == []


class TestPatience:
    """In a link whose path dies while it looks up."""

    def test_is_there_again_later_each_time_that_it_did_not_last(self) -> None:
        view, now, waits = connected(), 100.0, []
        for _ in range(7):
            view.died(now)
            waits.append(view.trusted_at - now)
            now = view.trusted_at + 1.0
        assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]

    def test_is_as_at_first_once_it_lasted(self) -> None:
        view = connected()
        view.died(100.0)
        view.died(106.0)
        assert view.trusted_at == 116.0
        view.died(116.0 + LONGEST_PATIENCE)
        assert view.trusted_at == 116.0 + LONGEST_PATIENCE + 5.0

    def test_is_never_put_off_for_less_than_was_configured(self) -> None:
        view = LinkView("eth0", msgspec.structs.replace(config(), hold_down=90.0))
        view.update(picture(), 0.0)
        for now in (100.0, 200.0):
            view.died(now)
            assert view.trusted_at == now + 90.0

    def test_costs_nothing_where_no_time_is_wanted(self) -> None:
        view = LinkView("eth0", msgspec.structs.replace(config(), hold_down=0.0))
        view.update(picture(), 0.0)
        for now in (1.0, 2.0):
            view.died(now)
            assert view.trusted_at == now

    def test_in_a_new_connection_begins_anew(self) -> None:
        view = connected()
        for now in (10.0, 16.0, 27.0):
            view.died(now)
        assert view.trusted_at == 47.0
        view.update(picture(carrier=False), 28.0)
        view.update(picture(), 29.0)
        assert view.trusted_at == 34.0
