"""The home agent: events in, outputs out. This file only tells events apart; the rules are in the files
around it.

Theory of operation. A home agent is reactive: it answers Registration Requests and lets bindings end. A
Request becomes an `Examination`, which the checks of `validity.py` go through in the RFC's order. What they
say becomes a `Decision`, a value; the `Registrar` carries it out: it changes the binding list, wishes for the
forwarding that follows, announces on the home link who owns the home address now, and answers last. So an
answer never promises what is not wished for yet, and between deciding and carrying out others may be asked.

Everything that has ended by the time of an event is ended first, whatever the event is: no Request ever meets
a binding that is over.

State that a Request without a valid authenticator changes: counters, and for one second whether another such
Request is answered. What is ignored on purpose: Replies and other messages (they are for others).

What packets tell matters to one kind of binding: a tunnel in UDP that is half bound (RFC 3519 §4.11) waits for the
mobile node's first keepalive. Keepalives are answered by the machine, like any echo request.

Revocation (RFC 3543) goes both ways. What a foreign agent revokes is judged by `revoked.py`; what we revoke, by an
operator's command or because a mobile node moved, is told by `revocations.py` until it is acknowledged.

Whatever must outlive this process is said to be remembered, one record for each mobile node (`records.py`), and comes
back with `Started` (`restoring.py`). A binding's end by time needs no record: it is in the binding's.
"""

from ipaddress import IPv4Address
from math import inf

import msgspec

from mobileip.agents.events import (
    Event,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    PacketsTold,
    RevokeCommanded,
    Started,
)
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.decision import decide
from mobileip.agents.home.examination import Examination, Surroundings
from mobileip.agents.home.nodes import ServedMobileNode
from mobileip.agents.home.records import record_of
from mobileip.agents.home.registrar import Registrar
from mobileip.agents.home.restoring import Restoration
from mobileip.agents.home.revoked import NOTHING, Ended, RevocationExamination, acknowledgment, first_objection
from mobileip.agents.home.snapshot import HomeAgentSnapshot
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.memory import HomeAgentRecord, MobileNodeRecord, Moment, Remembered
from mobileip.agents.notices import Discarded, UnauthenticatedAllowed
from mobileip.agents.offers import Offer
from mobileip.agents.outputs import ChangeForwarding, Notify, Output, Remember
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import AgentLink, ForwardingChange, ForwardingState, HomeNetwork, ReturnPath, Wish
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.security.replay import SteadyClock
from mobileip.wire.identification import high
from mobileip.wire.registration import RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

_LIMITED_BROADCAST = IPv4Address("255.255.255.255")

_LOOPBACK = "lo"
"""Where a foreign agent in the same daemon relays from."""

_REASONS = {
    DropReason.MISSING_AUTHENTICATION: "no authorization-enabling extension",
    DropReason.UNKNOWN_SPI: "no security association with this SPI",
    DropReason.BAD_AUTHENTICATOR: "the authenticator is wrong",
}


class HomeAgent:
    """One home agent with one address. Raises ValueError for a configuration that contradicts itself."""

    def __init__(self, config: HomeAgentConfig) -> None:
        self.config = config
        self._surroundings = Surroundings(config)
        self._registrar = Registrar(config, self._surroundings.nodes)
        self._ended: dict[int, Ended] = {}
        """The latest binding of a home address that a foreign agent revoked."""
        self._clock = SteadyClock()
        self._wishes: tuple[Wish, ...] = ()
        self._broadcasts: dict[str, frozenset[IPv4Address]] = {}
        """Subnet-directed broadcast addresses by link."""
        self._is_remembered = False
        """Whether anybody remembers what we say."""
        self._floor: int | None = None
        self._number = int(config.address)

    # -- the shape of every agent

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`."""
        outputs = self._registrar.expire(now.boot)
        match event:
            case MessageArrived():
                outputs += self._message(event, now)
            case LinkChanged(link=link):
                self._broadcasts[link.name] = frozenset(a.network.broadcast_address for a in link.addresses)
            case LinkRemoved(name=name):
                self._broadcasts.pop(name, None)
            case Started(remembered=remembered):
                outputs += self._start(remembered, now)
            case PacketsTold(news=KeepaliveHeard() as news):
                outputs += self._registrar.hear(news)
            case RevokeCommanded(home_address=home_address):
                outputs += self._registrar.revoke_and_tell(int(home_address), now.boot)
            case _:
                pass
        if self.config.revocation and self._registrar.revocations.next_deadline() <= now.boot:
            outputs += self._registrar.revocations.due(now.boot, high(self._clock.read(now.boot, now.ntp)))
        if self._registrar.touched or self._registrar.revocations.touched:
            outputs += self._remember()
        return outputs

    def next_deadline(self) -> Deadline | None:
        """The earliest end of a binding, repetition of an announcement, or Revocation."""
        expiry, announcement = self._registrar.next_expiry(), self._registrar.next_announcement()
        revocation = self._registrar.revocations.next_deadline()
        earliest = min(expiry, announcement, revocation)
        if earliest == inf:
            return None
        if earliest == expiry:
            return Deadline(expiry, "binding expiry")
        return Deadline(earliest, "gratuitous ARP" if earliest == announcement else "revocation")

    def forwarding(self) -> ForwardingState:
        """The home network (from `Started` on) and a route for each mobile node that is away."""
        return ForwardingState.of((*self._wishes, *self._registrar.wishes()))

    def snapshot(self) -> HomeAgentSnapshot:
        """Copies the whole binding list: for operators and tests."""
        return HomeAgentSnapshot(
            address=self.config.address,
            bindings=self._registrar.bindings(),
            revocations=len(self._registrar.revocations),
            counters=dict(self._registrar.counters),
        )

    def offers(self) -> dict[str, Offer]:
        """What the node is to advertise for us, by link: nothing for a virtual network (RFC 5944 §2.3)."""
        config = self.config
        if config.home_link is None:
            return {}
        offer = Offer(
            address=config.address,
            home_agent=True,
            registration_lifetime=config.maximum_lifetime,
            interval=config.advertisement_interval,
            lifetime=config.advertisement_lifetime,
            advertisement_address=config.advertisement_address,
            preference_level=config.preference_level,
            routes_common_traffic=config.routes_common_traffic,
            prefix_lengths=config.advertise_prefix_lengths,
        )
        # R5944-2.3-j: the 'H' bit "MUST NOT" be set on a link of which we are not the home agent.
        return {config.home_link: offer}

    # -- events

    def _start(self, remembered: Remembered | None, now: Instant) -> list[Output]:
        link = self.config.home_link
        network = HomeNetwork(
            prefix=self.config.home_network, interface=link, forwarded_groups=self.config.forwarded_groups
        )
        # Ways that were learnt stay known when another role gets a new configuration.
        paths = [wish for wish in self._wishes if isinstance(wish, ReturnPath)]
        self._wishes = (network, *paths) if link is None else (network, AgentLink(interface=link), *paths)
        outputs: list[Output] = [ChangeForwarding(ForwardingChange(install=self._wishes))]
        if remembered is not None:
            outputs += self._go_on(remembered, now)
        if self.config.allow_unauthenticated:
            outputs.append(Notify(UnauthenticatedAllowed(home_agent=self.config.address)))
        return outputs

    def _go_on(self, remembered: Remembered, now: Instant) -> list[Output]:
        """Where an earlier life ended; from here on what changes is to be remembered."""
        start = Restoration(self._surroundings, self._registrar, self._clock, remembered, now)
        outputs = start.run()
        self._floor = start.floor
        self._ended.update(start.ended)
        self._registrar.touched += start.touched
        outputs[:0] = [ChangeForwarding(ForwardingChange(install=tuple(start.wishes)))] if start.wishes else []
        for interface in start.return_paths:
            outputs += self._know_return_path(interface)
        self._is_remembered = True
        if start.has_new_floor:
            outputs.append(self._general_record())
        return outputs

    def _remember(self) -> list[Output]:
        """What was touched, as it is now."""
        registrar = self._registrar
        touched, homes = registrar.touched, registrar.revocations.touched
        if homes:
            nodes = map(self._surroundings.nodes.having, homes)
            touched = [*touched, *filter(None, nodes)]
            homes.clear()
        registrar.touched = []
        if not self._is_remembered:
            return []
        moment = Moment(*self._clock.latest)
        if len(touched) == 1:  # a mere shortcut: most events
            return [Remember(self._record(touched[0]), moment)]
        return [Remember(self._record(node), moment) for node in dict.fromkeys(touched)]

    def _record(self, node: ServedMobileNode) -> MobileNodeRecord:
        registrar, home = self._registrar, node.number or self._surroundings.nodes.address_of(node)
        series = registrar.revocations.of(home) if registrar.revocations else ()
        ended = self._ended.get(home) if self._ended else None
        bindings = registrar.bindings_of(node.number)
        return record_of(node, home, self._number, bindings=bindings, ended=ended, series=series)

    def _general_record(self) -> Remember:
        paths = tuple(wish.interface for wish in self._wishes if isinstance(wish, ReturnPath))
        return Remember(HomeAgentRecord(paths, self._floor), Moment(*self._clock.latest))

    def _message(self, event: MessageArrived, now: Instant) -> list[Output]:
        match event.decoded.message:
            case RegistrationRequest() as request:
                return self._request(event, request, now)
            case RegistrationRevocation() as message if self.config.revocation:
                return self._revocation(event, message)
            case RevocationAcknowledgment() as message if self.config.revocation:
                return self._acknowledgment(event, message)
            case message:
                # R5944-3.8-a: "The home agent MUST NOT transmit a Registration Reply except when replying to a
                # Registration Request received from a mobile node."
                return self._discard(event, DropReason.NOT_FOR_US, f"message type {message.TYPE}")

    def _request(self, event: MessageArrived, request: RegistrationRequest, now: Instant) -> list[Output]:
        decoded = event.decoded
        node = self._surroundings.nodes.of(request)
        # R5944-3.8.2.1-e: "If the home agent receives a Registration Request from a mobile node with which it does not
        # have any security association, the home agent MUST silently discard the Registration Request."
        if node is None:
            return self._discard(event, DropReason.UNKNOWN_MOBILE_NODE, f"mobile node {request.home_address}")
        examination = Examination(
            self._surroundings,
            node,
            self._registrar.bindings_of(node.number),
            request=request,
            decoded=decoded,
            arrival=event.arrival,
            is_unicast=self._is_unicast(event.arrival.destination),
            boot=now.boot,
            time=self._clock.read(now.boot, now.ntp),
            entropy=event.entropy,
        )
        decision = decide(examination)
        if isinstance(decision, DropReason):
            return self._discard(event, decision, f"mobile node {request.home_address}: {_REASONS[decision]}")
        outputs = self._registrar.carry_out(decision, now.boot)
        if decision.is_accepted and decision.lifetime:
            outputs[:0] = self._know_return_path(event.arrival.interface)
        return outputs

    def _revocation(self, event: MessageArrived, message: RegistrationRevocation) -> list[Output]:
        home = int(message.home_address)
        examination = RevocationExamination(
            self._surroundings,
            self._registrar.bindings_of(home),
            self._ended.get(home, NOTHING),
            decoded=event.decoded,
            message=message,
            arrival=event.arrival,
        )
        reason = first_objection(examination)
        if reason is not None:
            return self._discard(event, reason, f"revocation of {message.home_address}")
        self._ended[home] = msgspec.structs.replace(examination.ended, timestamp=message.revocation_identifier)
        self._registrar.revocations.touched.append(home)
        outputs = self._registrar.revoke(home, message.foreign_domain_address)
        is_gone = not self._registrar.bindings_of(home)
        # R3543-3.4-d: "MUST be sent in response to a valid and authenticated registration revocation message".
        return [*outputs, acknowledgment(examination, is_gone=is_gone)]

    def _acknowledgment(self, event: MessageArrived, message: RevocationAcknowledgment) -> list[Output]:
        output = self._registrar.revocations.acknowledged(event.decoded, message, event.arrival)
        if isinstance(output, DropReason):
            return self._discard(event, output, f"acknowledgment about {message.home_address}")
        return [output]

    def _know_return_path(self, interface: str) -> list[Output]:
        """The way that a binding's registration came is the way that the mobile node's own packets will come.

        It stays: there are only so many links, and the next binding will ask for it again.
        """
        wish = ReturnPath(interface=interface)
        if interface in (_LOOPBACK, self.config.home_link) or wish in self._wishes:
            return []
        self._wishes = (*self._wishes, wish)
        change = ChangeForwarding(ForwardingChange(install=(wish,)))
        return [change, self._general_record()] if self._is_remembered else [change]

    def _discard(self, event: MessageArrived, reason: DropReason, detail: str) -> list[Output]:
        # R5944-1.7-b: "SHOULD record the event in a statistics counter."
        self._registrar.counters[f"discarded_{reason.value}"] += 1
        notice = Discarded(
            role="home_agent",
            reason=reason,
            detail=detail,
            source=event.arrival.source,
            # R5944-1.7-a: "including the contents of the discarded datagram".
            octets=event.decoded.octets,
        )
        # R5944-1.7-a, R5944-3.8.2.1-y: "the implementation SHOULD provide the capability of logging the error".
        return [Notify(notice)]

    def _is_unicast(self, destination: IPv4Address) -> bool:
        """Whether a message that was for us was sent to us alone."""
        if destination == self.config.address:
            return True
        return not (
            destination in (_LIMITED_BROADCAST, self.config.home_network.broadcast_address)
            or destination.is_multicast
            or any(destination in broadcasts for broadcasts in self._broadcasts.values())
        )
