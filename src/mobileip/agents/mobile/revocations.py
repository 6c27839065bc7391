"""Revocation of a registration that was made directly, with a co-located care-of address (RFC 3543 §4.2.2.3).

A node behind a foreign agent hears of no revocation: that agent's advertisements count from 0 again, and the node
registers anew (§4.1). Nothing that is not authenticated ends a registration.
"""

from collections.abc import Callable

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.instant import Instant
from mobileip.agents.mobile.attachment import CareOf
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Binding, Registration
from mobileip.agents.mobile.replies import Complaint, check_exactly_one
from mobileip.agents.mobile.session import end_session
from mobileip.agents.mobile.state import NodeState, Revoked
from mobileip.agents.notices import RegistrationLost
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.message import Decoded, encode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

WAIT_AFTER_REVOCATION = 60.0
"""Seconds until the home agent is asked again: it had a reason."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A revocation beside the binding that it names: one in force, or one that was revoked before."""

    state: NodeState
    decoded: Decoded[RegistrationRevocation]
    arrival: Arrival
    binding: Binding
    after: int | None
    """Its identifier has to be later than that; None: the home agent never agreed to revoke."""


def hear_revocation(
    state: NodeState, decoded: Decoded[RegistrationRevocation], arrival: Arrival, now: Instant, out: Outbox
) -> Complaint | None:
    """Ends the registration that a valid revocation names; returns what is wrong with any other."""
    revocation = decoded.message
    registration = next((r for r in state.registrations.values() if _is_named(r.binding, revocation)), None)
    case = _case(state, decoded, arrival, registration)
    if case is None:
        return Complaint(DropReason.NO_BINDING, f"a revocation of {revocation.foreign_domain_address}")
    for step in CHECKS:
        complaint = step(case)
        if complaint is not None:
            return complaint
    # R3543-4.2.2.3-c, R3543-3.4-d: "the mobile node SHOULD first generate a revocation acknowledgment message".
    out.messages.append(_acknowledgment(case))
    state.revoked = Revoked(binding=case.binding, identifier=revocation.revocation_identifier)
    if registration is None:
        return None
    out.notify(RegistrationLost(care_of_address=case.binding.attachment.care_of_address, cause="revoked"))
    state.count("revocations")
    place = case.binding.attachment.place
    registration.revoked(now.boot, state.refusals.note(place, WAIT_AFTER_REVOCATION, now.boot, avoid=False))
    if all(other.binding is None for other in state.registrations.values()):
        end_session(state)
    return None


def _is_named(binding: Binding | None, revocation: RegistrationRevocation) -> bool:
    # R3543-4.2.2.3-b: it "MUST verify that the information contained in the revocation messages identifies the home
    # agent with which it has a current binding" and "any foreign domain address it is currently using".
    return binding is not None and (binding.home_agent, binding.attachment.care_of_address) == (
        revocation.home_domain_address,
        revocation.foreign_domain_address,
    )


def _case(
    state: NodeState,
    decoded: Decoded[RegistrationRevocation],
    arrival: Arrival,
    registration: Registration | None,
) -> Case | None:
    revocation, revoked = decoded.message, state.revoked
    if registration is not None and registration.binding is not None:
        binding, after = registration.binding, registration.binding.revocable_after
    elif revoked is not None and _is_named(revoked.binding, revocation):
        # R3543-3.4-d: our acknowledgment was lost, and it is sent again with a later identifier.
        binding, after = revoked.binding, revoked.identifier
    else:
        return None
    return Case(state=state, decoded=decoded, arrival=arrival, binding=binding, after=after)


def check_authenticator(case: Case) -> Complaint | None:
    """R3543-3.3-g, R3543-3.5-a, R3543-4.2.2.3-a: without a valid authenticator it "MUST be ignored, and silently
    discarded"."""
    return check_exactly_one(case.decoded, MobileHomeAuthentication, case.state.config.association)


def check_binding(case: Case) -> Complaint | None:
    """Ours, and made directly: a foreign agent's is that agent's."""
    attachment, home_address = case.binding.attachment, case.decoded.message.home_address
    is_direct = attachment.care_of is CareOf.COLOCATED and attachment.agent is None
    # R3543-4.2.2.3-a: it "MUST [...] check the home address".
    if home_address != case.state.config.home_address or not is_direct:
        return Complaint(DropReason.NO_BINDING, f"a revocation of {home_address}")
    return None


def check_freshness(case: Case) -> Complaint | None:
    """Not a replay, and not a reflection: mobile nodes send none."""
    revocation = case.decoded.message
    is_late = case.after is None or not 0 < (revocation.revocation_identifier - case.after) % (1 << 32) < 1 << 31
    # R3543-3.5-b, R3543-3.5-d, R3543-3.5-a, R3543-4.2.2.3-a
    if is_late or not revocation.from_home_agent:
        return Complaint(DropReason.REPLAYED, f"revocation identifier {revocation.revocation_identifier}")
    return None


CHECKS: tuple[Callable[[Case], Complaint | None], ...] = (check_authenticator, check_binding, check_freshness)


def _acknowledgment(case: Case) -> SendMessage:
    revocation, attachment = case.decoded.message, case.binding.attachment
    octets = encode_message(
        RevocationAcknowledgment(
            # R3543-3.4-b: "MUST NOT be set to '1' [...] unless it was set to '1' in the revocation message".
            inform=revocation.inform,
            home_address=revocation.home_address,
            revocation_identifier=revocation.revocation_identifier,
        )
    )
    return SendMessage(
        # R3543-3.4-e: "MUST be protected".
        octets=sign(octets, MobileHomeAuthentication, case.state.config.association),
        departure=Departure(
            source=attachment.care_of_address,
            # R3543-4.2.2.3-d: it "MUST be sent to the IP source address of the revocation message".
            destination=case.arrival.source,
            destination_port=case.arrival.source_port,
            interface=attachment.interface,
        ),
    )
