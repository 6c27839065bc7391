"""A mobile node under test with its surroundings: agents that advertise, replies, links and a clock.

`Scene` plays the runner: it stamps events, keeps the outputs of the last one, and wakes the node at its deadlines
when time goes on. Nothing answers by itself: each test says what is heard.
"""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import msgspec
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, KEY, MOBILE_HOME, instant, signed
from tests.support.tunnel_traffic import Traffic

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    Event,
    GatewayHeard,
    Link,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    PacketsTold,
    Started,
    TimerExpired,
)
from mobileip.agents.instant import Instant
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    ChangeForwarding,
    Departure,
    Notify,
    Output,
    SendDiscovery,
    SendMessage,
)
from mobileip.forwarding.model import ForwardingState, MobileLink, MobileRoute, TunnelExit, Wish
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
    RouterAddress,
)
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

HOME_NETWORK = IPv4Network("10.1.0.0/24")
HOME_AGENT_MAC = bytes.fromhex("02000a010001")
NODE_MAC = bytes.fromhex("020000000010")
MOBILE_FOREIGN = MobilitySecurityAssociation(spi=512, key=KEY[::-1])


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent of the surroundings, and what its advertisements say."""

    address: IPv4Address
    link_address: bytes
    care_of_addresses: tuple[IPv4Address, ...] = ()
    home_agent: bool = False
    foreign_agent: bool = True
    busy: bool = False
    registration_required: bool = False
    registration_lifetime: int = 1800
    lifetime: int = 3
    prefix_length: int | None = 24
    reverse_tunneling: bool = False
    gre_encapsulation: bool = False
    minimal_encapsulation: bool = False
    udp_tunneling: bool = False

    def but(self, **fields: Any) -> "Agent":
        return msgspec.structs.replace(self, **fields)

    def advertisement(self, sequence_number: int = 10, **fields: Any) -> AgentAdvertisement:
        mobility = MobilityAgentAdvertisementExtension(
            sequence_number=sequence_number,
            registration_lifetime=self.registration_lifetime,
            registration_required=self.registration_required,
            busy=self.busy,
            home_agent=self.home_agent,
            foreign_agent=self.foreign_agent,
            care_of_addresses=self.care_of_addresses,
            reverse_tunneling=self.reverse_tunneling,
            gre_encapsulation=self.gre_encapsulation,
            minimal_encapsulation=self.minimal_encapsulation,
            udp_tunneling=self.udp_tunneling,
        )
        prefix = () if self.prefix_length is None else (PrefixLengthsExtension((self.prefix_length,)),)
        defaults: dict[str, Any] = {
            "lifetime": self.lifetime,
            "routers": (RouterAddress(self.address),),
            "extensions": (mobility, *prefix),
        }
        return AgentAdvertisement(**(defaults | fields))


def foreign_agent(number: int, **fields: Any) -> Agent:
    """Foreign agent `number`, its link 192.0.`number`.0/24."""
    defaults: dict[str, Any] = {
        "address": IPv4Address(f"192.0.{number}.1"),
        "link_address": bytes((2, 0, 192, 0, number, 1)),
        "care_of_addresses": (IPv4Address(f"198.51.100.{number}"),),
    }
    return Agent(**(defaults | fields))


FOREIGN_1 = foreign_agent(1)
FOREIGN_2 = foreign_agent(2)
HOME = Agent(address=HOME_AGENT, link_address=HOME_AGENT_MAC, home_agent=True, foreign_agent=False)


def config(**fields: Any) -> MobileNodeConfig:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "home_network": HOME_NETWORK,
        "links": ("eth0",),
        "association": MOBILE_HOME,
    }
    return MobileNodeConfig(**(defaults | fields))


NONCES = msgspec.structs.replace(MOBILE_HOME, replay=ReplayStyle.NONCES)


class Scene:
    """`outputs` are those of the last event (or of all wakings of the last `wait`)."""

    def __init__(self, started: bool = True, **fields: Any) -> None:
        self.config = config(**fields)
        self.node = MobileNode(self.config)
        self.now = 100.0
        self.ntp_ahead = 0.0
        self.links: dict[str, Link] = {}
        self.outputs: list[Output] = []
        self.summed = ForwardingState()
        self.traffic = Traffic()
        self.history: list[tuple[float, Output]] = []
        if started:
            self.handle(Started())

    @property
    def instant(self) -> Instant:
        """The time of day drifts a little, so that fractions of seconds do not repeat."""
        return instant(self.now, self.ntp_ahead + self.now * 1e-5)

    def handle(self, event: Event, entropy: bytes = b"") -> list[Output]:
        self.outputs = self._handle(msgspec.structs.replace(event, entropy=entropy or event.entropy))
        return self.outputs

    def _handle(self, event: Event) -> list[Output]:
        outputs = self.node.handle(event, self.instant)
        self.history += [(self.now, output) for output in outputs]
        for output in outputs:
            if isinstance(output, ChangeForwarding):
                self.summed = self.summed.apply(output.change)
        assert self.summed == self.node.forwarding()
        told = [news for output in outputs if (news := self.traffic.follow(output, self.now)) is not None]
        return [*outputs, *(output for news in told for output in self._handle(PacketsTold(news=news)))]

    # -- what happens

    def wait(self, seconds: float) -> list[Output]:
        """Lets time go on, waking the node at its deadlines; returns all that came out."""
        end, collected = self.now + seconds, []
        for _ in range(2000):
            deadline = self.node.next_deadline()
            if deadline is None or deadline.at > end:
                break
            self.now = max(self.now, deadline.at)
            collected += self._handle(TimerExpired())
        else:
            raise AssertionError(f"the node wakes without end: {deadline}")
        self.now = end
        self.outputs = collected
        return collected

    def link(self, name: str = "eth0", **fields: Any) -> list[Output]:
        """The link's picture changes; what is not named stays."""
        before = self.links.get(name) or Link(name=name, index=2, carrier=True, link_address=NODE_MAC)
        self.links[name] = msgspec.structs.replace(before, **fields)
        return self.handle(LinkChanged(link=self.links[name]))

    def up(self, name: str = "eth0", **fields: Any) -> list[Output]:
        return self.link(name, carrier=True, **fields)

    def down(self, name: str = "eth0", **fields: Any) -> list[Output]:
        return self.link(name, carrier=False, **fields)

    def flap(self, name: str = "eth0") -> list[Output]:
        """The carrier went and came back before anyone looked."""
        return self.link(name, carrier_changes=self.links[name].carrier_changes + 2)

    def remove(self, name: str = "eth0") -> list[Output]:
        return self.handle(LinkRemoved(name=name))

    def dhcp(self, address: str = "203.0.113.7/24", gateway: str = "203.0.113.1", name: str = "eth0") -> list[Output]:
        """An address and its gateway, as a DHCP client sets them."""
        self.handle(
            GatewayHeard(interface=name, address=IPv4Address(gateway), link_address=bytes((2, 0, 203, 0, 113, 1)))
        )
        return self.link(name, addresses=(IPv4Interface(address),), gateway=IPv4Address(gateway))

    def hear(
        self, agent: Agent, name: str = "eth0", sequence_number: int = 10, entropy: bytes = b"", **fields: Any
    ) -> list[Output]:
        """One advertisement."""
        arrival = Arrival(
            interface=name,
            source=agent.address,
            destination=IPv4Address("224.0.0.1"),
            ttl=1,
            link_source=agent.link_address,
        )
        advertisement = agent.advertisement(sequence_number, **fields)
        return self.handle(AdvertisementArrived(advertisement=advertisement, arrival=arrival), entropy)

    def reply(self, code: int = 0, request: RegistrationRequest | None = None, **fields: Any) -> RegistrationReply:
        """What a home agent says to `request` (default: the latest one); with code 133 its clock is 30 s ahead."""
        request = request or self.request
        is_timed = self.config.association.replay is ReplayStyle.TIMESTAMPS
        ahead = 30 << 32 if code == ReplyCode.HA_IDENTIFICATION_MISMATCH and is_timed else 0
        defaults: dict[str, Any] = {
            "code": code,
            "lifetime": request.lifetime,
            "home_address": request.home_address,
            "home_agent": request.home_agent,
            "identification": request.identification + ahead,
        }
        return RegistrationReply(**(defaults | fields))

    def answer(
        self,
        code: int = 0,
        request: RegistrationRequest | None = None,
        agent: Agent | None = None,
        **fields: Any,
    ) -> list[Output]:
        """An authentic reply of the home agent, relayed by `agent` if one is given."""
        return self.receive(signed(self.reply(code, request, **fields)), source=agent.address if agent else HOME_AGENT)

    def deny(self, agent: Agent, code: int, **fields: Any) -> list[Output]:
        """A foreign agent's own denial, not authenticated."""
        return self.receive(self.unsigned(code, **fields), source=agent.address)

    def unsigned(self, code: int, **fields: Any) -> bytes:
        return strip(signed(self.reply(code, **fields)))

    def receive(
        self, octets: bytes, source: IPv4Address = HOME_AGENT, name: str = "eth0", entropy: bytes = b""
    ) -> list[Output]:
        arrival = Arrival(
            interface=name, source=source, destination=HOME_ADDRESS, source_port=434, destination_port=434
        )
        return self.handle(MessageArrived(decoded=decode_message(octets), arrival=arrival), entropy)

    def register(self, agent: Agent = FOREIGN_1) -> None:
        """Link up, agent heard, request accepted."""
        self.up()
        self.hear(agent)
        self.answer()
        assert self.state == ("at_home" if agent.home_agent else "registered")

    # -- what came out

    @property
    def state(self) -> str:
        return self.node.snapshot().state

    def of(self, kind: type) -> list[Any]:
        return [output for output in self.outputs if isinstance(output, kind)]

    @property
    def messages(self) -> list[SendMessage]:
        return self.of(SendMessage)

    @property
    def requests(self) -> list[RegistrationRequest]:
        """The requests among the last outputs."""
        return [_request(message) for message in self.messages]

    @property
    def request(self) -> RegistrationRequest:
        """The latest request of all."""
        return self.requests_so_far[-1]

    @property
    def requests_so_far(self) -> list[RegistrationRequest]:
        sent = (output for _, output in self.history if isinstance(output, SendMessage))
        return [_request(message) for message in sent if is_request(message)]

    @property
    def departure(self) -> Departure:
        """That of the only message among the last outputs."""
        (message,) = self.messages
        return message.departure

    def times(self, kind: type) -> list[float]:
        return [at for at, output in self.history if isinstance(output, kind)]

    @property
    def solicitations(self) -> list[SendDiscovery]:
        return self.of(SendDiscovery)

    @property
    def announcements(self) -> list[AnnounceAddress]:
        return self.of(AnnounceAddress)

    @property
    def notices(self) -> list[Notice]:
        return [output.notice for output in self.outputs if isinstance(output, Notify)]

    def notice(self, kind: type) -> Any:
        """The only notice of that kind among the last outputs."""
        (found,) = [notice for notice in self.notices if isinstance(notice, kind)]
        return found

    # -- what it wishes for

    def wish(self, kind: type[Wish]) -> Any:
        """The only wish of that kind, or None."""
        found = [wish for wish in self.node.forwarding().wishes.values() if isinstance(wish, kind)]
        assert len(found) < 2
        return found[0] if found else None

    @property
    def route(self) -> MobileRoute | None:
        return self.wish(MobileRoute)

    @property
    def tunnel_exit(self) -> TunnelExit | None:
        return self.wish(TunnelExit)

    def answers_arp(self, name: str = "eth0") -> bool:
        wish = self.node.forwarding().wishes[("MobileLink", name)]
        assert isinstance(wish, MobileLink)
        return wish.answers_arp


def is_request(message: SendMessage) -> bool:
    """Or else it acknowledges a revocation."""
    return message.octets[0] == RegistrationRequest.TYPE


def _request(message: SendMessage) -> RegistrationRequest:
    request = decode_message(message.octets).message
    assert isinstance(request, RegistrationRequest)
    return request


def strip(octets: bytes) -> bytes:
    """A reply without its extensions."""
    return octets[:20]
