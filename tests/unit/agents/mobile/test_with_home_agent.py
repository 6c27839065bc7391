"""What a mobile node leaves open, settled with the true home agent."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.messages import HOME_AGENT
from tests.support.mobile_node import HOME_NETWORK, MOBILE_HOME, Scene

from mobileip.agents.events import Arrival, Event, MessageArrived, RevokeCommanded, Started
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry, ReverseTunnels
from mobileip.agents.mobile.config import NatTraversal, ReverseTunnelling
from mobileip.agents.notices import Notice, RegistrationLost, RevocationEnded
from mobileip.agents.outputs import Notify, Output, SendMessage
from mobileip.forwarding.model import ReverseTunnel
from mobileip.forwarding.tunnel import Encapsulation, Tunnel, UdpPorts
from mobileip.wire.message import decode_message

ASSIGNED = IPv4Address("10.1.0.55")
TUNNELLING = {
    "reverse_tunnel": ReverseTunnels.ALLOWED,
    "nat_traversal": True,
    "encapsulations": tuple(Encapsulation),
}
BY_NAME = {"home_address": IPv4Address(0), "nai": "mn@example.net"}


class Pair:
    """A node with an address of its own, and its home agent; what one sends the other hears at once."""

    def __init__(self, home: dict[str, Any], nat: tuple[IPv4Address, int] | None = None, **fields: Any) -> None:
        entry = MobileNodeEntry(nai="mn@example.net", home_address=ASSIGNED, associations=(MOBILE_HOME,))
        home = {"address": HOME_AGENT, "home_network": HOME_NETWORK, "mobile_nodes": (entry,)} | home
        self.home_agent = HomeAgent(HomeAgentConfig(**home))
        self.told: list[Notice] = []
        self.nat = nat
        """What the home agent sees instead of the node's address and port."""
        self.scene = Scene(**fields)
        self.at_home(Started())
        self.scene.up()
        self.scene.wait(1)
        self.scene.dhcp()
        self.talk()

    def at_home(self, event: Event) -> None:
        self.reach_node(self.home_agent.handle(event, self.scene.instant))

    def reach_node(self, outputs: list[Output]) -> None:
        self.told += [output.notice for output in outputs if isinstance(output, Notify)]
        for output in outputs:
            if isinstance(output, SendMessage):
                self.scene.receive(output.octets)
                self.talk()

    def talk(self) -> None:
        for message in self.scene.messages:
            source, port = self.nat or (message.departure.source or IPv4Address(0), message.departure.source_port)
            arrival = Arrival(
                interface="eth0",
                source=source,
                destination=message.departure.destination,
                source_port=port,
                destination_port=434,
            )
            entropy = bytes(range(32))
            self.at_home(MessageArrived(decoded=decode_message(message.octets), arrival=arrival, entropy=entropy))


def test_an_address_by_name() -> None:
    pair = Pair({}, **BY_NAME)
    assert pair.scene.state == "registered"
    assert pair.scene.node.snapshot().home_address == ASSIGNED
    assert pair.scene.route is not None
    assert pair.scene.route.home_address == ASSIGNED


@pytest.mark.parametrize("word", ["255.255.255.255", str(IPv4Address(0))])
def test_a_home_agent_is_assigned(word: str) -> None:
    pair = Pair({}, home_agent=IPv4Address(word), preferred_home_agent=HOME_AGENT, **BY_NAME)
    assert pair.scene.state == "registered"
    assert pair.scene.node.snapshot().home_agent == HOME_AGENT


def test_a_home_agent_is_discovered() -> None:
    entry = MobileNodeEntry(home_address=IPv4Address("10.1.0.10"), associations=(MOBILE_HOME,))
    pair = Pair({"mobile_nodes": (entry,)}, home_agent=HOME_NETWORK.broadcast_address)
    pair.scene.wait(1)
    pair.talk()
    assert pair.scene.state == "registered"
    assert pair.scene.node.snapshot().home_agent == HOME_AGENT


def test_a_registration_is_revoked() -> None:
    """RFC 3543 §4.2.2: and the home agent hears the acknowledgment."""
    pair = Pair({"revocation": True}, revocation=True, **BY_NAME)
    pair.scene.wait(2)
    pair.scene.outputs = []
    pair.at_home(RevokeCommanded(home_address=ASSIGNED))
    assert pair.scene.state == "denied"
    lost = [o.notice for _, o in pair.scene.history if isinstance(o, Notify) and isinstance(o.notice, RegistrationLost)]
    assert [notice.cause for notice in lost] == ["revoked"]
    assert [notice.cause for notice in pair.told if isinstance(notice, RevocationEnded)] == ["acknowledged"]


class TestTunnels:
    """Both ends agree on what the tunnel is."""

    NAT = (IPv4Address("198.51.100.9"), 50434)

    def pair(
        self, home: dict[str, Any] | None = None, nat: tuple[IPv4Address, int] | None = None, **fields: Any
    ) -> Pair:
        asks = {"reverse_tunnel": ReverseTunnelling.AUTO, "nat_traversal": NatTraversal.AUTO}
        return Pair(TUNNELLING | (home or {}), nat, **(BY_NAME | asks | fields))

    def ends(self, pair: Pair) -> tuple[Tunnel | None, Tunnel]:
        """The mobile node's, and the home agent's."""
        reverse = pair.scene.wish(ReverseTunnel)
        (binding,) = pair.home_agent.snapshot().bindings
        return reverse.tunnel if reverse else None, binding.tunnel

    @pytest.mark.parametrize("encapsulation", Encapsulation)
    def test_without_a_nat(self, encapsulation: Encapsulation) -> None:
        ours, theirs = self.ends(self.pair(encapsulation=encapsulation))
        assert ours is not None
        assert (ours.local, ours.remote) == (theirs.remote, theirs.local)
        assert ours.encapsulation is theirs.encapsulation is encapsulation
        assert ours.udp is theirs.udp is None

    @pytest.mark.parametrize("encapsulation", Encapsulation)
    def test_behind_a_nat(self, encapsulation: Encapsulation) -> None:
        ours, theirs = self.ends(self.pair(nat=self.NAT, encapsulation=encapsulation))
        assert ours is not None
        assert ours.encapsulation is theirs.encapsulation is encapsulation
        assert ours.udp == UdpPorts(434, 434)
        assert (theirs.remote, theirs.udp) == (self.NAT[0], UdpPorts(434, self.NAT[1]))

    def test_a_port_that_changes(self) -> None:
        pair = self.pair(nat=self.NAT)
        pair.nat = (self.NAT[0], 50435)
        pair.scene.traffic.change(pair.scene.now, sends=True, answers=False)
        for _ in range(25):
            pair.scene.wait(0.1)
            pair.talk()
        assert self.ends(pair)[1].udp == UdpPorts(434, 50435)

    @pytest.mark.parametrize("force_udp", [True, False])
    def test_forced(self, force_udp: bool) -> None:
        pair = self.pair({"force_udp": force_udp}, nat_traversal=NatTraversal.FORCE)
        pair.scene.wait(1)
        pair.talk()
        ours, theirs = self.ends(pair)
        assert ours is not None
        assert (ours.udp is not None) is (theirs.udp is not None) is force_udp

    @pytest.mark.parametrize(
        "home",
        [{"reverse_tunnel": ReverseTunnels.REFUSED, "nat_traversal": False}, {"encapsulations": (Encapsulation.IPIP,)}],
    )
    def test_what_is_refused_is_not_insisted_on(self, home: dict[str, Any]) -> None:
        pair = self.pair(home, encapsulation=Encapsulation.GRE)
        for _ in range(3):
            pair.scene.wait(1)
            pair.talk()
        assert pair.scene.state == "registered"
        assert (self.ends(pair)[0] is None) is ("reverse_tunnel" in home)
