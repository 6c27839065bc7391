"""Which kernel objects each wish needs. The one place that knows what our forwarding costs a machine.

Every wish is planned by itself, without a look at the others, so that a change costs what the change is and
not what a million bindings are. What wishes share (sysctls, rules) they all ask for; see claims.py for who
gets what.
"""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from mobileip.dataplane.claims import Claims
from mobileip.dataplane.identity import Identity, identity
from mobileip.dataplane.ports import (
    CARE_OF_TABLE,
    DUMMY_ADDRESS,
    LOOPBACK_ADDRESS,
    REALM_MARK,
    ROUTE_METRIC,
    ROUTING_TABLE,
    RULE_PRIORITY,
    SIGNALLING_MARK,
    VISITOR_TABLE,
    FrameMark,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    ProxyNeighbour,
    Route,
    Rule,
    Sysctl,
    realm_device,
)
from mobileip.forwarding.model import (
    EVERYWHERE,
    AgentLink,
    ArpAnswer,
    BindingRoute,
    BroadcastExit,
    BroadcastRoute,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Interception,
    MobileLink,
    MobileRoute,
    Neighbour,
    ReturnPath,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)

GROUPS = IPv4Network("224.0.0.0/4")

MAIN_TABLE, LOCAL_TABLE = 254, 255

SMALLEST_WITH_BROADCASTS = 30
"""The longest prefix of a network that has a broadcast address (RFC 3021)."""

FALL_BACK_METRIC = 9999
"""Worse than any route of ours in table 7434."""

DHCP_PORTS = (68, 67)

IP_FORWARD = "net/ipv4/ip_forward"
"""Its write sets `forwarding` of every link, see `reconcile.sequence`."""

LONGEST_INTERFACE_NAME = 15
"""IFNAMSIZ of Linux less the final zero octet."""


def plan(state: ForwardingState, device: str) -> frozenset[KernelObject]:
    """All kernel objects that `state` needs; `device` is our own TUN device.

    Raises: ValueError for a name that no interface can have.
    """
    return frozenset(claim_all(state, device).values())


def claim_all(state: ForwardingState, device: str) -> Claims[Identity, KernelObject]:
    claims: Claims[Identity, KernelObject] = Claims()
    for key, wish in state.wishes.items():
        for target in objects_of(wish, device):
            claims.claim(identity(target), key, target)
    return claims


def objects_of(wish: Wish, device: str) -> tuple[KernelObject, ...]:
    """The kernel objects of one wish.

    Raises: ValueError for a name that no interface can have.
    """
    match wish:
        case BindingRoute() | BroadcastRoute() | ArpAnswer() | TunnelExit() | VisitorRoute() | ReverseExit():
            # Packets meet these in the engine's own tables: tunnels out of our raw sockets, visitors by
            # frames, ARP by packet sockets. What visitors send is forwarded by the kernel, see AgentLink.
            # R5944-4.2.2-e: "MUST NOT advertise to other routers [...] the presence of a [...] mobile node": no
            # route that a routing daemon could find.
            return ()
        case HomeNetwork():
            return _home_network(wish, device)
        case Interception(home_address=address, interface=interface):
            # R5944-1.7-c, R5944-4.2.3-a: the route. R5944-4.6-c, R5944-4.6-d, R5944-4.6-e: "the home agent MUST
            # transmit an ARP Reply on behalf of the mobile node", with the link-layer address of this interface.
            return (
                Route(prefix=_host(address), interface=device, metric=ROUTE_METRIC),
                ProxyNeighbour(interface=_name(interface), address=address),
            )
        case ReturnPath(interface=interface):
            # Nothing but the reverse-path check: it is no link of ours. See `_agent_link` for the value.
            return (_conf(interface, "rp_filter", 2),)
        case AgentLink(interface=interface):
            return (*_agent(device), *_agent_link(interface))
        case VisitorReverse():
            return _visitor_reverse(wish, device)
        case HomeAddress() | MobileLink() | MobileRoute() | ReverseTunnel() | BroadcastExit() | Neighbour():  # no other
            return _mobile_node(wish, device)


def _mobile_node(
    wish: HomeAddress | MobileLink | MobileRoute | ReverseTunnel | BroadcastExit | Neighbour, device: str
) -> tuple[KernelObject, ...]:
    match wish:
        case HomeAddress(address=address):
            return _home_address(address, device)
        case MobileLink():
            return _mobile_link(wish)
        case MobileRoute():
            return _mobile_route(wish)
        case ReverseTunnel():
            return _care_of_way(wish)  # the fall-back routes of `_home_address` lead into our device
        case BroadcastExit(network=network):
            return _broadcast_address(network, device)
        case Neighbour(interface=interface, address=address, link_address=link_address):  # no other
            return (_neighbour(interface, address, link_address),)


def _home_network(wish: HomeNetwork, device: str) -> tuple[KernelObject, ...]:
    # R5944-4.2.3-c, R5944-4.2.3-d: on a real link only an `Interception` takes packets away; without a binding "the
    # home agent MUST assume the mobile node is at home and simply forward the datagram directly onto the home network."
    if wish.interface is None:
        # A virtual network: nobody is at home, so all of it leads to us. A subnet of that prefix that the
        # machine is itself connected to has metric 0 and wins; give the home agent's own address a /32
        # then.
        # R5944-1.7-c, R5944-4.2.3-a: "intercept any datagrams on the home network addressed to the mobile node".
        return (Route(prefix=wish.prefix, interface=device, metric=ROUTE_METRIC), *_agent(device))
    return (
        *_agent(device),
        *_agent_link(wish.interface),
        # The kernel's proxy answer waits up to 0.8 s otherwise; at 0 it is sent at once and proxy_qlen has
        # no part.
        Sysctl(path=f"net/ipv4/neigh/{_name(wish.interface)}/proxy_delay", value="0"),
        _arp_believes_at_once(wish.interface),
        # What a mobile node had sent when it came home comes out of the tunnel that it had, and no route to it leads
        # into our device any more. Of what comes in so by a device without any address the kernel believes nothing,
        # loose as rp_filter may be. A virtual network's route always leads there.
        InterfaceAddress(interface=device, address=LOOPBACK_ADDRESS),
    )


def _arp_believes_at_once(interface: str) -> Sysctl:
    # R5944-4.6-b: "any node receiving any ARP packet (Request or Reply) MUST update its local ARP cache". For a second
    # after it learnt an address the kernel believes no other otherwise.
    return Sysctl(path=f"net/ipv4/neigh/{_name(interface)}/locktime", value="0")


def _agent(device: str) -> tuple[KernelObject, ...]:
    """What an agent of either kind needs of the machine as a whole."""
    return (
        Sysctl(path=IP_FORWARD, value="1"),
        # RFC 792 redirects: the kernel sends them where `all` OR the link says so, so both must be 0; the
        # machine's other links keep their own value.
        _conf_all("send_redirects", 0),
        # A router obeys redirects where `all` and the link both say so; an agent has its routes from elsewhere.
        _conf_all("accept_redirects", 0),
        *_agent_link(device),
    )


def _agent_link(interface: str) -> tuple[KernelObject, ...]:
    # R5944-4.2.2-f, R5944-2.1-e, R5944-2.3.1-b: "The foreign agent MUST route datagrams it receives from registered
    # mobile nodes.", whatever it advertises. The kernel checks, decrements and forwards.
    return (
        # ip_forward sets it on every link, but only when ip_forward itself changes. Proxy ARP asks for it
        # as well.
        _conf(interface, "forwarding", 1),
        # Visitors send with home addresses that are routed elsewhere. The kernel takes max(all, link), so 0
        # would be of no use where `all` is 1; 2 asks only that some route to the source exists.
        _conf(interface, "rp_filter", 2),
        _conf(interface, "send_redirects", 0),
    )


def _visitor_reverse(wish: VisitorReverse, device: str) -> tuple[KernelObject, ...]:
    # R3024-5.2.1-b, R3024-5.2.1-c, R3024-5.4-a, R3024-5.4-b: with encapsulating delivery what is not encapsulated is
    # "regular traffic": the kernel forwards it.
    if wish.delivery is not None:
        return ()
    # R5944-4.2.2-i: it "SHOULD support the mandatory features of" reverse tunneling: direct delivery.
    # R3024-5.1.1-b: "detect packets sent by the mobile node, and [...] encapsulate them before forwarding": what comes
    # in by its link from its address is routed into our device. A packet to an address of this machine is not routed.
    into_device = Route(prefix=EVERYWHERE, interface=realm_device(device, wish.realm), table=VISITOR_TABLE + wish.realm)
    if not wish.realm:
        rule = Rule(
            priority=RULE_PRIORITY + 6, arriving_by=_name(wish.interface), source=wish.home_address, table=VISITOR_TABLE
        )
        return (into_device, rule)
    # R3024-A.4-g: "use link-layer information to distinguish" visitors with the same home address.
    mark = REALM_MARK + wish.realm
    return (
        *_agent_link(realm_device(device, wish.realm)),
        into_device,
        FrameMark(interface=_name(wish.interface), link_address=wish.link_address, source=wish.home_address, mark=mark),
        Rule(priority=RULE_PRIORITY + 5, mark=mark, table=VISITOR_TABLE + wish.realm),
    )


def _home_address(address: IPv4Address, device: str) -> tuple[KernelObject, ...]:
    return (
        InterfaceAddress(interface=device, address=IPv4Interface(f"{address}/32")),
        # In order of priority: DHCP, the links' own subnets ("main" without its default route), the tunnel's packets
        # (see `_care_of_way`), our own signalling, then everything else with the home address as source.
        # "lo": what this machine sends. For a rule with ports that may be about others' packets the kernel dissects
        # every packet that comes in, twice.
        Rule(priority=RULE_PRIORITY, arriving_by="lo", udp_ports=DHCP_PORTS, table=MAIN_TABLE),
        Rule(priority=RULE_PRIORITY + 1, suppress_prefix_length=0, table=MAIN_TABLE),
        Rule(priority=RULE_PRIORITY + 3, mark=SIGNALLING_MARK, table=MAIN_TABLE),
        Rule(priority=RULE_PRIORITY + 4, table=ROUTING_TABLE),
        # While nothing is registered packets come to us, to be dropped by name: programs see no error and
        # go on.
        Route(prefix=EVERYWHERE, interface=device, table=ROUTING_TABLE, source=address, metric=FALL_BACK_METRIC),
        # R5944-4.4-c: "For packets tunneled to the home agent, the source address in the IP header SHOULD be the mobile
        # node's home address."
        # R5944-4.4-h: "a mobile node that sends multicast datagrams directly on the visited network MUST use a
        # co-located care-of address": with the home address none goes there, only onto the home link.
        Route(prefix=GROUPS, interface=device, table=ROUTING_TABLE, source=address, metric=FALL_BACK_METRIC),
        # Decapsulated packets come out of the device from sources that are routed elsewhere.
        _conf(device, "rp_filter", 2),
        # The fast path looks routes up as if for a packet that came in by our device, which a host forwards nothing
        # from; and nothing comes out of it that is not for the home address.
        _conf(device, "forwarding", 1),
        *_no_redirects_obeyed(device),
    )


def _care_of_way(wish: ReverseTunnel) -> tuple[KernelObject, ...]:
    """By the link that the care-of address is on: of several default routes of the machine the best may lead by another
    one, where no router takes a packet from this address, or which has just died."""
    if wish.way is None:
        return ()
    return (
        Rule(priority=RULE_PRIORITY + 2, mark=SIGNALLING_MARK, source=wish.tunnel.local, table=CARE_OF_TABLE),
        Route(
            prefix=_host(wish.tunnel.remote),
            interface=_name(wish.way.interface),
            gateway=wish.way.gateway,
            table=CARE_OF_TABLE,
        ),
    )


def _mobile_link(wish: MobileLink) -> tuple[KernelObject, ...]:
    link = _name(wish.interface)
    # R5944-4.6-q, R5944-4.6-s: "while the mobile node is away from home, it MUST NOT reply to ARP Requests in
    # which the target IP address is its own home address". The home address is on our own device, and with 1
    # the kernel answers only for addresses of the link that was asked; a co-located care-of address is one and
    # is answered for, as it should be.
    # Nor does what the kernel asks by ARP bear the home address by accident: with 2 it bears an address of the link.
    # At home it bears the home address, like the packet that it is for: a router with a strict reverse-path check
    # answers no question from the dummy below.
    # The kernel takes max(all, link), so `all` must be 0 for both at home.
    arp = (
        tuple(conf for name in ("arp_ignore", "arp_announce") for conf in (_conf_all(name, 0), _conf(link, name, 0)))
        if wish.answers_arp
        else (_conf(link, "arp_ignore", 1), _conf(link, "arp_announce", 2))
    )
    # Of what comes in by a link without any address, by another way than its answers take, the kernel believes nothing
    # where rp_filter is not 0 for `all` and the link: so packets of the agent that a node is changing to would be lost.
    dummy = (InterfaceAddress(interface=link, address=DUMMY_ADDRESS),) if wish.is_bare else ()
    return (
        *dummy,
        *arp,
        # Packets from anywhere come in by the foreign agent, and by the home agent's tunnel.
        _conf(link, "rp_filter", 2),
        _arp_believes_at_once(link),
        *_no_redirects_obeyed(link),
    )


def _no_redirects_obeyed(interface: str) -> tuple[KernelObject, ...]:
    # R5944-4.2.1-d: "the mobile node MUST ignore redirects to other routers on foreign networks." A host
    # obeys where `all` OR the link says so, a router where both do.
    return (_conf_all("accept_redirects", 0), _conf(interface, "accept_redirects", 0))


def _mobile_route(wish: MobileRoute) -> tuple[KernelObject, ...]:
    link = _name(wish.interface)
    source = wish.home_address
    # R3024-5.1.1-a: "the mobile node sends all the packets through the Foreign Agent": its default router.
    needed: list[KernelObject] = [
        Route(
            prefix=prefix,
            interface=link,
            table=ROUTING_TABLE,
            gateway=wish.gateway,
            source=source,
            segment_size=wish.segment_size,
        )
        for prefix in wish.destinations
    ]
    if wish.on_link is not None:
        needed.append(Route(prefix=wish.on_link, interface=link, table=ROUTING_TABLE, source=source))
        needed.append(Route(prefix=GROUPS, interface=link, table=ROUTING_TABLE, source=source))
        needed += _broadcast_address(wish.on_link, link)
    # R5944-4.2.1-c, R5944-4.6-p, R5944-1.7-d: "MUST NOT broadcast ARP packets to find the MAC address of another
    # Internet node": the agent's is known from its advertisement.
    if wish.gateway_link_address is not None:
        needed.append(_neighbour(link, wish.gateway, wish.gateway_link_address))
    return tuple(needed)


def _broadcast_address(network: IPv4Network, interface: str) -> tuple[KernelObject, ...]:
    """The home address is a /32, so by itself the kernel would know no broadcast address of its network."""
    if network.prefixlen > SMALLEST_WITH_BROADCASTS:
        return ()
    address = _host(network.broadcast_address)
    return (Route(prefix=address, interface=interface, table=LOCAL_TABLE, metric=ROUTE_METRIC, is_broadcast=True),)


def _neighbour(interface: str, address: IPv4Address, link_address: bytes) -> NeighbourEntry:
    return NeighbourEntry(interface=_name(interface), address=address, link_address=link_address)


def _host(address: IPv4Address) -> IPv4Network:
    return IPv4Network((int(address), 32))


def _conf(interface: str, name: str, value: int) -> Sysctl:
    return Sysctl(path=f"net/ipv4/conf/{_name(interface)}/{name}", value=str(value))


def _conf_all(name: str, value: int) -> Sysctl:
    return Sysctl(path=f"net/ipv4/conf/all/{name}", value=str(value))


def _name(interface: str) -> str:
    """`interface` as one step of a path; dots (VLANs) are fine there, what leaves the folder is not a name
    to Linux."""
    fits = 0 < len(interface.encode()) <= LONGEST_INTERFACE_NAME
    if not fits or interface in {".", "..", "all", "default"} or set(interface) & set("/: \t\n\v\f\r\0"):
        raise ValueError(f"no interface can be named {interface!r}")
    return interface
