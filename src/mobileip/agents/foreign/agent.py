"""The foreign agent: events in, outputs out. This file only tells events apart and keeps its two lists.

Theory of operation. A foreign agent passes things on. A Request that the checks of `validity.py` let through
becomes a pending registration and goes to the home agent; the Reply that matches it goes to the mobile node,
as a frame to the link-layer address that the Request came from. Only then, and only if the Reply accepts, a
visitor is made, moved or ended. So a visitor is never more than what a home agent agreed to, and whoever can
only send us things makes pending entries, which are few and end by themselves.

Its timers: a pending registration ends after 8 s without a Reply (code 78), or silently with its own Lifetime if
that is shorter; a visitor ends with the Lifetime that its last Reply granted, counted from when we passed it on,
so never before the mobile node thinks so (RFC 5944 §3.7.3.2); a revocation of ours is sent again until it is
acknowledged; the NAT that we are behind is reminded of tunnels in UDP.

What is ignored on purpose: a link that loses its carrier or disappears changes nothing here, since visitors
come back or expire. A Reply whose authenticator is wrong goes to the mobile node with what we found wrong (code
68), but what it claims to answer stays pending: whoever can forge may not end it. So does what an ICMP error is
about. Advertisements are the node's (`offers`).
"""

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address
from math import inf

import msgspec

from mobileip.agents.events import (
    DeliveryFailed,
    Event,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    RevokeCommanded,
    Started,
)
from mobileip.agents.foreign.awaited import Awaited
from mobileip.agents.foreign.candidates import Candidates
from mobileip.agents.foreign.config import ForeignAgentConfig, ReverseTunnels
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.rate import DenialLimit
from mobileip.agents.foreign.relaying import (
    ERROR_STATUSES,
    covered_length,
    denial,
    nai_of,
    relayed_reply,
    relayed_request,
)
from mobileip.agents.foreign.reply_validity import ReplyCase, refusal_of_reply
from mobileip.agents.foreign.revocation import Revocation, TellReset
from mobileip.agents.foreign.revoking import ROLE, Revocations
from mobileip.agents.foreign.snapshot import ForeignAgentSnapshot, PendingRegistration
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.tunnels import granted
from mobileip.agents.foreign.undelivered import code_of, concerned
from mobileip.agents.foreign.validity import RequestCase, refusal_of_request
from mobileip.agents.foreign.visits import Visits, is_served_alike, visitor_of
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.notices import Discarded, RegistrationDenied
from mobileip.agents.offers import Offer
from mobileip.agents.outputs import ChangeForwarding, Notify, Output, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import AgentLink, ForwardingChange, ForwardingState, VisitorRoute, Wish
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.wire.identification import high
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment


class ForeignAgent:
    """One foreign agent with one care-of address.

    Raises ValueError for two associations with one peer and SPI.
    """

    def __init__(self, config: ForeignAgentConfig) -> None:
        self.config = config
        self._surroundings = Surroundings(config)
        self._counters: Counter[str] = Counter()
        self._visits = Visits(config)
        self._pending = PendingRegistrations(config.maximum_pending, config.maximum_pending_total)
        self._awaited = Awaited(config)
        self._revocations = Revocations(self._surroundings, self._pending, self._counters)
        self._revocation = Revocation(self._surroundings, self._visits, self._revocations)
        self._denials = DenialLimit(config.maximum_pending_total)
        self._distant = DenialLimit(1)
        self._candidates = Candidates(self._surroundings, self._visits.list, self._pending)
        self._links: tuple[Wish, ...] = ()

    # -- the shape of every agent

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`."""
        outputs = self._expire(now)
        match event:
            case MessageArrived():
                outputs += self._message(event, now)
            case DeliveryFailed():
                outputs += self._undelivered(event, now.boot)
            case RevokeCommanded(home_address=home_address):
                outputs += self._revocation.commanded(home_address, now)
            case LinkChanged(link=link):
                self._surroundings.links[link.name] = link
            case LinkRemoved(name=name):
                self._surroundings.links.pop(name, None)
            case Started():
                # R5944-2.1-e: "all foreign agents MUST (minimally) forward to a default router any datagrams received
                # from a registered mobile node"; R5944-2.3.1-b: whatever our advertisements say.
                self._links = tuple(AgentLink(interface=name) for name in self.config.links)
                outputs.append(ChangeForwarding(ForwardingChange(install=self._links)))
            case _:
                pass
        return outputs

    def next_deadline(self) -> Deadline | None:
        """The earliest end of a visitor or of a pending registration, or the next revocation or keepalive."""
        earliest = min(
            Deadline(self._visits.list.next_deadline(), "visitor expiry"),
            Deadline(self._pending.next_deadline(), "pending registration"),
            Deadline(self._revocations.next_deadline(), "revocation"),
            Deadline(self._visits.keepalives.next_deadline(), "keepalive"),
        )
        return earliest if earliest.at < inf else None

    def forwarding(self) -> ForwardingState:
        """Our links (from `Started` on) and a route for each visitor whose packets are tunnelled to us."""
        return ForwardingState.of((*self._links, *self._awaited, *self._visits.wishes()))

    def snapshot(self) -> ForeignAgentSnapshot:
        """Copies both lists: for operators and tests."""
        return ForeignAgentSnapshot(
            care_of_address=self.config.care_of_address,
            links=self.config.links,
            busy=self.busy,
            visitors=tuple(self._visits.list),
            pending=tuple(self._pending),
            counters=dict(self._counters),
        )

    # -- what the node tells us, and asks for its advertisements

    def know_home_agents(self, addresses: Iterable[IPv4Address]) -> None:
        """Home agents in this node: Requests for them may be relayed although the address is our own (RFC 5944
        §3.7.2)."""
        self._surroundings.own_home_agents = frozenset(addresses)

    def know_former_visitors(self, routes: Iterable[VisitorRoute]) -> None:
        """Those of an agent whose place this one takes: until they register again, or their time has come, each keeps
        the number by which it is told from others with its home address."""
        self._visits.list.know_former(routes)

    def know_advertiser(self, tell_reset: TellReset) -> None:
        """How a mobile node is told that its registration is gone (RFC 3543 §4.1)."""
        self._revocation.tell_reset = tell_reset

    @property
    def busy(self) -> bool:
        """Whether no further visitor is taken (RFC 5944 §2.1.1, the 'B' bit)."""
        return len(self._visits.list) >= self.config.maximum_visitors

    def offers(self) -> dict[str, Offer]:
        """What the node is to advertise for us, by link."""
        config = self.config
        offer = Offer(
            address=config.care_of_address,
            foreign_agent=True,
            care_of_addresses=(config.care_of_address,),
            registration_lifetime=config.registration_lifetime,
            # R3543-4.3.1-a: "If the foreign agent wishes to be able to revoke a mobile node's registration, it MUST set
            # the 'R' bit in its agent advertisements."
            registration_required=config.registration_required or config.revocation,
            # R3543-4.2-a: "A foreign agent that is currently supporting registration revocation on a link MUST set the
            # 'X' bit in its Agent Advertisement Extensions being sent on that link." R3543-3.1-a.
            registration_revocation=config.revocation,
            # R3024-3.1-a: who sets T supports direct delivery, as we always do.
            reverse_tunneling=config.reverse_tunnel is not ReverseTunnels.OFF,
            minimal_encapsulation=Encapsulation.MINIMAL in config.encapsulations,
            # R6245-4.1-b, R6245-4.1-e
            gre_encapsulation=Encapsulation.GRE in config.encapsulations,
            # R3519-3.4-a: "If the foreign agent is situated behind a NAT" and supports UDP tunnelling; R3519-3.4-b: and
            # not otherwise.
            udp_tunneling=config.behind_nat,
            interval=config.advertisement_interval,
            lifetime=config.advertisement_lifetime,
            advertisement_address=config.advertisement_address,
            preference_level=config.preference_level,
            routes_common_traffic=config.routes_common_traffic,
            prefix_lengths=config.advertise_prefix_lengths,
        )
        # R5944-3.7-a: on every link a foreign agent "SHOULD send Agent Advertisements".
        return dict.fromkeys(config.links, offer)

    # -- messages

    def _message(self, event: MessageArrived, now: Instant) -> list[Output]:
        decoded, message = event.decoded, event.decoded.message
        match message:
            case RegistrationRequest():
                return self._request(event, Decoded(message, decoded.octets, decoded.offsets), now)
            case RegistrationReply():
                return self._reply(event, Decoded(message, decoded.octets, decoded.offsets), now)
            case RegistrationRevocation():
                revocation = Decoded(message, decoded.octets, decoded.offsets)
                return self._so(event, self._revocation.received(revocation, event.arrival, now))
            case RevocationAcknowledgment():
                acknowledgment = Decoded(message, decoded.octets, decoded.offsets)
                return self._so(event, self._revocation.acknowledged(acknowledgment, event.arrival))
            case _:
                return self._discard(event, DropReason.NOT_FOR_US, f"message type {message.TYPE}")

    def _request(self, event: MessageArrived, decoded: Decoded[RegistrationRequest], now: Instant) -> list[Output]:
        arrival = event.arrival
        if not arrival.link_source or arrival.link_source[0] & 1 or arrival.interface not in self.config.links:
            detail = f"a request on {arrival.interface}, where no mobile node can be answered by a frame"
            return self._discard(event, DropReason.NOT_FOR_US, detail)
        pending = self._candidates.of(event, decoded, arrival.link_source, now.boot)
        case = RequestCase(self._surroundings, self._visits.list, self._pending, decoded, pending, ttl=arrival.ttl)
        refusal = refusal_of_request(case)
        if isinstance(refusal, DropReason):
            return self._discard(event, refusal, f"mobile node {pending.home_address}")
        # R5944-3.7.2-b: "if the foreign agent denies the Request, it MUST send a Registration Reply to the mobile node
        # with an appropriate denial code".
        if refusal is not None:
            return self._deny(pending, refusal, now.boot)
        # R5944-3.7.2-f: "The foreign agent MUST record the new pending Request as a separate part of the existing
        # visitor list entry". R5944-3.7.2-e, R5944-3.7.2-g: which stays as it is.
        self._pending.add(pending)
        self._visits.keepalives.sent(pending.relayed_to, now.boot)
        self._counters["relayed_request"] += 1
        # R3024-4.2.2-a. R5944-3.7.2-a: "the foreign agent then MUST relay the Request to the indicated home agent".
        relayed = relayed_request(decoded, pending, self._surroundings, high(now.ntp))
        return [*self._await(pending.home_address, now.boot), relayed]

    def _reply(self, event: MessageArrived, decoded: Decoded[RegistrationReply], now: Instant) -> list[Output]:
        reply = decoded.message
        senders = (event.arrival.source, reply.home_agent)
        pending = self._pending.answered_by(reply.home_address, reply.identification, nai_of(decoded), senders)
        # R5944-3.7.3.1-d: "If no matching pending Request is found [...] the foreign agent MUST silently discard the
        # Reply." R5944-3.7-c: so none leaves that does not answer a Request.
        if pending is None:
            return self._discard(event, DropReason.UNEXPECTED_REPLY, f"mobile node {reply.home_address}")
        case = ReplyCase(self._surroundings, self._visits.list, decoded, event.arrival, pending)
        refusal = refusal_of_reply(case)
        if isinstance(refusal, DropReason):
            return self._discard(event, refusal, f"mobile node {reply.home_address}")
        if refusal is not None:
            return self._dishonour(case, refusal, now)
        answer = relayed_reply(decoded, pending, self._surroundings)
        outputs: list[Output] = []
        # R5944-3.7.3.2-a: the visitor list follows "the results of the Registration Request, as indicated by the Code
        # field in the Reply". R5944-3.4-e: whatever the Lifetime of a denial is.
        if case.is_acceptance:
            self._pending.supersede(pending)
            before = self._visits.list.of(reply.home_address, pending.relayed_to)
            outputs = self._accepted(case, now)
            after = self._visits.list.of(reply.home_address, pending.relayed_to)
            if before is not None and after is not None and is_served_alike(before, after, self.config, now.boot):
                answer = msgspec.structs.replace(answer, ahead=True)
            # A mobile node that had none gets a home address from its home agent: others may wait with that.
            for home_address in dict.fromkeys((pending.home_address, reply.home_address)):
                outputs += self._await(home_address, now.boot)
        else:
            # R5944-3.7.3.2-d: denied by the home agent: "the foreign agent MUST delete its pending registration list
            # entry, but not its visitor list entry"; R5944-3.7.2-h.
            self._pending.remove(pending)
            outputs = self._await(pending.home_address, now.boot)
        self._counters["relayed_reply"] += 1
        return [*outputs, answer]

    def _await(self, home_address: IPv4Address, now: float) -> list[Output]:
        """What changes for the packets of who waits with that home address."""
        served = self._visits.list.served(home_address, now)
        return self._awaited.look(home_address, self._pending.of(home_address), served)

    def _accepted(self, case: ReplyCase, now: Instant) -> list[Output]:
        if not case.may_move_visitors:
            return []
        stopped = self._revocations.stop(case.reply.home_address, case.pending.relayed_to)
        agent_address = self._surroundings.reply_source(case.pending)
        grant = granted(case.decoded, case.pending, self.config, agent_address)
        made = self._visits.accepted(case.pending, case.reply, case.revocation_terms(), now.boot, grant)
        return [*stopped, *made]

    def _dishonour(self, case: ReplyCase, code: ReplyCode, now: Instant) -> list[Output]:
        """A Reply that we do not go along with, for the reason `code`."""
        pending, reply = case.pending, case.reply
        # R4636-4-c, R5944-3.7.3.1-k: the home agent's words stay, and ours are appended; where nothing is signed, or it
        # is none of the "Status codes allowable for use" (R4636-4-b), the answer is ours alone.
        if code in ERROR_STATUSES and covered_length(case.decoded) is not None:
            answer = relayed_reply(case.decoded, pending, self._surroundings, code)
        else:
            answer = denial(pending, code, self._surroundings)
        outputs = self._refuse(pending, code, answer, now.boot)
        if code is ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION or not case.bears_proof:
            return outputs
        self._pending.remove(pending)
        outputs += self._await(pending.home_address, now.boot)
        terms = case.revocation_terms() if case.is_acceptance and reply.lifetime else None
        # R4636-6-a: "When denying a successful Registration Reply, the Foreign Agent SHOULD send a Registration
        # Revocation message to the Home Agent if a mobility security association exists between them." The mobile node
        # has been told.
        if terms is not None and self._visits.list.of(reply.home_address, pending.relayed_to) is None:
            visitor = visitor_of(self.config, pending, reply, terms, now.boot)
            outputs += self._revocations.begin(visitor, now, inform=False)
        return outputs

    def _deny(self, pending: PendingRegistration, code: ReplyCode, now: float) -> list[Output]:
        return self._refuse(pending, code, denial(pending, code, self._surroundings), now)

    def _refuse(self, pending: PendingRegistration, code: ReplyCode, answer: SendMessage, now: float) -> list[Output]:
        self._counters[f"denied_{code.value}"] += 1
        # R5944-3.7.2.1-g, R5944-3.7.3.1-i: security exceptions are logged, as all that is refused.
        outputs: list[Output] = [
            Notify(
                RegistrationDenied(role=ROLE, home_address=pending.home_address, code=code, reason=code.name.lower())
            )
        ]
        # R5944-3.7.2-b: "except in cases where the foreign agent would be required to send out more than one such
        # denial per second to the same mobile node."
        # R3024-4.2.1-e: of those that are too distant: "to a maximum of one per second", whoever they say they are.
        is_distant = code is ReplyCode.FA_MOBILE_NODE_TOO_DISTANT
        if self._denials.take(pending.link_address, now) and not (is_distant and not self._distant.take(b"", now)):
            outputs.append(answer)
        else:
            self._counters["denials_not_sent"] += 1
        return outputs

    def _undelivered(self, event: DeliveryFailed, now: float) -> list[Output]:
        # R5944-3.7.3-a: on an ICMP error the mobile node SHOULD be sent a Reply with a code "within the range 80-95".
        code = code_of(event.icmp_type, event.icmp_code)
        about = concerned(event, self._pending) if code is not None else []
        return [output for pending in about if code is not None for output in self._deny(pending, code, now)]

    def _so(self, event: MessageArrived, outcome: list[Output] | DropReason) -> list[Output]:
        """What follows from a revocation or an acknowledgment: what it does, or why it is discarded."""
        return self._discard(event, outcome, "revocation") if isinstance(outcome, DropReason) else outcome

    def _discard(self, event: MessageArrived, reason: DropReason, detail: str) -> list[Output]:
        self._counters[f"discarded_{reason.value}"] += 1
        source, octets = event.arrival.source, event.decoded.octets
        return [Notify(Discarded(role=ROLE, reason=reason, detail=detail, source=source, octets=octets))]

    # -- time

    def _expire(self, now: Instant) -> list[Output]:
        outputs = self._visits.expire(now.boot)
        for pending in self._pending.expire(now.boot):
            outputs += self._await(pending.home_address, now.boot)
            # R5944-3.7.2.2-i: "If this lifetime expires before receiving a valid Registration Reply, the foreign agent
            # MUST delete its visitor list entry for this pending registration"; R5944-3.7-d: and no message tells of
            # it.
            if 0 < pending.requested_lifetime <= self.config.pending_timeout:
                self._counters["pending_expired"] += 1
            else:
                # R5944-3.7.1-f: after more than 7 s: "in this case, the foreign agent SHOULD reject the Request with
                # Code 78 (registration timeout)".
                outputs += self._deny(pending, ReplyCode.FA_REGISTRATION_TIMEOUT, now.boot)
        return outputs + self._revocations.due(now) + self._visits.keepalives.due(now.boot)
