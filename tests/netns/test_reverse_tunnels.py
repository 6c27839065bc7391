"""Reverse tunnels through real kernels: a visitor's packets are caught on its link, tunnelled, and answered.

visitors (the same home address!) -- link -- foreign agent -- two home agents, each with a correspondent of its own
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.support.data_plane import DataPlane, data_plane
from tests.support.netns import Namespace, bridge, namespace, veth
from tests.support.wishes import FORMS, LATER, turned

from mobileip.forwarding.model import (
    AgentLink,
    BindingRoute,
    HomeNetwork,
    ReverseExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME_ADDRESS = IPv4Address("10.0.0.5")
CORRESPONDENT = "172.16.0.1"
"""At every home agent: who answers tells whose customer one is."""
AGENT = IPv4Address("192.0.2.1")
CARE_OF = IPv4Address("198.51.100.1")


class Customer:
    """A home agent with a network that others have too, and its mobile node, which visits the foreign agent."""

    def __init__(self, number: int, home_agent: Namespace, visitor: Namespace, plane: DataPlane) -> None:
        self.number = number
        self.home_agent_address = IPv4Address(f"198.51.100.{10 + number}")
        self.home_agent = home_agent
        self.visitor = visitor
        self.plane = plane

    def tunnel(self, form: tuple[Encapsulation, GreOptions, UdpPorts | None] = FORMS[0]) -> Tunnel:
        """As the home agent sees it."""
        return Tunnel(self.home_agent_address, CARE_OF, *form)

    def wish(self, tunnel: Tunnel) -> None:
        self.plane.wish(
            HomeNetwork(prefix=IPv4Network("10.0.0.0/24")),
            BindingRoute(home_address=HOME_ADDRESS, tunnels=(tunnel,), expires_at=LATER),
            ReverseExit(home_address=HOME_ADDRESS, tunnel=tunnel, expires_at=LATER),
        )

    def at_the_foreign_agent(self, tunnel: Tunnel, realm: int = 0) -> tuple[Wish, ...]:
        common = {
            "home_address": HOME_ADDRESS,
            "tunnel": turned(tunnel),
            "interface": "visited",
            "link_address": self.visitor.link_address("wlan0"),
            "expires_at": LATER,
            "realm": realm,
        }
        return VisitorRoute(**common), VisitorReverse(**common)

    def ping(self) -> bool:
        """Whether the correspondent answers."""
        done = self.visitor.run("sh", "-c", f"ping -n -c 3 -i 0.2 -W 3 {CORRESPONDENT} >/dev/null; echo $?")
        return done.strip() == "0"


class World:
    def __init__(self, agent: DataPlane, customers: Sequence[Customer]) -> None:
        self.agent = agent
        self.customers = customers


@contextmanager
def world(customers: int) -> Iterator[World]:
    with ExitStack() as stack:
        agent, air, backbone = (stack.enter_context(namespace()) for _ in range(3))
        bridge(air, "air")
        bridge(backbone, "core")
        veth(agent, "visited", air, "p0")
        air.ip("link set p0 master air")
        agent.ip(f"address add {AGENT}/24 dev visited")
        veth(agent, "core0", backbone, "q0")
        backbone.ip("link set q0 master core")
        agent.ip(f"address add {CARE_OF}/24 dev core0")
        agent.ip("route add default via 198.51.100.254 dev core0")  # rp_filter asks for some route to each source
        made = []
        for number in range(customers):
            home_agent, visitor = stack.enter_context(namespace()), stack.enter_context(namespace())
            veth(home_agent, "core0", backbone, f"q{number + 1}")
            backbone.ip(f"link set q{number + 1} master core")
            home_agent.ip(f"address add 198.51.100.{10 + number}/24 dev core0")
            home_agent.ip(f"address add {CORRESPONDENT}/32 dev lo")
            veth(visitor, "wlan0", air, f"p{number + 1}")
            air.ip(f"link set p{number + 1} master air")
            visitor.ip(f"address add {HOME_ADDRESS}/32 dev wlan0")
            visitor.ip(f"route add default via {AGENT} dev wlan0 onlink")
            # R5944-4.6-p: a mobile node asks nothing by ARP on a visited link.
            visitor.ip(f"neigh add {AGENT} lladdr {agent.link_address('visited').hex(':')} dev wlan0 nud permanent")
            made.append(Customer(number, home_agent, visitor, stack.enter_context(data_plane(home_agent))))
        yield World(stack.enter_context(data_plane(agent, ["visited"])), made)


@pytest.fixture(scope="module")
def one_customer() -> Iterator[World]:
    with world(1) as made:
        yield made


@pytest.mark.parametrize("form", FORMS[:6] + FORMS[6:9], ids=str)
def test_a_visitor_is_answered_through_every_form_of_tunnel(one_customer: World, form: object) -> None:
    (customer,) = one_customer.customers
    tunnel = customer.tunnel(form)  # type: ignore[arg-type]
    before = customer.plane.counters()["decapsulated_packets"]
    customer.wish(tunnel)
    one_customer.agent.wish(AgentLink(interface="visited"), *customer.at_the_foreign_agent(tunnel))
    assert customer.ping()
    assert customer.plane.counters()["decapsulated_packets"] == before + 3
    large = customer.visitor.run("sh", "-c", f"ping -n -c 1 -s 3000 -W 3 {CORRESPONDENT} >/dev/null; echo $?")
    assert large.strip() == "0", "fragments"


@pytest.mark.requirement("R3024-A.4-g", "R3024-A.4-h")
def test_two_customers_with_the_same_home_address_at_one_foreign_agent() -> None:
    with world(2) as made:
        first, second = made.customers
        for customer in made.customers:
            customer.wish(customer.tunnel())
        made.agent.wish(
            AgentLink(interface="visited"),
            *first.at_the_foreign_agent(first.tunnel()),
            *second.at_the_foreign_agent(second.tunnel(), realm=1),
        )
        for customer, other in ((first, second), (second, first)):
            before = other.plane.counters()["decapsulated_packets"]
            assert customer.ping()
            assert other.plane.counters()["decapsulated_packets"] == before, "nothing went to the other customer"
        # The realm ends: its visitor is cut off, the other one is not.
        made.agent.wish(AgentLink(interface="visited"), *first.at_the_foreign_agent(first.tunnel()))
        assert first.ping()
        before = second.plane.counters()["decapsulated_packets"]
        second.ping()
        assert second.plane.counters()["decapsulated_packets"] == before
