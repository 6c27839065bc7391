"""Registration Replies of a home agent: fields, order of extensions, where they go (RFC 5944 §3.8.3)."""

from ipaddress import IPv4Address

from mobileip.agents.home.decision import Decision
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import encode_message
from mobileip.wire.registration import RegistrationReply

_UNSPECIFIED = IPv4Address(0)
_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


def reply(decision: Decision, home_agent: IPv4Address) -> SendMessage:
    """The signed Reply and its way; `home_agent` is our unicast address."""
    return SendMessage(octets=_octets(decision, home_agent), departure=_departure(decision, home_agent))


def _octets(decision: Decision, home_agent: IPv4Address) -> bytes:
    octets = encode_message(
        RegistrationReply(
            code=decision.code,
            lifetime=decision.lifetime,
            home_address=decision.request.home_address,
            # RFC 5944 §3.8.3.2: copied where it is a unicast address of this home agent; otherwise it "MUST
            # set the Home Agent field in the Registration Reply to its unicast address". Both are the same
            # octets.
            home_agent=home_agent,
            identification=decision.identification,
        )
    )
    # RFC 5944 §3.8.3.3: "items (a) and (c) MUST appear in every Registration Reply sent by the home agent";
    # "item (e) MUST be included when the home agent and the foreign agent share a Mobility Security
    # Association", and comes last.
    octets = sign(octets, MobileHomeAuthentication, decision.association)
    if decision.foreign_association is not None:
        octets = sign(octets, ForeignHomeAuthentication, decision.foreign_association)
    return octets


def _departure(decision: Decision, home_agent: IPv4Address) -> Departure:
    # RFC 5944 §3.8.3.1: addresses and ports of the Request are swapped; where it was sent to a broadcast or
    # multicast address, "the IP Source Address of the Registration Reply MUST be set to the home agent's
    # (unicast) IP address".
    arrival = decision.arrival
    source = arrival.destination if decision.is_unicast else home_agent
    has_address = arrival.source != _UNSPECIFIED
    if has_address and not decision.is_from_home:
        return Departure(
            destination=arrival.source,
            source=source,
            destination_port=arrival.source_port,
            source_port=arrival.destination_port,
        )
    # RFC 5944 §3.8.3.1: "the home agent MUST transmit the Reply directly onto the home network as if the
    # mobile node were at home, bypassing any mobility binding list entry that may still exist", for a
    # rejection too: so as a frame. Also the only way to a mobile node without address.
    return Departure(
        destination=arrival.source if has_address else _LIMITED_BROADCAST,
        source=source,
        destination_port=arrival.source_port,
        source_port=arrival.destination_port,
        interface=arrival.interface,
        link_destination=arrival.link_source,
    )
