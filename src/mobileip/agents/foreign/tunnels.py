"""What the tunnels of a registration look like: what its Request asks for, what its Reply grants, and what is wished
for a visitor's packets (RFC 3024, RFC 3519, RFC 6245).
"""

from collections.abc import Callable
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.foreign.config import ForeignAgentConfig, GreKeyForm
from mobileip.agents.foreign.snapshot import PendingRegistration, Visitor
from mobileip.forwarding.model import VisitorReverse, VisitorRoute
from mobileip.forwarding.tunnel import PLAIN_GRE, Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.gre_key_3gpp2 import is_gre_key, key_of_3gpp2, told_key
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.message import Decoded
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

LARGEST_KEY = 0xFFFFFFFF

VisitorWish = VisitorRoute | VisitorReverse


# -- what a Request asks for


def encapsulation_of(request: RegistrationRequest, config: ForeignAgentConfig) -> Encapsulation:
    """Of the tunnel between home agent and us, both ways; the checks have refused what we lack."""
    if uses_gre(request, config):
        return Encapsulation.GRE
    return Encapsulation.MINIMAL if request.minimal_encapsulation else Encapsulation.IPIP


def uses_gre(request: RegistrationRequest, config: ForeignAgentConfig) -> bool:
    """Whether its tunnel to us is, or was, a GRE tunnel."""
    is_for_us = request.care_of_address == config.care_of_address or (
        not request.lifetime and request.care_of_address == request.home_address
    )
    is_wanted = request.gre_encapsulation or config.prefer_gre
    is_possible = Encapsulation.GRE in config.encapsulations and not request.decapsulation_by_mobile_node
    return is_for_us and is_wanted and is_possible


def delivery_of(decoded: Decoded[RegistrationRequest]) -> Encapsulation | None:
    """How the mobile node will encapsulate; None: direct delivery."""
    request = decoded.message
    # R3024-3.1-b, R3024-3.3-e: "Foreign agents SHOULD support the Encapsulating Delivery Style Extension." R3024-3.3-d:
    # "If this extension is absent, Direct Delivery is assumed. Encapsulation is done according to what was
    # negotiated for the forward tunnel". What we agree on with the home agent alone, it does not know.
    if not (request.reverse_tunneling and decoded.find(EncapsulatingDeliveryStyle)):
        return None
    if request.gre_encapsulation:
        return Encapsulation.GRE
    return Encapsulation.MINIMAL if request.minimal_encapsulation else Encapsulation.IPIP


def asks_udp(request: RegistrationRequest, config: ForeignAgentConfig) -> bool:
    """Whether a tunnel in UDP is asked for."""
    # R3519-4.5-a: "A foreign agent which requires the mobile node to register through a foreign agent [...] MUST NOT
    # add the UDP Tunnel Request Extension when forwarding a registration request which uses a co-located care-of
    # address": nor do we otherwise.
    is_colocated = request.decapsulation_by_mobile_node or request.care_of_address != config.care_of_address
    return config.behind_nat and not is_colocated


def fresh_key(entropy: bytes, is_taken: Callable[[int], bool]) -> int:
    """A GRE key that nobody has; not 0, by which a home agent would be asked to choose (RFC 6245 §4.1)."""
    key = int.from_bytes(entropy[:4])
    while key == 0 or is_taken(key):
        key = (key + 1) & LARGEST_KEY
    return key


def extensions_of(pending: PendingRegistration, form: GreKeyForm) -> bytes:
    """What we say to the home agent about the tunnel."""
    octets = b""
    # R6245-4.1-f: "the FA MUST include the GRE Key in the GRE Key Extension in all Mobile IP Registration Requests
    # (including initial, renewal, and de-registration requests)"; R6245-4.1-c, R6245-4.1-g.
    if pending.received_key is not None and form is GreKeyForm.RFC6245:
        octets += GreKey(pending.received_key).encode()
    elif pending.received_key is not None:
        octets += key_of_3gpp2(pending.received_key).encode()
    if pending.udp_tunnel:
        # R3519-3.1-a, R3519-3.1-c, R3519-3.1-e: what is reserved is 0 of itself. Encapsulation 0: as M and G say.
        octets += UdpTunnelRequest().encode()
    return octets


# -- what a Reply grants


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What an acceptance says besides, and where the mobile node hears it from."""

    agent_address: IPv4Address = IPv4Address(0)
    """Source of the Reply that we pass on."""
    sent_key: int | None = None
    udp_tunnel: bool = False
    keepalive_interval: float = 0.0


def granted(
    decoded: Decoded[RegistrationReply],
    pending: PendingRegistration,
    config: ForeignAgentConfig,
    agent_address: IPv4Address,
) -> Grant:
    """What the home agent has granted of what we asked for; it has proven itself where it can."""
    signatures = decoded.find(ForeignHomeAuthentication)
    end = signatures[0][0] if signatures else len(decoded.octets)
    signed = [
        extension for offset, extension in zip(decoded.offsets, decoded.message.extensions, strict=True) if offset < end
    ]
    keys = [told_key(each) for each in signed if is_gre_key(each)]
    # RFC 3519 §3.1.1, §4.4: no extension, no tunnel in UDP; nor where it was not asked for.
    answers = [each for each in signed if isinstance(each, UdpTunnelReply)] if pending.udp_tunnel else []
    is_assent = bool(answers) and answers[-1].is_assent
    told = answers[-1].keepalive_interval if is_assent else 0
    return Grant(
        agent_address=agent_address,
        sent_key=keys[-1] if keys and pending.received_key is not None else None,
        udp_tunnel=is_assent,
        # RFC 3519 §4.10: "it is a matter of permanently configuring the FA to use a keepalive interval which is lower
        # than the NAT mapping lifetime". §3.2: 0 says nothing.
        keepalive_interval=min(config.keepalive_interval, told or config.keepalive_interval) if is_assent else 0.0,
    )


# -- what is wished for a visitor


def tunnel_of(visitor: Visitor) -> Tunnel:
    """Our end of the tunnel between its home agent and us."""
    is_gre = visitor.encapsulation is Encapsulation.GRE
    # R3024-5.1.2-a, R3024-5.2.2-b: "IP Source Address: Copied from the Care-of Address field within the Registration
    # Request. IP Destination Address: Copied from the Home Agent field within the most recent successful Registration
    # Reply." R3024-5.1.2-b: "Default is 4 (IP in IP), but other methods of encapsulation MAY be used as negotiated".
    return Tunnel(
        local=visitor.care_of_address,
        remote=visitor.home_agent,
        encapsulation=visitor.encapsulation,
        # RFC 6245 §5: "the FA uses the HA-assigned key in the encapsulating GRE header for reverse tunneling, and the
        # HA uses the FA-assigned key".
        gre=GreOptions(sent_key=visitor.sent_key, received_key=visitor.received_key) if is_gre else PLAIN_GRE,
        # R3519-4.7-a, R3519-4.7-b: for registrations made with it, and for those always; by the ports of registrations.
        udp=UdpPorts(MOBILE_IP_UDP_PORT, MOBILE_IP_UDP_PORT) if visitor.udp_tunnel else None,
    )


def wishes_of(visitor: Visitor, config: ForeignAgentConfig) -> tuple[VisitorWish, ...]:
    """Nothing for a visitor with a co-located care-of address: its tunnels end at itself."""
    if visitor.care_of_address != config.care_of_address:
        return ()
    tunnel = tunnel_of(visitor)
    route = VisitorRoute(
        home_address=visitor.home_address,
        tunnel=tunnel,
        interface=visitor.interface,
        link_address=visitor.link_address,
        expires_at=visitor.expires_at,
        realm=visitor.realm,
    )
    if not visitor.reverse_tunnel:
        return (route,)
    # R3024-4.2.2-c: "While this visitor list entry is in effect, the foreign agent MUST process incoming traffic
    # according to the delivery style, encapsulate it and tunnel it from the care-of address to the home agent's
    # address." RFC 3024 §5.2.2: what the mobile node encapsulates comes to the source of our Reply.
    delivery = visitor.delivery
    reverse = VisitorReverse(
        home_address=visitor.home_address,
        tunnel=tunnel,
        interface=visitor.interface,
        link_address=visitor.link_address,
        expires_at=visitor.expires_at,
        delivery=Tunnel(visitor.agent_address, visitor.home_address, delivery) if delivery is not None else None,
        realm=visitor.realm,
    )
    return (route, reverse)
