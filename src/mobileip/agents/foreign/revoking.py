"""Registration revocation (RFC 3543), a foreign agent's part: what it sends until somebody acknowledges, and what of
the home agent's it believes.

Revocations end service, so each is authenticated by the association that the agents share, and fresh: its identifier
is a time of the sender's clock, and later than the registration that it revokes, which the same clock has stamped.
"""

from collections import Counter
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.events import Arrival
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.instant import Instant
from mobileip.agents.notices import Notice, RevocationEnded, RevocationSent
from mobileip.agents.outputs import Departure, Notify, Output, SendMessage
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.identification import high
from mobileip.wire.message import Message, encode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

ROLE = "foreign_agent"
FIRST_INTERVAL = 1.0
"""Seconds. R3543-4.2.3.1-i, R3543-3.3-i: not "more than one revocation message or registration message per second for
the same binding"."""
LONGEST_INTERVAL = 64.0
MAXIMUM_ATTEMPTS = 10


class _Sending(msgspec.Struct, kw_only=True):
    """A revocation that waits for its acknowledgment."""

    visitor: Visitor
    inform: bool
    identifiers: tuple[int, ...] = ()
    """Of all attempts."""
    interval: float = FIRST_INTERVAL


class Revoked(msgspec.Struct, kw_only=True):
    """A visitor that was revoked: its home agent may not know that we know."""

    visitor: Visitor
    identifier: int
    """Of the home agent's last revocation, or the time of the registration before there is one."""
    told: bool
    """Whether the mobile node was told."""


_Key = tuple[IPv4Address, IPv4Address]
"""Home address and home agent."""


class Revocations:
    """Revocations on their way, and those that came lately; of each no more than there may be visitors."""

    def __init__(self, surroundings: Surroundings, pending: PendingRegistrations, counters: Counter[str]) -> None:
        self._surroundings = surroundings
        self._pending = pending
        self._counters = counters
        self._sending: dict[_Key, _Sending] = {}
        self._deadlines: Deadlines[_Key] = Deadlines()
        self._revoked: dict[_Key, Revoked] = {}

    # -- ours

    def begin(self, visitor: Visitor, now: Instant, *, inform: bool) -> list[Output]:
        """The home agent is told that `visitor` is one no more. `inform`: it is asked whether the mobile node is to
        be told."""
        if len(self._sending) >= self._surroundings.config.maximum_visitors:
            return []
        self._sending[_key(visitor)] = _Sending(visitor=visitor, inform=inform)
        # R3543-3.3-i: the Request that made this registration counts too.
        self._deadlines.set(_key(visitor), max(now.boot, visitor.requested_at + FIRST_INTERVAL))
        return self.due(now)

    def due(self, now: Instant) -> list[Output]:
        """What is to be sent, or sent again, or given up by now."""
        outputs: list[Output] = []
        for key in self._deadlines.take_due(now.boot):
            sending = self._sending[key]
            # R3543-4.2.3.1-k: "MUST NOT retransmit revocation messages beyond the normal life of the binding";
            # R3543-3.3-h: nor is one sent at all for what has expired.
            if now.boot >= sending.visitor.expires_at or len(sending.identifiers) == MAXIMUM_ATTEMPTS:
                outputs.append(self._end(sending, "gave_up"))
                continue
            # A registration under way may be accepted before this is read: it would be revoked by mistake.
            if not self._pending.waits_for(*key):
                outputs += self._send(sending, now)
            # R3543-4.2.3.1-g: "If the foreign agent does not receive a revocation acknowledgment message within a
            # reasonable amount of time, it MUST retransmit the revocation message."
            self._deadlines.set(key, now.boot + sending.interval)
            # R3543-4.2.3.1-j: "exponential backoff".
            sending.interval = min(2 * sending.interval, LONGEST_INTERVAL)
        return outputs

    def stop(self, home_address: IPv4Address, home_agent: IPv4Address) -> list[Output]:
        """It is registered anew: nothing that was revoked is left to be told, nor to be acknowledged."""
        key = home_address, home_agent
        self._revoked.pop(key, None)
        sending = self._sending.get(key)
        if sending is None:
            return []
        self._deadlines.cancel(key)
        return [self._end(sending, "gave_up")]

    def sent_for(self, message: RevocationAcknowledgment, home_agent: IPv4Address) -> Visitor | None:
        """The visitor whose revocation `message` from `home_agent` acknowledges."""
        # RFC 3543 §3.4: an acknowledgment comes from where the revocation went to.
        sending = self._sending.get((message.home_address, home_agent))
        # R3543-3.5-e: "the revoking agent MUST check the Home Address and Identifier fields to make sure they match
        # those fields from a corresponding revocation message it sent". R3543-3.5-f.
        if sending is None or message.revocation_identifier not in sending.identifiers:
            return None
        return sending.visitor

    def acknowledged(self, message: RevocationAcknowledgment, visitor: Visitor) -> tuple[list[Output], bool]:
        """The end of one of ours, and whether the mobile node is to be told; the checks have passed `message`."""
        sending = self._sending[_key(visitor)]
        self._deadlines.cancel(_key(visitor))
        # R3543-3.4-c: "If an agent receives a revocation acknowledgment message in which the 'I' bit is set to '1', but
        # for which the revocation message being acknowledged had the 'I' bit set to '0', the 'I' bit in the revocation
        # acknowledgment message MUST be ignored."
        tell = sending.inform and message.inform
        return [self._end(sending, "acknowledged")], tell

    def next_deadline(self) -> float:
        """When something is to be sent again or given up, infinite when nothing is."""
        return self._deadlines.next()

    def _send(self, sending: _Sending, now: Instant) -> list[Output]:
        # R3543-4.2.3.1-h: "every time the foreign agent is about to retransmit the revocation message, it MUST update
        # the value of the timestamp"; R3543-3.3-e, R3543-4.2.3.1-e: by the clock of our Revocation Support extensions.
        identifier = high(now.ntp)
        visitor = sending.visitor
        message = RegistrationRevocation(
            # R3543-4.2.3.1-d: "the 'A' bit MUST be set to '0'". What is reserved is 0 of itself.
            from_home_agent=False,
            # R3543-4.2.3.1-b: where that was agreed on, "the foreign agent MUST set the 'I' bit to '1'", R3543-3.3-b:
            # and nowhere else. R3543-4.2.3.1-c.
            inform=sending.inform,
            home_address=visitor.home_address,
            home_domain_address=visitor.home_agent,
            foreign_domain_address=visitor.care_of_address,
            revocation_identifier=identifier,
        )
        sending.identifiers = (*sending.identifiers, identifier)
        notice = RevocationSent(
            role=ROLE,
            home_address=visitor.home_address,
            peer=visitor.home_agent,
            attempt=len(sending.identifiers),
        )
        self._counters["revocation_sent"] += 1
        # RFC 3543 §3.3: from "the address registered with the home agent as the care-of address", to that of the home
        # agent.
        departure = Departure(destination=visitor.home_agent, source=visitor.care_of_address)
        return [Notify(notice), *self._signed(message, visitor.home_agent, departure)]

    def _end(self, sending: _Sending, cause: str) -> Output:
        visitor = sending.visitor
        del self._sending[_key(visitor)]
        notice: Notice = RevocationEnded(
            role=ROLE, home_address=visitor.home_address, peer=visitor.home_agent, cause=cause
        )
        return Notify(notice)

    # -- the home agent's

    def revoked(self, home_address: IPv4Address, home_agent: IPv4Address, now: float) -> Revoked | None:
        """What the home agent has revoked, as long as it would have lasted."""
        found = self._revoked.get((home_address, home_agent))
        return found if found is not None and now < found.visitor.expires_at else None

    def remember(self, visitor: Visitor, *, told: bool) -> None:
        """Keeps what was revoked; the earliest is forgotten when there are too many."""
        self._revoked.pop(_key(visitor), None)
        if len(self._revoked) >= self._surroundings.config.maximum_visitors:
            del self._revoked[next(iter(self._revoked))]
        identifier = visitor.revocation.timestamp if visitor.revocation is not None else 0
        self._revoked[_key(visitor)] = Revoked(visitor=visitor, identifier=identifier, told=told)

    def acknowledgment(self, message: RegistrationRevocation, arrival: Arrival) -> list[Output]:
        """The answer to a revocation of what is remembered."""
        revoked = self._revoked[message.home_address, message.home_domain_address]
        revoked.identifier = message.revocation_identifier
        self._counters["revocation_acknowledged"] += 1
        answer = RevocationAcknowledgment(
            # R3543-4.2.2.2-g: "If notifying the mobile node [...] the foreign agent MUST set the 'I' bit to '1'",
            # R3543-4.2.2.2-h: else to 0. R3543-3.4-b: to 1 only where it was 1. What is reserved is 0.
            inform=revoked.told and message.inform,
            # R3543-4.2.2.2-i: both are copied, and protected by an authenticator.
            home_address=message.home_address,
            revocation_identifier=message.revocation_identifier,
        )
        # RFC 3543 §3.4: addresses and ports are those of the revocation, the other way round.
        departure = Departure(
            destination=arrival.source,
            source=arrival.destination,
            destination_port=arrival.source_port,
            source_port=arrival.destination_port,
        )
        return self._signed(answer, message.home_domain_address, departure)

    def _signed(self, message: Message, home_agent: IPv4Address, departure: Departure) -> list[Output]:
        # R3543-3.3-f, R3543-3.4-e, R3543-4.2.3.1-f, R3543-3.5-a, R3543-6.2-b: "a home-foreign authenticator, if the
        # communication is between home and foreign agents".
        association = self._surroundings.home_agents.first(home_agent)
        if association is None:
            return []
        octets = sign(encode_message(message), ForeignHomeAuthentication, association)
        return [SendMessage(octets=octets, departure=departure)]


def _key(visitor: Visitor) -> _Key:
    return visitor.home_address, visitor.home_agent


def is_later(identifier: int, earlier: int) -> bool:
    """Whether one 32-bit time follows another, right across the wrap of NTP seconds in 2036."""
    return 0 < (identifier - earlier) & 0xFFFFFFFF < 1 << 31
