"""The agent as a whole: which event does what, deadlines, the static part of its wish."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest
from tests.support.home_agent import FOREIGN_HOME, HOME_LINK, HOME_NETWORK, Trial, home_agent_config
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
    Signature,
    arrived,
    instant,
    registration_reply,
    signed,
)

from mobileip.agents.events import (
    DeregisterCommanded,
    Link,
    LinkChanged,
    LinkRemoved,
    PacketsTold,
    RegisterCommanded,
    RevokeCommanded,
    Started,
    Stopping,
)
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import ReverseTunnels
from mobileip.agents.instant import Deadline
from mobileip.agents.memory import Moment, Remembered
from mobileip.agents.notices import Discarded, RevocationEnded, UnauthenticatedAllowed
from mobileip.agents.outputs import Notify
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import AgentLink, ForwardingChange, ForwardingState, HomeNetwork, ReturnPath
from mobileip.forwarding.news import KeepaliveHeard, TunnelActivity
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import decode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

FHAE: Signature = (ForeignHomeAuthentication, FOREIGN_HOME)


def revocation(identifier: int = 8) -> RegistrationRevocation:
    """Of the foreign agent at CARE_OF_ADDRESS."""
    return RegistrationRevocation(
        home_address=HOME_ADDRESS,
        home_domain_address=HOME_AGENT,
        foreign_domain_address=CARE_OF_ADDRESS,
        revocation_identifier=identifier,
    )


def test_virtual_home_network() -> None:
    trial = Trial()
    assert trial.agent.forwarding() == ForwardingState.of([HomeNetwork(prefix=HOME_NETWORK)])


def test_home_network_on_a_link() -> None:
    trial = Trial(home_link=HOME_LINK)
    wishes = [HomeNetwork(prefix=HOME_NETWORK, interface=HOME_LINK), AgentLink(interface=HOME_LINK)]
    assert trial.agent.forwarding() == ForwardingState.of(wishes)


def test_groups_are_wished_for_with_the_home_network() -> None:
    groups = (IPv4Network("239.1.0.0/16"), IPv4Network("224.0.1.1/32"))
    trial = Trial(forwarded_groups=groups)
    wish = HomeNetwork(prefix=HOME_NETWORK, forwarded_groups=groups)
    assert trial.agent.forwarding() == ForwardingState.of([wish])


def test_nothing_is_wished_before_the_start() -> None:
    agent = HomeAgent(home_agent_config())
    assert agent.forwarding() == ForwardingState()
    assert agent.next_deadline() is None
    assert agent.handle(Started(), instant())


def test_the_way_of_an_accepted_registration_is_the_way_of_the_nodes_packets() -> None:
    trial = Trial(home_link=HOME_LINK)
    path = ForwardingChange(install=(ReturnPath(interface="eth0"),))
    assert trial.request().return_paths == [path]
    trial.boot = 2.0
    assert trial.request().return_paths == []  # once is enough
    trial.boot = 4.0
    assert trial.request(lifetime=0).return_paths == []


@pytest.mark.parametrize("interface", ["lo", HOME_LINK])
def test_no_return_path_where_we_are_an_agent_anyway_or_talk_to_ourselves(interface: str) -> None:
    trial = Trial(home_link=HOME_LINK)
    octets = trial.octets()
    assert trial.receive(octets, interface=interface).return_paths == []
    assert len(trial.bindings) == 1


@pytest.mark.parametrize("event", [Stopping(), RegisterCommanded(), DeregisterCommanded()])
def test_other_events_leave_bindings_alone(event: Stopping | RegisterCommanded | DeregisterCommanded) -> None:
    trial = Trial()
    trial.request()
    assert trial.handle(event).outputs == []
    assert len(trial.bindings) == 1


def test_replies_are_not_for_a_home_agent() -> None:
    trial = Trial()
    octets = signed(registration_reply())
    (notice,) = trial.receive(octets).notices
    assert notice == Discarded(
        role="home_agent",
        reason=DropReason.NOT_FOR_US,
        detail="message type 3",
        source=CARE_OF_ADDRESS,
        octets=octets,
    )
    assert trial.counters == {"discarded_not_for_us": 1}


def test_a_mobile_node_that_is_not_ours_gets_no_answer() -> None:
    trial = Trial()
    stranger = IPv4Address("10.1.0.99")
    (notice,) = trial.request(home_address=stranger).notices
    assert isinstance(notice, Discarded)
    assert (notice.reason, notice.detail) == (DropReason.UNKNOWN_MOBILE_NODE, f"mobile node {stranger}")
    assert trial.counters == {"discarded_unknown_mobile_node": 1}


def test_our_own_reply_reflected_to_us_does_nothing() -> None:
    trial = Trial()
    (message,) = trial.request().messages
    before = trial.agent.snapshot()
    outcome = trial.handle(arrived(message.octets))
    assert outcome.messages == []
    assert trial.agent.snapshot().bindings == before.bindings


def test_deadline_is_the_earlier_of_announcement_and_expiry() -> None:
    trial = Trial(home_link=HOME_LINK, announcements=2)
    assert trial.agent.next_deadline() is None
    trial.request(lifetime=5)
    assert trial.agent.next_deadline() == Deadline(1.0, "gratuitous ARP")
    trial.wait(1)
    assert trial.agent.next_deadline() == Deadline(5.0, "binding expiry")
    trial.wait(4)
    assert trial.agent.next_deadline() is None


def test_broadcast_addresses_of_our_links_are_no_source_of_a_reply() -> None:
    trial = Trial()
    broadcast = IPv4Address("192.0.2.255")
    link = Link(name="eth0", index=2, carrier=True, addresses=(IPv4Interface("192.0.2.1/24"),))
    trial.handle(LinkChanged(link=link))
    outcome = trial.request(destination=broadcast)
    assert outcome.reply.code == 136
    assert outcome.departure.source == trial.agent.snapshot().address
    trial.boot = 1.0
    assert trial.request(destination=IPv4Address("192.0.2.1")).reply.code == 1
    trial.handle(LinkRemoved(name="eth0"))
    trial.handle(LinkRemoved(name="eth0"))
    trial.boot = 2.0
    assert trial.request(destination=broadcast).reply.code == 1


def test_our_clock_going_back_refuses_nobody() -> None:
    trial = Trial()
    trial.request()
    trial.boot = 900.0
    trial.ahead = -3600.0
    assert trial.request().reply.code == 1


def test_truncated_request_is_not_authentic() -> None:
    trial = Trial()
    whole = trial.octets()
    before = trial.agent.forwarding()
    outcome = trial.receive(whole[:24])
    assert outcome.messages == []
    assert trial.agent.forwarding() == before


def test_offers_itself_on_the_home_link_alone() -> None:
    assert HomeAgent(home_agent_config()).offers() == {}
    (link, offer), *others = HomeAgent(home_agent_config(home_link=HOME_LINK)).offers().items()
    assert (link, others) == (HOME_LINK, [])
    assert (offer.home_agent, offer.foreign_agent) == (True, False)
    assert offer.registration_lifetime == 1800


def test_extensions_that_are_not_ours_are_passed_over() -> None:
    """A Mobile-Foreign Authentication Extension that the foreign agent left in."""
    theirs = (MobileForeignAuthentication, MobilitySecurityAssociation(spi=500, key=b"theirs"))
    assert Trial().request((MobileHomeAuthentication, MOBILE_HOME), theirs).reply.code == 1


def test_revocations_go_both_ways() -> None:
    trial = Trial(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    octets = trial.octets() + RevocationSupport(7).encode()
    trial.receive(sign(octets, *FHAE))
    trial.boot = 5.0
    outcome = trial.handle(arrived(signed(revocation(), FHAE)))
    assert trial.bindings == ()
    (message,) = outcome.messages
    assert isinstance(decode_message(message.octets).message, RevocationAcknowledgment)
    # Again with a fresh Identifier, since the acknowledgment was lost; then the same once more.
    assert len(trial.handle(arrived(signed(revocation(9), FHAE))).messages) == 1
    outcome = trial.handle(arrived(signed(revocation(9), FHAE)))
    assert outcome.messages == []
    assert trial.counters["discarded_replayed"] == 1


def test_an_acknowledgment_ends_our_revocation() -> None:
    trial = Trial(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    trial.receive(sign(trial.octets() + RevocationSupport(7).encode(), *FHAE))
    trial.boot = 5.0
    (message,) = trial.handle(RevokeCommanded(home_address=HOME_ADDRESS)).messages
    assert trial.agent.next_deadline() == Deadline(6.0, "revocation")
    sent = decode_message(message.octets).message
    assert isinstance(sent, RegistrationRevocation)
    answer = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=sent.revocation_identifier)
    (notice,) = trial.handle(arrived(signed(answer))).notices
    assert isinstance(notice, Discarded)
    (notice,) = trial.handle(arrived(signed(answer, FHAE))).notices
    assert isinstance(notice, RevocationEnded)
    assert trial.agent.next_deadline() is None


def test_where_we_take_no_part_revocations_are_not_for_us() -> None:
    trial = Trial(foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    answer = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=1)
    for message in (revocation(), answer):
        (notice,) = trial.handle(arrived(signed(message, FHAE))).notices
        assert isinstance(notice, Discarded)
        assert notice.reason is DropReason.NOT_FOR_US


def test_news_of_packets_matter_to_tunnels_that_wait_alone() -> None:
    trial = Trial(nat_traversal=True, reverse_tunnel=ReverseTunnels.ALLOWED)
    request = UdpTunnelRequest(through_foreign_agent=True)
    trial.request(extensions=(request,), decapsulation_by_mobile_node=True)
    heard = KeepaliveHeard(home_address=HOME_ADDRESS, address=CARE_OF_ADDRESS, port=5)
    activity = TunnelActivity(home_address=HOME_ADDRESS, sent_at=1.0, heard_at=1.0)
    assert trial.handle(PacketsTold(news=activity)).outputs == []
    assert len(trial.handle(PacketsTold(news=heard)).changes) == 1
    assert trial.handle(PacketsTold(news=heard)).outputs == []


def test_a_teaching_lab_is_warned_of() -> None:
    agent = HomeAgent(home_agent_config(allow_unauthenticated=True))
    assert Notify(UnauthenticatedAllowed(home_agent=HOME_AGENT)) in agent.handle(Started(), instant())
    assert len(HomeAgent(home_agent_config()).handle(Started(), instant())) == 1


# -- what outlives it


def remembering(**config: Any) -> Trial:
    return Trial(remembered=Remembered(), **config)


def test_without_anybody_who_remembers_nothing_is_said() -> None:
    trial = Trial()
    trial.request()
    assert trial.kept.rows == {}


def test_a_registration_is_remembered_with_the_time_of_day() -> None:
    trial = remembering()
    trial.boot = 3.0
    trial.request()
    assert set(trial.kept.rows) == {int(HOME_ADDRESS), ""}
    assert trial.kept.at == Moment(3.0, instant(3.0).ntp)
    assert trial.kept.record("").return_paths == ("eth0",)


def test_bindings_and_ways_come_back_with_the_start_as_one_change() -> None:
    before = remembering()
    before.request()
    after = Trial(remembered=before.kept.remembered(), boot=1.0)
    assert after.agent.forwarding() == before.agent.forwarding()
    assert [len(change.install) for change in after.started.all_changes] == [1, 1, 1]
    assert after.kept.rows == {}  # it is as it was


def test_where_something_may_be_missing_the_time_of_the_start_is_remembered() -> None:
    trial = Trial(remembered=Remembered(is_complete=False))
    assert trial.kept.record("").floor == instant().ntp


def test_a_new_start_without_memories_goes_on_as_it_is() -> None:
    """Another role got a new configuration."""
    trial = remembering()
    trial.request()
    before = trial.agent.forwarding()
    trial.handle(Started())
    assert trial.agent.forwarding() == before
    assert len(trial.bindings) == 1


def test_revocations_are_remembered_both_ways() -> None:
    trial = remembering(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    home = int(HOME_ADDRESS)
    trial.receive(sign(trial.octets() + RevocationSupport(timestamp=7).encode(), *FHAE))
    trial.boot = 5.0
    trial.handle(RevokeCommanded(home_address=HOME_ADDRESS))
    assert len(trial.kept.record(home).series) == 1
    trial.wait(1.0)
    (sent,) = trial.kept.record(home).series
    answer = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=sent.identifiers[-1])
    trial.handle(arrived(signed(answer, FHAE)))
    assert trial.kept.record(home).series == ()
    trial.receive(sign(trial.octets() + RevocationSupport(timestamp=7).encode(), *FHAE))
    trial.handle(arrived(signed(revocation(9), FHAE)))
    assert trial.kept.record(home).revoked.timestamp == 9


def test_a_revocation_whose_acknowledgment_was_lost_is_acknowledged_after_a_restart_too() -> None:
    trial = remembering(revocation=True, foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),))
    trial.receive(sign(trial.octets() + RevocationSupport(timestamp=7).encode(), *FHAE))
    trial.handle(arrived(signed(revocation(9), FHAE)))
    after = Trial(
        remembered=trial.kept.remembered(),
        boot=1.0,
        revocation=True,
        foreign_agents=((CARE_OF_ADDRESS, FOREIGN_HOME),),
    )
    assert len(after.handle(arrived(signed(revocation(10), FHAE))).messages) == 1
