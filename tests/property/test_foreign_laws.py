"""Laws 1 to 3 for the foreign agent: whatever it hears, in whatever order."""

from ipaddress import IPv4Address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.foreign_agent import (
    BARE_LINK,
    FOREIGN_HOME,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    UPLINK,
    foreign_agent_config,
    link_changed,
    reply,
    request,
    solicitation,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP
from tests.support.playbook import Playbook

from mobileip.agents.events import Event, LinkRemoved, MessageArrived, Started, Stopping, TimerExpired
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.foreign.config import ForeignAgentConfig, ReverseTunnels
from mobileip.agents.node import Node
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply
from mobileip.wire.message import decode_message

COLOCATED = IPv4Address("198.51.100.77")
GUESSED = MobilitySecurityAssociation(spi=FOREIGN_HOME.spi, key=b"guessed")
MHAE = (MobileHomeAuthentication, MOBILE_HOME)
MFAE = (MobileForeignAuthentication, MOBILE_FOREIGN)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)
FORGED = (ForeignHomeAuthentication, GUESSED)

SHARED: dict[str, Any] = {
    "mobile_nodes": ((HOME_ADDRESS, MOBILE_FOREIGN),),
    "home_agents": ((HOME_AGENT, FOREIGN_HOME),),
}
SMALL: dict[str, Any] = {"maximum_visitors": 2, "maximum_pending": 2, "maximum_pending_total": 3}

TUNNELS: dict[str, Any] = {
    "reverse_tunnel": ReverseTunnels.OFFERED,
    "encapsulations": tuple(Encapsulation),
    "behind_nat": True,
    "nat_keeps_addresses": True,
}

configs = st.sampled_from(
    [
        {},
        SHARED,
        SMALL,
        SHARED | SMALL,
        {"registration_lifetime": 0xFFFF},
        SHARED | {"revocation": True},
        TUNNELS,
        TUNNELS,
        TUNNELS | SHARED | SMALL,
    ]
).map(lambda fields: foreign_agent_config(**fields))
home_addresses = st.sampled_from([HOME_ADDRESS, OTHER_HOME_ADDRESS, IPv4Address(0), CARE_OF_ADDRESS])
home_agents = st.sampled_from([HOME_AGENT, OTHER_HOME_AGENT, CARE_OF_ADDRESS, IPv4Address("224.0.0.1")])
lifetimes = st.sampled_from([0, 3, 600, 1800, 0xFFFF])
identifications = st.integers(NTP, NTP + 3)

requests = st.builds(
    lambda signatures, fields: request(*signatures, **fields),
    st.sampled_from([(MHAE,), (MHAE, MFAE), (MFAE,), (MHAE, MFAE, MFAE)]),
    st.fixed_dictionaries(
        {
            "lifetime": lifetimes,
            "home_address": home_addresses,
            "home_agent": home_agents,
            "identification": identifications,
            "care_of_address": st.sampled_from([CARE_OF_ADDRESS, COLOCATED, HOME_ADDRESS]),
            "link_source": st.sampled_from([MAC, OTHER_MAC, None, b"\xff" * 6]),
            "interface": st.sampled_from([LINK, BARE_LINK, UPLINK]),
            "destination": st.sampled_from([CARE_OF_ADDRESS, IPv4Address("224.0.0.11")]),
            "decapsulation_by_mobile_node": st.booleans(),
            "gre_encapsulation": st.sampled_from([False, False, False, True]),
            "reverse_tunneling": st.sampled_from([False, True]),
            "ttl": st.sampled_from([255, 255, 64]),
        }
    ),
)
replies = st.builds(
    lambda signatures, fields: reply(*signatures, **fields),
    st.sampled_from([(MHAE,), (MHAE, FHAE), (MHAE, FORGED), (FHAE,), (MHAE, FHAE, FHAE)]),
    st.fixed_dictionaries(
        {
            "code": st.sampled_from([0, 0, 0, 1, 128, 133, 255]),
            "lifetime": lifetimes,
            "home_address": home_addresses,
            "home_agent": home_agents,
            "identification": identifications,
            "source": st.sampled_from([HOME_AGENT, OTHER_HOME_AGENT, COLOCATED]),
            "extensions": st.sampled_from([(), (), (GreKey(9),), (UdpTunnelReply(),)]),
        }
    ),
)
others: st.SearchStrategy[Event] = st.sampled_from(
    [
        TimerExpired(),
        Stopping(),
        LinkRemoved(name=LINK),
        link_changed(LINK),
        link_changed(LINK, carrier=False),
        link_changed(BARE_LINK),
        solicitation(),
    ]
)
steps = st.lists(st.tuples(st.one_of(requests, replies, others), st.sampled_from([0.0, 0.5, 8.0, 700.0])), max_size=30)
lives = settings(max_examples=300, deadline=None)


def lived(config: ForeignAgentConfig, life: list[tuple[Event, float]]) -> Playbook:
    """A foreign agent after `life`; the playbook has checked law 2 at each step."""
    play = Playbook(ForeignAgent(config)).given(Started(), link_changed(LINK), link_changed(UPLINK))
    for event, after in life:
        play.given(event, after=after)
    return play


def agent_of(play: Playbook) -> ForeignAgent:
    assert isinstance(play.agent, ForeignAgent)
    return play.agent


@lives
@given(configs, steps)
def test_the_same_events_give_the_same_outputs_and_state_stays_bounded(
    config: ForeignAgentConfig, life: list[tuple[Event, float]]
) -> None:
    play = lived(config, life)
    play.replay(ForeignAgent(config))
    snapshot = agent_of(play).snapshot()
    assert len(snapshot.pending) <= config.maximum_pending_total
    assert len(snapshot.visitors) <= config.maximum_visitors + config.maximum_pending_total
    for entry in snapshot.pending:
        assert play.now < entry.expires_at <= play.now + config.pending_timeout
    assert all(play.now < visitor.expires_at for visitor in snapshot.visitors)


@lives
@given(configs, steps)
def test_a_node_of_one_role_is_as_lawful(config: ForeignAgentConfig, life: list[tuple[Event, float]]) -> None:
    play = Playbook(Node(foreign=ForeignAgent(config)), entropy=bytes(range(32)))
    for event, after in life:
        play.given(event, after=min(after, 8.0))
    play.replay(Node(foreign=ForeignAgent(config)))


@lives
@given(configs, steps, requests)
def test_no_request_makes_changes_or_ends_a_visitor(
    config: ForeignAgentConfig, life: list[tuple[Event, float]], last: MessageArrived
) -> None:
    play = lived(config, life)
    before, wish = agent_of(play).snapshot(), play.agent.forwarding()
    play.given(last)
    after = agent_of(play).snapshot()
    assert (after.visitors, play.agent.forwarding()) == (before.visitors, wish)
    assert len(after.pending) - len(before.pending) in (0, 1)


@lives
@given(configs, steps, replies)
def test_a_reply_that_proves_nothing_changes_nothing(
    config: ForeignAgentConfig, life: list[tuple[Event, float]], last: MessageArrived
) -> None:
    play = lived(config, life)
    before, wish = agent_of(play).snapshot(), play.agent.forwarding()
    answered = [
        entry
        for entry in before.pending
        if entry.home_address == last.decoded.message.home_address
        and entry.identification % 2**32 == last.decoded.message.identification % 2**32
    ]
    play.given(last)
    after = agent_of(play).snapshot()
    extensions = last.decoded.message.extensions
    is_signed = any(isinstance(extension, MobileHomeAuthentication) for extension in extensions)
    is_shared = any(entry.home_agent in dict(config.home_agents) for entry in answered)
    is_forged = (
        is_shared and [type(e) for e in extensions].count(ForeignHomeAuthentication) == 1 and not (_is_right(last))
    )
    if not answered or not is_signed or is_forged:
        assert (after.visitors, after.pending, play.agent.forwarding()) == (before.visitors, before.pending, wish)


def _is_right(event: MessageArrived) -> bool:
    """Whether its Foreign-Home authenticator is the true one."""
    message = event.decoded.message
    fields = {name: getattr(message, name) for name in ("code", "lifetime", "identification")}
    fields["extensions"] = tuple(e for e in message.extensions if isinstance(e, GreKey | UdpTunnelReply))
    true = reply(MHAE, FHAE, home_address=message.home_address, home_agent=message.home_agent, **fields)
    return event.decoded.octets == true.decoded.octets


@lives
@given(configs, steps)
def test_no_two_visitors_can_be_mistaken_for_each_other(
    config: ForeignAgentConfig, life: list[tuple[Event, float]]
) -> None:
    visitors = agent_of(lived(config, life)).snapshot().visitors
    for tell in (
        lambda visitor: (visitor.home_address, visitor.home_agent),
        lambda visitor: (visitor.home_address, visitor.interface, visitor.link_address),
        lambda visitor: (visitor.home_address, visitor.realm),
    ):
        assert len({tell(visitor) for visitor in visitors}) == len(visitors)
    keyed = [(visitor.home_agent, visitor.received_key) for visitor in visitors if visitor.received_key is not None]
    assert len(set(keyed)) == len(keyed)


@lives
@given(configs, steps)
def test_all_that_leaves_can_be_read_and_goes_where_it_may(
    config: ForeignAgentConfig, life: list[tuple[Event, float]]
) -> None:
    from_us = lived(config, life).history
    for _, _, outputs in from_us:
        for output in outputs:
            if (octets := getattr(output, "octets", None)) is None:
                continue
            departure = output.departure  # type: ignore[union-attr]  # only SendMessage has octets
            is_request = decode_message(octets).message.TYPE == 1
            assert is_request == (departure.link_destination is None)
            if is_request:
                assert departure.source == config.care_of_address
            else:
                assert departure.link_destination in (MAC, OTHER_MAC)
                assert departure.interface in config.links
