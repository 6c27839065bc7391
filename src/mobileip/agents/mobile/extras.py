"""What a request asks and tells besides its place: the S bit, and extensions for the home agent (RFC 5944 §3.6.1.3)."""

from collections.abc import Iterator

from mobileip.agents.mobile.attachment import CareOf
from mobileip.agents.mobile.requests import Extras, Outstanding
from mobileip.agents.mobile.state import NodeState
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.identification import high
from mobileip.wire.subtypes import DynamicHomeAgentSubtype


def extras_of(state: NodeState, outstanding: Outstanding, ntp: int) -> Extras:
    """`ntp`: when this request was first sent, so that a retransmission can be the same."""
    return Extras(
        direct_to=state.direct_to or outstanding.home_agent,
        # R5944-3.6.1.2-c: "MAY set the 'S' bit" so that the home agent keeps what it has.
        simultaneous_bindings=state.config.simultaneous_bindings and _is_second_place(state, outstanding),
        extensions=tuple(_extensions(state, outstanding, ntp)),
    )


def _is_second_place(state: NodeState, outstanding: Outstanding) -> bool:
    if outstanding.attachment.is_home or not outstanding.lifetime:
        return False
    care_of_address = outstanding.attachment.care_of_address
    in_force = [r.binding.attachment for r in state.registrations.values() if r.binding is not None]
    return any(attachment.care_of_address != care_of_address for attachment in in_force)


def _extensions(state: NodeState, outstanding: Outstanding, ntp: int) -> Iterator[Extension]:
    if state.config.nai:
        # R2794-2-a, R4433-3.3-a, R4433-5.1-a
        yield MobileNodeNai(state.config.nai)
    if is_assignment_asked(state) and state.requested_home_agent is not None:
        # R4433-5.1.2-g, R4433-5.1.2-h, R4433-5.1.1-d, R4433-5.1.2-e, R4433-5.1.1-e, R4433-5.1.2-f, R4433-10-a
        yield DynamicHomeAgent(DynamicHomeAgentSubtype.REQUESTED, state.requested_home_agent)
    for subtype, nai in sorted(state.identities.items()):
        # R3846-4-b: "the Mobile Node MUST return it in every subsequent Registration Request". R3846-5-c
        yield NaiCarrying(subtype, nai)
    attachment = outstanding.attachment
    if outstanding.terms.udp is not None:
        # R3519-4.4-b: it "MUST place this Extension before the Mobile-Home Authentication Extension". RFC 3519 §3.1.
        yield outstanding.terms.udp
    # R3543-3.2-a, R3543-4.2.1-g: who registers directly and wants to be told. R3543-3.2-b, R3543-4.2.1-i: nobody else.
    if state.config.revocation and attachment.care_of is CareOf.COLOCATED and attachment.agent is None:
        yield RevocationSupport(timestamp=high(ntp), inform=True)


def is_assignment_asked(state: NodeState) -> bool:
    """Whether no home agent has been assigned yet, though one is to be: also when it is asked for by its address, for a
    foreign agent that does not know of assignments (RFC 4433 §10)."""
    config = state.configured
    return config.seeks(config.home_agent) and not config.discovers and state.session_ends_at is None
