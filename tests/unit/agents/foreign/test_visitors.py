"""The visitor list."""

from ipaddress import IPv4Address
from math import inf

from tests.support.foreign_agent import (
    BARE_LINK,
    CARE_OF_ADDRESS,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    pending,
    visitor,
)
from tests.support.messages import HOME_ADDRESS, HOME_AGENT

from mobileip.agents.foreign.visitors import MOST_REALMS, VisitorList
from mobileip.dataplane import ports
from mobileip.forwarding.model import VisitorRoute
from mobileip.forwarding.tunnel import Tunnel


def test_one_entry_for_each_home_address_and_home_agent() -> None:
    visitors = VisitorList()
    assert visitors.of(HOME_ADDRESS, HOME_AGENT) is None
    visitors.put(visitor())
    visitors.put(visitor(expires_at=2000.0))
    visitors.put(visitor(home_address=OTHER_HOME_ADDRESS))
    assert visitors.of(HOME_ADDRESS, HOME_AGENT) == visitor(expires_at=2000.0)
    assert len(visitors) == 2
    assert list(visitors) == [visitor(expires_at=2000.0), visitor(home_address=OTHER_HOME_ADDRESS)]


def test_removed_once() -> None:
    visitors = VisitorList()
    visitors.put(visitor())
    assert visitors.remove(visitor()) == visitor()
    assert visitors.remove(visitor()) is None
    assert visitors.next_deadline() == inf


def test_expiry_follows_the_last_renewal() -> None:
    visitors = VisitorList()
    visitors.put(visitor(expires_at=10.0))
    visitors.put(visitor(expires_at=20.0))
    visitors.put(visitor(home_address=OTHER_HOME_ADDRESS, expires_at=inf))
    assert visitors.next_deadline() == 20.0
    assert visitors.expire(19.9) == []
    assert visitors.expire(20.0) == [visitor(expires_at=20.0)]
    assert visitors.next_deadline() == inf
    assert len(visitors) == 1


def test_the_last_address_got_by_a_name() -> None:
    visitors = VisitorList()
    visitors.put(visitor())
    assert visitors.named("mn@example.net") is None
    first, second = (
        visitor(nai="mn@example.net"),
        visitor(home_address=OTHER_HOME_ADDRESS, nai="mn@example.net", expires_at=9.0),
    )
    visitors.put(first)
    visitors.put(second)
    assert visitors.named("mn@example.net") == second
    assert visitors.named(None) is None
    visitors.remove(visitor())
    assert visitors.named("mn@example.net") == second
    assert visitors.expire(9.0) == [second]
    assert visitors.named("mn@example.net") is None


def test_visitors_of_two_home_agents_may_share_a_home_address() -> None:
    visitors = VisitorList()
    one, two = visitor(), visitor(home_agent=OTHER_HOME_AGENT, link_address=OTHER_MAC, realm=1)
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=0.0) == 0
    visitors.put(one)
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=0.0) == 1
    visitors.put(two)
    assert (visitors.sharing(HOME_ADDRESS), len(visitors)) == ((one, two), 2)
    assert visitors.of(HOME_ADDRESS, OTHER_HOME_AGENT) == two
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=0.0) == 2
    visitors.remove(one)
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=0.0) == 0
    assert visitors.sharing(HOME_ADDRESS) == (two,)


def former(home_agent: IPv4Address, realm: int, expires_at: float = 100.0) -> VisitorRoute:
    return VisitorRoute(
        home_address=HOME_ADDRESS,
        tunnel=Tunnel(CARE_OF_ADDRESS, home_agent),
        interface="eth1",
        link_address=OTHER_MAC,
        expires_at=expires_at,
        realm=realm,
    )


def test_visitors_of_an_agent_before_keep_their_numbers_in_whatever_order_they_come_back() -> None:
    visitors = VisitorList()
    visitors.know_former([former(HOME_AGENT, 0), former(OTHER_HOME_AGENT, 1)])
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_ADDRESS, now=0.0) == 2, "a third one"
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=0.0) == 1
    visitors.put(visitor(home_agent=OTHER_HOME_AGENT, realm=1))
    assert visitors.free_realm(HOME_ADDRESS, HOME_AGENT, now=0.0) == 0


def test_a_number_is_not_kept_beyond_its_visitors_lifetime_or_for_more_than_there_can_be() -> None:
    visitors = VisitorList()
    visitors.know_former([former(HOME_AGENT, 0)])
    assert visitors.free_realm(HOME_ADDRESS, OTHER_HOME_AGENT, now=100.0) == 0
    visitors.know_former([former(HOME_AGENT + number, number) for number in range(MOST_REALMS)])
    assert visitors.free_realm(HOME_ADDRESS, HOME_AGENT - 1, now=0.0) == 0


def test_a_number_that_another_took_is_not_given_twice() -> None:
    visitors = VisitorList()
    visitors.know_former([former(HOME_AGENT, 0)])
    visitors.put(visitor(home_agent=OTHER_HOME_AGENT, realm=0))
    assert visitors.free_realm(HOME_ADDRESS, HOME_AGENT, now=0.0) == 1


def test_a_registration_takes_the_place_of_what_could_not_be_told_from_it() -> None:
    visitors = VisitorList()
    one, two = visitor(), visitor(home_agent=OTHER_HOME_AGENT, link_address=OTHER_MAC, realm=1)
    visitors.put(one)
    visitors.put(two)
    assert visitors.replaced_by(pending(interface=BARE_LINK), HOME_ADDRESS) == [one]
    assert visitors.replaced_by(pending(home_agent=OTHER_HOME_AGENT), HOME_ADDRESS) == [two, one]
    third = pending(home_agent=OTHER_HOME_ADDRESS, interface=BARE_LINK)
    assert visitors.replaced_by(third, HOME_ADDRESS) == []
    assert visitors.replaced_by(pending(), OTHER_HOME_ADDRESS) == []


def test_the_keys_of_a_home_agent_are_known_as_long_as_their_visitors() -> None:
    visitors = VisitorList()
    visitors.put(visitor(received_key=7))
    assert visitors.has_key(HOME_AGENT, 7)
    assert not visitors.has_key(OTHER_HOME_AGENT, 7)
    visitors.put(visitor(received_key=8))
    assert not visitors.has_key(HOME_AGENT, 7)
    visitors.remove(visitor())
    assert not visitors.has_key(HOME_AGENT, 8)


def test_the_packets_side_knows_as_many_realms() -> None:
    assert MOST_REALMS == ports.MOST_REALMS
