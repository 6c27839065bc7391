"""Whether a Registration Request is authentic and fresh: the first half of a home agent's checks (RFC 5944 §3.8.2.1).

Each check takes the examination so far and returns None (go on), a `ReplyCode` (denied, with a Reply) or a `DropReason`
(silently discarded), see `validity.py`.
"""

from ipaddress import IPv4Address

from mobileip.agents.home.config import is_laboratory
from mobileip.agents.home.examination import Examination
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.authenticator import verify
from mobileip.security.replay import judge
from mobileip.wire.numbers import ReplyCode

Refusal = ReplyCode | DropReason


# -- a. The mobile node's authenticator


def check_authentication_present(examination: Examination) -> Refusal | None:
    if examination.node.oldest_association is None and not examination.mobile_home:
        # A teaching lab, see `HomeAgentConfig.allow_unauthenticated`: it stays among its own addresses.
        request, source = examination.request, examination.arrival.source
        is_inside = is_laboratory(source) and is_laboratory(request.care_of_address)
        return None if is_inside else DropReason.MISSING_AUTHENTICATION
    # R5944-3.8.2.1-c, R5944-3.8.2.1-f, R3543-6.2-a, R3846-6-a: "If the home agent receives a Registration Request
    # without any authorization-enabling extension, the home agent MUST silently discard the Registration Request."
    return None if examination.mobile_home else DropReason.MISSING_AUTHENTICATION


def check_mobile_home_authentication(examination: Examination) -> Refusal | None:
    # RFC 5944 §3.8.2.1 a: "ensure that all indicated authentications are carried out"; the first one's
    # association counts on.
    associations = examination.node.associations
    for offset, extension in reversed(examination.mobile_home):
        association = associations.get(extension.spi)
        if association is None:
            return _unauthentic(examination, DropReason.UNKNOWN_SPI)
        # R5944-3.8.2.1-b, R5944-3.8.2.1-c, R5944-3.8.2.1-d, R5944-3.8.2.1-g: "The home agent MUST either check the
        # Authenticator value in the extension or verify that the Authenticator value has been checked by another agent
        # with which it has a security association"; "If the Authenticator is invalid, the home agent MUST reject the
        # mobile node's registration."
        if not verify(examination.decoded, offset, extension, association):
            return _unauthentic(examination, DropReason.BAD_AUTHENTICATOR)
        # R5944-3.8.2.1-j: until here a denial is signed by an association "that is likely to exist in the mobile node":
        # the one whose key has just been shown to differ is not.
        examination.association = association
    return None


def _unauthentic(examination: Examination, reason: DropReason) -> Refusal:
    """Code 131 where a Reply is due; else the name under which the Request is discarded."""
    if examination.association is None:
        return reason
    foreign_agent = examination.foreign_agent
    if foreign_agent is not None:
        is_relayed = _has_valid_foreign_home(examination, foreign_agent)
        # R5944-3.8.2.1-h: "If there is a valid Foreign-Home authentication extension, the home agent MUST send a
        # Registration Reply with Code 131." With an association but no valid extension no Reply is foreseen.
        return ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION if is_relayed else reason
    # RFC 5944 §3.8.2.1 a: without a Foreign-Home association "the home agent MAY send a Registration Reply
    # with Code 131". We do, so that a wrong key is seen as such at the foreign agent; at most once a second
    # for each mobile node.
    is_quiet = examination.boot < examination.node.quiet_until
    return reason if is_quiet else ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION


# -- b. Freshness


def check_identification(examination: Examination) -> Refusal | None:
    request = examination.request
    # R5944-3.8.2.1-m: "The home agent MUST check that the registration Identification field is correct using the
    # context selected by the SPI within the authorization-enabling extension". Without authentication there is none.
    if examination.association is None:
        return None
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
    # R5944-3.8.2.1-o: "including an Identification field to be used in resynchronization".
    examination.identification = judgement.identification
    examination.freshness = judgement.freshness
    # R5944-5.7.1-e: "the home agent MUST check the Identification field for validity". R5944-5.7.1-i, R5944-3.8.2.1-n,
    # R5944-3.8.2.1-o: else it "MUST reject the registration by returning Code 133".
    return None if judgement.valid else ReplyCode.HA_IDENTIFICATION_MISMATCH


def _identification_of_stored_reply(examination: Examination) -> int | None:
    """RFC 5944 §3.8.2.2: "A Registration Request is a duplicate if the home address, care-of address, and
    Identification fields all equal those of an accepted current registration." §5.7 would call it replayed:
    it is answered again instead.

    Not for ever: who kept an old Request could have it relayed by a foreign agent that the mobile node has left, and
    our Reply would make him a visitor there. A retransmission comes soon; to a late one 133 is a true answer, too.
    """
    request = examination.request
    if request.lifetime:
        binding = examination.binding
        if binding is None or binding.request_identification != request.identification:
            return None
        return binding.identification if _is_recent(examination, binding.registered_at) else None
    last = examination.node.deregistration
    if last is None or (last.request_identification, last.care_of_address) != (
        request.identification,
        request.care_of_address,
    ):
        return None
    return last.identification if _is_recent(examination, last.at) else None


def _is_recent(examination: Examination, at: float) -> bool:
    """Whether something was done so lately that its Request, had it been on its way until now, would be fresh."""
    association = examination.association
    return association is not None and examination.boot - at <= association.timestamp_window


# -- c, d. The foreign agent's authenticator


def check_foreign_home_authentication(examination: Examination) -> Refusal | None:
    foreign_agent = examination.foreign_agent
    # R5944-3.8.1-e, R5944-3.8.2.1-r, R5944-3.8.2.1-s, R5944-3.8.2.1-t, R3543-4.2.1-d: "Exactly one Foreign-Home
    # Authentication Extension MUST be present in the Registration Request in this case, and the home agent MUST check
    # the Authenticator Value in the Extension."
    if foreign_agent is None or _has_valid_foreign_home(examination, foreign_agent):
        return None
    # R3344-3.8.2.1-c: one that is there is checked on a deregistration too.
    if not examination.foreign_home and not _must_be_signed_by_foreign_agent(examination):
        return None
    return _foreign_agent_failed(examination)


def _must_be_signed_by_foreign_agent(examination: Examination) -> bool:
    """Whether the foreign agent, with which we share an association, is to add its extension."""
    request = examination.request
    is_relayed_for_others = (
        request.decapsulation_by_mobile_node and request.care_of_address not in examination.surroundings.foreign_agents
    )
    # R5944-3.5.4-e: it "MUST NOT append" it to a deregistration; so one without it we "MUST NOT for this reason
    # discard". RFC 5944 §3.5.4: nor where the care-of address is none of its own.
    return request.lifetime != 0 and not is_relayed_for_others


def check_foreign_home_association(examination: Examination) -> Refusal | None:
    if examination.foreign_agent is not None:
        return None
    # R5944-3.8.2.1-x, R3344-3.8.2.1-d: without an association, "and the Registration contains a Foreign-Home
    # Authentication Extension, the home agent MUST discard the Request".
    if examination.foreign_home:
        return DropReason.UNKNOWN_SPI
    request = examination.request
    is_relayed = request.lifetime != 0 and not request.decapsulation_by_mobile_node
    if is_relayed and examination.surroundings.config.require_foreign_home_authentication:
        return _foreign_agent_failed(examination)
    return None


def has_valid_foreign_home(examination: Examination) -> bool:
    """Whether the foreign agent's authentication is there and right."""
    foreign_agent = examination.foreign_agent
    return foreign_agent is not None and _has_valid_foreign_home(examination, foreign_agent)


def _has_valid_foreign_home(examination: Examination, foreign_agent: IPv4Address) -> bool:
    """Whether exactly one Foreign-Home extension is there and is valid; notes what the Reply is to be
    signed with.
    """
    # R5944-3.8.2.1-s, R3543-6.2-b
    if len(examination.foreign_home) != 1:
        return False
    offset, extension = examination.foreign_home[0]
    association = examination.surroundings.foreign_agents.find(foreign_agent, extension.spi)
    # R5944-3.8.2.1-s, R5944-3.8.2.1-t, R3543-6.2-b
    if association is None or not verify(examination.decoded, offset, extension, association):
        return False
    examination.foreign_association = association
    return True


def _foreign_agent_failed(examination: Examination) -> Refusal:
    return refused_for_foreign_agent(examination, ReplyCode.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION)


def refused_for_foreign_agent(examination: Examination, code: ReplyCode) -> Refusal:
    """A denial because of what a foreign agent did. The mobile node's Identification is not used up: whoever spoilt
    an extension of the foreign agent must not gain by it.
    """
    examination.identification = examination.request.identification
    examination.freshness = examination.node.freshness
    # R5944-3.8.2.1-t, R5944-3.8.2.1-u: "the home agent MUST reject the mobile node's registration and SHOULD send a
    # Registration Reply to the mobile node with Code 132".
    return code
