"""Conversations with a foreign agent."""

from collections.abc import Callable
from ipaddress import IPv4Address
from math import inf
from typing import Any

from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    BARE_LINK,
    FOREIGN_HOME,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    MOBILE_PORT,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    UPLINK,
    acknowledgment,
    agent_of,
    foreign_agent_config,
    link_changed,
    pending,
    playbook,
    reply,
    request,
    revocation,
    solicitation,
    unsigned_reply,
    visitor,
)
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, NTP, arrived
from tests.support.playbook import Expected, Playbook, forwarding, message, notice

from mobileip.agents.events import (
    DeliveryFailed,
    LinkRemoved,
    MessageArrived,
    RevokeCommanded,
    SolicitationArrived,
    Started,
    Stopping,
    TimerExpired,
)
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.notices import (
    Discarded,
    RegistrationDenied,
    RevocationEnded,
    RevocationSent,
    VisitorAdded,
    VisitorRemoved,
)
from mobileip.agents.outputs import ChangeForwarding, Departure, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import AgentLink, ForwardingChange, VisitorRoute
from mobileip.forwarding.tunnel import Tunnel
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.identification import high
from mobileip.wire.message import decode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

COLOCATED = IPv4Address("198.51.100.77")
MHAE = (MobileHomeAuthentication, MOBILE_HOME)
MFAE = (MobileForeignAuthentication, MOBILE_FOREIGN)
FHAE = (ForeignHomeAuthentication, FOREIGN_HOME)

RELAYED_REQUEST = message(RegistrationRequest, to=HOME_AGENT, frm=CARE_OF_ADDRESS)
RELAYED_REPLY = message(RegistrationReply, code=0, on=LINK, frame_to=MAC)


def visited(**fields: object) -> Playbook:
    """A foreign agent with one visitor, whose registration was accepted at boot time 0."""
    return playbook(**fields).given(request(), reply()).forget()


# -- a registration


def test_a_registration() -> None:
    play = playbook()
    asked = request()
    play.given(asked).expect(
        SendMessage(
            octets=asked.decoded.octets,
            departure=Departure(destination=HOME_AGENT, source=CARE_OF_ADDRESS, source_port=434),
            ahead=True,
        )
    )
    answer = reply()
    route = VisitorRoute(
        home_address=HOME_ADDRESS,
        tunnel=Tunnel(local=CARE_OF_ADDRESS, remote=HOME_AGENT),
        interface=LINK,
        link_address=MAC,
        expires_at=1800.5,
    )
    play.given(answer, after=0.5).expect(
        ChangeForwarding(ForwardingChange(install=(route,))),
        notice(VisitorAdded, home_address=HOME_ADDRESS, home_agent=HOME_AGENT, interface=LINK, lifetime=1800),
        SendMessage(
            octets=answer.decoded.octets,
            departure=Departure(
                destination=HOME_ADDRESS,
                source=AGENT_ADDRESS,
                destination_port=MOBILE_PORT,
                source_port=434,
                interface=LINK,
                link_destination=MAC,
            ),
        ),
    )
    snapshot = agent_of(play).snapshot()
    assert snapshot.visitors == (visitor(registered_at=0.5, expires_at=1800.5),)
    assert snapshot.pending == ()
    assert snapshot.counters == {"relayed_request": 1, "relayed_reply": 1}


def test_a_pending_registration_is_shown() -> None:
    assert agent_of(playbook().given(request())).snapshot().pending == (pending(),)


def test_its_life_again_gives_the_same() -> None:
    play = Playbook(ForeignAgent(foreign_agent_config()))
    play.given(link_changed(), request(), reply()).wait(2000.0)
    play.replay(ForeignAgent(foreign_agent_config()))


def test_started_wishes_for_the_links() -> None:
    play = Playbook(ForeignAgent(foreign_agent_config()))
    assert not play.agent.forwarding().wishes
    wishes = tuple(AgentLink(interface=name) for name in (LINK, BARE_LINK))
    play.given(Started()).expect(ChangeForwarding(ForwardingChange(install=wishes)))


def test_with_associations_on_both_sides() -> None:
    play = playbook(mobile_nodes=((HOME_ADDRESS, MOBILE_FOREIGN),), home_agents=((HOME_AGENT, FOREIGN_HOME),))
    [relayed] = play.given(request(MHAE, MFAE)).outputs
    assert isinstance(relayed, SendMessage)
    kinds = [type(extension) for extension in decode_message(relayed.octets).message.extensions]
    assert kinds == [MobileHomeAuthentication, ForeignHomeAuthentication]
    play.forget().given(reply(MHAE, FHAE))
    answer = play.outputs[-1]
    assert isinstance(answer, SendMessage)
    kinds = [type(extension) for extension in decode_message(answer.octets).message.extensions]
    assert kinds == [MobileHomeAuthentication, MobileForeignAuthentication]


def test_the_lifetime_is_the_lesser_of_both() -> None:
    play = visited().given(request(identification=NTP + 1), reply(identification=NTP + 1, lifetime=600))
    assert [v.expires_at for v in agent_of(play).snapshot().visitors] == [600.0]
    play.given(request(identification=NTP + 2), reply(identification=NTP + 2, lifetime=9000))
    assert [(v.lifetime, v.expires_at) for v in agent_of(play).snapshot().visitors] == [(1800, 1800.0)]


def test_an_infinite_lifetime_never_expires() -> None:
    play = visited(registration_lifetime=0xFFFF).given(
        request(identification=NTP + 1, lifetime=0xFFFF), reply(identification=NTP + 1, lifetime=0xFFFF)
    )
    assert [v.expires_at for v in agent_of(play).snapshot().visitors] == [inf]
    assert play.agent.next_deadline() is None


def test_a_renewal_is_no_news_but_a_new_route() -> None:
    play = visited().given(request(identification=NTP + 1), after=900.0).expect(RELAYED_REQUEST)
    play.given(reply(identification=NTP + 1)).expect(forwarding(install=(VisitorRoute,)), RELAYED_REPLY)
    play.wait(1799.0).expect_nothing()
    play.wait(2.0).expect_among(notice(VisitorRemoved, cause="expired"))


def test_the_answer_to_who_is_served_as_before_goes_ahead_of_forwarding() -> None:
    def answered(again: MessageArrived, is_ahead: bool) -> None:
        told = Expected(
            f"ahead: {is_ahead}", lambda output: isinstance(output, SendMessage) and output.ahead is is_ahead
        )
        play = visited().given(again, after=900.0).forget()
        play.given(reply(identification=NTP + 1)).expect_among(told)

    answered(request(identification=NTP + 1), True)
    answered(request(identification=NTP + 1, link_source=OTHER_MAC), False)
    answered(request(identification=NTP + 1, lifetime=0), False)


def test_a_visitor_that_comes_by_another_link_is_news() -> None:
    play = visited().given(request(identification=NTP + 1, interface=BARE_LINK, destination=CARE_OF_ADDRESS))
    play.forget().given(reply(identification=NTP + 1)).expect(
        forwarding(install=(VisitorRoute,)),
        notice(VisitorAdded, interface=BARE_LINK),
        message(RegistrationReply, on=BARE_LINK, frm=CARE_OF_ADDRESS, frame_to=MAC),
    )


# -- the end of a visit


def test_a_visitor_expires() -> None:
    play = visited()
    play.wait(1799.9).expect_nothing()
    play.wait(0.2).expect(
        forwarding(remove=("0/10.1.0.10",)),
        notice(VisitorRemoved, home_address=HOME_ADDRESS, home_agent=HOME_AGENT, cause="expired"),
    )
    assert agent_of(play).snapshot().visitors == ()


def test_a_deregistration_ends_the_visit_when_it_is_accepted() -> None:
    for care_of_address in (CARE_OF_ADDRESS, HOME_ADDRESS):
        play = visited()
        asked = request(identification=NTP + 1, lifetime=0, care_of_address=care_of_address)
        play.given(asked).expect(message(RegistrationRequest, lifetime=0, to=HOME_AGENT))
        assert agent_of(play).snapshot().visitors
        play.given(reply(identification=NTP + 1, lifetime=0)).expect(
            forwarding(remove=("0/10.1.0.10",)),
            notice(VisitorRemoved, cause="deregistered"),
            message(RegistrationReply, lifetime=0, frame_to=MAC),
        )
        assert agent_of(play).snapshot().visitors == ()


def test_a_deregistration_of_another_care_of_address_does_not() -> None:
    play = visited().given(request(identification=NTP + 1, lifetime=0, care_of_address=COLOCATED)).forget()
    play.given(reply(identification=NTP + 1, lifetime=0)).expect(message(RegistrationReply, lifetime=0))
    assert agent_of(play).snapshot().visitors


def test_a_deregistration_of_who_is_no_visitor_is_relayed_all_the_same() -> None:
    play = playbook().given(request(lifetime=0)).expect(RELAYED_REQUEST)
    play.given(reply(lifetime=0)).expect(RELAYED_REPLY)


def test_a_grant_of_nothing_ends_the_visit() -> None:
    play = visited().given(request(identification=NTP + 1)).forget()
    play.given(reply(identification=NTP + 1, lifetime=0)).expect_among(notice(VisitorRemoved))
    assert agent_of(play).snapshot().visitors == ()


def test_deregistering_with_the_foreign_home_association_carries_no_extension() -> None:
    play = playbook(home_agents=((HOME_AGENT, FOREIGN_HOME),))
    play.given(request(lifetime=0)).expect(
        message(RegistrationRequest, extensions=lambda extensions: len(extensions) == 1)
    )


# -- denials


def test_a_denial_of_the_home_agent_is_relayed_and_leaves_the_visitor() -> None:
    play = visited().given(request(identification=NTP + 1)).forget()
    play.given(reply(identification=NTP + 1, code=133)).expect(
        message(RegistrationReply, code=133, frame_to=MAC, to_port=MOBILE_PORT)
    )
    snapshot = agent_of(play).snapshot()
    assert (len(snapshot.visitors), snapshot.pending) == (1, ())


def test_codes_that_nobody_knows_are_denials() -> None:
    play = playbook().given(request()).forget()
    play.given(reply(code=42)).expect(message(RegistrationReply, code=42))
    assert agent_of(play).snapshot().visitors == ()


def test_a_denial_of_ours() -> None:
    play = playbook()
    play.given(request(lifetime=9000)).expect(
        notice(
            RegistrationDenied,
            role="foreign_agent",
            home_address=HOME_ADDRESS,
            code=69,
            reason="fa_requested_lifetime_too_long",
        ),
        message(
            RegistrationReply,
            code=69,
            lifetime=1800,
            home_address=HOME_ADDRESS,
            home_agent=HOME_AGENT,
            identification=NTP,
            extensions=(),
            to=HOME_ADDRESS,
            frm=AGENT_ADDRESS,
            from_port=434,
            to_port=MOBILE_PORT,
            on=LINK,
            frame_to=MAC,
        ),
    )
    assert agent_of(play).snapshot().counters == {"denied_69": 1}
    assert agent_of(play).snapshot().pending == ()


def test_denials_are_sent_once_a_second_to_each_node() -> None:
    play = playbook().given(request(lifetime=9000)).forget()
    denied = notice(RegistrationDenied, code=69)
    play.given(request(lifetime=9000), after=0.5).expect(denied)
    play.given(request(lifetime=9000, link_source=OTHER_MAC)).expect(
        denied, message(RegistrationReply, code=69, frame_to=OTHER_MAC)
    )
    play.given(request(lifetime=9000), after=0.6).expect(denied, message(RegistrationReply, code=69))
    assert agent_of(play).snapshot().counters == {"denied_69": 4, "denials_not_sent": 1}


def test_no_home_address_means_the_answer_goes_to_everybody_in_one_frame() -> None:
    nobody = IPv4Address(0)
    playbook().given(request(home_address=nobody, source=nobody)).expect_among(
        message(RegistrationReply, code=96, to="255.255.255.255", frame_to=MAC)
    )


def test_requests_to_the_group_are_answered_from_our_address_on_the_link() -> None:
    group = IPv4Address("224.0.0.11")
    playbook().given(request(destination=group), reply()).expect_among(message(RegistrationReply, frm=AGENT_ADDRESS))
    bare = {"interface": BARE_LINK, "destination": group}
    playbook().given(request(**bare), reply()).expect_among(message(RegistrationReply, frm=CARE_OF_ADDRESS))


def test_without_a_reply_the_request_times_out() -> None:
    play = playbook().given(request()).forget()
    play.wait(7.9).expect_nothing()
    play.wait(0.2).expect(notice(RegistrationDenied, code=78), message(RegistrationReply, code=78, identification=NTP))
    assert agent_of(play).snapshot().pending == ()
    play.given(reply()).expect(notice(Discarded, reason=DropReason.UNEXPECTED_REPLY))


def test_a_pending_registration_lives_no_longer_than_it_asks_for() -> None:
    play = playbook().given(request(lifetime=3)).forget()
    play.wait(3.1).expect_nothing()
    snapshot = agent_of(play).snapshot()
    assert (snapshot.pending, snapshot.counters["pending_expired"]) == ((), 1)


def test_deregistrations_wait_as_long_as_registrations() -> None:
    play = playbook().given(request(lifetime=0)).forget()
    play.wait(7.9).expect_nothing()
    play.wait(0.2).expect_among(message(RegistrationReply, code=78))


def test_busy_with_all_its_visitors() -> None:
    play = playbook(maximum_visitors=1)
    assert not agent_of(play).busy
    play.given(request(), reply()).forget()
    assert agent_of(play).busy
    assert agent_of(play).snapshot().busy
    play.given(request(home_address=OTHER_HOME_ADDRESS, link_source=OTHER_MAC)).expect(
        notice(RegistrationDenied, code=66), message(RegistrationReply, code=66)
    )
    play.given(request(identification=NTP + 1)).expect(RELAYED_REQUEST)


def test_more_than_five_pending_of_one_node_are_too_many() -> None:
    play = playbook()
    for number in range(5):
        play.given(request(identification=NTP + number)).expect(RELAYED_REQUEST)
    play.given(request(identification=NTP + 5)).expect_among(message(RegistrationReply, code=66))
    play.given(request(identification=NTP)).expect(RELAYED_REQUEST)
    play.wait(8.1).forget().given(request(identification=NTP + 5)).expect(RELAYED_REQUEST)


# -- replies that are none


def test_a_reply_that_nobody_asked_for() -> None:
    play = playbook()
    play.given(reply()).expect(
        notice(Discarded, role="foreign_agent", reason=DropReason.UNEXPECTED_REPLY, source=HOME_AGENT)
    )
    assert agent_of(play).snapshot().counters == {"discarded_unexpected_reply": 1}


def test_replies_are_matched_by_home_address_and_the_low_half() -> None:
    play = playbook().given(request()).forget()
    unexpected = notice(Discarded, reason=DropReason.UNEXPECTED_REPLY)
    play.given(reply(identification=NTP + 1)).expect(unexpected)
    play.given(reply(home_address=OTHER_HOME_ADDRESS)).expect(unexpected)
    play.given(reply(source=OTHER_HOME_AGENT)).expect(unexpected)
    play.given(reply(identification=NTP ^ 1 << 63)).expect_among(notice(VisitorAdded))


def test_a_reply_counts_once() -> None:
    visited().given(reply()).expect(notice(Discarded, reason=DropReason.UNEXPECTED_REPLY))


def test_a_reply_to_an_older_request_undoes_nothing() -> None:
    play = playbook().given(request(), request(identification=NTP + 1, lifetime=0)).forget()
    play.given(reply(identification=NTP + 1, lifetime=0)).forget()
    play.given(reply()).expect(notice(Discarded, reason=DropReason.UNEXPECTED_REPLY))
    assert agent_of(play).snapshot().visitors == ()


def test_a_forged_reply_changes_nothing_but_is_answered() -> None:
    play = playbook(home_agents=((HOME_AGENT, FOREIGN_HOME),)).given(request()).forget()
    before = agent_of(play).snapshot()
    play.given(reply()).expect(
        notice(RegistrationDenied, code=68),
        message(RegistrationReply, code=0, extensions=lambda extensions: extensions[-1] == ForeignAgentError(68)),
    )
    after = agent_of(play).snapshot()
    assert (after.visitors, after.pending) == (before.visitors, before.pending)
    play.given(reply(MHAE, FHAE)).expect_among(notice(VisitorAdded))


def test_a_poorly_formed_reply() -> None:
    play = playbook().given(request()).forget()
    play.given(unsigned_reply()).expect(notice(RegistrationDenied, code=71), message(RegistrationReply, code=71))
    assert agent_of(play).snapshot().visitors == ()
    assert len(agent_of(play).snapshot().pending) == 1


# -- co-located care-of addresses through us (the R bit)


def test_a_colocated_visitor_needs_no_route() -> None:
    play = playbook()
    asked = request(care_of_address=COLOCATED, decapsulation_by_mobile_node=True, source=COLOCATED)
    play.given(asked).expect(RELAYED_REQUEST)
    play.given(reply()).expect(notice(VisitorAdded), RELAYED_REPLY)
    assert [v.care_of_address for v in agent_of(play).snapshot().visitors] == [COLOCATED]
    play.wait(1801.0).expect(notice(VisitorRemoved, cause="expired"))


def test_a_visitor_that_decapsulates_itself_from_now_on_loses_its_route() -> None:
    play = visited()
    asked = request(identification=NTP + 1, care_of_address=COLOCATED, decapsulation_by_mobile_node=True)
    play.given(asked).forget()
    play.given(reply(identification=NTP + 1)).expect(forwarding(remove=("0/10.1.0.10",)), RELAYED_REPLY)


# -- others


def test_who_can_not_be_answered_by_a_frame_is_not_for_us() -> None:
    not_for_us = notice(Discarded, reason=DropReason.NOT_FOR_US)
    for fields in ({"link_source": None}, {"link_source": b"\xff" * 6}, {"interface": UPLINK}):
        playbook().given(request(**fields)).expect(not_for_us)


def test_a_copy_of_a_request_is_discarded() -> None:
    play = playbook().given(request()).forget()
    play.given(request(link_source=OTHER_MAC)).expect(notice(Discarded, reason=DropReason.REPLAYED))
    assert agent_of(play).snapshot().pending == (pending(),)


def test_events_of_others_do_nothing() -> None:
    play = visited()
    heard: SolicitationArrived = solicitation()
    play.given(heard, TimerExpired(), Stopping(), LinkRemoved(name=LINK), LinkRemoved(name="eth9"))
    play.expect_nothing()


def test_offers() -> None:
    agent = ForeignAgent(foreign_agent_config(registration_required=True, advertisement_interval=0.5))
    offers = agent.offers()
    assert set(offers) == {LINK, BARE_LINK}
    offer = offers[LINK]
    assert (offer.foreign_agent, offer.home_agent, offer.registration_required) == (True, False, True)
    assert (offer.address, offer.care_of_addresses) == (CARE_OF_ADDRESS, (CARE_OF_ADDRESS,))
    assert (offer.interval, offer.lifetime, offer.registration_lifetime) == (0.5, 3, 1800)


def test_requests_for_the_home_agent_in_the_same_node_are_relayed_to_it() -> None:
    play = playbook()
    play.given(request(home_agent=AGENT_ADDRESS)).expect_among(
        message(RegistrationReply, code=ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS)
    )
    agent_of(play).know_home_agents({AGENT_ADDRESS})
    play.given(request(home_agent=AGENT_ADDRESS)).expect(message(RegistrationRequest, to=AGENT_ADDRESS))


def test_messages_of_other_kinds_are_not_for_us() -> None:
    tunnel_data = bytes((4, 4, 0, 0))
    playbook().given(arrived(tunnel_data, interface=LINK)).expect(notice(Discarded, reason=DropReason.NOT_FOR_US))


# -- nodes without a home address, or without a home agent


def test_a_node_that_has_only_a_name_gets_its_address() -> None:
    nobody, name = IPv4Address(0), (MobileNodeNai("mn@example.net"),)
    play = playbook().given(request(home_address=nobody, source=nobody, extensions=name)).expect(RELAYED_REQUEST)
    play.given(reply(extensions=name)).expect(
        forwarding(install=(VisitorRoute,)),
        notice(VisitorAdded, home_address=HOME_ADDRESS),
        message(RegistrationReply, to=HOME_ADDRESS, frame_to=MAC),
    )
    [entry] = agent_of(play).snapshot().visitors
    assert (entry.home_address, entry.nai) == (HOME_ADDRESS, "mn@example.net")


def test_a_node_that_wants_any_home_agent_gets_ours() -> None:
    anywhere = IPv4Address(0)
    play = playbook(default_home_agent=OTHER_HOME_AGENT)
    play.given(request(home_agent=anywhere)).expect(
        message(RegistrationRequest, to=OTHER_HOME_AGENT, home_agent=anywhere)
    )
    play.given(reply(home_agent=OTHER_HOME_AGENT, source=OTHER_HOME_AGENT)).expect_among(notice(VisitorAdded))
    assert [v.home_agent for v in agent_of(play).snapshot().visitors] == [OTHER_HOME_AGENT]
    playbook().given(request(home_agent=anywhere)).expect_among(
        message(RegistrationReply, code=90, home_agent=anywhere)
    )


# -- what is not honoured

ASSOCIATED: dict[str, object] = {"home_agents": ((HOME_AGENT, FOREIGN_HOME),)}


def errors(status: int) -> Callable[[tuple[Extension, ...]], bool]:
    """Whether the last extension is the foreign agent's error of this status."""
    return lambda extensions: extensions[-1] == ForeignAgentError(status)


def crowded(**fields: object) -> Playbook:
    """A foreign agent for one visitor: it let two in at once, and one of them is accepted."""
    play = playbook(maximum_visitors=1, **(ASSOCIATED | fields))
    play.given(request(), request(home_address=OTHER_HOME_ADDRESS, link_source=OTHER_MAC))
    return play.given(reply(MHAE, FHAE)).forget()


def test_one_too_many_is_told_behind_what_its_home_agent_says() -> None:
    play = crowded().given(reply(MHAE, FHAE, home_address=OTHER_HOME_ADDRESS))
    play.expect(
        notice(RegistrationDenied, code=66),
        message(RegistrationReply, code=0, extensions=errors(66), frame_to=OTHER_MAC),
    )
    assert agent_of(play).snapshot().pending == ()


def test_the_home_agent_of_one_too_many_is_told_too() -> None:
    play = crowded(revocation=True)
    answer = reply(
        MHAE,
        FHAE,
        home_address=OTHER_HOME_ADDRESS,
        extensions=(RevocationSupport(1, inform=True),),
    )
    play.given(answer).expect_among(message(RegistrationReply, extensions=errors(66)))
    play.wait(1.0).expect_among(
        message(RegistrationRevocation, home_address=OTHER_HOME_ADDRESS, inform=False, to=HOME_AGENT)
    )


def test_without_proof_the_request_stays_pending() -> None:
    play = playbook(maximum_visitors=1)
    play.given(request(), request(home_address=OTHER_HOME_ADDRESS, link_source=OTHER_MAC), reply()).forget()
    play.given(reply(home_address=OTHER_HOME_ADDRESS)).expect_among(message(RegistrationReply, extensions=errors(66)))
    assert len(agent_of(play).snapshot().pending) == 1


def test_what_no_status_says_is_our_own_answer() -> None:
    play = playbook().given(request(extensions=(MobileNodeNai("mn@example.net"),))).forget()
    play.given(reply()).expect(notice(RegistrationDenied, code=97), message(RegistrationReply, code=97, extensions=()))


def test_without_proof_a_visitor_is_not_ended_for_another_machine() -> None:
    play = playbook(**ASSOCIATED).given(request(), reply(MHAE, FHAE)).forget()
    leaving: dict[str, Any] = {"identification": NTP + 1, "lifetime": 0}
    play.given(request(**leaving, link_source=OTHER_MAC), reply(**leaving)).expect(
        message(RegistrationRequest), message(RegistrationReply, lifetime=0, frame_to=OTHER_MAC)
    )
    assert len(agent_of(play).snapshot().visitors) == 1
    leaving["identification"] = NTP + 2
    play.given(request(**leaving), reply(**leaving)).expect_among(notice(VisitorRemoved))


# -- ICMP errors


def test_an_icmp_error_is_told_and_ends_nothing() -> None:
    asked = request()
    play = playbook().given(asked).forget()
    failed = DeliveryFailed(destination=HOME_AGENT, icmp_type=3, icmp_code=3, octets=asked.decoded.octets)
    play.given(failed).expect(
        notice(RegistrationDenied, code=82), message(RegistrationReply, code=82, frame_to=MAC, identification=NTP)
    )
    play.given(failed).expect(notice(RegistrationDenied, code=82))
    play.given(reply()).expect_among(notice(VisitorAdded))
    play.given(failed).expect_nothing()


def test_what_is_no_error_of_delivery_is_nothing() -> None:
    play = playbook().given(request()).forget()
    play.given(DeliveryFailed(destination=HOME_AGENT, icmp_type=5, icmp_code=1, octets=b"")).expect_nothing()


# -- revocation


def revocable() -> Playbook:
    """A visitor whose home agent takes part in revocation."""
    play = playbook(revocation=True, **ASSOCIATED).given(request())
    return play.given(reply(MHAE, FHAE, extensions=(RevocationSupport(high(NTP), inform=True),))).forget()


def test_its_home_agent_revokes_a_visitor() -> None:
    play = revocable()
    agent_of(play).know_advertiser(lambda *_: [])
    play.given(revocation(), after=60.0).expect(
        forwarding(remove=("0/10.1.0.10",)),
        notice(VisitorRemoved, cause="revoked"),
        message(RevocationAcknowledgment, to=HOME_AGENT, frm=CARE_OF_ADDRESS),
    )
    play.given(revocation()).expect(notice(Discarded, reason=DropReason.REPLAYED))


def test_an_operator_revokes_a_visitor() -> None:
    play = revocable()
    play.given(RevokeCommanded(home_address=HOME_ADDRESS), after=60.0).expect(
        forwarding(remove=("0/10.1.0.10",)),
        notice(VisitorRemoved, cause="revoked"),
        notice(RevocationSent, attempt=1),
        message(RegistrationRevocation, inform=True, revocation_identifier=high(NTP) + 60),
    )
    play.given(acknowledgment(revocation_identifier=high(NTP) + 59)).expect(
        notice(Discarded, reason=DropReason.UNEXPECTED_REPLY)
    )
    play.wait(1.0).expect(notice(RevocationSent, attempt=2), message(RegistrationRevocation))
    play.given(acknowledgment(revocation_identifier=high(NTP) + 61)).expect(
        notice(RevocationEnded, cause="acknowledged")
    )
    assert play.agent.next_deadline() is None


def test_who_registers_anew_is_not_revoked() -> None:
    play = revocable().given(RevokeCommanded(home_address=HOME_ADDRESS), after=60.0).forget()
    play.given(request(identification=NTP + 1), reply(MHAE, FHAE, identification=NTP + 1))
    play.expect_among(notice(RevocationEnded, cause="gave_up"), notice(VisitorAdded))


def test_revocation_is_offered_to_nodes_and_home_agents() -> None:
    [offer, _] = ForeignAgent(foreign_agent_config(revocation=True)).offers().values()
    assert (offer.registration_revocation, offer.registration_required) == (True, True)
    support = lambda extensions: RevocationSupport(high(NTP), inform=True) in extensions  # noqa: E731
    shared = playbook(revocation=True, **ASSOCIATED)
    shared.given(request()).expect(message(RegistrationRequest, extensions=support))
    for play in (playbook(revocation=True), playbook(**ASSOCIATED)):
        play.given(request()).expect(message(RegistrationRequest, extensions=lambda found: not support(found)))


# -- who waits, after a restart


def test_who_asks_takes_nothing_from_a_visitor_of_an_agent_before_us() -> None:
    """Its packets go on through what was inherited; that holds for as long as it was granted."""
    play = playbook(early_delivery=True)
    former = VisitorRoute(
        home_address=HOME_ADDRESS,
        tunnel=Tunnel(CARE_OF_ADDRESS, HOME_AGENT),
        interface=BARE_LINK,
        link_address=OTHER_MAC,
        expires_at=1000.0,
    )
    agent_of(play).know_former_visitors([former])
    play.given(request()).expect(RELAYED_REQUEST)
    play.wait(1000.0).forget()
    play.given(request(identification=1 << 40)).expect(forwarding(install=(VisitorRoute,)), RELAYED_REQUEST)


def test_who_waits_with_an_address_that_another_is_given_waits_no_more() -> None:
    """The other one's visit may end first: then nobody has that address."""
    nobody, name = IPv4Address(0), (MobileNodeNai("mn@example.net"),)
    play = playbook(early_delivery=True).given(request(home_address=nobody, source=nobody, extensions=name)).forget()
    play.given(request(link_source=OTHER_MAC, identification=7)).expect(
        forwarding(install=(VisitorRoute,)), RELAYED_REQUEST
    )
    play.given(reply(extensions=name, lifetime=3)).forget()
    play.wait(4.0)  # each step looks whether the changes make up what is wished for
    assert not any(isinstance(wish, VisitorRoute) for wish in agent_of(play).forwarding().wishes.values())
