from ipaddress import IPv4Address, IPv4Network

from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    GROUPS,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    binding,
    broadcast_route,
)

from mobileip.dataplane.userspace.listeners import Listeners
from mobileip.dataplane.userspace.tunnels import Path, TunnelEnd, Use
from mobileip.forwarding.model import HomeNetwork

LINK = HomeNetwork(prefix=HOME_NETWORK, interface="eth1")
VIRTUAL = HomeNetwork(prefix=IPv4Network("10.1.0.0/16"), forwarded_groups=(GROUPS,))


def listeners(*wishes):
    made = Listeners(lambda tunnel: TunnelEnd(tunnel, Path()), lambda _key, _tunnel: Use())
    for wish in wishes:
        made.enter(wish.key, wish)
    return made


def test_nobody_listens_at_first():
    assert listeners().networks("eth1") == ()
    assert listeners().links == {}


def test_a_copy_knows_its_node_its_tunnel_and_its_end():
    ((network,), route) = listeners(LINK, broadcast_route()).networks("eth1"), broadcast_route(nested=True)
    (bare,) = network.copies
    assert (bare.home_address, bare.leg.end.remote, bare.nest) == (HOME_ADDRESS.packed, CARE_OF.packed, None)
    assert bare.expires_at == route.expires_at
    (nested,) = listeners(LINK, route).networks("eth1")[0].copies
    assert (nested.nest.local, nested.nest.remote) == (HOME_AGENT.packed, HOME_ADDRESS.packed)


def test_a_network_without_listeners_takes_no_time():
    made = listeners(LINK, VIRTUAL, broadcast_route())
    assert len(made.networks("eth1")) == 1
    assert made.networks(None) == ()  # the narrower network has the address
    assert made.networks("eth0") == ()


def test_an_address_in_no_home_network_hears_nothing():
    made = listeners(LINK, broadcast_route(CORRESPONDENT))
    assert made.networks("eth1") == ()


def test_two_networks_on_one_link():
    other = HomeNetwork(prefix=IPv4Network("10.7.0.0/24"), interface="eth1")
    made = listeners(LINK, other, broadcast_route(), broadcast_route(IPv4Address("10.7.0.1")))
    assert len(made.networks("eth1")) == 2


def test_what_changes_is_compiled_anew():
    made = listeners(LINK, broadcast_route())
    before = made.networks("eth1")
    assert made.networks("eth1") is before
    made.enter(binding().key, binding())
    made.leave(binding().key)
    assert made.networks("eth1") is before
    made.leave(broadcast_route().key)
    assert made.networks("eth1") == ()
    made.enter(broadcast_route().key, broadcast_route())
    made.leave(LINK.key)
    assert made.networks("eth1") == ()


def test_links_are_listened_to_only_while_somebody_hears():
    made = listeners(LINK, VIRTUAL, binding())
    assert made.links == {}
    made.enter(broadcast_route().key, broadcast_route())
    assert made.links == {"eth1": False}
    louder = HomeNetwork(prefix=IPv4Network("10.7.0.0/24"), interface="eth1", forwarded_groups=(GROUPS,))
    made.enter(louder.key, louder)
    assert made.links == {"eth1": True}


def test_what_is_at_home_here():
    made = listeners(LINK)
    assert made.is_at_home(HOME_ADDRESS.packed)
    assert not made.is_at_home(CORRESPONDENT.packed)


def test_what_is_for_all_of_a_network():
    made = listeners(VIRTUAL, broadcast_route())
    (network,) = made.networks(None)
    taken = ["255.255.255.255", "10.1.255.255", "239.1.0.0", "239.1.255.255"]
    others = ["10.1.0.0", "10.1.0.255", "239.0.255.255", "239.2.0.0", "224.0.0.1"]
    assert [a for a in taken + others if network.takes(IPv4Address(a).packed)] == taken


def test_a_pair_of_addresses_has_no_broadcast_address():
    pair = HomeNetwork(prefix=IPv4Network("10.1.0.10/31"))
    (network,) = listeners(pair, broadcast_route()).networks(None)
    assert network.takes(b"\xff\xff\xff\xff")
    assert not network.takes(bytes((10, 1, 0, 11)))
