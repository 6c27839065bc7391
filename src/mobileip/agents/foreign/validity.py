"""A foreign agent's checks of Registration Requests, in the RFC's order; the first answer wins (RFC 5944 §3.7.1,
§3.7.2, §3.7.2.1, §3.7.2.3).

Each check returns None (go on), a `ReplyCode` (the mobile node is denied) or a `DropReason` (silently
discarded). Checks change nothing; the foreign agent's answer is as unauthenticated as the order in which it
looked, so nothing is lost by looking at cheap things first, as the RFC does.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from mobileip.agents.foreign.config import ReverseTunnels
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.relaying import covered_length
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import ANY_HOME_AGENT, LIMITED_BROADCAST, Surroundings
from mobileip.agents.foreign.visitors import MOST_REALMS, VisitorList
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import Associations, Peer
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import AuthenticationExtension, MobileForeignAuthentication
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.gre_key_3gpp2 import is_gre_key
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationRequest
from mobileip.wire.subtypes import DynamicHomeAgentSubtype

Refusal = ReplyCode | DropReason

NEIGHBOURS_TTL = 255
"""Nobody beyond a router can send a packet that arrives with it (RFC 3024 §6.1)."""
PRIVATE = tuple(IPv4Network(prefix) for prefix in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918 §3, which is what RFC 3024 §A.4 means."""
_UNSPECIFIED = IPv4Address(0)


class RequestCase:
    """A Request, who sent it, and what there is already. `pending` is the entry that it would become."""

    __slots__ = ("decoded", "pending", "registrations", "request", "surroundings", "ttl", "visitors")

    def __init__(
        self,
        surroundings: Surroundings,
        visitors: VisitorList,
        registrations: PendingRegistrations,
        decoded: Decoded[RegistrationRequest],
        pending: PendingRegistration,
        *,
        ttl: int = NEIGHBOURS_TTL,
    ) -> None:
        self.surroundings = surroundings
        self.ttl = ttl
        self.visitors = visitors
        self.registrations = registrations
        self.decoded = decoded
        self.request = decoded.message
        self.pending = pending


RequestCheck = Callable[[RequestCase], Refusal | None]


def refusal_of_request(case: RequestCase) -> Refusal | None:
    """The answer of the first check that has one; None: the Request is to be relayed."""
    return next((refusal for check in REQUEST_CHECKS if (refusal := check(case)) is not None), None)


def requested_home_agent(decoded: Decoded[RegistrationRequest]) -> IPv4Address | None:
    """What the Requested Home Agent extension names, if there is one (RFC 4433 §3.4.1)."""
    found = [e for _, e in decoded.find(DynamicHomeAgent) if e.subtype == DynamicHomeAgentSubtype.REQUESTED]
    return found[0].home_agent if found else None


# -- Requests: what this foreign agent can handle at all (§3.7.1, §3.7.2)


def check_home_address(case: RequestCase) -> Refusal | None:
    home_address = case.request.home_address
    if home_address == _UNSPECIFIED:
        # R5944-3.7.1-d: "if the foreign agent cannot manage pending Registration Request records with such a zero Home
        # Address for the mobile node, the foreign agent MUST return a Registration Reply with a code indicating
        # NONZERO_HOMEADDR_REQD". R2794-3-b, R3344-3.7.1-a: by the NAI we can. R5944-3.7.1-c.
        is_manageable = case.pending.nai is not None and case.surroundings.config.nai_registrations
        return None if is_manageable else ReplyCode.FA_NONZERO_HOME_ADDRESS_REQUIRED
    if not is_host(home_address):
        return ReplyCode.FA_POORLY_FORMED_REQUEST
    # A visitor with an address of ours would be between us and our own packets.
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if case.surroundings.is_own(home_address) else None


def check_home_agent(case: RequestCase) -> Refusal | None:
    home_agent = case.pending.relayed_to
    # R4433-5.2-c, R4433-6-a: "If the HA address in this extension is not a routable unicast address, the FA MUST reject
    # the request with error code NONZERO-HA-REQD."
    if requested_home_agent(case.decoded) is not None and not is_host(home_agent):
        return ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED
    # R4433-5.2-a: "If the FA cannot obtain the Requested HA to which to forward a Registration Request from the MN, it
    # MUST reject request with error code NONZERO-HA-REQD."
    if home_agent in ANY_HOME_AGENT:
        return ReplyCode.FA_NONZERO_HOME_AGENT_REQUIRED
    # Where a home agent lives in this node, we relay to that, and it proceeds as in §3.8.2.
    if home_agent in case.surroundings.own_home_agents:
        return None
    # R5944-3.7.2-c: with a Home Agent address of our own "the foreign agent MUST NOT forward the Request again";
    # R5944-3.7.2-d: "if the foreign agent does not serve the mobile node as a home agent, the foreign agent rejects the
    # Registration Request with Code 194". R5944-3.7-b: and what is no home agent's address is none to relay to.
    if case.surroundings.is_own(home_agent) or not is_host(home_agent):
        return ReplyCode.FA_INVALID_HOME_AGENT_ADDRESS
    return None


# -- Requests: §3.7.2.1


def check_reserved_bits(case: RequestCase) -> Refusal | None:
    request = case.request
    # R5944-3.7.2.1-b: "Requests with non-zero bits in reserved fields MUST be rejected with Code 70"; R5944-3.7.2.3-b,
    # R5944-3.7.2.3-c. R5944-3.3-c: but of the only two, §3.3 says that they are "ignored on reception": so they are by
    # default, for old nodes set r (V).
    if case.surroundings.config.strict_reserved_bits and (request.reserved_r or request.reserved_x):
        return ReplyCode.FA_POORLY_FORMED_REQUEST
    return None


def check_care_of_address(case: RequestCase) -> Refusal | None:
    request = case.request
    is_offered = request.care_of_address == case.surroundings.config.care_of_address
    # R5944-3.7.2.1-c: "Requests with the 'D' bit set to 0, nonzero Lifetime, and specifying a care-of address not
    # offered by the foreign agent, MUST be rejected with Code 77".
    if not request.decapsulation_by_mobile_node and request.lifetime and not is_offered:
        return ReplyCode.FA_INVALID_CARE_OF_ADDRESS
    return None


def check_revocability(case: RequestCase) -> Refusal | None:
    request = case.request
    if not case.surroundings.config.revocation:
        return None
    # R3543-4.2.1-j: "a non-colocated mobile node MUST NOT insert a revocation support extension into its registration
    # request. If a foreign agent receives such a registration request, it MUST silently discard it".
    if not request.decapsulation_by_mobile_node and case.decoded.find(RevocationSupport):
        return DropReason.BAD_VALUE
    # R3543-4.3.1-b: where every node has to register through us, "the foreign agent SHOULD deny a registration request
    # as "Administratively Prohibited" from a mobile node that is registering in a co-located fashion".
    if request.decapsulation_by_mobile_node and request.lifetime:
        return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED
    return None


def check_mobile_foreign_authentication(case: RequestCase) -> Refusal | None:
    mobile_nodes, home_address = case.surroundings.mobile_nodes, case.request.home_address
    if home_address not in mobile_nodes:
        return None
    # R5944-3.7.2.1-d, R5944-3.7.2.1-e: "If the foreign agent and the mobile node share a Mobility Security
    # Association, exactly one Mobile-Foreign Authentication Extension MUST be present in the Registration Request, and
    # the foreign agent MUST check the Authenticator value"; R5944-3.7.1-i. R5944-3.7.2.1-f, R5944-3.7.2.1-h: else it
    # "MUST silently discard the Request" and "SHOULD send a Registration Reply to the mobile node with Code 67": it is
    # not relayed, but answered.
    if is_authentic(case.decoded, MobileForeignAuthentication, mobile_nodes, home_address):
        return None
    return ReplyCode.FA_MOBILE_NODE_FAILED_AUTHENTICATION


def check_authorization_present(case: RequestCase) -> Refusal | None:
    # R5944-3.7-f: the foreign agent relays "well-formed" Requests. One without an authorization-enabling extension is
    # discarded by every home agent (§3.8.2.1 a) and would only keep an entry busy here. R3846-6-a: nor does an NAI in
    # it prove anything.
    return None if covered_length(case.decoded) is not None else ReplyCode.FA_POORLY_FORMED_REQUEST


def check_critical_vendor_extensions(case: RequestCase) -> Refusal | None:
    # R3115-2.3-a: an "unknown/unsupported vendor ID or Vendor-CVSE-Type" in one that was for us: we know none. What the
    # mobile node signed for its home agent is that one's to judge.
    is_there = has_critical_vendor_extension(case.decoded)
    return ReplyCode.FA_UNKNOWN_CVSE_FROM_MOBILE_NODE if is_there else None


# -- Requests: what is asked for (§3.7.2.3, §3.7.1)


def check_lifetime(case: RequestCase) -> Refusal | None:
    # R5944-3.7.2.3-d: too long a Lifetime: it "sets the Code field to 69". R5944-3.4-a: we shorten none and lengthen
    # none.
    is_too_long = case.request.lifetime > case.surroundings.config.registration_lifetime
    return ReplyCode.FA_REQUESTED_LIFETIME_TOO_LONG if is_too_long else None


def check_encapsulation(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.4: code 72, "requested encapsulation unavailable". R3024-4.2.1-a: "if the foreign agent is unable to
    # support the requested form of encapsulation it MUST return code 72." R6245-4.1-e. A mobile node that decapsulates
    # itself, or deregisters, asks nothing of us. Of two that are asked for the home agent takes one.
    request, ours = case.request, case.surroundings.config.encapsulations
    is_lacking = (request.minimal_encapsulation and Encapsulation.MINIMAL not in ours) or (
        request.gre_encapsulation and Encapsulation.GRE not in ours
    )
    return ReplyCode.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE if is_lacking and _wants_tunnel(case) else None


# -- Requests: reverse tunnels, in the order of RFC 3024 §4.2.1


def check_delivery_style(case: RequestCase) -> Refusal | None:
    offsets = [offset for offset, _ in case.decoded.find(EncapsulatingDeliveryStyle)]
    # R3024-3.3-a: "the foreign agent MUST consume this extension (that is, it must not relay it to the home agent": it
    # can't take out what the mobile node has signed.
    if any(offset < (covered_length(case.decoded) or 0) for offset in offsets):
        return ReplyCode.FA_POORLY_FORMED_REQUEST
    # R3024-3.4-e, R3024-4.2.1-b: "If it cannot support the requested form of delivery style it MUST return code 79".
    is_asked = bool(offsets) and case.request.reverse_tunneling
    is_lacking = is_asked and not case.surroundings.config.encapsulating_delivery
    return ReplyCode.FA_DELIVERY_STYLE_NOT_SUPPORTED if is_lacking and _wants_tunnel(case) else None


def check_reverse_tunnel_mandatory(case: RequestCase) -> Refusal | None:
    request, config = case.request, case.surroundings.config
    # R3024-A.4-f: "If a foreign agent receives a registration request from a mobile node with a private address, and
    # the mobile node has not set the 'T' bit, the foreign agent SHOULD reject it." R3024-A.4-e.
    is_private = config.refuse_private_addresses and any(request.home_address in each for each in PRIVATE)
    is_mandatory = config.needs_reverse_tunnel or is_private
    # R3519-4.5-e: behind a NAT that translates all addresses "the foreign agent SHOULD reply to registration requests
    # which don't have the 'T' bit set with a reply code 75".
    is_missing = bool(request.lifetime) and not request.reverse_tunneling
    return ReplyCode.FA_REVERSE_TUNNEL_MANDATORY if is_mandatory and is_missing else None


def check_distance(case: RequestCase) -> Refusal | None:
    if case.surroundings.config.reverse_tunnel is ReverseTunnels.OFF:
        return None
    # R3024-4.2.1-c: "The foreign agent MUST verify that the TTL field of the IP header is set to 255." R3024-4.2.1-d:
    # "Otherwise, it MUST reject the registration with code 76".
    is_distant = case.request.reverse_tunneling and case.ttl != NEIGHBOURS_TTL
    return ReplyCode.FA_MOBILE_NODE_TOO_DISTANT if is_distant else None


def check_reverse_tunnel(case: RequestCase) -> Refusal | None:
    # R3024-4.2.1-f: "As a last check, the foreign agent verifies that it can support a reverse tunnel with the same
    # configuration. If it cannot, it MUST return a Registration Reply denying the request with code 74"; R3024-3.4-c,
    # R3024-3.4-a. Whatever we have for one way we have for both.
    is_asked = case.request.reverse_tunneling and case.surroundings.config.reverse_tunnel is ReverseTunnels.OFF
    return ReplyCode.FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE if is_asked and _wants_tunnel(case) else None


# -- Requests: what would take something from others. None of it is in the RFC's list.


def check_not_copied(case: RequestCase) -> Refusal | None:
    """A Request that another link-layer address has sent before: its Reply would move a visitor to whoever
    copied the frame, since the home agent can't tell the two apart."""
    mine = case.pending
    pending = case.registrations.same_as(mine)
    if pending is not None and pending.link_address != mine.link_address:
        return DropReason.REPLAYED
    known = (case.visitors.of(mine.home_address, mine.relayed_to), case.visitors.named(mine.nai))
    is_copy = any(
        visitor is not None
        and visitor.link_address != mine.link_address
        and (visitor.identification, visitor.home_agent) == (mine.identification, mine.relayed_to)
        for visitor in known
    )
    return DropReason.REPLAYED if is_copy else None


def check_home_address_is_free(case: RequestCase) -> Refusal | None:
    is_taken = is_others(case.visitors, case.pending, case.pending.home_address)
    return ReplyCode.FA_ADMINISTRATIVELY_PROHIBITED if is_taken else None


# -- Requests: resources (§3.7.1)


def check_visitors(case: RequestCase) -> Refusal | None:
    # RFC 5944 §3.4: code 66, "insufficient resources". Those who are visitors already stay welcome.
    has_room = not case.request.lifetime or has_room_for(
        case.visitors, case.pending, case.pending.home_address, case.surroundings.config.maximum_visitors
    )
    return None if has_room else ReplyCode.FA_INSUFFICIENT_RESOURCES


def check_pending(case: RequestCase) -> Refusal | None:
    # R5944-3.7.1-e: a maximum number of pending registrations; "Additional registrations SHOULD then be rejected by the
    # foreign agent with Code 66."
    has_room = case.registrations.has_room_for(case.pending)
    return None if has_room else ReplyCode.FA_INSUFFICIENT_RESOURCES


REQUEST_CHECKS: tuple[RequestCheck, ...] = (
    check_home_address,
    check_home_agent,
    check_reserved_bits,
    check_care_of_address,
    check_revocability,
    check_mobile_foreign_authentication,
    check_authorization_present,
    check_critical_vendor_extensions,
    check_lifetime,
    check_encapsulation,
    check_delivery_style,
    check_reverse_tunnel_mandatory,
    check_distance,
    check_reverse_tunnel,
    check_not_copied,
    check_home_address_is_free,
    check_visitors,
    check_pending,
)


# -- common to several checks, here and of Replies


def is_host(address: IPv4Address) -> bool:
    """Whether it can be the address of one node that is not this one by nature."""
    is_special = address.is_multicast or address.is_loopback or address in (_UNSPECIFIED, LIMITED_BROADCAST)
    return not is_special


def is_others(visitors: VisitorList, pending: PendingRegistration, home_address: IPv4Address) -> bool:
    """Whether a home address is that of another visitor with another home agent, which may be its own: what that one
    accepts says nothing about the visitor. It may be a visitor too where both of them can be told apart, which needs a
    reverse tunnel."""
    is_shared = bool(visitors.sharing(home_address)) and not visitors.replaced_by(pending, home_address)
    # R3024-A.4-h: "If a foreign agent supports reverse tunneling, then it MUST support the simple scenario of private
    # address support described in this section."
    return is_shared and not pending.reverse_tunnel


def has_room_for(visitors: VisitorList, pending: PendingRegistration, home_address: IPv4Address, maximum: int) -> bool:
    """Whether one more visitor can be had, if it is one more."""
    if visitors.replaced_by(pending, home_address):
        return True
    return len(visitors) < maximum and len(visitors.sharing(home_address)) < MOST_REALMS


def is_authentic(
    decoded: Decoded[Message], kind: type[AuthenticationExtension], associations: Associations, peer: Peer
) -> bool:
    """Whether there is exactly one extension of `kind`, and it is right by an association with `peer`."""
    found = decoded.find(kind)
    if len(found) != 1:
        return False
    offset, extension = found[0]
    association = associations.find(peer, extension.spi)
    return association is not None and verify(decoded, offset, extension, association)


def has_critical_vendor_extension(decoded: Decoded[Message], *, knows_keys: bool = False) -> bool:
    """Whether there is one for us that we don't know: behind what the two ends have signed. `knows_keys`: GRE keys are
    none."""
    end = covered_length(decoded) or 0
    return any(
        offset >= end and not (knows_keys and is_gre_key(extension))
        for offset, extension in decoded.find(CriticalVendorExtension)
    )


def _wants_tunnel(case: RequestCase) -> bool:
    return bool(case.request.lifetime) and not case.request.decapsulation_by_mobile_node
