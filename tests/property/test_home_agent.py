"""Laws 1, 2 and 3 for the home agent: random lives of three mobile nodes, honest and forged messages, time passing."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings
from tests.support.home_agent import FOREIGN_HOME, HOME_LINK, MAC, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, arrival, registration_request, signed

from mobileip.agents.events import Event, MessageArrived, PacketsTold, Started, TimerExpired
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry, ReverseTunnels
from mobileip.agents.home.snapshot import HomeAgentSnapshot
from mobileip.agents.instant import Instant
from mobileip.agents.outputs import ChangeForwarding, Notify, Output, SendMessage
from mobileip.forwarding.model import BindingRoute, ForwardingState, ReverseExit
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.security.authenticator import verify
from mobileip.wire.errors import DecodeError
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.message import decode_message, encode_message
from mobileip.wire.registration import RegistrationReply

NONCES = MobilitySecurityAssociation(spi=300, key=b"nonces", replay=ReplayStyle.NONCES)
ATTACKER = MobilitySecurityAssociation(spi=256, key=b"guessed")
NODES = [IPv4Address("10.1.0.10"), IPv4Address("10.1.0.11"), IPv4Address("10.1.0.12")]
CARE_OF = [CARE_OF_ADDRESS, IPv4Address("198.51.100.2"), IPv4Address("203.0.113.2")]

POLICIES = [
    {},
    {"reverse_tunnel": ReverseTunnels.ALLOWED, "encapsulations": tuple(Encapsulation)},
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

    def __init__(self, config: HomeAgentConfig, check: Callable[["Life", list[Output], bool], None]) -> None:
        self.agent = HomeAgent(config)
        self.check = check
        self.has_foreign_agent = bool(config.foreign_agents)
        self.boot = 0.0
        self.count = 0
        self.sent: list[bytes] = []
        self.replies: list[bytes] = []
        self.nonces: dict[IPv4Address, int] = {}
        self.before: HomeAgentSnapshot = self.agent.snapshot()
        self.outputs: list[list[Output]] = []
        self.put(Started(), authentic=True)

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


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_same_events_and_times_give_the_same_outputs(config: HomeAgentConfig, history: list[Step]) -> None:
    first, second = live(config, history, nothing), live(config, history, nothing)
    assert first.outputs == second.outputs
    assert first.agent.snapshot() == second.agent.snapshot()
    assert first.agent.next_deadline() == second.agent.next_deadline()


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_changes_add_up_to_the_whole_wish(config: HomeAgentConfig, history: list[Step]) -> None:
    state = ForwardingState()

    def check(life: Life, outputs: list[Output], _authentic: bool) -> None:
        nonlocal state
        for output in outputs:
            if isinstance(output, ChangeForwarding):
                state = state.apply(output.change)
        assert state == life.agent.forwarding()

    live(config, history, check)


@settings(deadline=None, max_examples=300)
@given(configs, steps)
def test_what_is_not_authentic_changes_nothing_but_counters(config: HomeAgentConfig, history: list[Step]) -> None:
    def check(life: Life, outputs: list[Output], authentic: bool) -> None:
        if authentic:
            return
        assert all(isinstance(output, SendMessage | Notify) for output in outputs)
        after = life.agent.snapshot()
        assert msgspec.structs.replace(after, counters={}) == msgspec.structs.replace(life.before, counters={})
        assert sum(after.counters.values()) == sum(life.before.counters.values()) + 1

    live(config, history, check)


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_forged_messages_change_no_later_outcome(config: HomeAgentConfig, history: list[Step]) -> None:
    """The same life without what was forged ends with the same bindings."""
    honest = [step for step in history if step[0] in ("request", "wait")]
    mixed = [step for step in history if step[0] in ("request", "wait", "forge", "spoil", "truncate", "reflect")]
    assert (
        live(config, mixed, nothing).agent.snapshot().bindings
        == live(config, honest, nothing).agent.snapshot().bindings
    )


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_every_answer_is_signed_and_every_binding_is_sound(config: HomeAgentConfig, history: list[Step]) -> None:
    def check(life: Life, outputs: list[Output], _authentic: bool) -> None:
        for output in outputs:
            if isinstance(output, SendMessage):
                decoded = decode_message(output.octets)
                assert isinstance(decoded.message, RegistrationReply)
                ((offset, extension),) = decoded.find(MobileHomeAuthentication)
                association = {256: MOBILE_HOME, 300: NONCES}[extension.spi]
                assert verify(decoded, offset, extension, association)
                assert output.departure.source == config.address
        bindings = life.agent.snapshot().bindings
        assert all(b.expires_at > life.boot for b in bindings)
        assert all(b.lifetime <= config.maximum_lifetime for b in bindings)
        for node in NODES:
            of_node = [b for b in bindings if b.home_address == node]
            assert len(of_node) <= config.maximum_simultaneous_bindings
            assert len({b.care_of_address for b in of_node}) == len(of_node)
        deadline = life.agent.next_deadline()
        earliest = min((b.expires_at for b in bindings), default=float("inf"))
        assert earliest == float("inf") or (deadline is not None and deadline.at <= earliest)
        routes = [w for w in life.agent.forwarding().wishes.values() if isinstance(w, BindingRoute)]
        assert {route.home_address for route in routes} == {b.home_address for b in bindings if not b.is_half_bound}
        tunnels = {tunnel for route in routes for tunnel in route.tunnels}
        assert tunnels == {b.tunnel for b in bindings if not b.is_half_bound}
        exits = [w for w in life.agent.forwarding().wishes.values() if isinstance(w, ReverseExit)]
        ends = {(b.home_address, b.tunnel.remote, b.tunnel.udp) for b in bindings if b.has_reverse_tunnel}
        assert {(w.home_address, w.tunnel.remote, w.tunnel.udp) for w in exits} == ends
        assert {w.tunnel.encapsulation for w in exits} <= set(config.encapsulations)

    live(config, history, check)
