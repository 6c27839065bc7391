"""The foreign agent: events in, outputs out. This file only tells events apart and keeps its two lists.

Theory of operation. A foreign agent passes things on. A Request that the checks of `validity.py` let through
becomes a pending registration and goes to the home agent; the Reply that matches it goes to the mobile node,
as a frame to the link-layer address that the Request came from. Only then, and only if the Reply accepts, a
visitor is made, moved or ended. So a visitor is never more than what a home agent agreed to, and whoever can
only send us things makes pending entries, which are few and end by themselves.

Its timers: a pending registration ends after 7 s without a Reply, or with its own Lifetime if that is shorter
(code 78); a visitor ends with the Lifetime that its last Reply granted, counted from when we passed it on, so
never before the mobile node thinks so (RFC 5944 §3.7.3.2).

What is ignored on purpose: a link that loses its carrier or disappears changes nothing here, since visitors
come back or expire. A Reply whose authenticator is wrong is answered with code 68, but what it claims to answer
stays pending: whoever can forge may not end it. Advertisements are the node's (`offers`).

Room left: an ICMP error about a relayed Request may become an event that denies with one of 80-95.
"""

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address
from math import inf

from mobileip.agents.advertising import Offer
from mobileip.agents.events import Event, LinkChanged, LinkRemoved, MessageArrived, Started
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.rate import DenialLimit
from mobileip.agents.foreign.relaying import denial, relayed_reply, relayed_request
from mobileip.agents.foreign.snapshot import ForeignAgentSnapshot, PendingRegistration, Visitor
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.validity import (
    ACCEPTED,
    ReplyCase,
    RequestCase,
    refusal_of_reply,
    refusal_of_request,
)
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.notices import Discarded, Notice, RegistrationDenied, VisitorAdded, VisitorRemoved
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import AgentLink, ForwardingChange, ForwardingState, Tunnel, VisitorRoute, Wish
from mobileip.wire.extensions.authentication import MobileForeignAuthentication
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import INFINITE_LIFETIME, RegistrationReply, RegistrationRequest

_ROLE = "foreign_agent"


class ForeignAgent:
    """One foreign agent with one care-of address.

    Raises ValueError for two associations with one peer and SPI.
    """

    def __init__(self, config: ForeignAgentConfig) -> None:
        self.config = config
        self._surroundings = Surroundings(config)
        self._visitors = VisitorList()
        self._pending = PendingRegistrations(config.maximum_pending, config.maximum_pending_total)
        self._denials = DenialLimit(config.maximum_pending_total)
        self._links: tuple[Wish, ...] = ()
        self._counters: Counter[str] = Counter()

    # -- the shape of every agent

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`."""
        outputs = self._expire(now.boot)
        match event:
            case MessageArrived():
                outputs += self._message(event, now.boot)
            case LinkChanged(link=link):
                self._surroundings.links[link.name] = link
            case LinkRemoved(name=name):
                self._surroundings.links.pop(name, None)
            case Started():
                self._links = tuple(AgentLink(interface=name) for name in self.config.links)
                outputs.append(ChangeForwarding(ForwardingChange(install=self._links)))
            case _:
                pass
        return outputs

    def next_deadline(self) -> Deadline | None:
        """The earliest end of a visitor or of a pending registration."""
        visitor, pending = self._visitors.next_deadline(), self._pending.next_deadline()
        if pending < visitor:
            return Deadline(pending, "pending registration")
        return Deadline(visitor, "visitor expiry") if visitor < inf else None

    def forwarding(self) -> ForwardingState:
        """Our links (from `Started` on) and a route for each visitor whose packets are tunnelled to us."""
        routes = (self._route(visitor) for visitor in self._visitors)
        return ForwardingState.of((*self._links, *(route for route in routes if route is not None)))

    def snapshot(self) -> ForeignAgentSnapshot:
        """Copies both lists: for operators and tests."""
        return ForeignAgentSnapshot(
            care_of_address=self.config.care_of_address,
            links=self.config.links,
            busy=self.busy,
            visitors=tuple(self._visitors),
            pending=tuple(self._pending),
            counters=dict(self._counters),
        )

    # -- what the node tells us, and asks for its advertisements

    def know_home_agents(self, addresses: Iterable[IPv4Address]) -> None:
        """Home agents in this node: Requests for them may be relayed although the address is our own (RFC 5944
        §3.7.2)."""
        self._surroundings.own_home_agents = frozenset(addresses)

    @property
    def busy(self) -> bool:
        """Whether no further visitor is taken (RFC 5944 §2.1.1, the 'B' bit)."""
        return len(self._visitors) >= self.config.maximum_visitors

    def offers(self) -> dict[str, Offer]:
        """What the node is to advertise for us, by link."""
        config = self.config
        offer = Offer(
            address=config.care_of_address,
            foreign_agent=True,
            care_of_addresses=(config.care_of_address,),
            registration_lifetime=config.registration_lifetime,
            registration_required=config.registration_required,
            interval=config.advertisement_interval,
            lifetime=config.advertisement_lifetime,
        )
        return dict.fromkeys(config.links, offer)

    # -- messages

    def _message(self, event: MessageArrived, now: float) -> list[Output]:
        decoded, message = event.decoded, event.decoded.message
        match message:
            case RegistrationRequest():
                return self._request(event, Decoded(message, decoded.octets, decoded.offsets), now)
            case RegistrationReply():
                return self._reply(event, Decoded(message, decoded.octets, decoded.offsets), now)
            case _:
                return self._discard(event, DropReason.NOT_FOR_US, f"message type {message.TYPE}")

    def _request(self, event: MessageArrived, decoded: Decoded[RegistrationRequest], now: float) -> list[Output]:
        arrival = event.arrival
        if not arrival.link_source or arrival.link_source[0] & 1 or arrival.interface not in self.config.links:
            detail = f"a request on {arrival.interface}, where no mobile node can be answered by a frame"
            return self._discard(event, DropReason.NOT_FOR_US, detail)
        pending = self._candidate(event, decoded, arrival.link_source, now)
        case = RequestCase(self._surroundings, self._visitors, self._pending, decoded, pending)
        refusal = refusal_of_request(case)
        if isinstance(refusal, DropReason):
            return self._discard(event, refusal, f"mobile node {pending.home_address}")
        if refusal is not None:
            return self._deny(pending, refusal, now)
        self._pending.add(pending)
        self._counters["relayed_request"] += 1
        return [relayed_request(decoded, self._surroundings)]

    def _candidate(
        self, event: MessageArrived, decoded: Decoded[RegistrationRequest], link_address: bytes, now: float
    ) -> PendingRegistration:
        """The pending registration that a Request would become (RFC 5944 §3.7.1)."""
        request, arrival = decoded.message, event.arrival
        # RFC 5944 §3.7.1: a request may be dropped after 7 s; §3.7.2.2: and must be when its own Lifetime ends.
        timeout = min(self.config.pending_timeout, request.lifetime or inf)
        signatures = decoded.find(MobileForeignAuthentication)
        return PendingRegistration(
            home_address=request.home_address,
            home_agent=request.home_agent,
            interface=arrival.interface,
            link_address=link_address,
            udp_port=arrival.source_port,
            source=arrival.source,
            destination=arrival.destination,
            care_of_address=request.care_of_address,
            decapsulation_by_mobile_node=request.decapsulation_by_mobile_node,
            identification=request.identification,
            requested_lifetime=request.lifetime,
            received_at=now,
            expires_at=now + timeout,
            mobile_foreign_spi=signatures[0][1].spi if signatures else None,
        )

    def _reply(self, event: MessageArrived, decoded: Decoded[RegistrationReply], now: float) -> list[Output]:
        reply = decoded.message
        # RFC 5944 §3.7.3.1: "If no matching pending Request is found [...] the foreign agent MUST silently
        # discard the Reply."
        pending = self._pending.find(reply.home_address, reply.identification)
        if pending is None:
            return self._discard(event, DropReason.UNEXPECTED_REPLY, f"mobile node {reply.home_address}")
        refusal = refusal_of_reply(ReplyCase(self._surroundings, decoded, event.arrival, pending))
        if isinstance(refusal, DropReason):
            return self._discard(event, refusal, f"mobile node {reply.home_address}")
        if refusal is not None:
            return self._deny(pending, refusal, now)
        outputs: list[Output] = []
        if reply.code in ACCEPTED:
            self._pending.supersede(pending)
            outputs = self._accepted(pending, reply, now)
        else:
            # RFC 5944 §3.7.3.2: denied by the home agent: "the foreign agent MUST delete its pending
            # registration list entry, but not its visitor list entry".
            self._pending.remove(pending)
        self._counters["relayed_reply"] += 1
        return [*outputs, relayed_reply(decoded, pending, self._surroundings)]

    def _deny(self, pending: PendingRegistration, code: ReplyCode, now: float) -> list[Output]:
        self._counters[f"denied_{code.value}"] += 1
        outputs: list[Output] = [
            Notify(
                RegistrationDenied(role=_ROLE, home_address=pending.home_address, code=code, reason=code.name.lower())
            )
        ]
        # RFC 5944 §3.7.2: a denial MUST be sent, "except in cases where the foreign agent would be required to
        # send out more than one such denial per second to the same mobile node."
        if self._denials.take(pending.link_address, now):
            outputs.append(denial(pending, code, self._surroundings))
        else:
            self._counters["denials_not_sent"] += 1
        return outputs

    def _discard(self, event: MessageArrived, reason: DropReason, detail: str) -> list[Output]:
        self._counters[f"discarded_{reason.value}"] += 1
        source, octets = event.arrival.source, event.decoded.octets
        return [Notify(Discarded(role=_ROLE, reason=reason, detail=detail, source=source, octets=octets))]

    # -- visitors

    def _accepted(self, pending: PendingRegistration, reply: RegistrationReply, now: float) -> list[Output]:
        before = self._visitors.of(pending.home_address)
        if not reply.lifetime:
            # RFC 5944 §3.7.3.2: a Lifetime of zero: "the foreign agent MUST delete its visitor list entry", but
            # the registration with another care-of address is none of ours.
            ended = (pending.home_address, before.care_of_address) if before is not None else ()
            return self._remove(before, "deregistered") if before and pending.care_of_address in ended else []
        # RFC 5944 §3.7.3.2: "the minimum of [...] the value specified in the Lifetime field of the Registration
        # Reply, and the foreign agent's own maximum"; it "begins when it forwards the Registration Reply".
        lifetime = min(reply.lifetime, self.config.registration_lifetime)
        visitor = Visitor(
            home_address=pending.home_address,
            home_agent=pending.home_agent,
            care_of_address=pending.care_of_address,
            interface=pending.interface,
            link_address=pending.link_address,
            udp_port=pending.udp_port,
            lifetime=lifetime,
            registered_at=now,
            expires_at=inf if lifetime == INFINITE_LIFETIME else now + lifetime,
            identification=pending.identification,
        )
        self._visitors.put(visitor)
        return self._change(before, visitor) + self._arrival_notice(before, visitor)

    def _arrival_notice(self, before: Visitor | None, visitor: Visitor) -> list[Output]:
        """A visitor that is new or came by another way; renewals are no news."""
        if before is not None and (before.home_agent, before.interface, before.link_address) == (
            visitor.home_agent,
            visitor.interface,
            visitor.link_address,
        ):
            return []
        return [
            Notify(
                VisitorAdded(
                    home_address=visitor.home_address,
                    home_agent=visitor.home_agent,
                    interface=visitor.interface,
                    lifetime=visitor.lifetime,
                )
            )
        ]

    def _remove(self, visitor: Visitor, cause: str) -> list[Output]:
        self._visitors.remove(visitor.home_address)
        notice: Notice = VisitorRemoved(home_address=visitor.home_address, home_agent=visitor.home_agent, cause=cause)
        return [*self._change(visitor, None), Notify(notice)]

    def _change(self, before: Visitor | None, after: Visitor | None) -> list[Output]:
        """The change of forwarding from one state of a visitor to the next."""
        old = self._route(before) if before is not None else None
        new = self._route(after) if after is not None else None
        if new is not None:
            return [ChangeForwarding(ForwardingChange(install=(new,)))]
        return [ChangeForwarding(ForwardingChange(remove=(old.key,)))] if old is not None else []

    def _route(self, visitor: Visitor) -> VisitorRoute | None:
        """None for a visitor with a co-located care-of address: its tunnel ends at itself."""
        care_of_address = self.config.care_of_address
        if visitor.care_of_address != care_of_address:
            return None
        return VisitorRoute(
            home_address=visitor.home_address,
            tunnel=Tunnel(local=care_of_address, remote=visitor.home_agent),
            interface=visitor.interface,
            link_address=visitor.link_address,
            expires_at=visitor.expires_at,
        )

    # -- time

    def _expire(self, now: float) -> list[Output]:
        outputs: list[Output] = []
        for visitor in self._visitors.expire(now):
            outputs += self._remove(visitor, "expired")
        for pending in self._pending.expire(now):
            # RFC 5944 §3.7.1: "in this case, the foreign agent SHOULD reject the Request with Code 78".
            outputs += self._deny(pending, ReplyCode.FA_REGISTRATION_TIMEOUT, now)
        return outputs
