"""Real daemons: what a registration can give besides a way for packets, and what takes it away again."""

from ipaddress import IPv4Address

import pytest
from tests.support.registration_features import (
    HOME_AGENT,
    NAMED,
    POOL,
    REVOKING,
    plugged_into,
    share_key,
)
from tests.support.roaming import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    eventually,
    go,
    packets,
    reachable,
    registration,
    roaming,
)

from mobileip.lab.capture import Capture
from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

ECHO_REQUEST = 8


def wait_registered(lab: Lab, network: str) -> None:
    lab.events("mn").wait_for("registered", care_of=CARE_OF[network])


def echo_requests(capture: Capture) -> set[str]:
    """The nodes that sent any to the home address."""
    return {
        frame.place.node
        for frame, packet in packets(capture.frames)
        if frame.outgoing and str(packet.destination) == HOME_ADDRESS and packet.payload[0] == ECHO_REQUEST
    }


def is_of_pool(address: str) -> bool:
    first, last = map(IPv4Address, POOL)
    return first <= IPv4Address(address) <= last


# -- a home address that is assigned (RFC 2794)


@pytest.mark.parametrize("network", ["foreign1", "visited"])
def test_a_node_with_a_name_alone_gets_an_address_and_is_reachable_there(network: str) -> None:
    with plugged_into(network, "roaming", f"nai-{network}", settings=NAMED) as lab:
        lab.start_daemons()
        wait_registered(lab, network)
        (binding,) = lab.daemon("ha").ask("bindings")
        address = binding["home_address"]
        assert is_of_pool(address)
        assert lab.events("mn").wait_for("home_address_assigned")["home_address"] == address
        assert reachable(lab, address)
        assert reachable(lab, CORRESPONDENT, source="mn")
        assert f"src {address}" in lab.run("mn", "ip", "-o", "route", "get", CORRESPONDENT).stdout


def test_an_assigned_address_is_kept_from_network_to_network() -> None:
    with plugged_into("foreign1", "roaming", "nai-moves", settings=NAMED) as lab:
        lab.start_daemons()
        wait_registered(lab, "foreign1")
        address = lab.daemon("ha").ask("bindings")[0]["home_address"]
        for network in ("foreign2", "visited", "foreign1"):
            go(lab, network)
            (binding,) = lab.daemon("ha").ask("bindings")
            assert binding["home_address"] == address
            assert reachable(lab, address), f"in {network}"


# -- a home agent that is assigned (RFC 4433) or discovered (RFC 5944 §3.6.1.2)


@pytest.mark.parametrize("asked", ["assign", "assign-anywhere"])
def test_a_foreign_agent_finds_a_home_agent_for_a_node_that_wants_any(asked: str) -> None:
    settings = {
        "mn": {"mobile_node": {**NAMED["mn"]["mobile_node"], "home_agent": asked}},
        "ha": NAMED["ha"],
        "fa1": {"foreign_agent": {"default_home_agent": HOME_AGENT}},
    }
    with plugged_into("foreign1", "minimal", asked, settings=settings) as lab:
        lab.start_daemons()
        wait_registered(lab, "foreign1")
        chosen = lab.events("mn").wait_for("home_agent_chosen")
        assert (chosen["home_agent"], chosen["cause"]) == (HOME_AGENT, "assigned")
        (visitor,) = lab.daemon("fa1").ask("visitors")
        assert visitor["home_agent"] == HOME_AGENT
        assert is_of_pool(visitor["home_address"])
        assert reachable(lab, visitor["home_address"])


def test_a_colocated_node_asks_the_home_agent_that_it_prefers() -> None:
    wishes = {"nai": "mn@example.net", "home_agent": "assign", "preferred_home_agent": HOME_AGENT}
    with plugged_into("visited", "roaming", "prefer", settings={"mn": {"mobile_node": wishes}}) as lab:
        lab.start_daemons()
        wait_registered(lab, "visited")
        assert lab.events("mn").wait_for("home_agent_chosen")["home_agent"] == HOME_AGENT
        assert reachable(lab)


@pytest.mark.parametrize("network", ["foreign1", "visited"])
def test_a_home_agent_is_discovered_by_a_broadcast_to_the_home_network(network: str) -> None:
    settings = {"mn": {"mobile_node": {"home_agent": "discover"}}}
    with plugged_into(network, "roaming", f"discover-{network}", settings=settings) as lab:
        capture = lab.capture(("ha", "eth0"))
        lab.start_daemons()
        wait_registered(lab, network)
        capture.close()
        chosen = lab.events("mn").wait_for("home_agent_chosen")
        assert (chosen["home_agent"], chosen["cause"]) == (HOME_AGENT, "discovered")
        asked = [str(p.destination) for frame, p in packets(capture.frames) if not frame.outgoing and p.protocol == 17]
        assert list(dict.fromkeys(asked)) == ["10.1.0.255", HOME_AGENT], "everybody, then the one that answered"
        assert reachable(lab)


# -- registration revocation (RFC 3543)


def test_a_foreign_agent_that_was_left_is_told_and_forgets_its_visitor() -> None:
    with plugged_into("foreign1", "roaming", "revoke", settings=REVOKING) as lab:
        for foreign_agent in ("fa1", "fa2"):
            share_key(lab, foreign_agent)
        lab.start_daemons()
        wait_registered(lab, "foreign1")
        (visitor,) = lab.daemon("fa1").ask("visitors")
        assert visitor["remaining_seconds"] > 1000, "it would stay for long"
        go(lab, "foreign2")
        gone = lab.events("fa1").wait_for("visitor_removed", home_address=HOME_ADDRESS)
        assert gone["cause"] == "revoked"
        assert lab.daemon("fa1").ask("status")["visitors"] == 0
        ended = lab.events("ha").wait_for("revocation_ended", home_address=HOME_ADDRESS)
        assert (ended["cause"], ended["peer"]) == ("acknowledged", "192.0.2.6")
        assert lab.daemon("fa2").ask("status")["visitors"] == 1
        assert reachable(lab)


# -- simultaneous bindings (RFC 5944 §3.6.1.2, §3.8.2.2)


def test_packets_are_duplicated_to_both_care_of_addresses_of_a_node_that_asks_for_it() -> None:
    settings = {
        "mn": {"mobile_node": {"simultaneous_bindings": True}},
        "ha": {"home_agent": {"maximum_simultaneous_bindings": 2}},
    }
    with roaming("roaming", "both", settings=settings) as lab:
        go(lab, "foreign1")
        # Without a loss of carrier, as between two cells that overlap: the first registration is still in force.
        go(lab, "foreign2", silent=True)
        assert {b["care_of_address"] for b in lab.daemon("ha").ask("bindings")} == {"192.0.2.6", "192.0.2.10"}
        capture = lab.capture(("fa1", "eth1"), ("fa2", "eth1"))
        assert reachable(lab)
        eventually(lambda: echo_requests(capture) == {"fa1", "fa2"}, "one goes into the network that it left too")
        capture.close()
        go(lab, "home")
        assert lab.daemon("ha").ask("bindings") == [], "at home all bindings end"
        assert registration(lab)["care_of"] == "home"
