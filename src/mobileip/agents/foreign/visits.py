"""What becomes of visitors: they are made, moved and ended, and the forwarding for them follows.

A visitor is never more than what a home agent agreed to: only an accepted Reply makes or moves one.
"""

from collections.abc import Iterator
from math import inf

import msgspec

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.keepalives import Keepalives
from mobileip.agents.foreign.snapshot import PendingRegistration, RevocationTerms, Visitor
from mobileip.agents.foreign.tunnels import Grant, VisitorWish, wishes_of
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.agents.notices import VisitorAdded, VisitorRemoved
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.model import ForwardingChange
from mobileip.wire.registration import INFINITE_LIFETIME, RegistrationReply

NOTHING_GRANTED = Grant()
STILL_SERVED = 1.0
"""Seconds for which a former registration has to last yet: longer than a change of forwarding takes."""


class Visits:
    """The visitor list with its consequences. Times are boot time, seconds."""

    def __init__(self, config: ForeignAgentConfig) -> None:
        self._config = config
        self.list = VisitorList()
        self.keepalives = Keepalives()

    def accepted(
        self,
        pending: PendingRegistration,
        reply: RegistrationReply,
        terms: RevocationTerms | None,
        now: float,
        grant: Grant = NOTHING_GRANTED,
    ) -> list[Output]:
        """The home agent has accepted what `pending` asked for."""
        if not reply.lifetime:
            before = self.list.of(reply.home_address, reply.home_agent)
            # R5944-3.7.3.2-c: a Lifetime of zero: "the foreign agent MUST delete its visitor list entry"; but the
            # registration with another care-of address is none of ours.
            ended = (reply.home_address, before.care_of_address) if before is not None else ()
            return self.end(before, "deregistered") if before and pending.care_of_address in ended else []
        if self._is_known(pending, reply):
            return []
        replaced = self.list.replaced_by(pending, reply.home_address)
        for each in replaced:
            self._remove(each)
        # R3024-A.4-g: "foreign agents MUST disambiguate among mobile node with conflicting private addresses by using
        # link-layer information". It keeps the number by which they are known for as long as it stays.
        realm = replaced[0].realm if replaced else self.list.free_realm(reply.home_address, reply.home_agent, now)
        visitor = visitor_of(self._config, pending, reply, terms, now, grant=grant, realm=realm)
        self.list.put(visitor)
        self.keepalives.put(visitor, now)
        return self._change(replaced, visitor) + _arrival_notice(replaced[0] if replaced else None, visitor)

    def _is_known(self, pending: PendingRegistration, reply: RegistrationReply) -> bool:
        """Whether that is the registration by which the visitor is here, answered once more: its home agent counts the
        lifetime from the first time on, and who kept a Request and its Reply prolongs and moves nobody by them."""
        visitor = self.list.of(reply.home_address, reply.home_agent)
        return (
            visitor is not None
            and visitor.care_of_address == pending.care_of_address
            and visitor.identification == pending.identification
        )

    def end(self, visitor: Visitor, cause: str) -> list[Output]:
        """A visitor is one no more."""
        self._remove(visitor)
        notice = VisitorRemoved(home_address=visitor.home_address, home_agent=visitor.home_agent, cause=cause)
        return [*self._change([visitor], None), Notify(notice)]

    def expire(self, now: float) -> list[Output]:
        """The ends that have come. R5944-3.7-d: without a message to anybody; R5944-3.7-e: nor is anything
        deregistered."""
        return [output for visitor in self.list.expire(now) for output in self.end(visitor, "expired")]

    def wishes(self) -> Iterator[VisitorWish]:
        """What is wished for all of them together."""
        return (wish for visitor in self.list for wish in wishes_of(visitor, self._config))

    def _remove(self, visitor: Visitor) -> None:
        self.list.remove(visitor)
        self.keepalives.remove(visitor)

    def _change(self, before: list[Visitor], after: Visitor | None) -> list[Output]:
        """The change of forwarding from one state of a visitor to the next."""
        wanted = wishes_of(after, self._config) if after is not None else ()
        kept = {wish.key for wish in wanted}
        gone = {wish.key for visitor in before for wish in wishes_of(visitor, self._config)} - kept
        if not wanted and not gone:
            return []
        return [ChangeForwarding(ForwardingChange(install=wanted, remove=tuple(sorted(gone))))]


def is_served_alike(before: Visitor, after: Visitor, config: ForeignAgentConfig, now: float) -> bool:
    """Whether its packets go the same way before and after, until the former end at least: who renews, or is back, need
    not wait for us. `now`: boot time, seconds."""
    lasting = msgspec.structs.replace(before, expires_at=after.expires_at)
    return now + STILL_SERVED < before.expires_at and wishes_of(lasting, config) == wishes_of(after, config)


def visitor_of(
    config: ForeignAgentConfig,
    pending: PendingRegistration,
    reply: RegistrationReply,
    terms: RevocationTerms | None,
    now: float,
    *,
    grant: Grant = NOTHING_GRANTED,
    realm: int = 0,
) -> Visitor:
    """The visitor that an acceptance makes."""
    # R5944-3.4-c, R5944-3.4-d: the lesser of what was asked for and what was granted; R5944-3.7.3.2-b: and no more than
    # "the foreign agent's own maximum value".
    lifetime = min(reply.lifetime, pending.requested_lifetime, config.registration_lifetime)
    # R5944-3.7.3.2-i: "the foreign agent considers this lifetime to begin when it forwards the Registration Reply".
    expires_at = inf if lifetime == INFINITE_LIFETIME else now + lifetime
    # R5944-3.7.1-b: what is to be kept of a registration.
    return Visitor(
        home_address=reply.home_address,
        home_agent=reply.home_agent,
        care_of_address=pending.care_of_address,
        interface=pending.interface,
        link_address=pending.link_address,
        udp_port=pending.udp_port,
        source=pending.source,
        destination=pending.destination,
        requested_lifetime=pending.requested_lifetime,
        lifetime=lifetime,
        requested_at=pending.received_at,
        registered_at=now,
        expires_at=expires_at,
        identification=pending.identification,
        nai=pending.nai,
        revocation=terms,
        encapsulation=pending.encapsulation,
        received_key=pending.received_key,
        sent_key=grant.sent_key,
        udp_tunnel=grant.udp_tunnel,
        keepalive_interval=grant.keepalive_interval,
        # R3024-4.2.2-b: it "MUST update its visitor list, including indication that this mobile node has been granted a
        # reverse tunnel and the delivery style expected".
        reverse_tunnel=pending.reverse_tunnel,
        delivery=pending.delivery,
        agent_address=grant.agent_address,
        realm=realm,
    )


def _arrival_notice(before: Visitor | None, visitor: Visitor) -> list[Output]:
    """A visitor that is new or came by another way; renewals are no news."""
    if before is not None and (before.home_agent, before.interface, before.link_address) == (
        visitor.home_agent,
        visitor.interface,
        visitor.link_address,
    ):
        return []
    added = VisitorAdded(
        home_address=visitor.home_address,
        home_agent=visitor.home_agent,
        interface=visitor.interface,
        lifetime=visitor.lifetime,
    )
    return [Notify(added)]
