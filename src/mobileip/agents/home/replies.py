"""Registration Replies of a home agent: fields, order of extensions, where they go (RFC 5944 §3.8.3)."""

from ipaddress import IPv4Address

from mobileip.agents.home.decision import Decision
from mobileip.agents.outputs import Departure, SendMessage
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import encode_message
from mobileip.wire.registration import RegistrationReply

_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


def reply(decision: Decision, home_agent: IPv4Address) -> SendMessage:
    """The signed Reply and its way; `home_agent` is our unicast address."""
    # R3024-4.3.2-a: "the home agent MUST [...] respond with a registration reply".
    return SendMessage(
        octets=_octets(decision, home_agent),
        departure=_departure(decision, home_agent),
        # R5944-4.6-u: who comes home is heard on the home link at once, so we stop to answer ARP for it first.
        ahead=not decision.is_deregistration,
    )


def _octets(decision: Decision, home_agent: IPv4Address) -> bytes:
    # R5944-3.8.3.3-a: the order is fixed part, extensions for the mobile node, its authentication, extensions for the
    # foreign agent, its authentication.
    octets = encode_message(
        RegistrationReply(
            code=decision.code,
            # R5944-3.8.3-c, R5944-3.8.3.2-b
            lifetime=decision.lifetime,
            # R5944-3.8.3.2-e: "the home agent MUST copy the nonzero Home Address"; R5944-3.8.3.2-g
            home_address=decision.home_address,
            # R5944-3.8.3.2-h, R4433-5.3.1-a, R2794-3-e: copied where it is a unicast address of this home agent;
            # R5944-3.8.3.2-i: otherwise it "MUST set the Home Agent field in the Registration Reply to its unicast
            # address". Both are the same octets.
            home_agent=home_agent,
            # R5944-3.8.3-c
            identification=decision.identification,
            # R5944-3.8.3.3-a, R2794-3-c, R3846-3.1-a, R4433-3.4.2-a, R4917-5-a
            extensions=decision.extensions,
        )
    )
    # R5944-3.8.3.3-b, R5944-3.4-f, R5944-3.5.2-b, R5944-3.6.2.1-j, R5944-3.8.2.1-i: "items (a) and (c) MUST appear in
    # every Registration Reply sent by the home agent". R3846-6-a, R3543-6.2-a: and in those with their extensions.
    if decision.association is not None:
        octets = sign(octets, MobileHomeAuthentication, decision.association)
    # R5944-3.8.3.3-a, R3543-4.2.1-e
    for extension in decision.foreign_extensions:
        octets += extension.encode()
    # R5944-3.8.3.3-c, R5944-3.8.1-f, R3543-4.2.1-c: "item (e) MUST be included when the home agent and the foreign
    # agent share a Mobility Security Association", and comes last. R3543-3.2-g
    if decision.foreign_association is not None:
        octets = sign(octets, ForeignHomeAuthentication, decision.foreign_association)
    return octets


def _departure(decision: Decision, home_agent: IPv4Address) -> Departure:
    arrival = decision.arrival
    # R5944-3.8.3.1-a: the Request's destination; where that was a broadcast or multicast address, "the IP Source
    # Address of the Registration Reply MUST be set to the home agent's (unicast) IP address".
    source = arrival.destination if decision.is_unicast else home_agent
    has_address = int(arrival.source) != 0
    # R5944-3.8.3.1-c, R5944-3.8.3.1-d, R5944-3.8.3.1-e: "the home agent MUST transmit the Reply directly onto the home
    # network as if the mobile node were at home, bypassing any mobility binding list entry that may still exist", for a
    # rejection too: so as a frame. Also the only way to a mobile node without address.
    if has_address and not decision.is_from_home:
        return Departure(
            # R5944-3.8.3.1-b, R5944-3.8.2.2-f, R5944-3.5.4-b: addresses and ports of the Request are swapped.
            destination=arrival.source,
            source=source,
            # R5944-3.8.3.1-b
            destination_port=arrival.source_port,
            # R5944-3.8.3.1-b
            source_port=arrival.destination_port,
        )
    return Departure(
        destination=arrival.source if has_address else _LIMITED_BROADCAST,
        source=source,
        destination_port=arrival.source_port,
        source_port=arrival.destination_port,
        interface=arrival.interface,
        link_destination=arrival.link_source,
    )
