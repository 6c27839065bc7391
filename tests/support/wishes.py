"""Wishes about packets: a small world of names in which hypothesis finds collisions quickly."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from mobileip.daemon.inheritance import Heritable
from mobileip.forwarding.model import (
    EVERYWHERE,
    AgentLink,
    ArpAnswer,
    BindingRoute,
    BroadcastCopy,
    BroadcastExit,
    BroadcastRoute,
    ForwardingChange,
    ForwardingState,
    HomeAddress,
    HomeNetwork,
    Interception,
    LinkHop,
    MobileLink,
    MobileRoute,
    Neighbour,
    ReturnPath,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Way,
    Wish,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

HOME_AGENT = IPv4Address("192.0.2.1")
CARE_OF = IPv4Address("192.0.2.2")
HOME_ADDRESS = IPv4Address("10.1.0.10")
HOME_NETWORK = IPv4Network("10.1.0.0/24")
GROUPS = IPv4Network("239.1.0.0/16")
CORRESPONDENT = IPv4Address("198.51.100.7")
VISITOR_LINK_ADDRESS = bytes.fromhex("020000000007")

TO_CARE_OF = Tunnel(HOME_AGENT, CARE_OF)
FROM_HOME_AGENT = Tunnel(CARE_OF, HOME_AGENT)

LATER = 1e9
"""Boot time that no test reaches."""


def binding(
    home: IPv4Address = HOME_ADDRESS, *tunnels: Tunnel, expires_at: float = LATER, realm: int = 0
) -> BindingRoute:
    return BindingRoute(home_address=home, tunnels=tunnels or (TO_CARE_OF,), expires_at=expires_at, realm=realm)


def visitor(
    home: IPv4Address = HOME_ADDRESS, tunnel: Tunnel = FROM_HOME_AGENT, *, expires_at: float = LATER, realm: int = 0
) -> VisitorRoute:
    return VisitorRoute(
        home_address=home,
        tunnel=tunnel,
        interface="eth1",
        link_address=VISITOR_LINK_ADDRESS,
        expires_at=expires_at,
        realm=realm,
    )


def tunnel_exit(
    home: IPv4Address = HOME_ADDRESS, tunnel: Tunnel = FROM_HOME_AGENT, *, expires_at: float = LATER
) -> TunnelExit:
    return TunnelExit(home_address=home, tunnel=tunnel, expires_at=expires_at)


def broadcast_route(
    home: IPv4Address = HOME_ADDRESS, *tunnels: Tunnel, nested: bool = False, expires_at: float = LATER
) -> BroadcastRoute:
    return BroadcastRoute(
        home_address=home,
        home_agent=HOME_AGENT,
        copies=tuple(BroadcastCopy(tunnel, nested) for tunnel in tunnels or (TO_CARE_OF,)),
        expires_at=expires_at,
    )


def broadcast_exit(
    home: IPv4Address = HOME_ADDRESS, tunnel: Tunnel = FROM_HOME_AGENT, *, expires_at: float = LATER
) -> BroadcastExit:
    return BroadcastExit(home_address=home, tunnel=tunnel, network=HOME_NETWORK, expires_at=expires_at)


def reverse_exit(
    home: IPv4Address = HOME_ADDRESS, tunnel: Tunnel = TO_CARE_OF, *, expires_at: float = LATER
) -> ReverseExit:
    return ReverseExit(home_address=home, tunnel=tunnel, expires_at=expires_at)


def visitor_reverse(
    home: IPv4Address = HOME_ADDRESS,
    tunnel: Tunnel = FROM_HOME_AGENT,
    *,
    delivery: Tunnel | None = None,
    expires_at: float = LATER,
    realm: int = 0,
) -> VisitorReverse:
    return VisitorReverse(
        home_address=home,
        tunnel=tunnel,
        interface="eth1",
        link_address=VISITOR_LINK_ADDRESS,
        expires_at=expires_at,
        delivery=delivery,
        realm=realm,
    )


def reverse_tunnel(
    home: IPv4Address = HOME_ADDRESS,
    tunnel: Tunnel = FROM_HOME_AGENT,
    *,
    hop: LinkHop | None = None,
    way: Way | None = None,
    expires_at: float = LATER,
) -> ReverseTunnel:
    return ReverseTunnel(home_address=home, tunnel=tunnel, hop=hop, way=way, expires_at=expires_at)


def turned(tunnel: Tunnel) -> Tunnel:
    """The same tunnel as its other end sees it."""
    gre = tunnel.gre
    return Tunnel(
        tunnel.remote,
        tunnel.local,
        tunnel.encapsulation,
        GreOptions(gre.received_key, gre.sent_key, gre.with_checksum, gre.with_sequence),
        UdpPorts(tunnel.udp.remote, tunnel.udp.local) if tunnel.udp is not None else None,
    )


FORMS: tuple[tuple[Encapsulation, GreOptions, UdpPorts | None], ...] = tuple(
    (encapsulation, gre, udp)
    for udp in (None, UdpPorts(434, 434), UdpPorts(434, 61_000))
    for encapsulation, gre in (
        (Encapsulation.IPIP, GreOptions()),
        (Encapsulation.MINIMAL, GreOptions()),
        (Encapsulation.GRE, GreOptions()),
        (Encapsulation.GRE, GreOptions(sent_key=7, received_key=8)),
        (Encapsulation.GRE, GreOptions(with_checksum=True)),
        (Encapsulation.GRE, GreOptions(sent_key=0, received_key=0, with_checksum=True, with_sequence=True)),
    )
)
"""What tunnels look like, beside their two addresses."""


_interfaces = st.sampled_from(["eth0", "eth1"])
_homes = st.sampled_from([HOME_ADDRESS, HOME_ADDRESS + 1])
_agents = st.sampled_from([HOME_AGENT, CARE_OF, IPv4Address("203.0.113.9")])
_macs = st.sampled_from([VISITOR_LINK_ADDRESS, b"\2\0\0\0\0\x08"])
_expiries = st.sampled_from([5.0, LATER])
_realms = st.sampled_from([0, 0, 1])
_tunnels = st.builds(
    lambda local, remote, form: Tunnel(local, remote, *form),
    _agents,
    _agents,
    st.just(FORMS[0]) | st.sampled_from(FORMS) | st.just((Encapsulation.IPIP, GreOptions(), UdpPorts(434, 0))),
)

heritable: st.SearchStrategy[Heritable] = st.one_of(
    st.builds(
        VisitorRoute,
        home_address=_homes,
        tunnel=_tunnels,
        interface=_interfaces,
        link_address=_macs,
        expires_at=_expiries,
        realm=_realms,
    ),
    st.builds(
        VisitorReverse,
        home_address=_homes,
        tunnel=_tunnels,
        interface=_interfaces,
        link_address=_macs,
        expires_at=_expiries,
        delivery=st.none() | st.builds(Tunnel, _agents, _homes),
        realm=_realms,
    ),
    st.builds(
        ReverseTunnel,
        home_address=_homes,
        tunnel=_tunnels,
        expires_at=_expiries,
        hop=st.none() | st.builds(LinkHop, _interfaces, _macs),
    ),
    st.builds(HomeAddress, address=_homes),
    st.builds(MobileLink, interface=_interfaces, answers_arp=st.booleans()),
    st.builds(
        MobileRoute,
        home_address=_homes,
        interface=_interfaces,
        gateway=_agents,
        gateway_link_address=st.none() | _macs,
        on_link=st.none() | st.just(HOME_NETWORK),
        destinations=st.sampled_from([(EVERYWHERE,), (), (GROUPS, HOME_NETWORK)]),
        segment_size=st.none() | st.just(1440),
    ),
    st.builds(Neighbour, interface=_interfaces, address=_agents, link_address=_macs),
    st.builds(ArpAnswer, interface=_interfaces, home_address=_homes, link_address=_macs),
    st.builds(TunnelExit, home_address=_homes, tunnel=_tunnels, expires_at=_expiries, realm=_realms),
    st.builds(
        BroadcastExit,
        home_address=_homes,
        tunnel=_tunnels | st.builds(Tunnel, _homes, _agents),
        network=st.just(HOME_NETWORK),
        expires_at=_expiries,
    ),
)
"""What the next daemon of a foreign agent or a mobile node may inherit."""
wishes: st.SearchStrategy[Wish] = st.one_of(
    heritable,
    st.builds(
        HomeNetwork,
        prefix=st.sampled_from([HOME_NETWORK, IPv4Network("10.1.0.0/31")]),
        interface=st.none() | _interfaces,
        forwarded_groups=st.sampled_from([(), (GROUPS,)]),
    ),
    st.builds(
        BindingRoute,
        home_address=_homes,
        tunnels=st.lists(_tunnels, min_size=1, max_size=3, unique=True).map(tuple),
        expires_at=_expiries,
        realm=_realms,
    ),
    st.builds(
        BroadcastRoute,
        home_address=_homes,
        home_agent=_agents,
        copies=st.lists(st.builds(BroadcastCopy, _tunnels, st.booleans()), min_size=1, max_size=2, unique=True).map(
            tuple
        ),
        expires_at=_expiries,
        realm=_realms,
    ),
    st.builds(Interception, home_address=_homes, interface=_interfaces),
    st.builds(ReturnPath, interface=_interfaces),
    st.builds(AgentLink, interface=_interfaces),
    st.builds(ReverseExit, home_address=_homes, tunnel=_tunnels, expires_at=_expiries, realm=_realms),
)

states: st.SearchStrategy[ForwardingState] = st.lists(wishes, max_size=8).map(ForwardingState.of)


def _change(install: Sequence[Wish], remove: Sequence[Wish]) -> ForwardingChange:
    return ForwardingChange(install=tuple(install), remove=tuple(wish.key for wish in remove))


changes: st.SearchStrategy[ForwardingChange] = st.builds(
    _change, st.lists(wishes, max_size=4), st.lists(wishes, max_size=4)
)
