"""Each reason for which something inherited ends, one by one; tests/property has all of them together."""

from ipaddress import IPv4Address, IPv4Interface
from math import inf
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file
from tests.support.wishes import (
    CARE_OF,
    HOME_ADDRESS,
    HOME_AGENT,
    VISITOR_LINK_ADDRESS,
    broadcast_exit,
    reverse_tunnel,
    tunnel_exit,
    visitor,
    visitor_reverse,
)

from mobileip.agents.events import Link
from mobileip.daemon.config_file import parse
from mobileip.daemon.inheritance import (
    LONGEST_SECONDS,
    NOTHING,
    Estate,
    Heir,
    Heritable,
    Inheritance,
    heir_of,
    interface_of,
)
from mobileip.forwarding.model import (
    ArpAnswer,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    LinkHop,
    MobileLink,
    MobileRoute,
    Neighbour,
    Way,
)
from mobileip.forwarding.tunnel import Tunnel

START = 1000.0
HEIR = Heir(
    foreign_agent="192.0.2.2",
    foreign_links=frozenset({"eth1"}),
    mobile_node="10.1.0.10",
    mobile_links=frozenset({"eth0"}),
)
ROUTE = MobileRoute(home_address=HOME_ADDRESS, interface="eth0", gateway=IPv4Address("10.2.1.1"))
HOP = LinkHop("eth0", VISITOR_LINK_ADDRESS)
UP = Link(name="eth0", index=2, carrier=True, addresses=(IPv4Interface(f"{CARE_OF}/24"),))
SERVED = Link(name="eth1", index=3, carrier=True)


def inherited(*wishes: Heritable, heir: Heir = HEIR, until: float = inf, now: float = START) -> Inheritance:
    estate = Estate(foreign_agent="192.0.2.2", mobile_node="10.1.0.10", wishes=wishes, registered_until=until)
    return Inheritance(estate, heir, now)


def test_where_nothing_was_left_nothing_is_inherited() -> None:
    nothing = Inheritance(None, HEIR, START)
    assert (len(nothing), nothing.next_end) == (0, inf)
    assert nothing.look({}) == nothing.settle() == nothing.expire(2 * START) == NOTHING


def test_a_visitor_goes_on_until_its_lifetime_ends() -> None:
    left = inherited(visitor(expires_at=START + 600), visitor_reverse(expires_at=START + 600))
    assert left.next_end == START + 600
    assert left.settle() == left.expire(START + 599) == NOTHING
    assert left.expire(START + 600).remove == (("VisitorReverse", "0/10.1.0.10"), ("VisitorRoute", "0/10.1.0.10"))
    assert len(left) == 0


def test_what_ended_while_no_daemon_was_there_is_not_inherited() -> None:
    assert len(inherited(visitor(expires_at=START), tunnel_exit(expires_at=START - 1))) == 0
    assert len(inherited(ROUTE, reverse_tunnel(), until=START)) == 0


def test_the_agents_own_word_ends_what_was_inherited() -> None:
    left = inherited(visitor(expires_at=START + 600), ROUTE)
    left.stated(ForwardingChange(install=(visitor(expires_at=START + 9),), remove=(ROUTE.key,)))
    assert len(left) == 0


def test_the_whole_is_both_with_the_agents_word_first() -> None:
    own = ForwardingState.of([visitor(expires_at=START + 9)])
    left = inherited(visitor(expires_at=START + 600), ROUTE)
    assert left.whole(own) == ForwardingState.of([visitor(expires_at=START + 9), ROUTE])


def test_a_route_lasts_no_longer_than_its_registration_and_a_minute() -> None:
    assert inherited(ROUTE).next_end == START + LONGEST_SECONDS
    assert inherited(ROUTE, until=START + 20).next_end == START + 20
    assert inherited(HomeAddress(address=HOME_ADDRESS), until=START + 20).next_end == START + LONGEST_SECONDS


@pytest.mark.parametrize(
    "heir",
    [
        Heir(),
        Heir(foreign_agent="192.0.2.99", foreign_links=frozenset({"eth1"}), mobile_node="10.1.0.99"),
        Heir(foreign_agent="192.0.2.2", mobile_node="10.1.0.10"),
    ],
    ids=["no such role", "others", "other links"],
)
def test_who_is_another_inherits_nothing(heir: Heir) -> None:
    assert len(inherited(visitor(expires_at=inf), ROUTE, heir=heir)) == 0


def test_settling_ends_the_mobile_nodes_part_alone() -> None:
    left = inherited(ROUTE, tunnel_exit(), visitor(expires_at=inf))
    assert left.settle().remove == (ROUTE.key, tunnel_exit().key)
    assert list(left.wishes.values()) == [visitor(expires_at=inf)]


@pytest.mark.parametrize(
    "wish",
    [
        ROUTE,
        Neighbour(interface="eth0", address=HOME_AGENT, link_address=bytes(6)),
        ArpAnswer(interface="eth0", home_address=HOME_ADDRESS, link_address=bytes(6)),
        MobileLink(interface="eth0", answers_arp=False),
        reverse_tunnel(hop=HOP),
        tunnel_exit(),
        reverse_tunnel(),
        broadcast_exit(),
    ],
    ids=str,
)
def test_what_a_mobile_node_left_ends_with_link_or_care_of_address(wish: Heritable) -> None:
    left = inherited(wish)
    assert left.look({"eth0": UP}) == NOTHING
    gone = Link(name="eth0", index=2, carrier=False, addresses=UP.addresses)
    assert left.look({"eth0": gone}).remove == (wish.key,)
    assert inherited(wish).look({}).remove == (wish.key,)


@pytest.mark.parametrize("wish", [tunnel_exit(), reverse_tunnel(), broadcast_exit()], ids=str)
def test_a_care_of_address_that_was_taken_away_ends_its_tunnels(wish: Heritable) -> None:
    assert inherited(wish).look({"eth0": Link(name="eth0", index=2, carrier=True)}).remove == (wish.key,)


def test_a_tunnel_to_the_home_address_needs_no_care_of_address() -> None:
    nested = broadcast_exit(tunnel=Tunnel(HOME_ADDRESS, HOME_AGENT))
    assert inherited(nested, HomeAddress(address=HOME_ADDRESS)).look({}) == NOTHING


def test_visitors_outlive_a_carrier_but_not_their_link() -> None:
    left = inherited(visitor(expires_at=inf))
    assert left.look({"eth1": Link(name="eth1", index=3, carrier=False)}) == NOTHING
    assert left.look({"eth0": UP}).remove == (visitor().key,)


def test_another_configuration_takes_the_part_of_the_role_that_differs() -> None:
    left = inherited(visitor(expires_at=inf), ROUTE)
    left.replace_heir(HEIR, Heir(foreign_agent="192.0.2.2", foreign_links=frozenset({"eth1"})))
    assert list(left.wishes.values()) == [visitor(expires_at=inf)]
    left.replace_heir(HEIR, HEIR)
    assert len(left) == 1
    left.replace_heir(HEIR, Heir())
    assert len(left) == 0


def test_the_interface_that_a_wish_needs() -> None:
    assert interface_of(visitor()) == "eth1"
    assert interface_of(reverse_tunnel(hop=HOP)) == "eth0"
    assert interface_of(reverse_tunnel(way=Way("eth0", HOME_AGENT))) == "eth0"
    assert interface_of(reverse_tunnel()) is None
    assert interface_of(broadcast_exit()) is None


def heir(folder: Path, *roles: str, **changed: Any) -> Heir:
    document: dict[str, Any] = {}
    for role in roles:
        document[role] = {**documents()[role][role], **(changed if role == "mobile_node" else {})}
    return heir_of(parse(document, folder))


def test_a_configuration_names_its_heirs(tmp_path: Path) -> None:
    key_file(tmp_path)
    assert heir(tmp_path, "home_agent") == Heir()
    assert heir(tmp_path, "foreign_agent").foreign_agent == "192.0.2.1"
    assert heir(tmp_path, "foreign_agent").foreign_links
    mobile = heir(tmp_path, "mobile_node")
    assert mobile.mobile_links == {"eth0"}
    assert mobile.mobile_node != heir(tmp_path, "mobile_node", home_address="10.1.0.11").mobile_node
    assert mobile == heir(tmp_path, "mobile_node", requested_lifetime=60)
