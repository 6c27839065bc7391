"""A foreign agent's checks of revocations and their acknowledgments; the first answer wins (RFC 3543 §3.5, §4.2.2.2).

Each check returns None (go on) or the reason for which the message is silently discarded.
"""

from collections.abc import Callable

from mobileip.agents.foreign.revoking import Revoked, is_later
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.validity import is_authentic
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import Peer
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.message import Decoded, Message
from mobileip.wire.revocation import RegistrationRevocation


class RevocationCase:
    """A revocation, and what there is of the visitor that it names: one, or one that was revoked before."""

    __slots__ = ("decoded", "message", "revoked", "surroundings", "visitor")

    def __init__(
        self,
        surroundings: Surroundings,
        decoded: Decoded[RegistrationRevocation],
        visitor: Visitor | None,
        revoked: Revoked | None,
    ) -> None:
        self.surroundings = surroundings
        self.decoded = decoded
        self.message = decoded.message
        self.visitor = visitor
        self.revoked = revoked


RevocationCheck = Callable[[RevocationCase], DropReason | None]


def refusal_of_revocation(case: RevocationCase) -> DropReason | None:
    """The answer of the first check that has one; None: the visitor is revoked."""
    return next((refusal for check in REVOCATION_CHECKS if (refusal := check(case)) is not None), None)


def refusal_of_authenticator(
    surroundings: Surroundings, decoded: Decoded[Message], home_agent: Peer
) -> DropReason | None:
    """Whether `home_agent` is proven to have sent `decoded`."""
    # R3543-3.3-g, R3543-4.2.2.2-a: "If any agent [...] receives a registration revocation message that does not contain
    # a valid authenticator, and is not adequately protected, the revocation message MUST be ignored, and silently
    # discarded." R3543-3.5-a: so are acknowledgments.
    if is_authentic(decoded, ForeignHomeAuthentication, surroundings.home_agents, home_agent):
        return None
    is_there = bool(decoded.find(ForeignHomeAuthentication))
    return DropReason.BAD_AUTHENTICATOR if is_there else DropReason.MISSING_AUTHENTICATION


def check_support(case: RevocationCase) -> DropReason | None:
    return None if case.surroundings.config.revocation else DropReason.NOT_FOR_US


def check_authenticator(case: RevocationCase) -> DropReason | None:
    return refusal_of_authenticator(case.surroundings, case.decoded, case.message.home_domain_address)


def check_direction(case: RevocationCase) -> DropReason | None:
    # R3543-3.5-c: "The receiving agent MUST also check that the message is not a reflection of a revocation message it
    # sent": ours have A = 0. R3543-3.5-b.
    return None if case.message.from_home_agent else DropReason.REPLAYED


def check_binding(case: RevocationCase) -> DropReason | None:
    # R3543-4.2.2.2-b: "The foreign agent MUST also identify the binding": "the addresses identified by the mobile node
    # address, the foreign domain address, the home domain address".
    message = case.message
    visitor = case.visitor or (case.revoked.visitor if case.revoked is not None else None)
    is_known = visitor is not None and (visitor.home_agent, visitor.care_of_address) == (
        message.home_domain_address,
        message.foreign_domain_address,
    )
    return None if is_known else DropReason.UNKNOWN_MOBILE_NODE


def check_freshness(case: RevocationCase) -> DropReason | None:
    identifier = case.message.revocation_identifier
    if case.visitor is not None:
        terms = case.visitor.revocation
        # R3543-4.2.2.2-c: "the timestamp of a registration MUST precede the revocation message (note that both of those
        # timestamps were set by the same home agent)". R3543-3.5-g: so no other agent's clock is looked at.
        is_fresh = terms is not None and is_later(identifier, terms.timestamp)
    else:
        # R3543-3.5-d: "If the 'A' bit and Identifier field imply this packet is a replay, the revocation message MUST
        # be silently discarded." What comes again later has a later identifier (§4.2.2.1).
        is_fresh = case.revoked is not None and is_later(identifier, case.revoked.identifier)
    return None if is_fresh else DropReason.REPLAYED


REVOCATION_CHECKS: tuple[RevocationCheck, ...] = (
    check_support,
    check_authenticator,
    check_direction,
    check_binding,
    check_freshness,
)
