"""The order of operations; that nothing else than the difference is done is in tests/property."""

from tests.support.wishes import HOME_ADDRESS, HOME_AGENT, HOME_NETWORK, VISITOR_LINK_ADDRESS

from mobileip.dataplane.plan import plan
from mobileip.dataplane.ports import (
    Action,
    InterfaceAddress,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
)
from mobileip.dataplane.reconcile import around_the_turn, reconcile
from mobileip.forwarding.model import (
    AgentLink,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Interception,
    MobileLink,
    MobileRoute,
)

REGISTERED = ForwardingState.of(
    [
        HomeAddress(address=HOME_ADDRESS),
        MobileLink(interface="eth0", answers_arp=False),
        MobileRoute(
            home_address=HOME_ADDRESS,
            interface="eth0",
            gateway=HOME_AGENT,
            gateway_link_address=VISITOR_LINK_ADDRESS,
        ),
        AgentLink(interface="eth1"),
        Interception(home_address=HOME_ADDRESS + 1, interface="eth1"),
    ]
)
KINDS = [Sysctl, NeighbourEntry, InterfaceAddress, Route, ProxyNeighbour, Rule]


def kinds(operations):
    """The types in their order, repetitions left out."""
    order = []
    for operation in operations:
        if not order or order[-1] is not type(operation.target):
            order.append(type(operation.target))
    return order


def test_everything_is_installed_after_what_it_needs():
    operations = reconcile([], plan(REGISTERED, "mip0"))
    assert {operation.action for operation in operations} == {Action.INSTALL}
    assert kinds(operations) == KINDS


def test_everything_is_removed_in_reverse():
    everything = plan(REGISTERED, "mip0")
    installed = [operation.target for operation in reconcile([], everything)]
    removed = reconcile(everything, [])
    assert {operation.action for operation in removed} == {Action.REMOVE}
    assert [operation.target for operation in removed] == installed[::-1]


def test_exceptions_come_before_the_rule_for_the_rest():
    operations = reconcile([], plan(REGISTERED, "mip0"))
    priorities = [o.target.priority for o in operations if isinstance(o.target, Rule)]
    assert priorities == [7430, 7431, 7433, 7434]


def test_ip_forward_is_written_last_and_restored_first():
    everything = plan(REGISTERED, "mip0")
    installed = [o.target.path for o in reconcile([], everything) if isinstance(o.target, Sysctl)]
    restored = [o.target.path for o in reconcile(everything, []) if isinstance(o.target, Sysctl)]
    assert installed[-1] == restored[0] == "net/ipv4/ip_forward"


def test_a_new_gateway_replaces_the_route_after_its_neighbour_and_before_the_old_neighbour_goes():
    moved = MobileRoute(
        home_address=HOME_ADDRESS,
        interface="eth0",
        gateway=HOME_AGENT + 9,
        gateway_link_address=VISITOR_LINK_ADDRESS,
    )
    before = plan(REGISTERED, "mip0")
    after = plan(ForwardingState.of([*REGISTERED.wishes.values(), moved]), "mip0")
    operations = reconcile(before, after)
    assert [(operation.action, type(operation.target)) for operation in operations] == [
        (Action.INSTALL, NeighbourEntry),
        (Action.INSTALL, Route),
        (Action.REMOVE, NeighbourEntry),
    ]
    assert operations[1].target.gateway == HOME_AGENT + 9


def test_a_new_home_address_is_there_before_the_route_that_bears_it():
    before = plan(ForwardingState.of([HomeAddress(address=HOME_ADDRESS)]), "mip0")
    after = plan(ForwardingState.of([HomeAddress(address=HOME_ADDRESS + 1)]), "mip0")
    assert [(o.action, type(o.target)) for o in reconcile(before, after)] == [
        (Action.INSTALL, InterfaceAddress),
        (Action.INSTALL, Route),
        (Action.INSTALL, Route),
        (Action.REMOVE, InterfaceAddress),
    ]


def test_another_value_is_written_over_and_not_removed_first():
    away, home = (
        plan(ForwardingState.of([MobileLink(interface="eth0", answers_arp=arp)]), "mip0") for arp in (False, True)
    )
    assert reconcile(home, away) == [
        Operation(Action.INSTALL, Sysctl(path="net/ipv4/conf/eth0/arp_announce", value="2")),
        Operation(Action.INSTALL, Sysctl(path="net/ipv4/conf/eth0/arp_ignore", value="1")),
        Operation(Action.REMOVE, Sysctl(path="net/ipv4/conf/all/arp_ignore", value="0")),
        Operation(Action.REMOVE, Sysctl(path="net/ipv4/conf/all/arp_announce", value="0")),
    ]


def test_routes_of_a_device_that_loses_its_last_address_come_back():
    network = HomeNetwork(prefix=HOME_NETWORK)
    before = plan(ForwardingState.of([network, HomeAddress(address=HOME_ADDRESS)]), "mip0")
    after = plan(ForwardingState.of([network]), "mip0")
    last = reconcile(before, after)[-1]
    assert last == Operation(Action.INSTALL, Route(prefix=HOME_NETWORK, interface="mip0", metric=77))


def test_files_are_written_before_and_after_packets_are_led_another_way() -> None:
    before = plan(ForwardingState.of([MobileLink(interface="eth0", answers_arp=True)]), "mip0")
    after = plan(
        ForwardingState.of([MobileLink(interface="eth0", answers_arp=False), HomeAddress(address=HOME_ADDRESS)]), "mip0"
    )
    operations = reconcile(before, after)
    first, turning, last = around_the_turn(operations)
    assert [*first, *turning, *last] == operations
    assert [kinds(part) for part in (first, turning, last)] == [[Sysctl], [InterfaceAddress, Route, Rule], [Sysctl]]


def test_files_alone_lead_no_packet_another_way() -> None:
    files = reconcile([], plan(ForwardingState.of([MobileLink(interface="eth0", answers_arp=True)]), "mip0"))
    assert around_the_turn(files) == (files, (), ())
