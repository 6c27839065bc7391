"""ICMP errors about Requests that were relayed (RFC 5944 §3.7.3): which of them, and what mobile nodes are told.

Anybody can forge such an error, so it ends nothing: a Reply that comes all the same counts.
"""

from ipaddress import IPv4Address

from mobileip.agents.events import DeliveryFailed
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.wire.identification import low
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationRequest

DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM = 3, 11, 12
"""RFC 792."""

_CODES = {
    0: ReplyCode.FA_HOME_NETWORK_UNREACHABLE,
    1: ReplyCode.FA_HOME_AGENT_HOST_UNREACHABLE,
    3: ReplyCode.FA_HOME_AGENT_PORT_UNREACHABLE,
    6: ReplyCode.FA_HOME_NETWORK_UNREACHABLE,
    7: ReplyCode.FA_HOME_AGENT_HOST_UNREACHABLE,
}
"""By the code of Destination Unreachable: net, host, port; net unknown, host unknown (RFC 1122 §3.2.2.1)."""

_HOME_ADDRESS = slice(4, 8)
_LOW_HALF = slice(20, 24)
"""Where they stand in a Request (RFC 5944 §3.3)."""


def code_of(icmp_type: int, icmp_code: int) -> ReplyCode | None:
    """The denial that an ICMP error calls for; None for what is no error of delivery."""
    if icmp_type == DESTINATION_UNREACHABLE:
        return _CODES.get(icmp_code, ReplyCode.FA_HOME_AGENT_UNREACHABLE)
    return ReplyCode.FA_HOME_AGENT_UNREACHABLE if icmp_type in (TIME_EXCEEDED, PARAMETER_PROBLEM) else None


def concerned(event: DeliveryFailed, registrations: PendingRegistrations) -> list[PendingRegistration]:
    """The pending Requests that an error may be about: the one that it quotes, or all to that home agent."""
    quoted = event.octets
    if quoted and quoted[0] != RegistrationRequest.TYPE:
        return []
    return [pending for pending in registrations if _may_be(pending, event.destination, quoted)]


def _may_be(pending: PendingRegistration, destination: IPv4Address, quoted: bytes) -> bool:
    if pending.relayed_to != destination:
        return False
    # Routers quote eight octets of the datagram at least (RFC 792): then nothing of the Request.
    if len(quoted) >= _HOME_ADDRESS.stop and quoted[_HOME_ADDRESS] != pending.home_address.packed:
        return False
    return len(quoted) < _LOW_HALF.stop or int.from_bytes(quoted[_LOW_HALF]) == low(pending.identification)
