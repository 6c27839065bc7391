"""Registration revocation (RFC 3543) at a foreign agent: what a revocation, its acknowledgment or an operator's command
does to visitors, and who is told.

A mobile node is told by an advertisement to it alone that begins to count at 0: it registers again, here or elsewhere.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.foreign.revocation_validity import (
    RevocationCase,
    refusal_of_authenticator,
    refusal_of_revocation,
)
from mobileip.agents.foreign.revoking import Revocations
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.visits import Visits
from mobileip.agents.instant import Instant
from mobileip.agents.outputs import Output
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.message import Decoded
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

TellReset = Callable[[str, IPv4Address, bytes], list[Output]]
"""Interface, home address and link-layer address of a node -> the advertisement that begins to count anew for it."""


class Revocation:
    """What is done; `tell_reset` is the node's."""

    def __init__(self, surroundings: Surroundings, visits: Visits, revocations: Revocations) -> None:
        self._surroundings = surroundings
        self._visits = visits
        self._revocations = revocations
        self.tell_reset: TellReset = _tell_nobody

    def received(
        self, decoded: Decoded[RegistrationRevocation], arrival: Arrival, now: Instant
    ) -> list[Output] | DropReason:
        """The home agent's revocation; or why it is discarded."""
        message = decoded.message
        names = message.home_address, message.home_domain_address
        visitor = self._visits.list.of(*names)
        earlier = self._revocations.revoked(*names, now.boot)
        refusal = refusal_of_revocation(RevocationCase(self._surroundings, decoded, visitor, earlier))
        if refusal is not None:
            return refusal
        outputs: list[Output] = []
        told: list[Output] = []
        if visitor is not None:
            # R3543-4.2.2.2-d: "Upon locating the binding, the foreign agent MUST revoke it".
            outputs += self._visits.end(visitor, "revoked")
            is_agreed = visitor.revocation is not None and visitor.revocation.inform
            # R3543-4.2.2.2-f: "If the 'I' bit was negotiated, the foreign agent MUST check the value of the 'I' bit in
            # the revocation message and act accordingly"; R3543-3.3-d: 0 asks us not to tell. Else we do.
            if message.inform or not is_agreed:
                told = self._tell(visitor)
            self._revocations.remember(visitor, told=bool(told))
        # R3543-4.2.2.2-e, R3543-3.4-d: it "MUST respond with a revocation acknowledgment sent to the source address of
        # the revocation message".
        outputs += self._revocations.acknowledgment(message, arrival)
        return outputs + told

    def acknowledged(self, decoded: Decoded[RevocationAcknowledgment], arrival: Arrival) -> list[Output] | DropReason:
        """The home agent's answer to one of ours; or why it is discarded."""
        visitor = self._revocations.sent_for(decoded.message, arrival.source)
        if visitor is None:
            return DropReason.UNEXPECTED_REPLY
        refusal = refusal_of_authenticator(self._surroundings, decoded, visitor.home_agent)
        if refusal is not None:
            return refusal
        outputs, tell = self._revocations.acknowledged(decoded.message, visitor)
        return [*outputs, *(self._tell(visitor) if tell else [])]

    def commanded(self, home_address: IPv4Address, now: Instant) -> list[Output]:
        """An operator wants a visitor gone: whoever has that home address."""
        return [
            output for visitor in self._visits.list.sharing(home_address) for output in self._commanded(visitor, now)
        ]

    def _commanded(self, visitor: Visitor, now: Instant) -> list[Output]:
        outputs = self._visits.end(visitor, "revoked")
        terms = visitor.revocation
        # R3543-4.2.3.1-a: where the I bit was agreed on, "the foreign agent MUST NOT inform any mobile node of its
        # revocation at this time": the home agent's answer says whether.
        if terms is None or not terms.inform:
            outputs += self._tell(visitor)
        if terms is not None:
            self._revocations.remember(visitor, told=False)
            outputs += self._revocations.begin(visitor, now, inform=terms.inform)
        return outputs

    def _tell(self, visitor: Visitor) -> list[Output]:
        return self.tell_reset(visitor.interface, visitor.home_address, visitor.link_address)


def _tell_nobody(_interface: str, _home_address: IPv4Address, _link_address: bytes) -> list[Output]:
    return []
