"""Laws 1, 2 and 3 for the mobile node, under any order of events on two links."""

import itertools
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, KEY, MOBILE_HOME, signed
from tests.support.mobile_node import (
    FOREIGN_1,
    FOREIGN_2,
    HOME,
    MOBILE_FOREIGN,
    Agent,
    Scene,
    foreign_agent,
    is_request,
)

from mobileip.agents.events import DeregisterCommanded, PacketsTold, RegisterCommanded, Stopping, TimerExpired
from mobileip.agents.mobile.config import (
    ANY_HOME_AGENT,
    UNSPECIFIED,
    Delivery,
    MoveDetection,
    NatTraversal,
    ReverseTunnelling,
)
from mobileip.agents.mobile.registration import Binding
from mobileip.agents.notices import Discarded
from mobileip.agents.outputs import Notify, SendMessage
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileForeignAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.nai import NaiCarrying
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension, NormalVendorExtension
from mobileip.wire.registration import RegistrationReply
from mobileip.wire.revocation import RegistrationRevocation

LINKS = ("eth0", "eth1")
NEIGHBOUR = foreign_agent(1, address=IPv4Address("192.0.1.2"), link_address=b"\x02\0\0\0\0\x02")
AGENTS = (FOREIGN_1, FOREIGN_2, NEIGHBOUR, HOME)
EXTENSIONS = (
    NaiCarrying(1, "ha@example.net"),
    DynamicHomeAgent(2, IPv4Address("10.1.0.3")),
    RevocationSupport(timestamp=1000, inform=True),
    MessageString.of(1, "hello"),
    CriticalVendorExtension(vendor=9, vendor_type=1),
    NormalVendorExtension(vendor=9, vendor_type=1),
    UdpTunnelReply(),
    UdpTunnelReply(),
    UdpTunnelReply(code=64),
    UdpTunnelReply(keepalive_interval=15),
)
WRONG_KEY = MobilitySecurityAssociation(spi=256, key=KEY[::-1])
OTHER_SPI = MobilitySecurityAssociation(spi=300, key=KEY)

Action = Callable[[Scene], object]

links = st.sampled_from(LINKS)
codes = st.one_of(
    st.just(0),
    st.sampled_from([1, 66, 69, 70, 74, 75, 77, 79, 80, 129, 131, 133, 136, 137, 138, 139, 142, 143, 194]),
    st.integers(0, 255),
)
times = st.sampled_from([0.0, 0.01, 0.4, 1.0, 1.7, 3.5, 20.0, 400.0])


@st.composite
def agents(draw: st.DrawFn) -> Agent:
    return draw(st.sampled_from(AGENTS)).but(
        busy=draw(st.booleans()),
        registration_required=draw(st.booleans()),
        registration_lifetime=draw(st.sampled_from([0, 1, 60, 1800, 0xFFFF])),
        lifetime=draw(st.sampled_from([0, 1, 3, 30, 1800])),
        reverse_tunneling=draw(st.booleans()),
        udp_tunneling=draw(st.booleans()),
        gre_encapsulation=draw(st.booleans()),
        prefix_length=draw(st.sampled_from([None, 0, 24, 32, 200])),
        care_of_addresses=tuple(
            draw(st.lists(st.sampled_from([IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2")]), max_size=3))
        ),
    )


@st.composite
def advertisements(draw: st.DrawFn) -> Action:
    agent, name = draw(agents()), draw(links)
    number, code = draw(st.integers(0, 0xFFFF)), draw(st.sampled_from([0, 0, 0, 16, 3]))
    plain = {"extensions": ()} if draw(st.integers(0, 9)) == 0 else {}
    entropy = draw(st.binary(max_size=32))
    return lambda scene: scene.hear(agent, name, number, entropy, code=code, **plain)


@st.composite
def link_events(draw: st.DrawFn) -> Action:
    name = draw(links)
    address = draw(st.sampled_from(["203.0.113.7/24", "10.1.0.10/24", "198.51.100.1/32"]))
    gateway = draw(st.sampled_from(["203.0.113.1", "10.1.0.254", "192.0.1.1"]))
    return draw(
        st.sampled_from(
            [
                lambda scene: scene.up(name),
                lambda scene: scene.down(name),
                lambda scene: scene.flap(name) if name in scene.links else None,
                lambda scene: scene.remove(name),
                lambda scene: scene.dhcp(address, gateway, name),
                lambda scene: scene.link(name, addresses=(), gateway=None),
                lambda scene: scene.link(name, gateway=None),
            ]
        )
    )


def asked(scene: Scene, index: int) -> RegistrationReply | None:
    """A reply to one of the latest requests."""
    so_far = scene.requests_so_far[-4:]
    return scene.reply(request=so_far[index % len(so_far)]) if so_far else None


@st.composite
def authentic_replies(draw: st.DrawFn) -> Action:
    code, index, lifetime = draw(codes), draw(st.integers(0, 3)), draw(st.sampled_from([None, 0, 1, 30, 0xFFFF]))
    home_agent = draw(st.sampled_from([None, None, IPv4Address("10.1.0.2")]))
    through = draw(st.sampled_from(AGENTS))
    shift = draw(st.sampled_from([0, 0, 3600, -3600]))
    given = draw(st.sampled_from([HOME_ADDRESS, IPv4Address("10.1.0.55"), UNSPECIFIED]))
    extensions = tuple(draw(st.lists(st.sampled_from(EXTENSIONS), max_size=2)))
    behind = draw(st.sampled_from([b"", b"", b"", ForeignAgentError(66).encode(), EXTENSIONS[0].encode()]))

    def act(scene: Scene) -> None:
        reply = asked(scene, index)
        if reply is None:
            return
        fields = {"code": code, "lifetime": reply.lifetime if lifetime is None else lifetime}
        if code == 133:
            fields["identification"] = (reply.identification + (shift << 32)) % 2**64
        if reply.home_address == UNSPECIFIED and code < 64:
            fields["home_address"] = given
        fields["extensions"] = extensions
        reply = msgspec.structs.replace(reply, home_agent=home_agent or reply.home_agent, **fields)
        octets = signed(reply) + behind
        if through is FOREIGN_2:
            octets = sign(octets, MobileForeignAuthentication, MOBILE_FOREIGN)
        scene.receive(octets, source=through.address)

    return act


@st.composite
def unauthenticated_denials(draw: st.DrawFn) -> Action:
    code, index, agent = draw(codes), draw(st.integers(0, 3)), draw(st.sampled_from(AGENTS))
    lifetime = draw(st.sampled_from([0, 5, 60, 900]))

    def act(scene: Scene) -> None:
        reply = asked(scene, index)
        if reply is not None:
            octets = signed(msgspec.structs.replace(reply, code=code, lifetime=lifetime))[:20]
            scene.receive(octets, source=agent.address)

    return act


@st.composite
def revocations(draw: st.DrawFn) -> Action:
    key = draw(st.sampled_from([MOBILE_HOME, MOBILE_HOME, WRONG_KEY]))
    identifier = draw(st.sampled_from([0, 1001, 1002, 1 << 31]))
    from_home_agent, inform = draw(st.booleans()), draw(st.booleans())
    home_agent = draw(st.sampled_from([HOME_AGENT, IPv4Address("10.1.0.2")]))

    def act(scene: Scene) -> None:
        revocation = RegistrationRevocation(
            from_home_agent=from_home_agent,
            inform=inform,
            home_address=scene.node.snapshot().home_address,
            home_domain_address=home_agent,
            foreign_domain_address=IPv4Address("203.0.113.7"),
            revocation_identifier=identifier,
        )
        scene.receive(signed(revocation, (MobileHomeAuthentication, key)))

    return act


waits = times.map(lambda seconds: lambda scene: scene.wait(seconds))
late = times.map(lambda seconds: lambda scene: sleep(scene, seconds))
commands = st.sampled_from(
    [
        lambda scene: scene.handle(RegisterCommanded()),
        lambda scene: scene.handle(DeregisterCommanded()),
        lambda scene: scene.handle(TimerExpired()),
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> Action:
    sends, hears, answers = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    sequence = draw(st.integers(0, 0xFFFF))

    def act(scene: Scene) -> None:
        scene.traffic.change(scene.now, sends=sends, hears=hears, answers=answers)
        scene.handle(PacketsTold(news=scene.traffic.answer(HOME_ADDRESS, sequence)))

    return act


actions = st.one_of(
    advertisements(),
    advertisements(),
    link_events(),
    authentic_replies(),
    authentic_replies(),
    unauthenticated_denials(),
    revocations(),
    waits,
    waits,
    late,
    commands,
    streams(),
)
configs = st.fixed_dictionaries(
    {
        "links": st.just(LINKS),
        "move_detection": st.sampled_from(MoveDetection),
        "colocated": st.booleans(),
        "requested_lifetime": st.sampled_from([1, 30, 1800, 0xFFFF]),
        "foreign_agents": st.sampled_from([(), ((FOREIGN_2.address, MOBILE_FOREIGN),)]),
        "association": st.sampled_from([MOBILE_HOME, msgspec.structs.replace(MOBILE_HOME, replay="nonces")]),
    },
    optional={
        "home_agent": st.sampled_from([IPv4Address("10.1.0.255"), *ANY_HOME_AGENT]),
        "preferred_home_agent": st.just(IPv4Address("10.1.0.2")),
        "home_address": st.just(UNSPECIFIED),
        "nai": st.just("mn@example.net"),
        "agent_link_addresses": st.just((("eth1", b"\2\0\0\0\0\3"),)),
        "simultaneous_bindings": st.booleans(),
        "broadcasts": st.booleans(),
        "revocation": st.booleans(),
        "coarse_identification": st.booleans(),
        "reverse_tunnel": st.sampled_from(ReverseTunnelling),
        "delivery": st.sampled_from(Delivery),
        "direct_destinations": st.just((IPv4Network("192.0.1.0/24"),)),
        "encapsulation": st.sampled_from(Encapsulation),
        "nat_traversal": st.sampled_from(NatTraversal),
    },
)


def sleep(scene: Scene, seconds: float) -> None:
    """The machine sleeps through its deadlines."""
    scene.now += seconds


def play(config: dict[str, object], story: list[Action]) -> Scene:
    scene = Scene(**config)
    for action in story:
        action(scene)
    return scene


@settings(max_examples=300, deadline=None)
@given(configs, st.lists(actions, max_size=40), st.booleans())
def test_never_raises_and_sums_up(config: dict[str, object], story: list[Action], stop: bool) -> None:
    """Law 2 is checked by the scene at every event; waking always moves the deadline on."""
    scene = play(config, story)
    scene.wait(10)
    if stop:
        scene.handle(Stopping())
        for action in story:
            action(scene)
        scene.wait(1)
        assert scene.node.next_deadline() is None


@settings(max_examples=200, deadline=None)
@given(configs, st.lists(actions, max_size=30))
def test_same_events_same_outputs(config: dict[str, object], story: list[Action]) -> None:
    """Law 1."""
    first, second = play(config, story), play(config, story)
    assert first.history == second.history
    assert first.node.snapshot() == second.node.snapshot()


@settings(max_examples=300, deadline=None)
@given(configs, st.lists(actions, max_size=40))
def test_one_request_each_second_at_most(config: dict[str, object], story: list[Action]) -> None:
    """RFC 5944 §3.6: "MUST NOT attempt to register more often than once per second"."""
    scene = play(config, story)
    scene.wait(10)
    sent = [at for at, output in scene.history if isinstance(output, SendMessage) and is_request(output)]
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in itertools.pairwise(sent))


FORGERIES: dict[str, Callable[[RegistrationReply], bytes]] = {
    "wrong key": lambda reply: signed(reply, (MobileHomeAuthentication, WRONG_KEY)),
    "other SPI": lambda reply: signed(reply, (MobileHomeAuthentication, OTHER_SPI)),
    "no extension": lambda reply: signed(reply)[:20],
    "twice": lambda reply: sign(signed(reply), MobileHomeAuthentication, MOBILE_HOME),
    "other extension": lambda reply: signed(reply, (MobileForeignAuthentication, MOBILE_HOME)),
    "changed home agent": lambda reply: signed(reply)[:8] + b"\x0a\x01\x00\x63" + signed(reply)[12:],
}


@settings(max_examples=300, deadline=None)
@given(
    configs,
    st.lists(actions, max_size=30),
    st.sampled_from(sorted(FORGERIES)),
    st.sampled_from([0, 1, 128, 129, 131, 133, 136, 139]),
    st.integers(0, 3),
)
def test_forged_replies_change_nothing(
    config: dict[str, object], story: list[Action], forgery: str, code: int, index: int
) -> None:
    """Law 3."""
    scene = play(config, story)
    scene.wait(0)
    reply = asked(scene, index)
    if reply is None:
        return
    before, deadline, forwarding = scene.node.snapshot(), scene.node.next_deadline(), scene.node.forwarding()
    octets = FORGERIES[forgery](msgspec.structs.replace(reply, code=code))
    outputs = scene.receive(octets, source=FOREIGN_1.address)
    assert [type(o.notice) for o in outputs if isinstance(o, Notify)] == [Discarded]
    assert len(outputs) == 1
    after = scene.node.snapshot()
    assert msgspec.structs.replace(after, counters={}) == msgspec.structs.replace(before, counters={})
    assert scene.node.next_deadline() == deadline
    assert scene.node.forwarding() == forwarding


def bindings(scene: Scene) -> list[Binding]:
    return [r.binding for r in scene.node._state.registrations.values() if r.binding is not None]


@settings(max_examples=300, deadline=None)
@given(configs, st.lists(actions, max_size=30), st.one_of(advertisements(), unauthenticated_denials()))
def test_unauthenticated_input_ends_no_registration(
    config: dict[str, object], story: list[Action], action: Action
) -> None:
    """Law 3: it may start a registration, at home too, but what is in force stays until the home agent's word."""
    scene = play(config, story)
    scene.wait(0)
    before = bindings(scene)
    action(scene)
    after = bindings(scene)
    home = scene.node.snapshot().state == "returning"
    assert after == before or (home and set_of(after) <= set_of(before))


def set_of(found: list[Binding]) -> set[tuple[float, float]]:
    return {(binding.registered_at, binding.expires_at) for binding in found}
