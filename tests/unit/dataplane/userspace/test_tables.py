import gc
from ipaddress import IPv4Network

from tests.support.wishes import (
    CARE_OF,
    CORRESPONDENT,
    FROM_HOME_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    TO_CARE_OF,
    binding,
    broadcast_exit,
    broadcast_route,
    tunnel_exit,
    visitor,
)

from mobileip.dataplane.userspace.exits import ANY_GROUP
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import (
    ArpAnswer,
    BroadcastExit,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    MobileLink,
)
from mobileip.forwarding.tunnel import Tunnel

ARRIVING = HOME_AGENT.packed + CARE_OF.packed
HOME = HOME_ADDRESS.packed
ELSEWHERE = Tunnel(HOME_AGENT, CORRESPONDENT)


def of(*wishes):
    return PacketTables.of(ForwardingState.of(wishes))


def test_a_binding_is_compiled_at_its_first_packet_and_kept():
    tables = of(binding())
    first = tables.binding(HOME)
    assert first is not None
    assert [leg.end.tunnel for leg in first.legs] == [TO_CARE_OF]
    assert tables.binding(HOME) is first
    assert tables.binding(CORRESPONDENT.packed) is None


def test_bindings_share_the_soft_state_of_their_tunnel():
    tables = of(binding(), binding(HOME_ADDRESS + 1))
    one, other = (tables.binding(home.packed) for home in (HOME_ADDRESS, HOME_ADDRESS + 1))
    assert one.legs[0].end is other.legs[0].end
    assert tables.ends.known_path(TO_CARE_OF.local.packed + TO_CARE_OF.remote.packed) is one.legs[0].end.path


def test_the_end_of_a_tunnel_that_nobody_uses_is_forgotten():
    tables = of(binding())
    tables.binding(HOME)
    tables.apply(ForwardingChange(remove=(binding().key,)))
    gc.collect()
    assert tables.ends.known_path(TO_CARE_OF.local.packed + TO_CARE_OF.remote.packed) is None


def test_a_renewed_binding_goes_on_counting():
    tables = of(binding(expires_at=5.0))
    tables.binding(HOME).legs[0].use.packets = 7
    tables.apply(ForwardingChange(install=(binding(expires_at=9.0),)))
    renewed = tables.binding(HOME)
    assert (renewed.expires_at, renewed.legs[0].use.packets) == (9.0, 7)


def test_a_moved_binding_counts_anew():
    tables = of(binding(HOME_ADDRESS, TO_CARE_OF, ELSEWHERE))
    tables.binding(HOME).legs[0].use.packets = 7
    tables.apply(ForwardingChange(install=(binding(HOME_ADDRESS, ELSEWHERE),)))
    assert [use.packets for use in tables.ends.uses()[binding().key].values()] == [0]
    tables.apply(ForwardingChange(remove=(binding().key,)))
    assert tables.ends.uses() == {}


def test_a_visitor_and_an_exit_are_found_by_both_ends_and_home_address():
    tables = of(visitor(), tunnel_exit(HOME_ADDRESS + 1))
    assert tables.exits.forward[ARRIVING + HOME].interface == "eth1"
    assert tables.exits.forward[ARRIVING + (HOME_ADDRESS + 1).packed].interface is None
    assert tables.exits.receiving(ARRIVING) is True, "one of the two is a foreign agent's"


def test_what_a_mobile_node_takes_beside_its_own_address_comes_and_goes_with_the_wish():
    tables = of(broadcast_exit())
    assert set(tables.exits.forward) == {
        ARRIVING + bytes(destination) for destination in ((10, 1, 0, 255), (255, 255, 255, 255), ANY_GROUP)
    }
    assert tables.exits.receiving(ARRIVING) is False
    tables.apply(ForwardingChange(remove=(broadcast_exit().key,)))
    assert not tables.exits.forward
    assert tables.exits.receiving(ARRIVING) is None


def test_what_was_copied_to_a_node_is_counted_while_it_listens():
    tables = of(HomeNetwork(prefix=HOME_NETWORK), broadcast_route())
    key = broadcast_route().key
    tables.listeners.networks(None)[0].copies[0].leg.use.packets = 7
    tables.apply(ForwardingChange(install=(broadcast_route(expires_at=5.0),)))
    assert [use.packets for use in tables.ends.uses()[key].values()] == [7]
    tables.apply(ForwardingChange(remove=(key,)))
    assert tables.ends.uses() == {}
    assert tables.listeners.networks(None) == ()


def test_a_visitor_that_changes_its_tunnel_leaves_nothing_behind():
    tables = of(visitor())
    other = Tunnel(CARE_OF, CORRESPONDENT)
    tables.apply(ForwardingChange(install=(visitor(tunnel=other),)))
    assert list(tables.exits.forward) == [CORRESPONDENT.packed + CARE_OF.packed + HOME]
    assert tables.exits.receiving(CORRESPONDENT.packed + CARE_OF.packed) is True
    assert tables.exits.receiving(ARRIVING) is None
    tables.apply(ForwardingChange(remove=(visitor().key,)))
    assert not tables.exits.forward
    assert tables.exits.receiving(CORRESPONDENT.packed + CARE_OF.packed) is None


def test_own_addresses_and_virtual_networks():
    own, network = HomeAddress(address=HOME_ADDRESS), HomeNetwork(prefix=HOME_NETWORK)
    tables = of(own, network, MobileLink(interface="eth0", answers_arp=True))
    assert tables.own == {HOME: True}
    assert list(tables.virtual) == [(int(HOME_NETWORK.network_address), 0xFFFFFF00)]
    tables.apply(ForwardingChange(install=(HomeNetwork(prefix=HOME_NETWORK, interface="eth0"),), remove=(own.key,)))
    assert not tables.own
    assert not tables.virtual
    tables.apply(ForwardingChange(remove=(network.key,)))
    assert len(tables.wishes) == 1


def test_wishes_that_concern_no_packet_come_and_go():
    link = MobileLink(interface="eth0", answers_arp=True)
    tables = of(link)
    assert list(tables.wishes) == [link.key]
    tables.apply(ForwardingChange(remove=(link.key,)))
    assert not tables.wishes


def test_equal_home_addresses_of_two_realms_do_not_disturb_each_other():
    tables = of(binding(realm=1, expires_at=1.0), binding(expires_at=2.0))
    assert tables.binding(HOME).expires_at == 2.0
    tables.apply(ForwardingChange(remove=(binding().key,)))
    assert tables.binding(HOME).expires_at == 1.0


def test_identifications_are_never_zero():
    tables = PacketTables()
    seen = [tables.next_identification() for _ in range(0x10001)]
    assert seen[:2] == [1, 2]
    assert 0 not in seen
    assert seen[0xFFFE:0x10000] == [0xFFFF, 1]


def test_who_may_ask_for_a_home_address_by_arp():
    answer = ArpAnswer(interface="eth1", home_address=HOME_ADDRESS, link_address=bytes(6))
    tables = of(answer)
    assert tables.arp_answers == {answer.key: answer}
    tables.apply(ForwardingChange(remove=(answer.key,)))
    assert tables.arp_answers == {}


def test_a_mobile_node_of_a_pair_takes_no_broadcast_address():
    pair = IPv4Network("10.1.0.10/31")
    tables = of(BroadcastExit(home_address=HOME_ADDRESS, tunnel=FROM_HOME_AGENT, network=pair, expires_at=5.0))
    assert set(tables.exits.forward) == {ARRIVING + b"\xff\xff\xff\xff", ARRIVING + ANY_GROUP}
