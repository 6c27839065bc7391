"""What each wish costs a machine, object by object."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from hypothesis import given
from tests.support.wishes import (
    CARE_OF,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    LATER,
    VISITOR_LINK_ADDRESS,
    binding,
    broadcast_exit,
    broadcast_route,
    reverse_exit,
    reverse_tunnel,
    states,
    tunnel_exit,
    visitor,
    visitor_reverse,
)

from mobileip.dataplane.identity import identity
from mobileip.dataplane.plan import objects_of, plan
from mobileip.dataplane.ports import (
    REALM_MARK,
    ROUTE_METRIC,
    ROUTING_TABLE,
    SIGNALLING_MARK,
    FrameMark,
    InterfaceAddress,
    NeighbourEntry,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)
from mobileip.forwarding.model import (
    AgentLink,
    BroadcastExit,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Interception,
    MobileLink,
    MobileRoute,
    Neighbour,
    ReturnPath,
    Way,
)
from mobileip.forwarding.tunnel import Tunnel

EVERYWHERE = IPv4Network("0.0.0.0/0")
GATEWAY = IPv4Address("192.0.2.1")

AGENT = {
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/mip0/forwarding", "1"),
    ("net/ipv4/conf/mip0/rp_filter", "2"),
    ("net/ipv4/conf/mip0/send_redirects", "0"),
}
AGENT_LINK = {
    ("net/ipv4/conf/eth1/forwarding", "1"),
    ("net/ipv4/conf/eth1/rp_filter", "2"),
    ("net/ipv4/conf/eth1/send_redirects", "0"),
}
GROUPS = IPv4Network("224.0.0.0/4")
ARP_BELIEVES = ("net/ipv4/neigh/eth1/locktime", "0")
NO_REDIRECTS = {("net/ipv4/conf/all/accept_redirects", "0"), ("net/ipv4/conf/eth1/accept_redirects", "0")}


def planned(wish):
    """Sysctls as pairs, and the other objects."""
    objects = objects_of(wish, "mip0")
    sysctls = {(o.path, o.value) for o in objects if isinstance(o, Sysctl)}
    return sysctls, {o for o in objects if not isinstance(o, Sysctl)}


@pytest.mark.requirement("R5944-4.2.2-e", "R3024-5.2.1-b", "R3024-5.2.1-c", "R3024-5.4-a", "R3024-5.4-b")
@pytest.mark.parametrize(
    "wish",
    [
        binding(),
        broadcast_route(),
        visitor(),
        tunnel_exit(),
        reverse_exit(),
        reverse_tunnel(),
        visitor_reverse(delivery=Tunnel(HOME_AGENT, HOME_ADDRESS)),
    ],
)
def test_what_only_packets_meet_needs_nothing_of_the_kernel(wish):
    assert objects_of(wish, "mip0") == ()


@pytest.mark.requirement("R5944-1.7-c", "R5944-4.2.3-a")
def test_a_virtual_home_network_is_one_aggregate_route():
    sysctls, objects = planned(HomeNetwork(prefix=HOME_NETWORK))
    assert sysctls == AGENT
    assert objects == {Route(prefix=HOME_NETWORK, interface="mip0", metric=ROUTE_METRIC)}


@pytest.mark.requirement("R5944-4.2.3-c", "R5944-4.2.3-d", "R5944-4.6-b")
def test_a_home_network_on_a_link_needs_no_route_but_proxy_answers_at_once():
    sysctls, objects = planned(HomeNetwork(prefix=HOME_NETWORK, interface="eth1"))
    assert sysctls == AGENT | AGENT_LINK | {("net/ipv4/neigh/eth1/proxy_delay", "0"), ARP_BELIEVES}
    # For what comes out of tunnels there when no route to its source leads into our device any more.
    assert objects == {InterfaceAddress(interface="mip0", address=IPv4Interface("127.0.74.34/32"))}


@pytest.mark.requirement("R5944-1.7-c", "R5944-4.2.3-a", "R5944-4.6-c", "R5944-4.6-d", "R5944-4.6-e")
def test_interception_is_a_host_route_and_a_proxy_neighbour():
    sysctls, objects = planned(Interception(home_address=HOME_ADDRESS, interface="eth1"))
    assert sysctls == set()
    assert objects == {
        Route(prefix=IPv4Network("10.1.0.10/32"), interface="mip0", metric=ROUTE_METRIC),
        ProxyNeighbour(interface="eth1", address=HOME_ADDRESS),
    }


@pytest.mark.requirement("R5944-2.1-e", "R5944-2.3.1-b", "R5944-4.2.2-f")
def test_an_agent_link_forwards_and_sends_no_redirects():
    assert planned(AgentLink(interface="eth1")) == (AGENT | AGENT_LINK, set())


@pytest.mark.requirement("R3024-5.1.1-b", "R5944-4.2.2-i")
def test_what_a_visitor_sends_is_routed_into_our_device():
    sysctls, objects = planned(visitor_reverse())
    assert sysctls == set()
    assert objects == {
        Rule(priority=7436, arriving_by="eth1", source=HOME_ADDRESS, table=7435),
        Route(prefix=EVERYWHERE, interface="mip0", table=7435),
    }


@pytest.mark.requirement("R3024-A.4-g")
def test_a_visitor_whose_home_address_another_has_too_is_known_by_its_frames():
    sysctls, objects = planned(visitor_reverse(realm=2))
    assert ("net/ipv4/conf/mip0-2/forwarding", "1") in sysctls
    assert objects == {
        FrameMark(interface="eth1", link_address=VISITOR_LINK_ADDRESS, source=HOME_ADDRESS, mark=REALM_MARK + 2),
        Rule(priority=7435, mark=REALM_MARK + 2, table=7437),
        Route(prefix=EVERYWHERE, interface="mip0-2", table=7437),
    }


@pytest.mark.requirement("R3024-5.1.1-a")
def test_what_goes_direct_and_how_large_segments_may_be():
    near = IPv4Network("172.16.0.0/12")
    wish = MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth1",
        gateway=HOME_AGENT,
        destinations=(near, GROUPS),
        segment_size=1428,
    )
    _, objects = planned(wish)
    assert {(o.prefix, o.gateway, o.segment_size) for o in objects} == {
        (near, HOME_AGENT, 1428),
        (GROUPS, HOME_AGENT, 1428),
    }


def test_return_path_needs_only_a_loose_reverse_path_check() -> None:
    sysctl = Sysctl(path="net/ipv4/conf/eth1/rp_filter", value="2")
    assert plan(ForwardingState.of([ReturnPath(interface="eth1")]), "mip0") == {sysctl}


@pytest.mark.requirement("R5944-4.4-c", "R5944-4.4-h")
def test_a_home_address_is_the_default_source_of_the_machine():
    sysctls, objects = planned(HomeAddress(address=HOME_ADDRESS))
    assert sysctls == {
        ("net/ipv4/conf/mip0/rp_filter", "2"),
        ("net/ipv4/conf/mip0/forwarding", "1"),
        ("net/ipv4/conf/all/accept_redirects", "0"),
        ("net/ipv4/conf/mip0/accept_redirects", "0"),
    }
    assert objects == {
        InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.10/32")),
        Rule(priority=7430, arriving_by="lo", udp_ports=(68, 67), table=254),
        Rule(priority=7431, suppress_prefix_length=0, table=254),
        Rule(priority=7433, mark=SIGNALLING_MARK, table=254),
        Rule(priority=7434, table=ROUTING_TABLE),
        Route(prefix=EVERYWHERE, interface="mip0", table=ROUTING_TABLE, source=HOME_ADDRESS, metric=9999),
        Route(prefix=GROUPS, interface="mip0", table=ROUTING_TABLE, source=HOME_ADDRESS, metric=9999),
    }


def test_a_tunnel_leaves_by_the_link_of_its_care_of_address_whatever_default_routes_there_are() -> None:
    assert planned(reverse_tunnel()) == (set(), set())
    assert planned(reverse_tunnel(way=Way("eth1", GATEWAY))) == (
        set(),
        {
            Rule(priority=7432, mark=SIGNALLING_MARK, source=CARE_OF, table=7433),
            Route(prefix=IPv4Network(f"{HOME_AGENT}/32"), interface="eth1", gateway=GATEWAY, table=7433),
        },
    )


@pytest.mark.requirement("R5944-4.2.1-d", "R5944-4.6-b", "R5944-4.6-q", "R5944-4.6-s")
def test_a_mobile_link_away_from_home_answers_only_for_its_own_addresses():
    assert planned(MobileLink(interface="eth1", answers_arp=False)) == (
        {
            ("net/ipv4/conf/eth1/arp_ignore", "1"),
            ("net/ipv4/conf/eth1/arp_announce", "2"),
            ("net/ipv4/conf/eth1/rp_filter", "2"),
            ARP_BELIEVES,
        }
        | NO_REDIRECTS,
        set(),
    )


def test_a_link_without_any_address_bears_one_that_names_nobody():
    bare = MobileLink(interface="eth1", answers_arp=False, is_bare=True)
    sysctls, others = planned(bare)
    assert sysctls == planned(MobileLink(interface="eth1", answers_arp=False))[0]
    assert others == {InterfaceAddress(interface="eth1", address=IPv4Interface("192.0.0.8/32"))}


def test_a_mobile_link_at_home_answers_and_asks_by_arp_whatever_all_says():
    assert planned(MobileLink(interface="eth1", answers_arp=True)) == (
        {
            ("net/ipv4/conf/all/arp_ignore", "0"),
            ("net/ipv4/conf/eth1/arp_ignore", "0"),
            ("net/ipv4/conf/all/arp_announce", "0"),
            ("net/ipv4/conf/eth1/arp_announce", "0"),
            ("net/ipv4/conf/eth1/rp_filter", "2"),
            ARP_BELIEVES,
        }
        | NO_REDIRECTS,
        set(),
    )


@pytest.mark.requirement("R5944-1.7-d", "R5944-4.2.1-c", "R5944-4.4-h", "R5944-4.6-p")
def test_a_mobile_route_away_from_home_asks_nothing_by_arp():
    wish = MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth1",
        gateway=HOME_AGENT,
        gateway_link_address=VISITOR_LINK_ADDRESS,
    )
    assert set(objects_of(wish, "mip0")) == {
        Route(prefix=EVERYWHERE, interface="eth1", table=ROUTING_TABLE, gateway=HOME_AGENT, source=HOME_ADDRESS),
        NeighbourEntry(interface="eth1", address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS),
    }


def test_a_mobile_route_at_home_knows_the_home_network_and_leaves_arp_to_the_kernel():
    wish = MobileRoute(home_address=HOME_ADDRESS, interface="eth1", gateway=HOME_AGENT, on_link=HOME_NETWORK)
    assert set(objects_of(wish, "mip0")) == {
        Route(prefix=EVERYWHERE, interface="eth1", table=ROUTING_TABLE, gateway=HOME_AGENT, source=HOME_ADDRESS),
        Route(prefix=HOME_NETWORK, interface="eth1", table=ROUTING_TABLE, source=HOME_ADDRESS),
        Route(prefix=GROUPS, interface="eth1", table=ROUTING_TABLE, source=HOME_ADDRESS),
        Route(prefix=IPv4Network("10.1.0.255/32"), interface="eth1", table=255, metric=ROUTE_METRIC, is_broadcast=True),
    }


def test_a_broadcast_exit_makes_the_home_networks_broadcast_address_our_own():
    assert set(objects_of(broadcast_exit(), "mip0")) == {
        Route(prefix=IPv4Network("10.1.0.255/32"), interface="mip0", table=255, metric=ROUTE_METRIC, is_broadcast=True)
    }


def test_a_pair_of_addresses_has_no_broadcast_address():
    pair = IPv4Network("10.1.0.10/31")
    at_home = MobileRoute(home_address=HOME_ADDRESS, interface="eth1", gateway=HOME_AGENT, on_link=pair)
    away = BroadcastExit(home_address=HOME_ADDRESS, tunnel=FROM_HOME_AGENT, network=pair, expires_at=LATER)
    assert not any(isinstance(o, Route) and o.is_broadcast for o in objects_of(at_home, "mip0"))
    assert objects_of(away, "mip0") == ()


def test_a_neighbour_is_one_entry():
    wish = Neighbour(interface="eth1", address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS)
    assert objects_of(wish, "mip0") == (
        NeighbourEntry(interface="eth1", address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS),
    )


def test_the_name_of_a_vlan_is_one_step_of_the_path():
    sysctls, _ = planned(MobileLink(interface="eth0.100", answers_arp=False))
    assert ("net/ipv4/conf/eth0.100/arp_ignore", "1") in sysctls


@pytest.mark.parametrize(
    "name", ["", ".", "..", "all", "default", "a/b", "../eth0", "a b", "a:1", "a\0b", "sixteen-letters-", "é" * 8]
)
def test_what_no_interface_can_be_named_is_refused(name):
    for wish in (
        MobileLink(interface=name, answers_arp=True),
        AgentLink(interface=name),
        Interception(home_address=HOME_ADDRESS, interface=name),
        HomeNetwork(prefix=HOME_NETWORK, interface=name),
        MobileRoute(home_address=HOME_ADDRESS, interface=name, gateway=HOME_AGENT),
        Neighbour(interface=name, address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS),
    ):
        with pytest.raises(ValueError, match="no interface can be named"):
            objects_of(wish, "mip0")


@given(states)
def test_a_plan_names_every_identity_once(state):
    planned_objects = plan(state, "mip0")
    assert len({identity(target) for target in planned_objects}) == len(planned_objects)


@given(states)
def test_a_plan_has_nothing_that_no_wish_asked_for(state):
    asked_for = {target for wish in state.wishes.values() for target in objects_of(wish, "mip0")}
    assert plan(state, "mip0") <= asked_for
    assert {identity(target) for target in plan(state, "mip0")} == {identity(target) for target in asked_for}


def test_two_wishes_for_one_neighbour_are_settled_whatever_their_order():
    one = Neighbour(interface="eth1", address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS)
    other = MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth1",
        gateway=HOME_AGENT,
        gateway_link_address=bytes(6),
    )
    forth, back = (plan(ForwardingState.of(order), "mip0") for order in ([one, other], [other, one]))
    assert forth == back
    entries = [target for target in forth if isinstance(target, NeighbourEntry)]
    assert [entry.link_address for entry in entries] == [bytes(6)]
