"""Who serves a mobile node and under which address, where the configuration leaves that open.

What a home agent assigned is kept for a session: as long as something is registered, or could be. Then the node is what
its configuration says, and asks anew.
"""

import math
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.config import ANY_HOME_AGENT, UNSPECIFIED
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.replies import is_usable
from mobileip.agents.mobile.state import NodeState, known_identities
from mobileip.agents.notices import HomeAddressAssigned, HomeAgentChosen
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.nai import NaiCarrying
from mobileip.wire.message import Decoded, Message
from mobileip.wire.registration import RegistrationReply
from mobileip.wire.subtypes import DynamicHomeAgentSubtype, NaiCarryingSubtype

KEPT_IDENTITIES = (NaiCarryingSubtype.HOME_AGENT, NaiCarryingSubtype.HOME_AAA_SERVER)
"""RFC 3846 §4, §5: whose identities are sent back. R3846-5-b"""


def choose_home_agent(state: NodeState, home_agent: IPv4Address, cause: str, out: Outbox) -> None:
    """From now on that one is asked."""
    state.home_agent = home_agent
    out.notify(HomeAgentChosen(home_agent=home_agent, cause=cause))


def take_what_is_assigned(state: NodeState, reply: RegistrationReply, out: Outbox) -> None:
    """The home agent accepted: it is the one, and what it calls us is our address."""
    configured = state.configured
    if configured.seeks(configured.home_agent) and reply.home_agent != state.home_agent:
        # R4433-5.1-d, R4433-5.1.2-b: the "Assigned HA [...] for the remainder of the session".
        choose_home_agent(state, reply.home_agent, "assigned", out)
    if configured.home_address == UNSPECIFIED and reply.home_address != state.config.home_address:
        # R5944-3.6-b: it "MUST be able to assign" the home address "received in the Registration Reply". R4433-3.3-b
        state.config = msgspec.structs.replace(state.config, home_address=reply.home_address)
        out.notify(HomeAddressAssigned(home_address=reply.home_address))


def prolong(state: NodeState, registration: Registration) -> None:
    """What was assigned is ours for as long as what is in force; without an end at home."""
    if _is_anything_open(state):
        binding = registration.binding
        state.session_ends_at = binding.expires_at if binding is not None else math.inf


def end_session(state: NodeState) -> None:
    """Nothing that was assigned is ours any more."""
    if _is_anything_open(state):
        state.session_ends_at = None
        state.config = state.configured
        state.forget_home_agent()
        state.identities = known_identities(state.configured)
        for registration in state.registrations.values():
            registration.unanswered = None  # What is sent next is another request.


def _is_anything_open(state: NodeState) -> bool:
    configured = state.configured
    return configured.home_address == UNSPECIFIED or configured.seeks(configured.home_agent)


def adopt_redirection(state: NodeState, decoded: Decoded[Message], out: Outbox) -> bool:
    """Code 143: the home agent that is named is asked for next; False when none is, or none is to be assigned."""
    found = [e for _, e in decoded.find(DynamicHomeAgent) if e.subtype == DynamicHomeAgentSubtype.REDIRECTED]
    # R4433-3.4.1-a, R4433-6-a: "A valid unicast IP address MUST be used".
    if not found or not is_usable(found[0].home_agent) or state.configured.home_agent not in ANY_HOME_AGENT:
        return False
    state.forget_home_agent()
    # R4433-5.1.1-d, R4433-5.1.2-e: "MUST put the Redirected HA address as the Requested HA Extension".
    state.requested_home_agent = found[0].home_agent
    out.notify(HomeAgentChosen(home_agent=found[0].home_agent, cause="redirected"))
    return True


def ask_by_address(state: NodeState) -> bool:
    """A foreign agent that knows nothing of assignments needs an address to relay to: that of the one we ask for. False
    when it has it already, or we know none."""
    # R4433-10-a
    if state.requested_home_agent is None or state.home_agent not in ANY_HOME_AGENT:
        return False
    state.home_agent = state.requested_home_agent
    return True


def ask_others(state: NodeState, registration: Registration) -> None:
    """The home agent does not answer, or can't be reached. Where it was discovered or is yet to be assigned, it is not
    the only one."""
    if state.configured.discovers and state.home_agent != state.configured.home_agent:
        state.home_agent = state.configured.home_agent
    elif not ask_by_address(state):
        return
    registration.unanswered = None  # What is sent next is another request.


def end_session_when_due(state: NodeState, now: float) -> None:
    """When the last of what was registered would have ended, wherever."""
    if state.session_ends_at is not None and now >= state.session_ends_at:
        end_session(state)


def remember_identities(state: NodeState, decoded: Decoded[Message]) -> None:
    """Those that the home agent vouches for (RFC 3846 §3.1, §6)."""
    signed_until = max((offset for offset, _ in decoded.find(MobileHomeAuthentication)), default=0)
    for offset, extension in decoded.find(NaiCarrying):
        # R3846-6-a: what stands behind the authenticator anybody could have put there.
        if extension.subtype in KEPT_IDENTITIES and offset < signed_until:
            state.identities[extension.subtype] = extension.nai
