"""A home agent's checks of a Registration Request, in the RFC's order; the first answer wins (RFC 5944
§3.8.2.1, §3.8.2.3, §3.8.3.2).

Each check takes the examination so far and returns None (go on), a `ReplyCode` (denied, with a Reply) or a
`DropReason` (silently discarded). Checks change nothing but the examination, in which they note what later
checks and the Reply need.

Authentication comes first, so the others look at nothing but what the mobile node signed.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.home.authenticity import (
    Refusal,
    check_authentication_present,
    check_foreign_home_association,
    check_foreign_home_authentication,
    check_identification,
    check_mobile_home_authentication,
    has_valid_foreign_home,
    refused_for_foreign_agent,
)
from mobileip.agents.home.examination import Examination
from mobileip.agents.home.snapshot import RevocationTerms
from mobileip.agents.home.tunnels import check_encapsulation, check_reverse_tunnel, check_udp_tunnel
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.gre_key_3gpp2 import is_gre_key
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.identification import high
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.subtypes import DynamicHomeAgentSubtype

Check = Callable[[Examination], Refusal | None]

_ANY_HOME_AGENT = (IPv4Address("0.0.0.0"), IPv4Address("255.255.255.255"))  # noqa: S104 - a value of a field
"""RFC 4433 §2: ALL-ZERO-ONE-ADDR in the Home Agent field."""

_FIRST_MULTICAST_NETWORK = 224
"""First octet: multicast, reserved and broadcast addresses from here on."""


def first_refusal(examination: Examination) -> Refusal | None:
    """The answer of the first check that has one; None: the Request is valid."""
    for check in CHECKS:
        refusal = check(examination)
        # R5944-3.8.2.1-k, R5944-3.8.2.1-p, R5944-3.8.2.1-v: "discard the Request without further processing"; "no
        # further processing of such a Request".
        if refusal is not None:
            return refusal
    return None


# -- Extensions


def check_extensions(examination: Examination) -> Refusal | None:
    """`EXTENSION_CHECKS` in their order; most Requests have none of the extensions that they are about."""
    if not examination.others:
        return None
    return next((refusal for check in EXTENSION_CHECKS if (refusal := check(examination)) is not None), None)


def check_vendor_extensions(examination: Examination) -> Refusal | None:
    for offset, extension in examination.others:
        # R3115-2.3-f: of an NVSE that we don't know "the entire extension is skipped"; we know none. Of the critical
        # ones we know the GRE key of 3GPP2.
        if not isinstance(extension, CriticalVendorExtension) or is_gre_key(extension):
            continue
        # R3115-2.3-b, R3115-2.3-c: "a registration reject MUST be sent with the error code to indicate that the
        # registration was rejected due to the presence of an unknown CVSE": 140 for the mobile node's, else 141.
        if examination.is_of_mobile_node(offset):
            return ReplyCode.HA_UNKNOWN_CVSE_FROM_MOBILE_NODE
        return refused_for_foreign_agent(examination, ReplyCode.HA_UNKNOWN_CVSE_FROM_FOREIGN_AGENT)
    return None


def check_revocation_support(examination: Examination) -> Refusal | None:
    """Notes what is agreed on revocation, where a Request asks for it and we take part (RFC 3543 §4.2.1)."""
    request, arrival = examination.request, examination.arrival
    # R3543-3.2-k: an agent that does not understand the extension "MUST skip it".
    if not examination.surroundings.config.revocation or request.lifetime == 0:
        return None
    # R3543-3.2-d, R3543-4.2.1-f: without it the other side "does not understand registration revocation, or is
    # unwilling to participate".
    offset, support = next(((o, e) for o, e in examination.others if isinstance(e, RevocationSupport)), (0, None))
    if support is None:
        return None
    is_direct = examination.is_of_mobile_node(offset)
    if is_direct and (not request.decapsulation_by_mobile_node or arrival.source != request.care_of_address):
        # RFC 3543 §4.2.1: "a non-colocated mobile node MUST NOT insert a revocation support extension".
        return None
    # R3543-3.2-g, R3543-3.2-h: it "MUST be protected"; if not, "the appropriate action as described by [1]
    # (Sections 3.8.2.1.) MUST be taken".
    if not is_direct and not (examination.is_of_foreign_agent(offset) and has_valid_foreign_home(examination)):
        return refused_for_foreign_agent(examination, ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION)
    association = examination.association if is_direct else examination.foreign_association
    if association is None:
        return None  # a direct mobile node that shares none: nothing could be protected
    examination.revocation = RevocationTerms(
        peer=arrival.source,
        peer_timestamp=support.timestamp,
        # R3543-3.3-e: "the same clock" gives the Revocation Identifiers later.
        own_timestamp=high(examination.time),
        # R3543-3.2-j: an I of 1 in answer to one of 0 "SHOULD NOT be done".
        inform=support.inform,
        is_direct=is_direct,
        association=association,
        foreign_agent=None if is_direct else examination.foreign_agent,
    )
    return None


def check_requested_home_agent(examination: Examination) -> Refusal | None:
    for _, extension in examination.others:
        if not isinstance(extension, DynamicHomeAgent) or extension.subtype != DynamicHomeAgentSubtype.REQUESTED:
            continue
        # R4433-5.3-a, R4433-5.3-b: "the HA address in that extension must match the destination IP of the Request. If
        # it does not match, the Requested HA MUST reject the Registration Request with error code 136."
        if extension.home_agent != examination.arrival.destination:
            return ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS
    return None


EXTENSION_CHECKS: tuple[Check, ...] = (
    check_vendor_extensions,
    check_revocation_support,
    check_requested_home_agent,
)


# -- The Request itself


def check_destination(examination: Examination) -> Refusal | None:
    # R5944-3.8.2.1-z, R5944-3.8.2.1-aa, R5944-3.8.2.1-ab, R5944-3.8.2.1-ac, R5944-3.6.1.2-p, R5944-3.6.1.2-q: "home
    # agents MUST deny Registration Requests that are sent to the subnet-directed broadcast address of the home
    # network"; 255.255.255.255 is what some routers make of it. The Reply names us (dynamic home agent resolution).
    return None if examination.is_unicast else ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS


def check_home_agent_address(examination: Examination) -> Refusal | None:
    home_agent, config = examination.request.home_agent, examination.surroundings.config
    if home_agent == config.address:
        return None
    # R5944-3.8.3.2-j: where the Home Agent field is not ours, "the home agent MUST reject the registration
    # with a suitable code (e.g., Code 136)". R4433-5.3.1-a: but for the two addresses that leave the choice to us.
    if home_agent not in _ANY_HOME_AGENT:
        return ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS
    # RFC 4433 §5.3: such a Request may be rejected "even if successfully authenticated", with another home agent's
    # address. Not one of a mobile node that is registered here.
    is_redirected = config.redirect_to is not None and not examination.bindings
    return ReplyCode.HA_REDIRECT_REQUIRED if is_redirected else None


def check_reserved_bits(examination: Examination) -> Refusal | None:
    request = examination.request
    # R5944-3.8.2.3-b: "Requests with non-zero bits in reserved fields MUST be rejected with Code 134"; §3.3
    # says of the only two that they are "ignored on reception". Ignored by default: old mobile nodes set r
    # (RFC 2002's V).
    if examination.surroundings.config.strict_reserved_bits and (request.reserved_r or request.reserved_x):
        return ReplyCode.HA_POORLY_FORMED_REQUEST
    return None


def check_home_address(examination: Examination) -> Refusal | None:
    node, home_address = examination.node, examination.request.home_address
    number = int(home_address)
    if number == 0:
        return _arrange_home_address(examination)
    pool = examination.surroundings.nodes.pool
    is_its_own = number == node.number and node.is_of_home_network
    may_become_its_own = node.number == 0 and pool.has_free(home_address, node.nai or "")
    # R5944-3.8.3.2-f: "If the home agent cannot support the specified nonzero unicast address in the Home
    # Address field of the Registration Request, then the home agent MUST reject the Registration Request with
    # a Code of 129."
    return None if is_its_own or may_become_its_own else ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED


def _arrange_home_address(examination: Examination) -> Refusal | None:
    """RFC 5944 §3.8.3.2: for a Request without home address "the home agent SHOULD arrange for the selection of a home
    address": the one that the mobile node has, else one of the pool.
    """
    node = examination.node
    if node.number:
        home_address: IPv4Address | None = node.home_address
    elif examination.request.lifetime == 0:
        return ReplyCode.HA_POORLY_FORMED_REQUEST  # nothing is there that could be ended
    else:
        home_address = examination.surroundings.nodes.pool.free(node.nai or "")
    if home_address is None:
        return ReplyCode.HA_INSUFFICIENT_RESOURCES
    # R3024-A.4-k: private ones too, if the pool is of these.
    # R5944-3.8.3.2-g, R5944-3.8.1-d, R2794-3-e: "insert the selected address into the Home Address field of the
    # Registration Reply message".
    examination.home_address = home_address
    return None


def check_care_of_address(examination: Examination) -> Refusal | None:
    """Something that a tunnel can lead to. Not in the RFC's list; a deregistration makes no tunnel."""
    if examination.request.lifetime == 0:
        return None
    care_of_address, end = examination.request.care_of_address, examination.tunnel.remote
    is_host = _is_host(care_of_address) and (end is care_of_address or _is_host(end))
    if not is_host or care_of_address == examination.home_address:
        return ReplyCode.HA_POORLY_FORMED_REQUEST
    # Another mobile node's home address: its tunnel would carry this one's, or lead back into it. The care-of address
    # of one behind a NAT (`end` is the NAT) may be anything: it means something in its own network alone.
    if int(end) in examination.surroundings.nodes.by_home:
        return ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED
    return None


def _is_host(address: IPv4Address) -> bool:
    network = int(address) >> 24
    return network not in (0, 127) and network < _FIRST_MULTICAST_NETWORK


def check_simultaneous_bindings(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.3: "rejecting any registrations that would cause its limit to be exceeded, and returning
    # a Registration Reply with a Code of 135". Where one binding is all that we support, S is ignored and
    # code 1 says so.
    request = examination.request
    maximum = examination.surroundings.config.maximum_simultaneous_bindings
    if not (request.lifetime and request.simultaneous_bindings) or maximum <= 1:
        return None
    is_further = examination.binding is None
    # R5944-3.8.2.3-a
    if is_further and len(examination.bindings) >= maximum:
        return ReplyCode.HA_TOO_MANY_SIMULTANEOUS_BINDINGS
    return None


CHECKS: tuple[Check, ...] = (
    check_authentication_present,
    check_mobile_home_authentication,
    check_identification,
    check_foreign_home_authentication,
    check_foreign_home_association,
    check_extensions,
    check_destination,
    check_home_agent_address,
    check_reserved_bits,
    check_home_address,
    check_udp_tunnel,
    check_care_of_address,
    check_encapsulation,
    check_simultaneous_bindings,
    check_reverse_tunnel,
)
