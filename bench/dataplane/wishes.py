"""What each machine wishes for when a mobile node is away: what agents would wish for, without a registration."""

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address

from bench.dataplane.topology import (
    FOREIGN_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    HOME_NETWORK,
    MOBILE_LINK,
    MOBILE_NODE,
    VISITED_LINK,
)

from mobileip.forwarding.model import (
    AgentLink,
    BindingRoute,
    HomeAddress,
    HomeNetwork,
    MobileLink,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

REGISTRATION_PORT = 434
TO_CARE_OF_KEY, TO_HOME_AGENT_KEY = 7, 8


class Form(StrEnum):
    """What a packet in the tunnel looks like."""

    IPIP = "ipip"
    MINIMAL = "minimal"
    GRE = "gre"
    """With a key in each direction."""
    UDP = "udp"
    """IP-in-IP in UDP (RFC 3519)."""


class End(StrEnum):
    """An end of a tunnel."""

    HOME_AGENT = "home_agent"
    MOBILE_NODE = "mobile_node"
    """With a co-located care-of address."""
    FOREIGN_AGENT = "foreign_agent"


_ENCAPSULATIONS = {Form.MINIMAL: Encapsulation.MINIMAL, Form.GRE: Encapsulation.GRE}


def tunnel(form: Form, local: IPv4Address, remote: IPv4Address) -> Tunnel:
    """As the end at `local` sees it."""
    keys = (TO_CARE_OF_KEY, TO_HOME_AGENT_KEY) if local == HOME_AGENT else (TO_HOME_AGENT_KEY, TO_CARE_OF_KEY)
    return Tunnel(
        local=local,
        remote=remote,
        encapsulation=_ENCAPSULATIONS.get(form, Encapsulation.IPIP),
        gre=GreOptions(*keys) if form is Form.GRE else GreOptions(),
        udp=UdpPorts(REGISTRATION_PORT, REGISTRATION_PORT) if form is Form.UDP else None,
    )


def of_home_agent(form: Form, care_of: IPv4Address, until: float) -> list[Wish]:
    onward = tunnel(form, HOME_AGENT, care_of)
    return [
        HomeNetwork(prefix=HOME_NETWORK),
        BindingRoute(home_address=HOME_ADDRESS, tunnels=(onward,), expires_at=until),
        ReverseExit(home_address=HOME_ADDRESS, tunnel=onward, expires_at=until),
    ]


def of_mobile_node(form: Form, until: float) -> list[Wish]:
    back = tunnel(form, MOBILE_NODE, HOME_AGENT)
    return [
        HomeAddress(address=HOME_ADDRESS),
        MobileLink(interface=MOBILE_LINK, answers_arp=False),
        TunnelExit(home_address=HOME_ADDRESS, tunnel=back, expires_at=until),
        ReverseTunnel(home_address=HOME_ADDRESS, tunnel=back, expires_at=until),
    ]


def of_foreign_agent(form: Form, visitor: bytes, until: float) -> list[Wish]:
    """`visitor`: its link-layer address."""
    back = tunnel(form, FOREIGN_AGENT, HOME_AGENT)
    return [
        AgentLink(interface=VISITED_LINK),
        VisitorRoute(
            home_address=HOME_ADDRESS, tunnel=back, interface=VISITED_LINK, link_address=visitor, expires_at=until
        ),
        VisitorReverse(
            home_address=HOME_ADDRESS, tunnel=back, interface=VISITED_LINK, link_address=visitor, expires_at=until
        ),
    ]


def of_others(form: Form, care_of: IPv4Address, number: int, until: float) -> Iterator[Wish]:
    """The home agent's bindings of that many other nodes, each with a reverse tunnel; they are silent."""
    onward = tunnel(form, HOME_AGENT, care_of)
    first = int(HOME_ADDRESS) + 1
    for address in map(IPv4Address, range(first, first + number)):
        yield BindingRoute(home_address=address, tunnels=(onward,), expires_at=until)
        yield ReverseExit(home_address=address, tunnel=onward, expires_at=until)
