"""A foreign agent's checks of Registration Replies; the first answer wins (RFC 5944 §3.7.3.1).

Each check returns None (go on), a `ReplyCode` (what the home agent said is not honoured, and the mobile node is told)
or a `DropReason` (silently discarded).
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.foreign.config import GreKeyForm
from mobileip.agents.foreign.relaying import covered_length, nai_of
from mobileip.agents.foreign.snapshot import PendingRegistration, RevocationTerms
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.validity import (
    Refusal,
    has_critical_vendor_extension,
    has_room_for,
    is_authentic,
    is_host,
    is_others,
)
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply

ACCEPTED = (ReplyCode.ACCEPTED, ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED)

_UNSPECIFIED = IPv4Address(0)


class ReplyCase:
    """A Reply, where it came from, and the pending Request that it answers."""

    __slots__ = ("arrival", "decoded", "pending", "reply", "surroundings", "visitors")

    def __init__(
        self,
        surroundings: Surroundings,
        visitors: VisitorList,
        decoded: Decoded[RegistrationReply],
        arrival: Arrival,
        pending: PendingRegistration,
    ) -> None:
        self.surroundings = surroundings
        self.visitors = visitors
        self.decoded = decoded
        self.reply = decoded.message
        self.arrival = arrival
        self.pending = pending

    @property
    def is_acceptance(self) -> bool:
        return self.reply.code in ACCEPTED

    @property
    def bears_proof(self) -> bool:
        """Whether an authenticator of the home agent is there that was right, once the checks have passed it."""
        is_shared = self.pending.relayed_to in self.surroundings.home_agents
        return is_shared and bool(self.decoded.find(ForeignHomeAuthentication))

    @property
    def may_move_visitors(self) -> bool:
        """False where the home agent could have proved itself, had it been asked for (§3.5.4), and did not: then the
        visitor is only changed for who has its link-layer address."""
        changed = self.visitors.replaced_by(self.pending, self.reply.home_address)
        is_from_the_visitor = all(visitor.link_address == self.pending.link_address for visitor in changed)
        is_provable = self.pending.relayed_to in self.surroundings.home_agents
        return self.bears_proof or not is_provable or is_from_the_visitor

    def revocation_terms(self) -> RevocationTerms | None:
        """What the home agent answered to our offer to be told of revocations."""
        # R3543-4.2.1-b: where the Reply "does not contain a revocation support extension, the foreign agent SHOULD
        # assume the home agent does not understand registration revocation, or is unwilling to participate".
        found = self.decoded.find(RevocationSupport) if self.pending.offers_revocation else []
        if not found:
            return None
        # R3543-3.2-f: the reserved bits are not looked at.
        extension = found[-1][1]
        return RevocationTerms(timestamp=extension.timestamp, inform=extension.inform)


ReplyCheck = Callable[[ReplyCase], Refusal | None]


def refusal_of_reply(case: ReplyCase) -> Refusal | None:
    """The answer of the first check that has one; None: the Reply is to be relayed."""
    return next((refusal for check in REPLY_CHECKS if (refusal := check(case)) is not None), None)


# -- whose Reply it is


def check_sender(case: ReplyCase) -> Refusal | None:
    """From the home agent that was asked. Its name inside is enough only where a key proves it."""
    home_agent = case.pending.relayed_to
    if case.arrival.source == home_agent:
        return None
    # RFC 5944 §3.6.1.1: the home network's subnet-directed broadcast address "MAY be used as the home agent address in
    # the body of the Registration Request when registering via a foreign agent"; §3.8.2.1: whoever is home agent there
    # denies with Code 136 and tells its own address, from which that comes.
    if case.reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS and case.arrival.source == case.reply.home_agent:
        return None
    is_named = case.reply.home_agent == home_agent
    return None if is_named and case.bears_proof else DropReason.UNEXPECTED_REPLY


def check_foreign_home_authentication(case: ReplyCase) -> Refusal | None:
    home_agents, home_agent = case.surroundings.home_agents, case.pending.relayed_to
    if home_agent not in home_agents:
        return None
    # RFC 5944 §3.5.4: deregistrations, and care-of addresses that are not ours, go without authenticator, and so do
    # their Replies. One that is there is checked. (R5944-3.7.1-h asks for it in Replies with a nonzero Lifetime, which
    # in a denial means nothing; so what was asked for decides.)
    if not case.pending.home_agent_signs and not case.decoded.find(ForeignHomeAuthentication):
        return None
    # R5944-3.7.3.1-f, R5944-3.7.3.1-g: "If the foreign agent and the home agent share a Mobility Security Association,
    # exactly one Foreign-Home Authentication Extension MUST be present in the Registration Reply, and the foreign
    # agent MUST check the Authenticator value"; R5944-3.7.1-h, R3344-3.7.1-b. R5944-3.7.3.1-h, R5944-3.7.3.1-j,
    # R5944-3.7.3.1-k: else it "MUST silently discard the Reply", "MUST reject the mobile node's registration" and
    # "SHOULD send a Registration Reply to the mobile node with Code 68".
    if is_authentic(case.decoded, ForeignHomeAuthentication, home_agents, home_agent):
        return None
    return ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION


def check_revocation_support(case: ReplyCase) -> Refusal | None:
    # R3543-3.2-k: who does not understand the extension skips it.
    if not case.surroundings.config.revocation:
        return None
    signatures = case.decoded.find(ForeignHomeAuthentication) if case.bears_proof else []
    end = signatures[0][0] if signatures else covered_length(case.decoded) or 0
    # R3543-3.2-h: "If the extension [...] is NOT protected, the appropriate action as described by [1] (Sections
    # 3.8.2.1. and Sections 3.7.3.1.) MUST be taken."
    is_unprotected = any(offset >= end for offset, _ in case.decoded.find(RevocationSupport))
    return ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION if is_unprotected else None


# -- what it says


def check_names(case: ReplyCase) -> Refusal | None:
    """Who asked by name is accepted by name. Denials may lack what only an acceptance gives."""
    if case.pending.nai is None or not case.is_acceptance:
        return None
    # R2794-3-d: "If the mobile node includes the Mobile Node NAI extension in its Registration Request, then the
    # Registration Reply from the home agent MUST include the Mobile Node NAI extension. If not, the foreign agent
    # SHOULD send the Registration Reply to the mobile node, changing the Code to the value MISSING_NAI".
    if nai_of(case.decoded) != case.pending.nai:
        return ReplyCode.FA_MISSING_NAI
    # R2794-3-f: it "MUST include a nonzero Home Agent address and mobile node's Home Address. If not, the foreign agent
    # SHOULD send [...] MISSING_HOME_AGENT or MISSING_HOMEADDR, respectively".
    if case.reply.home_agent == _UNSPECIFIED:
        return ReplyCode.FA_MISSING_HOME_AGENT
    return ReplyCode.FA_MISSING_HOME_ADDRESS if case.reply.home_address == _UNSPECIFIED else None


def check_form(case: ReplyCase) -> Refusal | None:
    # RFC 5944 §3.4: code 71, "poorly formed Reply". §3.8.3.3: a home agent's Reply always has a Mobile-Home
    # Authentication Extension, else the mobile node discards it (§3.6.2.1).
    reply, pending = case.reply, case.pending
    is_signed = covered_length(case.decoded) is not None
    # An acceptance by another home agent, or of another thing, is none that we could act on.
    is_answer = not case.is_acceptance or (
        reply.home_agent == pending.relayed_to and not (reply.lifetime and not pending.requested_lifetime)
    )
    return None if is_signed and is_answer else ReplyCode.FA_POORLY_FORMED_REPLY


def check_critical_vendor_extensions(case: ReplyCase) -> Refusal | None:
    # We know one, of home agents that we tell GRE keys by it.
    form = case.surroundings.key_form(case.pending.relayed_to)
    is_there = has_critical_vendor_extension(case.decoded, knows_keys=form is GreKeyForm.THREE_GPP2)
    # R3115-2.3-d: "If the Mobile IP entity is a transit node for the reply [...] a registration reject (or the
    # appropriate deny message) MUST be sent": "FA when it receives an unknown CVSE in a registration reply from the HA,
    # should send a registration reject to the MN."
    return ReplyCode.FA_UNKNOWN_CVSE_FROM_HOME_AGENT if is_there else None


# -- what we would have to do for it


def check_assigned_address(case: ReplyCase) -> Refusal | None:
    """A home address that the Request did not name: the same is asked of it as of those that are named."""
    home_address = case.reply.home_address
    if not case.is_acceptance or case.pending.home_address != _UNSPECIFIED:
        return None
    if not is_host(home_address):
        return ReplyCode.FA_POORLY_FORMED_REPLY
    # Who shares an association with us has to prove itself in its Request, and so has to name itself.
    is_ours = case.surroundings.is_own(home_address) or home_address in case.surroundings.mobile_nodes
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if is_ours else None


def check_home_address_is_free(case: ReplyCase) -> Refusal | None:
    """It may have become another visitor's while the Request was under way."""
    is_further = case.is_acceptance and case.reply.lifetime > 0
    is_taken = is_further and is_others(case.visitors, case.pending, case.reply.home_address)
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if is_taken else None


def check_room(case: ReplyCase) -> Refusal | None:
    # RFC 4636 §4: 66, "insufficient resources": more Requests may be relayed than there is room for visitors.
    makes_visitor = case.is_acceptance and case.reply.lifetime > 0
    has_room = not makes_visitor or has_room_for(
        case.visitors, case.pending, case.reply.home_address, case.surroundings.config.maximum_visitors
    )
    return None if has_room else ReplyCode.FA_INSUFFICIENT_RESOURCES


REPLY_CHECKS: tuple[ReplyCheck, ...] = (
    check_sender,
    check_foreign_home_authentication,
    check_revocation_support,
    check_names,
    check_form,
    check_critical_vendor_extensions,
    check_assigned_address,
    check_home_address_is_free,
    check_room,
)
