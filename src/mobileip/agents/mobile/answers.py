"""What follows from a Registration Reply (RFC 5944 §3.6.2). One that fails a check changes nothing but a
counter."""

from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.instant import Instant
from mobileip.agents.mobile import denials
from mobileip.agents.mobile.attachment import CareOf
from mobileip.agents.mobile.config import UNSPECIFIED
from mobileip.agents.mobile.denials import Remedy
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import FIRST_TIMEOUT, Registration
from mobileip.agents.mobile.replies import Complaint, check, is_usable, match
from mobileip.agents.mobile.requests import Outstanding, foreign_association
from mobileip.agents.mobile.revocations import hear_revocation
from mobileip.agents.mobile.session import (
    adopt_redirection,
    ask_by_address,
    ask_others,
    choose_home_agent,
    end_session,
    prolong,
    remember_identities,
    take_what_is_assigned,
)
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import (
    Agreement,
    agreement_of,
    amendment,
    foreign,
    home,
    is_reversed,
)
from mobileip.agents.mobile.texts import show_texts
from mobileip.agents.mobile.transmission import give_up_deregistration
from mobileip.agents.notices import (
    ClockCorrected,
    Discarded,
    Registered,
    RegistrationDenied,
    RegistrationLost,
    RequestAmended,
    TunnelAgreed,
)
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import ReplayStyle
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.identification import high
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import Issuer, ReplyCode
from mobileip.wire.registration import RegistrationReply
from mobileip.wire.revocation import RegistrationRevocation

MOST_REPAIRS = 3
"""Denials in a row that are answered with another request; then the wait of the code's row applies."""
SHORTEST_LIFETIME = 10
"""Code 69 is not authenticated: a shorter maximum would make us ask without end, and is asked for after a wait only."""

LONGEST_ROUND_TRIP = 5.0
"""Seconds; what takes longer was not on its way all the time."""
FOREIGN_AGENT_UNAWARE = (ReplyCode.FA_POORLY_FORMED_REQUEST,)
"""RFC 4433 §10: what a foreign agent says that knows nothing of the assignment of home agents."""
HOME_AGENT_UNREACHABLE = (
    ReplyCode.FA_REGISTRATION_TIMEOUT,
    ReplyCode.FA_HOME_NETWORK_UNREACHABLE,
    ReplyCode.FA_HOME_AGENT_HOST_UNREACHABLE,
    ReplyCode.FA_HOME_AGENT_PORT_UNREACHABLE,
    ReplyCode.FA_HOME_AGENT_UNREACHABLE,
)

WAITING_FOR_ANSWER = (State.REGISTERING, State.RENEWING, State.RETURNING, State.DEREGISTERING)


def discard(state: NodeState, complaint: Complaint, source: IPv4Address, octets: bytes, out: Outbox) -> None:
    """Silently, but counted and shown."""
    # R5944-1.7-b: "SHOULD record the event in a statistics counter".
    state.count(f"discarded_{complaint.reason}")
    # R5944-1.7-a: "the capability of logging the error, including the contents of the discarded datagram".
    # R5944-3.6.2.1-i, R5944-3.6.2.1-m
    out.notify(
        Discarded(
            role="mobile_node",
            reason=complaint.reason,
            detail=complaint.detail,
            source=source,
            octets=octets,
        )
    )


class Answers:
    """Takes in the replies of one event."""

    def __init__(self, state: NodeState, now: Instant, out: Outbox, draws: Draws) -> None:
        self._state = state
        self._now = now
        self._out = out
        self._draws = draws

    def hear(self, decoded: Decoded[Message], arrival: Arrival) -> None:
        """Checks a message and acts on it; what is neither a reply nor a revocation is not for a mobile node."""
        match decoded.message:
            case RegistrationReply() as reply:
                self._hear_reply(Decoded(reply, decoded.octets, decoded.offsets), arrival)
            case RegistrationRevocation() as revocation:
                told = Decoded(revocation, decoded.octets, decoded.offsets)
                complaint = hear_revocation(self._state, told, arrival, self._now, self._out)
                if complaint is not None:
                    discard(self._state, complaint, arrival.source, decoded.octets, self._out)
            case _:
                pass

    def _hear_reply(self, decoded: Decoded[RegistrationReply], arrival: Arrival) -> None:
        reply = decoded.message
        if self._state.config.home_address not in (UNSPECIFIED, reply.home_address):
            return  # Another role's in this machine: as a foreign agent it hears replies to its visitors.
        for registration in self._state.registrations.values():
            request = match(reply, registration.outstanding, self._now.boot, self._state.config.association.replay)
            if request is None:
                continue
            complaint = check(decoded, reply, arrival, request, self._state.config)
            if complaint is None:
                self._act(registration, request, decoded, arrival.source)
            else:
                discard(self._state, complaint, arrival.source, decoded.octets, self._out)
            return
        complaint = Complaint(DropReason.UNEXPECTED_REPLY, "answers no request that is out")
        discard(self._state, complaint, arrival.source, decoded.octets, self._out)

    def _act(
        self,
        registration: Registration,
        request: Outstanding,
        decoded: Decoded[RegistrationReply],
        source: IPv4Address,
    ) -> None:
        state, reply = self._state, decoded.message
        show_texts(state, decoded, self._now.boot, self._out)
        if denials.issuer(reply.code) is Issuer.HOME_AGENT:
            state.round_trip = min(self._now.boot - request.sent_at, LONGEST_ROUND_TRIP)
            self._learn(request, reply)
            remember_identities(state, decoded)
        errors = [error.status for _, error in decoded.find(ForeignAgentError)]
        if request.withdraws:
            registration.withdrawn(request)
        elif not denials.accepts(reply.code):
            self._denied(registration, request, reply.code, decoded)
        elif decoded.find(CriticalVendorExtension):
            # R3115-2.3-e: with one that we do not know "the reply is treated as a reject", and we know none.
            self._denied(registration, request, ReplyCode.FA_UNKNOWN_CVSE_FROM_HOME_AGENT, None)
        elif errors and request.attachment.agent and request.lifetime:
            self._not_served(registration, request, errors[0])
        elif request.lifetime == 0:
            self._deleted(registration, request)
        else:
            self._granted(registration, request, decoded, source)

    def _not_served(self, registration: Registration, request: Outstanding, status: int) -> None:
        """The home agent accepted, but the foreign agent does not serve us (RFC 4636)."""
        binding, place = registration.binding, request.attachment
        # R4636-4-a: the care-of address "MUST NOT" be used "until another Registration Request message has been sent
        # and a successful Registration Reply message received". Nobody else vouches for the extension than whoever
        # relayed the home agent's word; who can change that can also withhold it.
        if registration.state is State.RENEWING and binding is not None and binding.attachment.place == place.place:
            self._notify_lost(place.care_of_address)
            registration.end_binding(self._now.boot)
        self._denied(registration, request, status, None)
        if registration.state is State.DENIED:
            # R4636-5-a. A request at another place, if there is one, replaces the home agent's binding sooner.
            registration.withdraw = place

    def _learn(self, request: Outstanding, reply: RegistrationReply) -> None:
        """Takes in what a home agent's Identification tells."""
        refused = reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
        is_timed = self._state.config.association.replay is ReplayStyle.TIMESTAMPS
        if refused and is_timed and request.corrections != self._state.corrections:
            return  # Made before the last correction of our time: it tells nothing new. A nonce always does.
        if is_timed and _tells_no_time(request, reply):
            return
        now = self._now
        # R5944-3.6.2.3-c: on code 133 it "MUST adjust the parameters it uses to compute the Identification".
        # R5944-3.6.2.3-d, R5944-5.7.2-c
        offset = self._state.maker.learn(request.identification, reply, boot=now.boot, ntp=now.ntp)
        if refused:
            self._state.corrections += 1
        if offset is not None:
            self._state.clock_offset = offset
            self._out.notify(ClockCorrected(offset=offset))

    # -- accepted

    def _granted(
        self,
        registration: Registration,
        request: Outstanding,
        decoded: Decoded[RegistrationReply],
        source: IPv4Address,
    ) -> None:
        reply = decoded.message
        # R5944-3.4-c: a greater one than that of the Request: "the Lifetime in the Registration Request MUST be used".
        # R5944-3.4-d: a smaller one: that of the Reply "MUST be used".
        lifetime = min(reply.lifetime, request.lifetime)
        if lifetime == 0:
            self._revoked(registration, request)
            return
        take_what_is_assigned(self._state, reply, self._out)
        agreement = agreement_of(request.terms, decoded, source, self._state.config)
        support = decoded.find(RevocationSupport) if self._state.config.revocation else []
        registration.granted(
            request,
            lifetime,
            self._draws.fraction(),
            home_agent=reply.home_agent,
            revocable_after=support[0][1].timestamp if support else None,
            agreement=agreement,
        )
        prolong(self._state, registration)
        self._state.revoked = None
        self._settled(registration, request)
        self._notify_registered(request, lifetime)
        self._notify_tunnel(request, agreement)

    def _deleted(self, registration: Registration, request: Outstanding) -> None:
        binding = registration.binding
        registration.deleted(request)
        self._settled(registration, request)
        if request.attachment.is_home:
            self._notify_registered(request, 0)
        elif binding is not None:
            self._notify_lost(binding.attachment.care_of_address)
        if not request.attachment.is_home:
            end_session(self._state)

    def _revoked(self, registration: Registration, request: Outstanding) -> None:
        """RFC 5944 §3.4: "A value of zero indicates that the mobile node has been deregistered", though it
        asked for more."""
        for one in self._state.registrations.values():
            if one.binding is not None:
                self._notify_lost(one.binding.attachment.care_of_address)
                one.end_binding(self._now.boot)
        self._refused(registration, request, ReplyCode.HA_REASON_UNSPECIFIED)

    def _settled(self, registration: Registration, request: Outstanding) -> None:
        """The home agent's word replaces what other links still had."""
        state, place = self._state, request.attachment
        state.count("registrations_accepted")
        state.refusals.forget(place.place)
        others = [r for r in state.registrations.values() if r is not registration and r.state is State.LINGERING]
        if state.config.simultaneous_bindings and any(other.binding for other in others):
            # What it was asked to keep, it keeps until it is asked again, without S (RFC 5944 §3.8.2.2).
            state.alone_at = self._now.boot + max(state.config.handover_grace, FIRST_TIMEOUT)
        for other in others:
            other.release()
        if place.care_of is CareOf.FOREIGN_AGENT:
            state.links[place.interface].registered_with = place.agent
        if place.care_of is CareOf.COLOCATED and place.agent is None and request.lifetime:
            state.links[place.interface].no_agent_is_here(place.care_of_address, place.gateway)

    def _notify_registered(self, request: Outstanding, lifetime: int) -> None:
        self._out.notify(
            Registered(
                care_of=request.attachment.care_of,
                care_of_address=request.attachment.care_of_address,
                interface=request.attachment.interface,
                lifetime=lifetime,
            )
        )

    def _notify_tunnel(self, request: Outstanding, agreement: Agreement) -> None:
        """Where it is not as it was told last."""
        told = TunnelAgreed(
            care_of_address=request.attachment.care_of_address,
            encapsulation=agreement.terms.encapsulation.value,
            reverse_tunnel=is_reversed(agreement, self._state.config),
            delivery=agreement.terms.delivery.value,
            nat_traversal=agreement.udp.value,
        )
        if told != self._state.told_tunnel:
            self._state.told_tunnel = told
            self._out.notify(told)

    def _notify_lost(self, care_of_address: IPv4Address) -> None:
        self._out.notify(RegistrationLost(care_of_address=care_of_address, cause="deregistered"))

    # -- denied

    def _denied(
        self, registration: Registration, request: Outstanding, code: int, decoded: Decoded[RegistrationReply] | None
    ) -> None:
        """`decoded` is the reply that may tell how to repair it."""
        state = self._state
        state.count("denials")
        if registration.state in (State.REGISTERED, State.AT_HOME):
            registration.outstanding.remove(request)  # Another transmission of it was accepted already.
            return
        state.last_denial = code
        # R5944-3.6.2.3-a: "the mobile node SHOULD log the error". R5944-3.6.2.1-n
        self._out.notify(
            RegistrationDenied(
                role="mobile_node",
                home_address=state.config.home_address,
                code=code,
                reason=denials.describe(code),
            )
        )
        can_repair = registration.state in WAITING_FOR_ANSWER and registration.repairs < MOST_REPAIRS
        if decoded is not None:
            self._note_maximum(request, decoded.message)
        if can_repair and decoded is not None and self._repair(request, decoded):
            registration.repaired(request, self._now.boot)
        elif registration.state is State.DEREGISTERING:
            give_up_deregistration(registration, self._out)
        else:
            self._refused(registration, request, code)

    def _note_maximum(self, request: Outstanding, reply: RegistrationReply) -> None:
        # R5944-3.4-e: in any other denial the Lifetime "MUST be ignored". One of 0 names nothing to ask for.
        if denials.treatment(reply.code).remedy is Remedy.SHORTEN and 0 < reply.lifetime < request.lifetime:
            # R5944-3.6.2.3-b
            self._state.refusals.limit(request.attachment.place, reply.lifetime, self._now.boot)

    def _repair(self, request: Outstanding, decoded: Decoded[RegistrationReply]) -> bool:
        """Whether another request at once may do better (RFC 5944 §3.6.2.3)."""
        reply = decoded.message
        if self._amend(request, reply.code):
            return True
        match denials.treatment(reply.code).remedy:
            case Remedy.RESYNCHRONISE:
                return not _tells_no_time(request, reply)
            case Remedy.SHORTEN:
                return SHORTEST_LIFETIME <= reply.lifetime < request.lifetime
            case Remedy.ADOPT_HOME_AGENT:
                given = reply.home_agent
                if given == request.home_agent or not is_usable(given):
                    return False
                choose_home_agent(self._state, given, "discovered", self._out)
                return True
            case Remedy.REDIRECT:
                return adopt_redirection(self._state, decoded, self._out)
            case _:
                return reply.code in FOREIGN_AGENT_UNAWARE and ask_by_address(self._state)

    def _amend(self, request: Outstanding, code: int) -> bool:
        """Whether asking for another kind of tunnel may do better; what was learnt is kept for that agent."""
        state, now = self._state, self._now.boot
        before = state.amendments.at(request.attachment, request.home_agent, now)
        amended = amendment(code, request.terms, state.config, before)
        if amended is None:
            return False
        is_home_agents = denials.issuer(code) is Issuer.HOME_AGENT
        asked = home(request.home_agent) if is_home_agents else foreign(request.attachment)
        state.amendments.note(asked, amended, now)
        self._out.notify(RequestAmended(code=code, reason=denials.describe(code), amendment=amended.value))
        return True

    def _refused(self, registration: Registration, request: Outstanding, code: int) -> None:
        treatment = denials.treatment(code)
        avoid = treatment.remedy in (Remedy.ELSEWHERE, Remedy.SHORTEN)
        place, now = request.attachment.place, self._now.boot
        # What nobody has signed may be anybody's word: it costs no more than half a minute.
        is_signed = (
            denials.issuer(code) is Issuer.HOME_AGENT
            or foreign_association(request.attachment, self._state.config) is not None
        )
        until = self._state.refusals.note(place, treatment.wait, now, avoid=avoid, is_signed=is_signed)
        registration.refused(request, until)
        if code in HOME_AGENT_UNREACHABLE:
            ask_others(self._state, registration)


def _tells_no_time(request: Outstanding, reply: RegistrationReply) -> bool:
    """A home agent that refuses our time without telling its own: nothing is learned from that, and to ask again at
    once would be for nothing."""
    is_refused = reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
    return is_refused and high(reply.identification) in (0, high(request.identification))
