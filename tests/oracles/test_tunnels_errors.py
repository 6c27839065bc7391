"""What goes wrong in and behind a tunnel, told by a real kernel's ICMP or to it: the sender learns what concerns it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from tests.oracles.world import FORMS, HOME_ADDRESS, Form, Roles, Wire, World, world
from tests.support.eventually import eventually

pytestmark = [pytest.mark.netns, pytest.mark.no_engine, pytest.mark.oracle]

FORMS_USED = ("ipip", "gre_all")

PING_HEADERS = 28
"""Octets of the headers around an echo request's content."""

Build = Callable[[Roles], AbstractContextManager[World]]


@pytest.fixture(params=FORMS_USED)
def build(request: pytest.FixtureRequest, wire: Wire) -> Build:
    form: Form = FORMS[request.param]
    return lambda roles: world(wire, roles, form)


@pytest.fixture
def home_agent(build: Build) -> Iterator[World]:
    """We are the home agent; the kernel is a foreign agent."""
    with build(Roles.HOME_AGENT_TO_FOREIGN_AGENT) as built:
        yield built


@pytest.fixture
def foreign_agent(build: Build) -> Iterator[World]:
    """We are the foreign agent; the kernel is the home agent."""
    with build(Roles.FOREIGN_AGENT_TO_HOME_AGENT) as built:
        yield built


def _unfragmented(octets: int) -> str:
    """Words for an echo request of that length, headers included, that must not be fragmented."""
    return f"-M do -s {octets - PING_HEADERS}"


# -- too big


def test_a_sender_learns_what_fits_into_the_tunnel(home_agent: World) -> None:
    mtu = home_agent.form.mtu
    assert "1 received" in home_agent.ping(_unfragmented(mtu))
    said = home_agent.ping(_unfragmented(mtu + 1))
    assert f"From 198.51.100.1 icmp_seq=1 Frag needed and DF set (mtu = {mtu})" in said


def test_a_sender_learns_what_fits_through_a_narrow_link_in_the_middle(home_agent: World) -> None:
    home_agent.narrow(1280)
    mtu = home_agent.form.mtu - (1500 - 1280)
    said = home_agent.ping(_unfragmented(1400))  # the kernel's router answers our tunnel packet, and we the sender
    assert f"From 198.51.100.1 icmp_seq=1 Frag needed and DF set (mtu = {mtu})" in said
    home_agent.correspondent.ip("route flush cache")  # asks again: now we know by ourselves
    assert f"(mtu = {mtu})" in home_agent.ping(_unfragmented(mtu + 1))
    home_agent.correspondent.ip("route flush cache")
    assert "1 received" in home_agent.ping(_unfragmented(mtu))
    assert "1 received" in home_agent.ping("-M dont -s 3000")  # what may be fragmented is


def test_a_download_fits_through_a_narrow_link_that_nobody_knew_of(home_agent: World) -> None:
    home_agent.narrow(1280)
    home_agent.carry("tcp", 500_000)


def test_fragments_of_a_tunnel_packet_are_put_together(build: Build) -> None:
    with build(Roles.NODE_TO_HOME_AGENT) as node:
        node.correspondent.ip("link set eth0 mtu 4000")
        node.end.ip("link set behind mtu 4000")
        node.end.ip("tunnel change tunnel ttl 0 nopmtudisc")
        node.end.ip("link set tunnel mtu 4000")
        assert "1 received" in node.ping("-M dont -s 3000"), node.plane.drops()
        assert node.plane.counters()["decapsulated_packets"] == 1


# -- TTL


def test_a_tunnel_from_us_is_one_hop_long(home_agent: World) -> None:
    assert "From 198.51.100.1 icmp_seq=1 Time to live exceeded" in home_agent.ping("-t 1")
    assert "From 203.0.113.2 icmp_seq=1 Time to live exceeded" in home_agent.ping("-t 2")  # the kernel's end
    assert "1 received" in home_agent.ping("-t 3")


def test_a_tunnel_to_us_is_one_hop_long(foreign_agent: World) -> None:
    assert "From 198.51.100.1 icmp_seq=1 Time to live exceeded" in foreign_agent.ping("-t 1")
    assert "From 192.0.2.1 icmp_seq=1 Time to live exceeded" in foreign_agent.ping("-t 2")  # our end
    assert "1 received" in foreign_agent.ping("-t 3")


# -- unreachable


def test_what_the_other_end_can_not_reach_its_kernel_tells_the_sender(home_agent: World) -> None:
    home_agent.end.ip(f"route replace unreachable {HOME_ADDRESS}")
    assert "From 203.0.113.2 icmp_seq=1 Destination Host Unreachable" in home_agent.ping()


def test_an_unreachable_care_of_address_is_told_to_the_sender(home_agent: World) -> None:
    home_agent.router.ip("route add unreachable 203.0.113.2")
    assert "From 198.51.100.1 icmp_seq=1 Destination Host Unreachable" in home_agent.ping()
    home_agent.router.ip("route delete unreachable 203.0.113.2")
    assert "1 received" in home_agent.ping()


def test_a_routing_loop_on_the_way_to_the_care_of_address_is_told_as_unreachable(home_agent: World) -> None:
    home_agent.guest.script(
        """
        ip link add loop type veth peer name loop netns behind
        ip address add 10.98.0.1/24 dev loop
        ip link set loop up
        ip -n behind address add 10.98.0.2/24 dev loop
        ip -n behind link set loop up
        ip -n behind route replace default via 10.98.0.1
        ip route add 203.0.113.2 via 10.98.0.2
        """
    )
    assert "From 198.51.100.1 icmp_seq=1 Destination Host Unreachable" in home_agent.ping()
    home_agent.router.ip("link delete loop")


# -- not from the home agent, not for a visitor


def test_a_tunnel_packet_from_elsewhere_is_dropped_without_a_word(foreign_agent: World) -> None:
    foreign_agent.end.ip("address add 203.0.113.66/24 dev eth0")
    foreign_agent.end.ip("tunnel change tunnel local 203.0.113.66")
    assert "0 received" in foreign_agent.ping("-W0.2")
    eventually(lambda: foreign_agent.plane.drops() == {"dropped_no_such_tunnel": 1})
    assert foreign_agent.unreachables_heard() == 0


def test_a_tunnel_packet_to_no_visitor_is_dropped_without_a_word(foreign_agent: World) -> None:
    stranger = HOME_ADDRESS + 1
    foreign_agent.end.ip(f"route add {stranger} dev tunnel")
    assert "0 received" in foreign_agent.ping("-W0.2", to=stranger)
    eventually(lambda: foreign_agent.plane.drops() == {"dropped_no_visitor": 1})
    assert foreign_agent.unreachables_heard() == 0
