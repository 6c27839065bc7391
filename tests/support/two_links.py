"""A mobile node with two links, wlan0 better than wwan0, and what it does about them."""

from ipaddress import IPv4Address
from typing import Any

from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, Scene

from mobileip.agents.events import LinkUsed, ProbeAnswered
from mobileip.agents.mobile.config import ReverseTunnelling
from mobileip.agents.notices import HandedOver
from mobileip.agents.outputs import Notify, SendProbe
from mobileip.forwarding.model import ForwardingState, ReverseTunnel, TunnelExit

WLAN, WWAN = "wlan0", "wwan0"
WLAN_ADDRESS, WWAN_ADDRESS = IPv4Address("203.0.113.7"), IPv4Address("198.18.0.7")
LASTING_1, LASTING_2 = FOREIGN_1.but(lifetime=9000), FOREIGN_2.but(lifetime=9000)


class TwoLinks(Scene):
    """Links come up at once with what is there; the home agent answers when it is told to."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**({"links": (WLAN, WWAN), "reverse_tunnel": ReverseTunnelling.AUTO} | fields))

    def visit(self, name: str = WLAN) -> None:
        """A foreign agent is heard there: FOREIGN_1 on wlan0, FOREIGN_2 on wwan0."""
        self.up(name)
        self.hear(LASTING_1 if name == WLAN else LASTING_2, name)

    def lease(self, name: str = WLAN) -> None:
        """An address is there, and no agent for as long as one waits."""
        self.up(name)
        if name == WLAN:
            self.dhcp(name=name)
        else:
            self.dhcp("198.18.0.7/24", "198.18.0.1", name)
        self.wait(0.2)

    @property
    def way(self) -> str | None:
        """The interface that packets leave by; a reverse tunnel's is that of its care-of address."""
        by_address = {WLAN_ADDRESS: WLAN, WWAN_ADDRESS: WWAN}
        for wish in self.node.forwarding().wishes.values():
            if isinstance(wish, ReverseTunnel):
                return by_address[wish.tunnel.local]
        return self.route.interface if self.route is not None else None

    @property
    def exits(self) -> set[IPv4Address]:
        """Where tunnels end."""
        return exits(self.node.forwarding())

    @property
    def handovers(self) -> list[HandedOver]:
        notices = [output.notice for _, output in self.history if isinstance(output, Notify)]
        return [notice for notice in notices if isinstance(notice, HandedOver)]

    @property
    def handover(self) -> HandedOver:
        """The latest."""
        return self.handovers[-1]

    @property
    def probes(self) -> list[SendProbe]:
        return self.of(SendProbe)

    def answer_probe(self, name: str = WLAN) -> None:
        """The latest of all."""
        sent = [output for _, output in self.history if isinstance(output, SendProbe)]
        self.handle(ProbeAnswered(interface=name, number=sent[-1].number))

    def use(self, sent: int, received: int = 0, name: str = WLAN) -> None:
        """The link's counters since it exists."""
        self.handle(LinkUsed(interface=name, sent=sent, received=received))


def exits(state: ForwardingState) -> set[IPv4Address]:
    return {wish.tunnel.local for wish in state.wishes.values() if isinstance(wish, TunnelExit)}
