"""Four networks with real agents in virtual time: a home network, two with a foreign agent, one with neither.

          home (eth1)            visited1 (eth1)      visited2 (eth1)      cafe
    [home agent 10.1.0.1]      [foreign1 .1.1]      [foreign2 .2.1]     (a plain router)
             |                        |                    |                |
             +------------------------+--- backbone -------+----------------+

The mobile node's one link, eth0, is plugged into one of them or none. Frames reach the machine with that
link-layer address on the same network (or all, for a group); other messages reach the owner of the address.
Each takes `LATENCY`. Nothing here knows Mobile IP.
"""

import heapq
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import msgspec
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, instant
from tests.support.mobile_node import HOME_NETWORK, config

from mobileip.agents.agent import Agent
from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    Event,
    GatewayHeard,
    Link,
    LinkChanged,
    MessageArrived,
    SolicitationArrived,
    Started,
    TimerExpired,
)
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.node import Node
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import Departure, Notify, Output, SendDiscovery, SendMessage
from mobileip.wire.agent_discovery import AgentAdvertisement
from mobileip.wire.message import decode_message

LATENCY = 0.004
CARE_OF = {1: IPv4Address("192.0.2.11"), 2: IPv4Address("192.0.2.12")}
CAFE_ADDRESS = IPv4Interface("203.0.113.7/24")
CAFE_GATEWAY = IPv4Address("203.0.113.1")
HOME, VISITED1, VISITED2, CAFE = "home", "visited1", "visited2", "cafe"


class Port(msgspec.Struct):
    """One interface of a machine: which network it is plugged into, and its picture."""

    network: str | None
    link: Link


class Machine:
    def __init__(self, name: str, agent: Agent, ports: list[Port], addresses: set[IPv4Address]) -> None:
        self.name = name
        self.agent = agent
        self.ports = {port.link.name: port for port in ports}
        self.own_addresses = addresses
        self.ntp_ahead = 0.0

    def addresses(self) -> set[IPv4Address]:
        on_links = {i.ip for port in self.ports.values() if port.network for i in port.link.addresses}
        return self.own_addresses | on_links


def port(network: str | None, name: str, number: int, *addresses: str) -> Port:
    link = Link(
        name=name,
        index=number,
        carrier=network is not None,
        link_address=bytes((2, 0, 0, 0, 0, number)),
        addresses=tuple(IPv4Interface(address) for address in addresses),
    )
    return Port(network, link)


class Village:
    """`lose`: called with each message on its way (sender's name); True loses it. The others: configuration by role."""

    def __init__(
        self,
        lose: Callable[[str, Output], bool] = lambda _name, _output: False,
        home: dict[str, Any] | None = None,
        foreign: dict[str, Any] | None = None,
        mobile: dict[str, Any] | None = None,
    ) -> None:
        self._foreign = foreign or {}
        self.now = 1000.0
        self.lose = lose
        self.notices: list[tuple[float, str, Notice]] = []
        self.sent: list[tuple[float, str, SendMessage | SendDiscovery]] = []
        self._queue: list[tuple[float, int, str, Event]] = []
        self._order = 0
        self.home_agent = HomeAgent(
            HomeAgentConfig(
                address=HOME_AGENT,
                home_network=HOME_NETWORK,
                home_link="eth1",
                mobile_nodes=(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME,)),),
                **(home or {}),
            )
        )
        self.foreign_agents = {n: self._foreign_agent(n) for n in (1, 2)}
        self.mobile_node = MobileNode(config(**(mobile or {})))
        self.machines = {
            "home": Machine("home", Node(home=self.home_agent), [port(HOME, "eth1", 1, "10.1.0.1/24")], {HOME_AGENT}),
            "foreign1": self._foreign_machine(1),
            "foreign2": self._foreign_machine(2),
            "mobile": Machine("mobile", Node(mobile=self.mobile_node), [port(None, "eth0", 16)], {HOME_ADDRESS}),
        }
        for machine in self.machines.values():
            self._start(machine)

    def _foreign_agent(self, number: int) -> ForeignAgent:
        return ForeignAgent(ForeignAgentConfig(links=("eth1",), care_of_address=CARE_OF[number], **self._foreign))

    def _foreign_machine(self, number: int) -> Machine:
        visited = port((VISITED1, VISITED2)[number - 1], "eth1", 1 + number, f"198.51.{number}.1/24")
        node = Node(foreign=self.foreign_agents[number])
        return Machine(f"foreign{number}", node, [visited], {CARE_OF[number]})

    def _start(self, machine: Machine) -> None:
        self._give(machine, Started())
        for each in machine.ports.values():
            self._give(machine, LinkChanged(link=each.link))

    # -- what tests do

    def plug(self, network: str | None, silently: bool = False) -> None:
        """Moves the mobile node's cable. `silently`: the switch behind it was replugged."""
        mobile = self.machines["mobile"]
        eth0 = mobile.ports["eth0"]
        if not silently and eth0.network is not None:
            self._picture(mobile, None, carrier=False, addresses=(), gateway=None)
        # What is on its way to the old place is lost.
        self._queue = [entry for entry in self._queue if entry[2] != "mobile"]
        heapq.heapify(self._queue)
        if silently:
            eth0.network = network
        elif network is not None:
            self._picture(mobile, network, carrier=True, addresses=(), gateway=None)

    def dhcp(self) -> None:
        """The cafe's server answers, and the system sets what it gave."""
        mobile = self.machines["mobile"]
        self._give(
            mobile,
            GatewayHeard(interface="eth0", address=CAFE_GATEWAY, link_address=bytes((2, 0, 0, 0, 9, 9))),
        )
        self._picture(mobile, CAFE, addresses=(CAFE_ADDRESS,), gateway=CAFE_GATEWAY)

    def restart(self, name: str) -> None:
        """The machine's daemon begins again with nothing in memory."""
        machine = self.machines[name]
        if name == "home":
            self.home_agent = HomeAgent(self.home_agent.config)
            machine.agent = Node(home=self.home_agent)
        else:
            number = int(name[-1])
            self.foreign_agents[number] = self._foreign_agent(number)
            machine.agent = Node(foreign=self.foreign_agents[number])
        self._start(machine)

    def give(self, event: Event, name: str = "mobile") -> None:
        self._give(self.machines[name], event)

    def run(self, seconds: float) -> None:
        """Lets time go on: deliveries and deadlines in their order."""
        end = self.now + seconds
        while (due := self._next(end)) is not None:
            self.now = max(self.now, due[0])
            self._give(due[1], due[2])
        self.now = end

    def told(self, kind: type, name: str = "mobile") -> list[float]:
        """When a machine gave a notice of that kind."""
        return [at for at, who, notice in self.notices if who == name and isinstance(notice, kind)]

    # -- how it runs

    def _next(self, end: float) -> tuple[float, Machine, Event] | None:
        """What happens next, if before `end`: the earliest deadline or delivery."""
        deadlines = [(machine.agent.next_deadline(), machine) for machine in self.machines.values()]
        wakings = [(deadline.at, machine) for deadline, machine in deadlines if deadline is not None]
        waking = min(wakings, key=lambda one: one[0])
        if self._queue and self._queue[0][0] <= min(waking[0], end):
            at, _, name, event = heapq.heappop(self._queue)
            return at, self.machines[name], event
        return (*waking, TimerExpired()) if waking[0] <= end else None

    def _picture(self, machine: Machine, network: str | None, **fields: object) -> None:
        eth0 = machine.ports["eth0"]
        eth0.network = network
        eth0.link = msgspec.structs.replace(eth0.link, **fields)
        self._give(machine, LinkChanged(link=eth0.link))

    def _give(self, machine: Machine, event: Event) -> None:
        # Fractions of the time of day differ at each event, as on a real machine.
        now = instant(self.now, machine.ntp_ahead + self.now * 1e-5)
        for output in machine.agent.handle(event, now):
            if isinstance(output, Notify):
                self.notices.append((self.now, machine.name, output.notice))
            elif isinstance(output, SendMessage | SendDiscovery):
                self.sent.append((self.now, machine.name, output))
                if not self.lose(machine.name, output):
                    self._carry(machine, output)

    def _carry(self, sender: Machine, output: SendMessage | SendDiscovery) -> None:
        departure = output.departure
        for receiver, interface in self._receivers(sender, departure):
            arrival = Arrival(
                interface=interface,
                source=departure.source or IPv4Address(0),
                destination=departure.destination,
                source_port=departure.source_port,
                destination_port=departure.destination_port,
                ttl=departure.ttl,
                link_source=self._link_source(sender, departure),
            )
            event = _event(output, arrival)
            self._order += 1
            heapq.heappush(self._queue, (self.now + LATENCY, self._order, receiver.name, event))

    def _receivers(self, sender: Machine, departure: Departure) -> list[tuple[Machine, str]]:
        if departure.link_destination is None:
            return self._owners(sender, departure)
        network = sender.ports[departure.interface or ""].network
        to_group = departure.link_destination[0] & 1
        return [
            (machine, each.link.name)
            for machine in self.machines.values()
            for each in machine.ports.values()
            if machine is not sender and network is not None and each.network == network
            if to_group or each.link.link_address == departure.link_destination
        ]

    def _owners(self, sender: Machine, departure: Departure) -> list[tuple[Machine, str]]:
        if all(port.network is None for port in sender.ports.values()):
            return []
        return [
            (machine, next(iter(machine.ports)))
            for machine in self.machines.values()
            if departure.destination in machine.addresses()
            # The home address is found by its owner alone, and away from home no router leads there.
            and (departure.destination != HOME_ADDRESS or machine.ports["eth0"].network == HOME)
        ]

    @staticmethod
    def _link_source(sender: Machine, departure: Departure) -> bytes | None:
        if departure.link_destination is None:
            return None
        return sender.ports[departure.interface or ""].link.link_address


def _event(output: SendMessage | SendDiscovery, arrival: Arrival) -> Event:
    if isinstance(output, SendMessage):
        return MessageArrived(decoded=decode_message(output.octets), arrival=arrival)
    if isinstance(output.message, AgentAdvertisement):
        return AdvertisementArrived(advertisement=output.message, arrival=arrival)
    return SolicitationArrived(solicitation=output.message, arrival=arrival)
