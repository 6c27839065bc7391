"""What stands in a mobile node's way: a NAT (which forgets its ports), an ingress filter, a narrow line, and another
one with the same home address. In each of them a download goes on and a voice-like stream is never silent for long.
"""

import time

import pytest
from tests.support.roaming import CORRESPONDENT, eventually, go, reachable, registration, roaming
from tests.support.traffic import boot, traffic

from mobileip.lab.demo.traffic import Traffic
from mobileip.lab.feed import Event
from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

LONGEST_SILENCE_SECONDS = 1.0
REPAIR_SECONDS = 3.0
"""A NAT that forgot its mappings is noticed and repaired within this time while the node sends."""
WATCHED_SECONDS = 4.0
IN_FLIGHT_SECONDS = 0.25


def silence(going: Traffic, begin: float, end: float) -> float:
    """Of the worse direction."""
    return max(flow.silence(begin, end) for flow in (going.to_mobile_node(), going.from_mobile_node()))


@pytest.mark.parametrize("network", ["behind", "filtered", "far"])
def test_traffic_goes_on_behind(network: str) -> None:
    with roaming("obstacles", f"obst-{network}") as lab:
        go(lab, network)
        assert reachable(lab)
        assert reachable(lab, CORRESPONDENT, source="mn")
        with traffic(lab) as going:
            begin = boot()
            time.sleep(WATCHED_SECONDS)  # what is watched is a length of time
            assert silence(going, begin, boot() - IN_FLIGHT_SECONDS) <= LONGEST_SILENCE_SECONDS


@pytest.mark.requirement("R3519-4.6-b", "R3519-4.6-e")
def test_a_nat_that_forgets_its_ports_is_noticed_and_repaired() -> None:
    with roaming("obstacles", "rebind") as lab:
        go(lab, "behind")
        assert str(registration(lab)["care_of_address"]).startswith("192.168.1.")
        with traffic(lab) as going:
            for _ in range(2):
                time.sleep(2.0)  # the mapping is in use for a while
                begin = lab.rebind("nat")
                eventually(lambda begin=begin: going.to_mobile_node().first_arrival(begin + 0.1), "packets again")
                repaired = going.to_mobile_node().first_arrival(begin + 0.1)
                assert repaired is not None
                end = boot()
                assert silence(going, begin, end) <= REPAIR_SECONDS


@pytest.mark.requirement("R3519-4.5-d", "R3519-4.6-c", "R3519-4.9-c")
def test_a_foreign_agent_behind_a_nat_serves_its_visitors_in_udp() -> None:
    with roaming("nat-agent", "nat-agent") as lab:
        go(lab, "foreign")
        (binding,) = lab.daemon("ha").ask("bindings")
        assert str(binding["udp_endpoint"]).startswith("192.0.2.6:"), "the NAT's address, not the agent's"
        assert binding["care_of_address"] == "192.168.1.2"
        with traffic(lab) as going:
            begin = boot()
            time.sleep(WATCHED_SECONDS)
            assert silence(going, begin, boot() - IN_FLIGHT_SECONDS) <= LONGEST_SILENCE_SECONDS


def test_two_customers_with_one_home_address() -> None:
    with Lab("customers", name="customers") as lab:
        for node in ("mn1", "mn2"):
            lab.events(node).wait_for("registered", where=_through_a_foreign_agent)
        for number in (1, 2):
            clients = str(lab.run(f"mn{number}", "ping", "-n", "-c3", "-i0.2", "-W3", "10.0.0.100", check=False).stdout)
            assert "3 received" in clients, f"mn{number}: {clients}"
            assert lab.run(f"cn{number}", "ping", "-n", "-c3", "-i0.2", "-W3", "10.0.0.5", check=False).returncode == 0
        visitors = lab.daemon("fa").ask("visitors")
        assert len(visitors) == 2
        first = traffic(lab, "10.0.0.5", "10.0.0.100", mobile="mn1", peer="cn1")
        second = traffic(lab, "10.0.0.5", "10.0.0.100", mobile="mn2", peer="cn2")
        with first as one, second as other:
            begin = boot()
            time.sleep(WATCHED_SECONDS)
            end = boot() - IN_FLIGHT_SECONDS
            assert max(silence(one, begin, end), silence(other, begin, end)) <= LONGEST_SILENCE_SECONDS


def _through_a_foreign_agent(event: Event) -> bool:
    return bool(event["care_of"] == "foreign_agent")
