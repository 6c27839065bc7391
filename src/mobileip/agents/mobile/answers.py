"""What follows from a Registration Reply (RFC 5944 §3.6.2). One that fails a check changes nothing but a
counter."""

from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.instant import Instant
from mobileip.agents.mobile import denials
from mobileip.agents.mobile.denials import Remedy
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.replies import Complaint, check, match
from mobileip.agents.mobile.requests import Outstanding
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.transmission import give_up_deregistration
from mobileip.agents.notices import (
    ClockCorrected,
    Discarded,
    Registered,
    RegistrationDenied,
    RegistrationLost,
)
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import ReplayStyle
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import Issuer, ReplyCode
from mobileip.wire.registration import RegistrationReply

MOST_REPAIRS = 3
"""Denials in a row that are answered with another request; then the wait of the code's row applies."""
SHORTEST_LIFETIME = 10
"""Code 69 is not authenticated: a shorter maximum would make us ask without end, and is a plain denial."""

WAITING_FOR_ANSWER = (State.REGISTERING, State.RENEWING, State.RETURNING, State.DEREGISTERING)


def discard(state: NodeState, complaint: Complaint, source: IPv4Address, octets: bytes, out: Outbox) -> None:
    """RFC 5944 §1.7: silently, but counted and shown."""
    state.count(f"discarded_{complaint.reason}")
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
        """Checks a reply and acts on it; any other message is not for a mobile node."""
        reply = decoded.message
        if not isinstance(reply, RegistrationReply) or reply.home_address != self._state.config.home_address:
            return  # Another role's in this machine: as a foreign agent it hears replies to its visitors.
        for registration in self._state.registrations.values():
            request = match(reply, registration.outstanding, self._now.boot)
            if request is None:
                continue
            complaint = check(decoded, reply, arrival, request, self._state.config)
            if complaint is None:
                errors = [error.status for _, error in decoded.find(ForeignAgentError)]
                self._act(registration, request, reply, errors)
            else:
                discard(self._state, complaint, arrival.source, decoded.octets, self._out)
            return
        complaint = Complaint(DropReason.UNEXPECTED_REPLY, "answers no request that is out")
        discard(self._state, complaint, arrival.source, decoded.octets, self._out)

    def _act(
        self, registration: Registration, request: Outstanding, reply: RegistrationReply, errors: list[int]
    ) -> None:
        if denials.issuer(reply.code) is Issuer.HOME_AGENT:
            self._learn(request, reply)
        if not denials.accepts(reply.code):
            self._denied(registration, request, reply.code, reply)
        elif errors and request.attachment.agent and request.lifetime:
            # RFC 4636 §4: the home agent accepted, but the foreign agent does not serve us; the care-of
            # address "MUST NOT" be used. §5 has us deregister then: the request that follows, here or
            # elsewhere, replaces the home agent's binding as well, and is not held up for a second by a
            # deregistration.
            self._denied(registration, request, errors[0], None)
        elif request.lifetime == 0:
            self._deleted(registration, request)
        else:
            self._granted(registration, request, reply)

    def _learn(self, request: Outstanding, reply: RegistrationReply) -> None:
        """RFC 5944 §3.6.2.3: on code 133 it "MUST adjust the parameters it uses to compute the
        Identification"."""
        refused = reply.code == ReplyCode.HA_IDENTIFICATION_MISMATCH
        is_timed = self._state.config.association.replay is ReplayStyle.TIMESTAMPS
        if refused and is_timed and request.corrections != self._state.corrections:
            return  # Made before the last correction of our time: it tells nothing new. A nonce always does.
        now = self._now
        offset = self._state.maker.learn(request.identification, reply, boot=now.boot, ntp=now.ntp)
        if refused:
            self._state.corrections += 1
        if offset is not None:
            self._state.clock_offset = offset
            self._out.notify(ClockCorrected(offset=offset))

    # -- accepted

    def _granted(self, registration: Registration, request: Outstanding, reply: RegistrationReply) -> None:
        # RFC 5944 §3.8.2.2 forbids a home agent to grant more than was asked for.
        lifetime = min(reply.lifetime, request.lifetime)
        if lifetime == 0:
            self._revoked(registration, request)
            return
        registration.granted(request, lifetime, self._draws.fraction())
        self._settled(registration, request)
        self._notify_registered(request, lifetime)

    def _deleted(self, registration: Registration, request: Outstanding) -> None:
        binding = registration.binding
        registration.deleted(request)
        self._settled(registration, request)
        if request.attachment.is_home:
            self._notify_registered(request, 0)
        elif binding is not None:
            self._notify_lost(binding.attachment.care_of_address)

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
        self._state.count("registrations_accepted")
        self._state.refusals.forget(request.attachment.place)
        for other in self._state.registrations.values():
            if other is not registration and other.state is State.LINGERING:
                other.release()

    def _notify_registered(self, request: Outstanding, lifetime: int) -> None:
        self._out.notify(
            Registered(
                care_of=request.attachment.care_of,
                care_of_address=request.attachment.care_of_address,
                interface=request.attachment.interface,
                lifetime=lifetime,
            )
        )

    def _notify_lost(self, care_of_address: IPv4Address) -> None:
        self._out.notify(RegistrationLost(care_of_address=care_of_address, cause="deregistered"))

    # -- denied

    def _denied(
        self, registration: Registration, request: Outstanding, code: int, reply: RegistrationReply | None
    ) -> None:
        """`reply` is what may tell how to repair it."""
        state = self._state
        state.count("denials")
        if registration.state in (State.REGISTERED, State.AT_HOME):
            registration.outstanding.remove(request)  # Another transmission of it was accepted already.
            return
        state.last_denial = code
        # RFC 5944 §3.6.2.3: "the mobile node SHOULD log the error".
        self._out.notify(
            RegistrationDenied(
                role="mobile_node",
                home_address=state.config.home_address,
                code=code,
                reason=denials.describe(code),
            )
        )
        can_repair = registration.state in WAITING_FOR_ANSWER and registration.repairs < MOST_REPAIRS
        if can_repair and reply is not None and self._repair(registration, request, reply):
            registration.repaired(request, self._now.boot)
        elif registration.state is State.DEREGISTERING:
            give_up_deregistration(registration, self._out)
        else:
            self._refused(registration, request, code)

    def _repair(self, registration: Registration, request: Outstanding, reply: RegistrationReply) -> bool:
        """Whether another request at once may do better (RFC 5944 §3.6.2.3)."""
        match denials.treatment(reply.code).remedy:
            case Remedy.RESYNCHRONISE:
                return True
            case Remedy.SHORTEN:
                # RFC 5944 §3.6.2.3: "a Lifetime in the Registration Request that MUST be less than or equal
                # to the value specified in the Reply". In any other denial it "MUST be ignored" (§3.4).
                if not SHORTEST_LIFETIME <= reply.lifetime < request.lifetime:
                    return False
                registration.longest_lifetime = reply.lifetime
                return True
            case Remedy.ADOPT_HOME_AGENT:
                given = reply.home_agent
                if given == request.home_agent or given.is_unspecified or given.is_multicast:
                    return False
                self._state.home_agent = given
                return True
            case _:
                return False

    def _refused(self, registration: Registration, request: Outstanding, code: int) -> None:
        treatment = denials.treatment(code)
        avoid = treatment.remedy in (Remedy.ELSEWHERE, Remedy.SHORTEN)
        place, now = request.attachment.place, self._now.boot
        registration.refused(request, self._state.refusals.note(place, treatment.wait, now, avoid=avoid))
