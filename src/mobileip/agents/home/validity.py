"""A home agent's checks of a Registration Request, in the RFC's order; the first answer wins (RFC 5944
§3.8.2.1, §3.8.2.3, §3.8.3.2).

Each check takes the examination so far and returns None (go on), a `ReplyCode` (denied, with a Reply) or a
`DropReason` (silently discarded). Checks change nothing but the examination, in which they note what later
checks and the Reply need.

Authentication comes first, so the others look at nothing but what the mobile node signed.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.agents.home.examination import Examination
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.authenticator import verify
from mobileip.security.replay import judge
from mobileip.wire.numbers import ReplyCode

Refusal = ReplyCode | DropReason
Check = Callable[[Examination], Refusal | None]

_FIRST_MULTICAST_NETWORK = 224
"""First octet: multicast, reserved and broadcast addresses from here on."""


def first_refusal(examination: Examination) -> Refusal | None:
    """The answer of the first check that has one; None: the Request is valid."""
    for check in CHECKS:
        refusal = check(examination)
        if refusal is not None:
            return refusal
    return None


# -- a. The mobile node's authenticator


def check_authentication_present(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1 a: "If the home agent receives a Registration Request without any
    # authorization-enabling extension, the home agent MUST silently discard the Registration Request."
    return None if examination.mobile_home else DropReason.MISSING_AUTHENTICATION


def check_mobile_home_authentication(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1 a: "ensure that all indicated authentications are carried out"; the first one's
    # association counts on.
    associations = examination.node.associations
    for offset, extension in reversed(examination.mobile_home):
        association = associations.get(extension.spi)
        if association is None:
            return _unauthentic(examination, DropReason.UNKNOWN_SPI)
        # RFC 5944 §3.8.2.1 a: the denial is signed by an association "that is likely to exist in the mobile node":
        # the one whose key has just been shown to differ is not.
        if not verify(examination.decoded, offset, extension, association):
            return _unauthentic(examination, DropReason.BAD_AUTHENTICATOR)
        examination.association = association
    return None


def _unauthentic(examination: Examination, reason: DropReason) -> Refusal:
    """Code 131 where a Reply is due; else the name under which the Request is discarded."""
    foreign_agent = examination.foreign_agent
    if foreign_agent is not None:
        # RFC 5944 §3.8.2.1 a: "If there is a valid Foreign-Home authentication extension, the home agent MUST
        # send a Registration Reply with Code 131." With an association but no valid extension no Reply is
        # foreseen.
        is_relayed = _has_valid_foreign_home(examination, foreign_agent)
        return ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION if is_relayed else reason
    # RFC 5944 §3.8.2.1 a: without a Foreign-Home association "the home agent MAY send a Registration Reply
    # with Code 131". We do, so that a wrong key is seen as such at the foreign agent; at most once a second
    # for each mobile node.
    is_quiet = examination.boot < examination.node.quiet_until
    return reason if is_quiet else ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION


# -- b. Freshness


def check_identification(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1 b: "The home agent MUST check that the registration Identification field is correct
    # using the context selected by the SPI within the authorization-enabling extension".
    request = examination.request
    judgement = judge(
        request.identification,
        examination.freshness,
        examination.association,
        examination.time,
        examination.entropy,
    )
    if not judgement.valid:
        stored = _identification_of_stored_reply(examination)
        if stored is not None:
            examination.identification = stored
            examination.is_duplicate = True
            return None
    examination.identification = judgement.identification
    examination.freshness = judgement.freshness
    return None if judgement.valid else ReplyCode.HA_IDENTIFICATION_MISMATCH


def _identification_of_stored_reply(examination: Examination) -> int | None:
    """RFC 5944 §3.8.2.2: "A Registration Request is a duplicate if the home address, care-of address, and
    Identification fields all equal those of an accepted current registration." §5.7 would call it replayed:
    it is answered again instead.
    """
    request = examination.request
    if request.lifetime:
        binding = examination.binding
        if binding is not None and binding.request_identification == request.identification:
            return binding.identification
        return None
    last = examination.node.deregistration
    if last is None or (last.request_identification, last.care_of_address) != (
        request.identification,
        request.care_of_address,
    ):
        return None
    return last.identification


# -- c, d. The foreign agent's authenticator


def check_foreign_home_authentication(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1 c: "Exactly one Foreign-Home Authentication Extension MUST be present in the
    # Registration Request in this case, and the home agent MUST check the Authenticator Value in the
    # Extension."
    foreign_agent = examination.foreign_agent
    if foreign_agent is None or _has_valid_foreign_home(examination, foreign_agent):
        return None
    # RFC 5944 §3.5.4: a deregistration without the extension "MUST NOT for this reason" be discarded.
    if examination.request.lifetime == 0 and not examination.foreign_home:
        return None
    return _foreign_agent_failed(examination)


def check_foreign_home_association(examination: Examination) -> Refusal | None:
    if examination.foreign_agent is not None:
        return None
    # RFC 5944 §3.8.2.1 d: without an association, "and the Registration contains a Foreign-Home
    # Authentication Extension, the home agent MUST discard the Request".
    if examination.foreign_home:
        return DropReason.UNKNOWN_SPI
    request = examination.request
    is_relayed = request.lifetime != 0 and not request.decapsulation_by_mobile_node
    if is_relayed and examination.surroundings.config.require_foreign_home_authentication:
        return _foreign_agent_failed(examination)
    return None


def _has_valid_foreign_home(examination: Examination, foreign_agent: IPv4Address) -> bool:
    """Whether exactly one Foreign-Home extension is there and is valid; notes what the Reply is to be
    signed with.
    """
    if len(examination.foreign_home) != 1:
        return False
    offset, extension = examination.foreign_home[0]
    association = examination.surroundings.foreign_agents.find(foreign_agent, extension.spi)
    if association is None or not verify(examination.decoded, offset, extension, association):
        return False
    examination.foreign_association = association
    return True


def _foreign_agent_failed(examination: Examination) -> Refusal:
    """Code 132. The mobile node's Identification is not used up: whoever spoilt the extension must not
    gain by it.
    """
    examination.identification = examination.request.identification
    examination.freshness = examination.node.freshness
    return ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION


# -- The Request itself


def check_destination(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1: "home agents MUST deny Registration Requests that are sent to the subnet-directed
    # broadcast address of the home network"; 255.255.255.255 is what some routers make of it. The Reply names
    # us (dynamic home agent resolution).
    return None if examination.is_unicast else ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS


def check_home_agent_address(examination: Examination) -> Refusal | None:
    # R5944-3.8.3.2-j: where the Home Agent field is not ours, "the home agent MUST reject the registration
    # with a suitable code (e.g., Code 136)".
    is_ours = examination.request.home_agent == examination.surroundings.config.address
    return None if is_ours else ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS


def check_reserved_bits(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.3: "Requests with non-zero bits in reserved fields MUST be rejected with Code 134"; §3.3
    # says of the only two that they are "ignored on reception". Ignored by default: old mobile nodes set r
    # (RFC 2002's V).
    request = examination.request
    if examination.surroundings.config.strict_reserved_bits and (request.reserved_r or request.reserved_x):
        return ReplyCode.HA_POORLY_FORMED_REQUEST
    return None


def check_home_address(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.3.2: "If the home agent cannot support the specified nonzero unicast address in the Home
    # Address field of the Registration Request, then the home agent MUST reject the Registration Request with
    # a Code of 129."
    return None if examination.node.is_of_home_network else ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED


def check_care_of_address(examination: Examination) -> Refusal | None:
    """Something that a tunnel can lead to. Not in the RFC's list; a deregistration makes no tunnel."""
    if examination.request.lifetime == 0:
        return None
    number = int(examination.request.care_of_address)
    network = number >> 24
    is_host = network not in (0, 127) and network < _FIRST_MULTICAST_NETWORK
    if not is_host or number == examination.node.number:
        return ReplyCode.HA_POORLY_FORMED_REQUEST
    # Another mobile node's home address: its tunnel would carry this one's, or lead back into it.
    if number in examination.surroundings.nodes:
        return ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED
    return None


def check_encapsulation(examination: Examination) -> Refusal | None:
    # RFC 3024 §3.4: "the home agent MUST deny registrations if an unsupported form of tunneling is requested
    # (code 139)". IP-in-IP is what we have; a deregistration asks for no tunnel.
    request = examination.request
    if request.lifetime and (request.minimal_encapsulation or request.gre_encapsulation):
        return ReplyCode.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE
    return None


def check_simultaneous_bindings(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.3: "rejecting any registrations that would cause its limit to be exceeded, and returning
    # a Registration Reply with a Code of 135". Where one binding is all that we support, S is ignored and
    # code 1 says so.
    request = examination.request
    maximum = examination.surroundings.config.maximum_simultaneous_bindings
    if not (request.lifetime and request.simultaneous_bindings) or maximum <= 1:
        return None
    is_further = examination.binding is None
    if is_further and len(examination.bindings) >= maximum:
        return ReplyCode.HA_TOO_MANY_SIMULTANEOUS_BINDINGS
    return None


def check_reverse_tunnel(examination: Examination) -> Refusal | None:
    # RFC 3024 §4.3.1: "As a last check, the home agent determines whether it can support a reverse tunnel";
    # if not, "it MUST send back a registration denial with code 137". Reverse tunnels are not built yet.
    request = examination.request
    if request.lifetime and request.reverse_tunneling:
        return ReplyCode.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE
    return None


CHECKS: tuple[Check, ...] = (
    check_authentication_present,
    check_mobile_home_authentication,
    check_identification,
    check_foreign_home_authentication,
    check_foreign_home_association,
    check_destination,
    check_home_agent_address,
    check_reserved_bits,
    check_home_address,
    check_care_of_address,
    check_encapsulation,
    check_simultaneous_bindings,
    check_reverse_tunnel,
)
