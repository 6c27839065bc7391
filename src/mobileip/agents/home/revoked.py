"""Registration Revocations of foreign agents: judged and acknowledged (RFC 3543 §3.5, §4.2.3.2).

Each check takes the examination so far and returns None (go on) or the name under which the Revocation is silently
discarded.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.home.examination import Surroundings
from mobileip.agents.home.revocations import is_later
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign, verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.message import Decoded, Message, encode_message
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment


class Ended(msgspec.Struct, frozen=True):
    """What is remembered of a binding that a foreign agent may revoke, or has revoked: the latter so that a Revocation
    whose acknowledgment was lost is acknowledged again.
    """

    care_of_address: IPv4Address
    foreign_agent: IPv4Address | None
    timestamp: int
    """The latest of the foreign agent's clock."""
    inform: bool
    """As negotiated."""


NOTHING = Ended(IPv4Address(0), None, 0, False)
"""Of a home address about which no foreign agent has revoked anything: none can be meant by it."""


class RevocationExamination:
    """One Revocation, and what the checks have found so far."""

    __slots__ = ("arrival", "association", "bindings", "decoded", "ended", "foreign_agent", "message", "surroundings")

    def __init__(
        self,
        surroundings: Surroundings,
        bindings: tuple[MobilityBinding, ...],
        ended: Ended,
        *,
        decoded: Decoded[Message],
        message: RegistrationRevocation,
        arrival: Arrival,
    ) -> None:
        self.surroundings = surroundings
        self.bindings = bindings
        """The mobile node's current ones."""
        self.decoded = decoded
        self.message = message
        self.arrival = arrival
        self.foreign_agent = surroundings.foreign_agent(arrival.source, message.foreign_domain_address)
        self.ended = ended
        """What was revoked before; `check_binding` puts the current binding in its place."""
        self.association: MobilitySecurityAssociation
        """The one that protects it; there once `check_authentication` has nothing against it."""

    @property
    def binding(self) -> MobilityBinding | None:
        """The current one that is meant."""
        care_of_address = self.message.foreign_domain_address
        return next((b for b in self.bindings if b.care_of_address == care_of_address), None)


def check_direction(examination: RevocationExamination) -> DropReason | None:
    # R3543-3.5-b, R3543-3.5-c, R3543-4.2.3.2-a: "MUST also check that the message is not a reflection of a revocation
    # message it sent": ours have the A bit.
    return DropReason.NOT_FOR_US if examination.message.from_home_agent else None


def check_authentication(examination: RevocationExamination) -> DropReason | None:
    found = examination.decoded.find(ForeignHomeAuthentication)
    # R3543-3.3-g, R3543-3.5-a: one "that does not contain a valid authenticator" "MUST be ignored, and silently
    # discarded".
    if len(found) != 1:
        return DropReason.MISSING_AUTHENTICATION
    foreign_agent, (offset, extension) = examination.foreign_agent, found[0]
    agents = examination.surroundings.foreign_agents
    association = None if foreign_agent is None else agents.find(foreign_agent, extension.spi)
    if association is None:
        return DropReason.UNKNOWN_SPI
    examination.association = association
    # R3543-3.3-g, R3543-3.5-a, R3543-4.2.3.2-a, R3543-6.2-b
    return None if verify(examination.decoded, offset, extension, association) else DropReason.BAD_AUTHENTICATOR


def check_binding(examination: RevocationExamination) -> DropReason | None:
    message, binding = examination.message, examination.binding
    if binding is not None:
        # R3543-4.2.1-f: without its offer the foreign agent is "unwilling to participate specifically for this
        # binding", whatever was agreed on about an earlier one.
        terms = binding.revocation
        examination.ended = (
            NOTHING
            if terms is None
            else Ended(binding.care_of_address, terms.foreign_agent, terms.peer_timestamp, terms.inform)
        )
    ended = examination.ended
    # R3543-4.2.3.2-b: "the addresses identified by the home address, the foreign domain address and the home domain
    # address fields". RFC 3543 §4.2: of one that is not the foreign agent's it has nothing to say.
    is_known = (
        message.home_domain_address == examination.surroundings.config.address
        and ended.care_of_address == message.foreign_domain_address
        and ended.foreign_agent == examination.foreign_agent
    )
    return None if is_known else DropReason.NO_BINDING


def check_identifier(examination: RevocationExamination) -> DropReason | None:
    ended, identifier = examination.ended, examination.message.revocation_identifier
    # R3543-4.2.3.2-c, R3543-3.5-b, R3543-3.5-d, R3543-3.5-g, R3543-4.2.3.2-a: "the timestamp of a registration MUST
    # precede the revocation message"; a replay is "silently discarded". Compared with what the same agent sent about
    # the same binding.
    return None if is_later(identifier, ended.timestamp) else DropReason.REPLAYED


CHECKS: tuple[Callable[[RevocationExamination], DropReason | None], ...] = (
    check_direction,
    check_authentication,
    check_binding,
    check_identifier,
)


def first_objection(examination: RevocationExamination) -> DropReason | None:
    """None: the Revocation is valid."""
    for check in CHECKS:
        reason = check(examination)
        if reason is not None:
            return reason
    return None


def acknowledgment(examination: RevocationExamination, *, is_gone: bool) -> SendMessage:
    """The answer to a valid one. `is_gone`: the mobile node has no other binding."""
    message, arrival, ended = examination.message, examination.arrival, examination.ended
    # R3543-4.2.3.2-e: "If it does want the mobile node informed, it MUST set the 'I' bit [...] to '1'": when it has no
    # other way. R3543-4.2.3.2-f: else to 0. R3543-3.4-b: and "MUST NOT be set to '1' [...] unless it was set to '1' in
    # the revocation message".
    inform = message.inform and is_gone and ended.inform
    octets = encode_message(
        RevocationAcknowledgment(
            inform=inform,
            # R3543-4.2.3.2-g: both copied.
            home_address=message.home_address,
            # R3543-4.2.3.2-g
            revocation_identifier=message.revocation_identifier,
        )
    )
    # R3543-3.4-e, R3543-4.2.3.2-g, R3543-3.5-a: it "MUST be protected by either a valid authenticator".
    octets = sign(octets, ForeignHomeAuthentication, examination.association)
    # R3543-4.2.3.2-d: "to the IP source address of the registration revocation message"; ports swapped (§3.4).
    departure = Departure(
        destination=arrival.source,
        source=arrival.destination,
        destination_port=arrival.source_port,
        source_port=arrival.destination_port,
    )
    return SendMessage(octets=octets, departure=departure)
