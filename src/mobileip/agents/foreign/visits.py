"""What becomes of visitors: they are made, moved and ended, and the forwarding for them follows.

A visitor is never more than what a home agent agreed to: only an accepted Reply makes or moves one.
"""

from collections.abc import Iterator
from math import inf

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.snapshot import PendingRegistration, RevocationTerms, Visitor
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.agents.notices import VisitorAdded, VisitorRemoved
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.model import ForwardingChange, Tunnel, VisitorRoute
from mobileip.wire.registration import INFINITE_LIFETIME, RegistrationReply


class Visits:
    """The visitor list with its consequences. Times are boot time, seconds."""

    def __init__(self, config: ForeignAgentConfig) -> None:
        self._config = config
        self.list = VisitorList()

    def accepted(
        self, pending: PendingRegistration, reply: RegistrationReply, terms: RevocationTerms | None, now: float
    ) -> list[Output]:
        """The home agent has accepted what `pending` asked for."""
        before = self.list.of(reply.home_address)
        if not reply.lifetime:
            # R5944-3.7.3.2-c: a Lifetime of zero: "the foreign agent MUST delete its visitor list entry"; but the
            # registration with another care-of address is none of ours.
            ended = (reply.home_address, before.care_of_address) if before is not None else ()
            return self.end(before, "deregistered") if before and pending.care_of_address in ended else []
        visitor = visitor_of(self._config, pending, reply, terms, now)
        self.list.put(visitor)
        return self._change(before, visitor) + _arrival_notice(before, visitor)

    def end(self, visitor: Visitor, cause: str) -> list[Output]:
        """A visitor is one no more."""
        self.list.remove(visitor.home_address)
        notice = VisitorRemoved(home_address=visitor.home_address, home_agent=visitor.home_agent, cause=cause)
        return [*self._change(visitor, None), Notify(notice)]

    def expire(self, now: float) -> list[Output]:
        """The ends that have come. R5944-3.7-d: without a message to anybody; R5944-3.7-e: nor is anything
        deregistered."""
        return [output for visitor in self.list.expire(now) for output in self.end(visitor, "expired")]

    def routes(self) -> Iterator[VisitorRoute]:
        """What is wished for all of them together."""
        return (route for visitor in self.list if (route := self._route(visitor)) is not None)

    def _change(self, before: Visitor | None, after: Visitor | None) -> list[Output]:
        """The change of forwarding from one state of a visitor to the next."""
        old = self._route(before) if before is not None else None
        new = self._route(after) if after is not None else None
        if new is not None:
            return [ChangeForwarding(ForwardingChange(install=(new,)))]
        return [ChangeForwarding(ForwardingChange(remove=(old.key,)))] if old is not None else []

    def _route(self, visitor: Visitor) -> VisitorRoute | None:
        """None for a visitor with a co-located care-of address: its tunnel ends at itself."""
        care_of_address = self._config.care_of_address
        if visitor.care_of_address != care_of_address:
            return None
        return VisitorRoute(
            home_address=visitor.home_address,
            tunnel=Tunnel(local=care_of_address, remote=visitor.home_agent),
            interface=visitor.interface,
            link_address=visitor.link_address,
            expires_at=visitor.expires_at,
        )


def visitor_of(
    config: ForeignAgentConfig,
    pending: PendingRegistration,
    reply: RegistrationReply,
    terms: RevocationTerms | None,
    now: float,
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
