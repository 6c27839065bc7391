"""Keepalives of tunnels in UDP."""

from math import inf
from typing import Any

from tests.support.foreign_agent import OTHER_HOME_ADDRESS, OTHER_HOME_AGENT, visitor
from tests.support.messages import HOME_ADDRESS, HOME_AGENT

from mobileip.agents.foreign.keepalives import IDENTIFIER, Keepalives
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.outputs import Output, SendKeepalive


def in_udp(**fields: Any) -> Visitor:
    return visitor(**({"udp_tunnel": True, "keepalive_interval": 25.0} | fields))


def told(outputs: list[Output]) -> list[tuple[str, str, int]]:
    return [(str(o.home_address), str(o.home_agent), o.sequence) for o in outputs if isinstance(o, SendKeepalive)]


def test_who_has_no_tunnel_in_udp_needs_none() -> None:
    keepalives = Keepalives()
    keepalives.put(visitor(), 0.0)
    keepalives.sent(HOME_AGENT, 0.0)
    assert keepalives.next_deadline() == inf
    assert keepalives.due(1000.0) == []


def test_one_for_each_home_agent_and_interval() -> None:
    keepalives = Keepalives()
    keepalives.put(in_udp(), 0.0)
    keepalives.put(in_udp(home_address=OTHER_HOME_ADDRESS), 0.0)
    keepalives.put(in_udp(home_agent=OTHER_HOME_AGENT), 1.0)
    assert keepalives.due(24.9) == []
    first = keepalives.due(25.0)
    assert first == [SendKeepalive(home_address=HOME_ADDRESS, home_agent=HOME_AGENT, identifier=IDENTIFIER, sequence=1)]
    assert told(keepalives.due(26.0)) == [(str(HOME_ADDRESS), str(OTHER_HOME_AGENT), 2)]
    assert keepalives.next_deadline() == 50.0


def test_the_shortest_interval_of_all_counts() -> None:
    keepalives = Keepalives()
    keepalives.put(in_udp(), 0.0)
    keepalives.put(in_udp(home_address=OTHER_HOME_ADDRESS, keepalive_interval=12.0), 0.0)
    assert keepalives.next_deadline() == 12.0
    keepalives.remove(in_udp(home_address=OTHER_HOME_ADDRESS))
    assert len(keepalives.due(12.0)) == 1
    assert keepalives.next_deadline() == 37.0


def test_it_is_from_a_visitor_that_the_home_agent_takes_packets_of() -> None:
    keepalives = Keepalives()
    keepalives.put(in_udp(), 0.0)
    keepalives.put(in_udp(home_address=OTHER_HOME_ADDRESS, reverse_tunnel=True), 0.0)
    assert told(keepalives.due(25.0)) == [(str(OTHER_HOME_ADDRESS), str(HOME_AGENT), 1)]


def test_a_request_is_as_good() -> None:
    keepalives = Keepalives()
    keepalives.put(in_udp(), 0.0)
    keepalives.sent(HOME_AGENT, 20.0)
    keepalives.sent(OTHER_HOME_AGENT, 20.0)
    assert keepalives.next_deadline() == 45.0


def test_none_for_those_that_are_gone() -> None:
    keepalives = Keepalives()
    keepalives.put(in_udp(), 0.0)
    keepalives.remove(visitor(home_agent=OTHER_HOME_AGENT))
    keepalives.put(visitor(), 5.0)
    assert keepalives.next_deadline() == inf
    keepalives.remove(visitor())
    assert keepalives.due(100.0) == []
