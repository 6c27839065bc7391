"""What a mobile node does about each Code of a Registration Reply that denies (RFC 5944 §3.6.2.3 and the
codes' own RFCs)."""

from enum import Enum

import msgspec

from mobileip.wire.numbers import Issuer, ReplyCode


class Remedy(Enum):
    SHORTEN = "shorten"
    """Ask again at once, for the lifetime that the Reply names."""
    RESYNCHRONISE = "resynchronise"
    """Ask again at once, with an Identification that agrees with the home agent's."""
    ADOPT_HOME_AGENT = "adopt_home_agent"
    """Ask again at once, at the home agent that the Reply names."""
    REDIRECT = "redirect"
    """Ask again at once, for the home agent that the Reply names, where one is to be assigned (RFC 4433 §5.1)."""
    ELSEWHERE = "elsewhere"
    """Another care-of address or agent may do better; without one, ask again here after the wait."""
    WAIT = "wait"
    """The home agent may do better later; ask again after the wait."""
    SHOW = "show"
    """A person has to change something, here or at the other end. Ask seldom, so that it heals by itself
    then."""


class Treatment(msgspec.Struct, frozen=True):
    """`wait`: seconds until the same place is asked again; doubled with each refusal in a row, up to
    `LONGEST_WAIT`."""

    remedy: Remedy
    wait: float


LONGEST_WAIT = 600.0
LONGEST_UNSIGNED_WAIT = 30.0
"""After a denial that bears no authentication: forged ones must not keep a mobile node silent for long."""

_BRIEF, _SHORT, _MEDIUM, _LONG = 2.0, 10.0, 60.0, 300.0

_C = ReplyCode

TREATMENTS: dict[ReplyCode, Treatment] = {
    # -- by a foreign agent: not authenticated unless we share an association with it
    _C.FA_REASON_UNSPECIFIED: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_ADMINISTRATIVELY_PROHIBITED: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_INSUFFICIENT_RESOURCES: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_MOBILE_NODE_FAILED_AUTHENTICATION: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_HOME_AGENT_FAILED_AUTHENTICATION: Treatment(Remedy.ELSEWHERE, _MEDIUM),
    _C.FA_REQUESTED_LIFETIME_TOO_LONG: Treatment(Remedy.SHORTEN, _MEDIUM),
    _C.FA_POORLY_FORMED_REQUEST: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_POORLY_FORMED_REPLY: Treatment(Remedy.ELSEWHERE, _MEDIUM),
    _C.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_RESERVED_AND_UNAVAILABLE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_REVERSE_TUNNEL_MANDATORY: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MOBILE_NODE_TOO_DISTANT: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_INVALID_CARE_OF_ADDRESS: Treatment(Remedy.ELSEWHERE, _MEDIUM),
    _C.FA_REGISTRATION_TIMEOUT: Treatment(Remedy.ELSEWHERE, _BRIEF),
    _C.FA_DELIVERY_STYLE_NOT_SUPPORTED: Treatment(Remedy.ELSEWHERE, _LONG),
    # The home agent can't be reached from there: this passes with a restart, or the agent's uplink is broken.
    _C.FA_HOME_NETWORK_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _BRIEF),
    _C.FA_HOME_AGENT_HOST_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _BRIEF),
    _C.FA_HOME_AGENT_PORT_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _BRIEF),
    _C.FA_HOME_AGENT_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _BRIEF),
    # It wants what we do not send: NAI, vendor extensions, challenges, regional registration.
    _C.FA_NONZERO_HOME_AGENT_REQUIRED: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_NONZERO_HOME_ADDRESS_REQUIRED: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MISSING_NAI: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MISSING_HOME_AGENT: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MISSING_HOME_ADDRESS: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_UNKNOWN_CVSE_FROM_MOBILE_NODE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_UNKNOWN_CVSE_FROM_HOME_AGENT: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_UNKNOWN_CHALLENGE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MISSING_CHALLENGE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_STALE_CHALLENGE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_MISSING_MN_FA: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_BAD_AAA_AUTHENTICATION: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_HA_WRONG_CHALLENGE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.GFA_REPLAY_PROTECTION_UNAVAILABLE: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.GFA_ZERO_CARE_OF_ADDRESS_NOT_SUPPORTED: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.FA_UNKNOWN_GFA: Treatment(Remedy.ELSEWHERE, _MEDIUM),
    _C.FA_GFA_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_GFA_HOST_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_GFA_PORT_UNREACHABLE: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_EXPERIMENTAL: Treatment(Remedy.ELSEWHERE, _MEDIUM),
    _C.GFA_NO_HOME_REGISTRATION: Treatment(Remedy.ELSEWHERE, _SHORT),
    _C.FA_INVALID_HOME_AGENT_ADDRESS: Treatment(Remedy.ELSEWHERE, _LONG),
    # -- by the home agent: always authenticated
    _C.HA_REASON_UNSPECIFIED: Treatment(Remedy.WAIT, _SHORT),
    _C.HA_ADMINISTRATIVELY_PROHIBITED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_INSUFFICIENT_RESOURCES: Treatment(Remedy.WAIT, _SHORT),
    _C.HA_MOBILE_NODE_FAILED_AUTHENTICATION: Treatment(Remedy.SHOW, _LONG),
    # It does not trust this foreign agent; another one may be trusted.
    _C.HA_FOREIGN_AGENT_FAILED_AUTHENTICATION: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.HA_IDENTIFICATION_MISMATCH: Treatment(Remedy.RESYNCHRONISE, _SHORT),
    _C.HA_POORLY_FORMED_REQUEST: Treatment(Remedy.SHOW, _LONG),
    _C.HA_TOO_MANY_SIMULTANEOUS_BINDINGS: Treatment(Remedy.WAIT, _MEDIUM),
    _C.HA_UNKNOWN_HOME_AGENT_ADDRESS: Treatment(Remedy.ADOPT_HOME_AGENT, _LONG),
    _C.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE: Treatment(Remedy.SHOW, _LONG),
    _C.HA_REVERSE_TUNNEL_MANDATORY: Treatment(Remedy.SHOW, _LONG),
    _C.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE: Treatment(Remedy.SHOW, _LONG),
    _C.HA_UNKNOWN_CVSE_FROM_MOBILE_NODE: Treatment(Remedy.SHOW, _LONG),
    _C.HA_UNKNOWN_CVSE_FROM_FOREIGN_AGENT: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.HA_UDP_ENCAPSULATION_UNAVAILABLE: Treatment(Remedy.SHOW, _LONG),
    # R4433-5.1.1-c, R4433-5.1.2-d
    _C.HA_REDIRECT_REQUIRED: Treatment(Remedy.REDIRECT, _LONG),
    _C.HA_BAD_AAA_AUTHENTICATION: Treatment(Remedy.SHOW, _LONG),
    _C.HA_ZERO_CARE_OF_ADDRESS: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.HA_DYNAMIC_GFA_NOT_SUPPORTED: Treatment(Remedy.ELSEWHERE, _LONG),
    _C.HA_MOBILE_NETWORK_ERROR: Treatment(Remedy.SHOW, _LONG),
    _C.HA_MOBILE_NETWORK_DISALLOWED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_PMIP_UNSUPPORTED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_PMIP_DISALLOWED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_SERVICE_AUTHORIZATION_FAILED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_MULTIPATH_NOT_ALLOWED: Treatment(Remedy.SHOW, _LONG),
    _C.HA_INVALID_FLOW_BINDING_IDENTIFIER: Treatment(Remedy.SHOW, _LONG),
    _C.HA_EXPERIMENTAL: Treatment(Remedy.WAIT, _MEDIUM),
}

_UNKNOWN_BY_AGENT = Treatment(Remedy.ELSEWHERE, _MEDIUM)
_UNKNOWN_BY_HOME_AGENT = Treatment(Remedy.WAIT, _MEDIUM)


def known(code: int) -> ReplyCode | None:
    """The code's name, None for a number that no registry of ours knows."""
    try:
        return ReplyCode(code)
    except ValueError:
        return None


def accepts(code: int) -> bool:
    """Code 1 is success like 0, whatever was asked (RFC 5944 §3.8.2.2); §6.4 leaves 2-8 to further
    successes."""
    return code <= 8


def issuer(code: int) -> Issuer:
    """Who says it, and so whose authenticator it must bear. RFC 5944 §6.4's ranges only for numbers without
    a name."""
    name = known(code)
    if name is not None:
        return name.issued_by
    return Issuer.FOREIGN_AGENT if 64 <= code <= 127 or 193 <= code <= 200 else Issuer.HOME_AGENT


def treatment(code: int) -> Treatment:
    """What to do about a denial."""
    name = known(code)
    if name is not None:
        return TREATMENTS[name]
    return _UNKNOWN_BY_HOME_AGENT if issuer(code) is Issuer.HOME_AGENT else _UNKNOWN_BY_AGENT


def describe(code: int) -> str:
    """The code in words, for operators."""
    name = known(code)
    if name is None:
        return f"unknown code {code}"
    _, _, words = name.name.partition("_")
    return words.lower().replace("_", " ")
