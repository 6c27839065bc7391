"""The wishes for a registration's tunnels: what comes out of them is ours, and what we send goes into them or not."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.registration import Binding
from mobileip.agents.mobile.requests import Outstanding
from mobileip.agents.mobile.terms import Terms, is_reversed
from mobileip.forwarding.model import EVERYWHERE, LinkHop, MobileRoute, ReverseTunnel, Way
from mobileip.forwarding.tunnel import Tunnel, UdpPorts
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

USUAL_SEGMENT_SIZE = 1460
"""Octets of a TCP segment that an Ethernet carries."""

# R3519-4.4-e, R3519-4.4-f, R3519-4.9-c: "the same UDP source port as was used for the most recent registration
# request", and it is the same for all of them.
PORTS = UdpPorts(MOBILE_IP_UDP_PORT, MOBILE_IP_UDP_PORT)


def forward_tunnel(binding: Binding) -> Tunnel:
    """The one that ends at the care-of address. Its end at a foreign agent is of interest for its size alone."""
    agreement = binding.agreement
    return _tunnel(binding.attachment, binding.home_agent, agreement.terms, in_udp=agreement.in_udp)


def expected_tunnel(request: Outstanding) -> Tunnel:
    """The one that a Request with a co-located care-of address asks for, before its answer tells what it is."""
    udp = request.terms.udp
    return _tunnel(request.attachment, request.home_agent, request.terms, in_udp=udp is not None and udp.force)


def _tunnel(attachment: Attachment, home_agent: IPv4Address, terms: Terms, *, in_udp: bool) -> Tunnel:
    return Tunnel(
        local=attachment.care_of_address,
        remote=home_agent,
        encapsulation=terms.encapsulation,
        # R3519-4.7-a: only where it was agreed on.
        udp=PORTS if in_udp else None,
    )


def ways_out(binding: Binding, config: MobileNodeConfig) -> Iterator[MobileRoute | ReverseTunnel]:
    """Where packets from the home address go, away from home."""
    reverse = _reverse_tunnel(binding, config)
    if reverse is None:
        is_reversed_by_agent = is_reversed(binding.agreement, config)
        # R3024-5.1.1-a: with direct delivery "the mobile node MUST designate the foreign agent as its default router".
        yield _route(binding, config, None if is_reversed_by_agent else _segment_size(binding))
        return
    # RFC 3024 §5.4: "A mobile node [...] MAY optimize delivery of these packets by not reverse tunneling them". What
    # has no other route meets our device, and the tunnel behind it: R3024-4.1.2-a, R3024-5.2-a, R3024-5.3-a: multicasts
    # and broadcasts as well.
    yield reverse
    if config.direct_destinations:
        yield _route(binding, config, _segment_size(binding), config.direct_destinations)


def _reverse_tunnel(binding: Binding, config: MobileNodeConfig) -> ReverseTunnel | None:
    """The one that we put packets into ourselves; a foreign agent does it for us where it delivers directly."""
    attachment, agreement = binding.attachment, binding.agreement
    if not is_reversed(agreement, config):
        return None
    tunnel, hop, way = forward_tunnel(binding), None, None
    if attachment.care_of is CareOf.FOREIGN_AGENT:
        if not agreement.terms.encapsulating or agreement.reply_source is None or not attachment.gateway_link_address:
            return None
        # R5944-4.4-i: a mobile node that tunnels multicasts "MUST use its home address as the IP source address of both
        # the (inner) multicast datagram and the (outer) encapsulating datagram".
        # R3024-5.2.2-a: "the mobile node's home address" and "the address of the agent as learned from the IP source
        # address of the agent's most recent successful registration reply".
        tunnel = Tunnel(
            local=config.home_address,
            remote=agreement.reply_source,
            encapsulation=agreement.terms.encapsulation,
        )
        hop = LinkHop(attachment.interface, attachment.gateway_link_address)
    else:
        way = Way(attachment.interface, attachment.gateway)
    return ReverseTunnel(
        home_address=config.home_address, tunnel=tunnel, expires_at=binding.expires_at, hop=hop, way=way
    )


def _segment_size(binding: Binding) -> int:
    """What comes back passes the tunnel towards us, of which programs would not know."""
    return USUAL_SEGMENT_SIZE - forward_tunnel(binding).overhead


def _route(
    binding: Binding,
    config: MobileNodeConfig,
    segment_size: int | None,
    destinations: tuple[IPv4Network, ...] = (EVERYWHERE,),
) -> MobileRoute:
    attachment = binding.attachment
    return MobileRoute(
        home_address=config.home_address,
        interface=attachment.interface,
        gateway=attachment.gateway,
        gateway_link_address=attachment.gateway_link_address,
        destinations=destinations,
        segment_size=segment_size,
    )
