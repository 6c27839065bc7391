"""Random lives of three mobile nodes at one home agent: honest and forged messages, time passing."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import hypothesis.strategies as st
from tests.support.home_agent import FOREIGN_HOME, HOME_LINK, MAC, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, arrival, registration_request, signed

from mobileip.agents.events import Event, MessageArrived, PacketsTold, Started, TimerExpired
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry, ReverseTunnels
from mobileip.agents.home.snapshot import HomeAgentSnapshot
from mobileip.agents.instant import Instant
from mobileip.agents.memory import Remembered
from mobileip.agents.outputs import Output, SendMessage
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.errors import DecodeError
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.message import decode_message, encode_message

NONCES = MobilitySecurityAssociation(spi=300, key=b"nonces", replay=ReplayStyle.NONCES)
ATTACKER = MobilitySecurityAssociation(spi=256, key=b"guessed")
NODES = [IPv4Address("10.1.0.10"), IPv4Address("10.1.0.11"), IPv4Address("10.1.0.12")]
CARE_OF = [CARE_OF_ADDRESS, IPv4Address("198.51.100.2"), IPv4Address("203.0.113.2")]

POLICIES = [
    {},
    {"reverse_tunnel": ReverseTunnels.ALLOWED, "encapsulations": tuple(Encapsulation), "handover_grace": 2.0},
    {"reverse_tunnel": ReverseTunnels.ALLOWED, "encapsulations": tuple(Encapsulation), "nat_traversal": True},
    {"reverse_tunnel": ReverseTunnels.REQUIRED, "nat_traversal": True, "force_udp": False},
]


def configured(policy: dict[str, Any], **fields: Any) -> HomeAgentConfig:
    return home_agent_config(**policy, **fields)


configs = st.builds(
    configured,
    st.sampled_from(POLICIES),
    home_link=st.sampled_from([None, HOME_LINK]),
    maximum_simultaneous_bindings=st.integers(1, 3),
    foreign_agents=st.sampled_from([(), ((CARE_OF_ADDRESS, FOREIGN_HOME),)]),
    strict_reserved_bits=st.booleans(),
    maximum_lifetime=st.sampled_from([5, 1800, 0xFFFF]),
    mobile_nodes=st.just(
        tuple(MobileNodeEntry(home_address=node, associations=(MOBILE_HOME, NONCES)) for node in NODES)
    ),
)

requests = st.fixed_dictionaries(
    {
        "home_address": st.sampled_from([NODES[0], *NODES]),
        "lifetime": st.sampled_from([0, 0, 1, 3, 600, 0xFFFF]),
    },
    optional={
        "care_of_address": st.sampled_from([*CARE_OF, *CARE_OF, *NODES]),
        "simultaneous_bindings": st.booleans(),
        "gre_encapsulation": st.sampled_from([False, False, False, True]),
        "reserved_x": st.sampled_from([False, False, False, True]),
        "home_agent": st.sampled_from([HOME_AGENT, HOME_AGENT, HOME_AGENT, IPv4Address("10.1.0.255")]),
        "reverse_tunneling": st.booleans(),
        "broadcast_datagrams": st.booleans(),
        "minimal_encapsulation": st.sampled_from([False, False, True]),
        "decapsulation_by_mobile_node": st.sampled_from([False, True, True]),
        "extensions": st.sampled_from(
            [
                (),
                (UdpTunnelRequest(),),
                (UdpTunnelRequest(force=True, encapsulation=47),),
                (UdpTunnelRequest(through_foreign_agent=True),),
                (GreKey(7),),
            ]
        ),
    },
)

ways = st.fixed_dictionaries(
    {"source": st.sampled_from([*CARE_OF, *NODES]), "source_port": st.sampled_from([434, 50000])},
    optional={
        "link_source": st.just(MAC),
        "interface": st.just(HOME_LINK),
        "destination": st.sampled_from([HOME_AGENT, HOME_AGENT, HOME_AGENT, IPv4Address("255.255.255.255")]),
    },
)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("request"), requests, ways, st.sampled_from([0, 0, 0, 0, -3, 10, -10]), st.booleans()),
        st.tuples(st.just("nonce"), requests, ways, st.booleans()),
        st.tuples(st.just("replay"), st.integers(0, 50), ways),
        st.tuples(st.just("keepalive"), st.sampled_from(NODES), st.sampled_from(CARE_OF), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.3, 1.0, 2.5, 700.0])),
        st.tuples(st.just("forge"), requests, ways, st.integers(0, 3)),
        st.tuples(st.just("spoil"), st.integers(0, 50), st.integers(0, 400), st.integers(1, 255), ways),
        st.tuples(st.just("truncate"), st.integers(0, 50), st.integers(0, 80), ways),
        st.tuples(st.just("reflect"), st.integers(0, 50), ways),
    ),
    min_size=12,
    max_size=40,
)
Step = tuple[Any, ...]


class Life:
    """Plays steps into one home agent; `check` sees each event's outputs."""

    def __init__(
        self,
        config: HomeAgentConfig,
        check: Callable[["Life", list[Output], bool], None],
        remembered: Remembered | None = None,
    ) -> None:
        self.agent = HomeAgent(config)
        self.check = check
        self.has_foreign_agent = bool(config.foreign_agents)
        self.boot = 0.0
        self.count = 0
        self.sent: list[bytes] = []
        self.received = b""
        """The latest message."""
        self.replies: list[bytes] = []
        self.nonces: dict[IPv4Address, int] = {}
        self.before: HomeAgentSnapshot = self.agent.snapshot()
        self.outputs: list[list[Output]] = []
        self.put(Started(remembered=remembered), authentic=True)

    def put(self, event: Event, *, authentic: bool) -> None:
        self.before = self.agent.snapshot()
        outputs = self.agent.handle(event, Instant(self.boot, NTP + round(self.boot * 2**32)))
        self.outputs.append(outputs)
        self.replies += [o.octets for o in outputs if isinstance(o, SendMessage)]
        self.check(self, outputs, authentic)

    def receive(self, octets: bytes, way: dict[str, Any], *, authentic: bool) -> None:
        # What has ended ends first, so that what the message did can be told apart.
        self.put(TimerExpired(), authentic=True)
        try:
            decoded = decode_message(octets)
        except DecodeError:
            return
        self.count += 1
        self.received = octets
        entropy = self.count.to_bytes(4) + bytes(28)
        self.put(MessageArrived(decoded=decoded, arrival=arrival(**way), entropy=entropy), authentic=authentic)

    def play(self, step: Step) -> None:
        match step:
            case ("request", fields, way, ahead, relayed):
                identification = self.now + (ahead << 32)
                request = registration_request(identification=identification, **fields)
                octets = signed(request, *self.signatures(relayed))
                self.sent.append(octets)
                self.receive(octets, way, authentic=True)
            case ("nonce", fields, way, relayed):
                self.play_nonce(fields, way, relayed)
            case ("replay", number, way) if self.sent:
                self.receive(self.sent[number % len(self.sent)], way, authentic=True)
            case ("keepalive", home_address, address, port):
                news = KeepaliveHeard(home_address=home_address, address=address, port=port)
                self.put(PacketsTold(news=news), authentic=True)
            case ("wait", seconds):
                self.boot += seconds
                self.put(TimerExpired(), authentic=True)
            case ("forge", fields, way, kind):
                self.receive(
                    forged(registration_request(identification=self.now, **fields), kind), way, authentic=False
                )
            case ("spoil", number, position, flip, way) if self.sent:
                octets = bytearray(self.sent[number % len(self.sent)])
                octets[position % 46] ^= flip  # up to the end of the Mobile-Home extension
                self.receive(bytes(octets), way, authentic=False)
            case ("truncate", number, length, way) if self.sent:
                whole = self.sent[number % len(self.sent)]
                self.receive(whole[: min(length, 45)], way, authentic=False)
            case ("reflect", number, way) if self.replies:
                self.receive(self.replies[number % len(self.replies)], way, authentic=False)

    @property
    def now(self) -> int:
        """An Identification that no request has had before."""
        return NTP + round(self.boot * 2**32) + len(self.sent)

    def signatures(self, relayed: bool, mobile_home: MobilitySecurityAssociation = MOBILE_HOME) -> Any:
        """Relayed: signed by the foreign agent too, where that is associated."""
        first = (MobileHomeAuthentication, mobile_home)
        is_vouched_for = relayed and self.has_foreign_agent
        return (first, (ForeignHomeAuthentication, FOREIGN_HOME)) if is_vouched_for else (first,)

    def play_nonce(self, fields: dict[str, Any], way: dict[str, Any], relayed: bool) -> None:
        home_address = fields["home_address"]
        identification = self.nonces.get(home_address, 0) << 32 | len(self.sent)
        request = registration_request(identification=identification, **fields)
        octets = signed(request, *self.signatures(relayed, NONCES))
        self.sent.append(octets)
        count = len(self.replies)
        self.receive(octets, way, authentic=True)
        for reply in self.replies[count:]:
            self.nonces[home_address] = decode_message(reply).message.identification >> 32


def forged(request: Any, kind: int) -> bytes:
    """Without authentication, with a guessed key, with an unknown SPI, vouched for by a foreign agent."""
    return [
        encode_message(request),
        signed(request, (MobileHomeAuthentication, ATTACKER)),
        signed(request, (MobileHomeAuthentication, MobilitySecurityAssociation(spi=999, key=b"k"))),
        signed(request, (MobileHomeAuthentication, ATTACKER), (ForeignHomeAuthentication, FOREIGN_HOME)),
    ][kind]


def live(config: HomeAgentConfig, history: list[Step], check: Callable[[Life, list[Output], bool], None]) -> Life:
    life = Life(config, check)
    for step in history:
        life.play(step)
    return life


def nothing(_life: Life, _outputs: list[Output], _authentic: bool) -> None:
    """No check."""
