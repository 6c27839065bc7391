"""A foreign agent's checks of Registration Requests and Replies, in the RFC's order; the first answer wins
(RFC 5944 §3.7.1, §3.7.2, §3.7.2.1, §3.7.2.3; §3.7.3.1).

Each check returns None (go on), a `ReplyCode` (the mobile node is denied) or a `DropReason` (silently
discarded). Checks change nothing; the foreign agent's answer is as unauthenticated as the order in which it
looked, so nothing is lost by looking at cheap things first, as the RFC does.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.events import Arrival
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.relaying import covered_length
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import Associations, Peer
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
)
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

Refusal = ReplyCode | DropReason

ACCEPTED = (ReplyCode.ACCEPTED, ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED)

_UNSPECIFIED = IPv4Address(0)
_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


class RequestCase:
    """A Request, who sent it, and what there is already. `pending` is the entry that it would become."""

    __slots__ = ("decoded", "pending", "registrations", "request", "surroundings", "visitors")

    def __init__(
        self,
        surroundings: Surroundings,
        visitors: VisitorList,
        registrations: PendingRegistrations,
        decoded: Decoded[RegistrationRequest],
        pending: PendingRegistration,
    ) -> None:
        self.surroundings = surroundings
        self.visitors = visitors
        self.registrations = registrations
        self.decoded = decoded
        self.request = decoded.message
        self.pending = pending


class ReplyCase:
    """A Reply, where it came from, and the pending Request that it answers."""

    __slots__ = ("arrival", "decoded", "pending", "reply", "surroundings")

    def __init__(
        self,
        surroundings: Surroundings,
        decoded: Decoded[RegistrationReply],
        arrival: Arrival,
        pending: PendingRegistration,
    ) -> None:
        self.surroundings = surroundings
        self.decoded = decoded
        self.reply = decoded.message
        self.arrival = arrival
        self.pending = pending


RequestCheck = Callable[[RequestCase], Refusal | None]
ReplyCheck = Callable[[ReplyCase], Refusal | None]


def refusal_of_request(case: RequestCase) -> Refusal | None:
    """The answer of the first check that has one; None: the Request is to be relayed."""
    return next((refusal for check in REQUEST_CHECKS if (refusal := check(case)) is not None), None)


def refusal_of_reply(case: ReplyCase) -> Refusal | None:
    """The answer of the first check that has one; None: the Reply is to be relayed."""
    return next((refusal for check in REPLY_CHECKS if (refusal := check(case)) is not None), None)


# -- Requests: what this foreign agent can handle at all (§3.7.1, §3.7.2)


def check_home_address(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.1: "if the foreign agent cannot manage pending Registration Request records with such a
    # zero Home Address for the mobile node, the foreign agent MUST return a Registration Reply with a code
    # indicating NONZERO_HOMEADDR_REQD".
    home_address = case.request.home_address
    if home_address == _UNSPECIFIED:
        return ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED
    if home_address.is_multicast or home_address.is_loopback or home_address == _LIMITED_BROADCAST:
        return ReplyCode.FA_POORLY_FORMED_REQUEST
    # A visitor with an address of ours would be between us and our own packets.
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if case.surroundings.is_own(home_address) else None


def check_home_agent(case: RequestCase) -> Refusal | None:
    home_agent = case.request.home_agent
    if home_agent in (_UNSPECIFIED, _LIMITED_BROADCAST):
        # RFC 4433 §5.2: a foreign agent that has no home agent to offer rejects with NONZERO-HA-REQD.
        return ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED
    # RFC 5944 §3.7.2: with a Home Agent address of our own "the foreign agent MUST NOT forward the Request
    # again"; "if the foreign agent does not serve the mobile node as a home agent, the foreign agent rejects
    # the Registration Request with Code 194". Where a home agent lives in this node, we relay to that.
    is_foreign = not case.surroundings.is_own(home_agent)
    if home_agent in case.surroundings.own_home_agents or (
        is_foreign and not home_agent.is_multicast and not home_agent.is_loopback
    ):
        return None
    return ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS


# -- Requests: §3.7.2.1


def check_reserved_bits(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.2.1: "Requests with non-zero bits in reserved fields MUST be rejected with Code 70"; §3.3
    # says of the only two that they are "ignored on reception". Ignored by default: old nodes set r (V).
    request = case.request
    if case.surroundings.config.strict_reserved_bits and (request.reserved_r or request.reserved_x):
        return ReplyCode.FA_POORLY_FORMED_REQUEST
    return None


def check_care_of_address(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.2.1: "Requests with the 'D' bit set to 0, nonzero Lifetime, and specifying a care-of
    # address not offered by the foreign agent, MUST be rejected with Code 77".
    request = case.request
    is_offered = request.care_of_address == case.surroundings.config.care_of_address
    if not request.decapsulation_by_mobile_node and request.lifetime and not is_offered:
        return ReplyCode.FA_INVALID_CARE_OF_ADDRESS
    return None


def check_mobile_foreign_authentication(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.2.1: "If the foreign agent and the mobile node share a Mobility Security Association,
    # exactly one Mobile-Foreign Authentication Extension MUST be present in the Registration Request, and the
    # foreign agent MUST check the Authenticator value"; else it "MUST silently discard the Request" and
    # "SHOULD send a Registration Reply to the mobile node with Code 67": it is not relayed, but answered.
    mobile_nodes, home_address = case.surroundings.mobile_nodes, case.request.home_address
    if home_address not in mobile_nodes:
        return None
    if _is_authentic(case.decoded, MobileForeignAuthentication, mobile_nodes, home_address):
        return None
    return ReplyCode.FA_MOBILE_NODE_FAILED_AUTHENTICATION


def check_authorization_present(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7: the foreign agent relays "well-formed" Requests. One without an authorization-enabling
    # extension is discarded by every home agent (§3.8.2.1 a) and would only keep an entry busy here.
    return None if covered_length(case.decoded) is not None else ReplyCode.FA_POORLY_FORMED_REQUEST


# -- Requests: what is asked for (§3.7.2.3, §3.7.1)


def check_lifetime(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.2.3: too long a Lifetime: the agent "sets the Lifetime in the Reply to the maximum Lifetime
    # value it is willing to accept in any Registration Request, and sets the Code field to 69".
    is_too_long = case.request.lifetime > case.surroundings.config.registration_lifetime
    return ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG if is_too_long else None


def check_encapsulation(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.4: code 72, "requested encapsulation unavailable". IP-in-IP is what we have; a mobile node
    # that decapsulates itself, or deregisters, asks nothing of us.
    is_asked = case.request.minimal_encapsulation or case.request.gre_encapsulation
    return ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE if is_asked and _wants_tunnel(case) else None


def check_reverse_tunnel(case: RequestCase) -> Refusal | None:
    # RFC 3024 §3.4: code 74, "requested reverse tunnel unavailable". Reverse tunnels are not built yet.
    is_asked = case.request.reverse_tunneling
    return ReplyCode.FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE if is_asked and _wants_tunnel(case) else None


# -- Requests: what would take something from others. None of it is in the RFC's list.


def check_not_copied(case: RequestCase) -> Refusal | None:
    """A Request that another link-layer address has sent before: its Reply would move a visitor to whoever
    copied the frame, since the home agent can't tell the two apart."""
    mine = case.pending
    pending = case.registrations.find(mine.home_address, mine.identification)
    if pending is not None and pending.link_address != mine.link_address:
        return DropReason.REPLAYED
    visitor = case.visitors.of(mine.home_address)
    if visitor is None or visitor.link_address == mine.link_address:
        return None
    is_copy = (visitor.identification, visitor.home_agent) == (mine.identification, mine.home_agent)
    return DropReason.REPLAYED if is_copy else None


def check_home_address_is_free(case: RequestCase) -> Refusal | None:
    """A visitor's home address, asked for by another node with another home agent, which may be its own:
    what that one accepts says nothing about the visitor."""
    mine = case.pending
    visitor = case.visitors.of(mine.home_address)
    if visitor is None or visitor.link_address == mine.link_address or visitor.home_agent == mine.home_agent:
        return None
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED


# -- Requests: resources (§3.7.1)


def check_visitors(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.4: code 66, "insufficient resources". Those who are visitors already stay welcome.
    is_full = len(case.visitors) >= case.surroundings.config.maximum_visitors
    is_further = case.request.lifetime and case.visitors.of(case.request.home_address) is None
    return ReplyCode.FA_INSUFFICIENT_RESOURCES if is_full and is_further else None


def check_pending(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.7.1: a maximum number of pending registrations; "Additional registrations SHOULD then be
    # rejected by the foreign agent with Code 66."
    has_room = case.registrations.has_room_for(case.pending)
    return None if has_room else ReplyCode.FA_INSUFFICIENT_RESOURCES


REQUEST_CHECKS: tuple[RequestCheck, ...] = (
    check_home_address,
    check_home_agent,
    check_reserved_bits,
    check_care_of_address,
    check_mobile_foreign_authentication,
    check_authorization_present,
    check_lifetime,
    check_encapsulation,
    check_reverse_tunnel,
    check_not_copied,
    check_home_address_is_free,
    check_visitors,
    check_pending,
)


# -- Replies: §3.7.3.1


def check_sender(case: ReplyCase) -> Refusal | None:
    """From the home agent that was asked. Its name inside is enough only where a key proves it."""
    if case.arrival.source == case.pending.home_agent:
        return None
    # RFC 5944 §3.6.1.1: the home network's subnet-directed broadcast address "MAY be used as the home agent address in
    # the body of the Registration Request when registering via a foreign agent"; §3.8.2.1: whoever is home agent there
    # denies with Code 136 and tells its own address, from which that comes.
    if case.reply.code == ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS and case.arrival.source == case.reply.home_agent:
        return None
    is_proved = (
        case.reply.home_agent == case.pending.home_agent
        and case.pending.home_agent in case.surroundings.home_agents
        and bool(case.decoded.find(ForeignHomeAuthentication))
    )
    return None if is_proved else DropReason.UNEXPECTED_REPLY


def check_foreign_home_authentication(case: ReplyCase) -> Refusal | None:
    # RFC 5944 §3.7.3.1: "If the foreign agent and the home agent share a Mobility Security Association, exactly
    # one Foreign-Home Authentication Extension MUST be present in the Registration Reply, and the foreign agent
    # MUST check the Authenticator value"; else it "MUST silently discard the Reply" and "SHOULD send a
    # Registration Reply to the mobile node with Code 68": it is not relayed, but answered.
    home_agents, home_agent = case.surroundings.home_agents, case.pending.home_agent
    if home_agent not in home_agents:
        return None
    # RFC 5944 §3.5.4: it is not applied to deregistrations, and §3.7.1 asks for it only in Replies with a
    # nonzero Lifetime, which in a denial means nothing. So what was asked for decides; one that is there is
    # checked.
    if case.pending.requested_lifetime == 0 and not case.decoded.find(ForeignHomeAuthentication):
        return None
    if _is_authentic(case.decoded, ForeignHomeAuthentication, home_agents, home_agent):
        return None
    return ReplyCode.FA_HOME_AGENT_FAILED_AUTHENTICATION


def check_form(case: ReplyCase) -> Refusal | None:
    # RFC 5944 §3.4: code 71, "poorly formed Reply". §3.8.3.3: a home agent's Reply always has a Mobile-Home
    # Authentication Extension, else the mobile node discards it (§3.6.2.1).
    reply, pending = case.reply, case.pending
    is_signed = covered_length(case.decoded) is not None
    # An acceptance by another home agent, or of another thing, is none that we could act on.
    is_answer = reply.code not in ACCEPTED or (
        reply.home_agent == pending.home_agent and not (reply.lifetime and not pending.requested_lifetime)
    )
    return None if is_signed and is_answer else ReplyCode.FA_POORLY_FORMED_REPLY


REPLY_CHECKS: tuple[ReplyCheck, ...] = (check_sender, check_foreign_home_authentication, check_form)


# -- common to several checks


def _wants_tunnel(case: RequestCase) -> bool:
    return bool(case.request.lifetime) and not case.request.decapsulation_by_mobile_node


def _is_authentic(
    decoded: Decoded[Message], kind: type[AuthenticationExtension], associations: Associations, peer: Peer
) -> bool:
    """Whether there is exactly one extension of `kind`, and it is right by an association with `peer`."""
    found = decoded.find(kind)
    if len(found) != 1:
        return False
    offset, extension = found[0]
    association = associations.find(peer, extension.spi)
    return association is not None and verify(decoded, offset, extension, association)
