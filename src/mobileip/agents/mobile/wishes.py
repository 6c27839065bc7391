"""What a mobile node wants the machine to do with packets, wholly derived from what it remembers (law 2)."""

from collections.abc import Iterator

from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.config import UNSPECIFIED
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.tunnels import expected_tunnel, forward_tunnel, ways_out
from mobileip.forwarding.model import (
    ArpAnswer,
    BroadcastExit,
    ForwardingState,
    HomeAddress,
    MobileLink,
    MobileRoute,
    Neighbour,
    TunnelExit,
    Wish,
)
from mobileip.forwarding.tunnel import Tunnel


def wishes(state: NodeState) -> ForwardingState:
    """The whole wish; nothing before the first event."""
    return ForwardingState.of(_wishes(state)) if state.started else ForwardingState()


def _wishes(state: NodeState) -> Iterator[Wish]:
    # At home too, so that programs keep one source address wherever the node is.
    if state.config.home_address != UNSPECIFIED:
        yield HomeAddress(address=state.config.home_address)
    home, at_home = home_way(state), home_target(state)
    for link in state.links.values():
        if link.exists:
            # R5944-4.6-t, R5944-4.6-q, R5944-4.6-p: away from home, before the request, the node "disables its own
            # future processing of any ARP Requests" for its home address; at home, before the request, it "re-enables"
            # it (R5944-4.6-u). R5944-3.6-h, R5944-4.2.1-d: redirects are not followed.
            answers_arp = at_home is not None and at_home.interface == link.name
            yield MobileLink(interface=link.name, answers_arp=answers_arp, is_bare=not link.addresses)
    yield from _neighbours(state)
    yield from _arp_answers(state)
    carrier = carrier_of(state)
    if home is not None:
        yield MobileRoute(
            home_address=state.config.home_address,
            interface=home.interface,
            gateway=home.gateway,
            on_link=state.config.home_network,
        )
    # R5944-3.6.2.2-a: "the mobile node SHOULD configure its routing table appropriately for its current point of
    # attachment".
    elif carrier is not None and carrier.binding is not None:
        yield from ways_out(carrier.binding, state.config)
    yield from _tunnel_exits(state, carrier)
    yield from _broadcast_exit(state, carrier)


def home_target(state: NodeState) -> Attachment | None:
    """The point of attachment at home, when that is what was chosen."""
    target = state.registration.target if state.registration else None
    return target if target is not None and target.is_home else None


def home_way(state: NodeState) -> Attachment | None:
    """The way at home: where it is what was chosen, and after that until something is registered elsewhere."""
    lingering = (r.home for r in state.registrations.values() if r.state is State.LINGERING and r.home is not None)
    return home_target(state) or next(lingering, None)


def carrier_of(state: NodeState) -> Registration | None:
    """What carries traffic: of several in force, while the node changes links, the newest."""
    in_force = [r for r in state.registrations.values() if r.binding is not None]
    return max(in_force, key=lambda r: r.binding.registered_at if r.binding else 0.0, default=None)


def _neighbours(state: NodeState) -> Iterator[Neighbour]:
    """Our signalling from a co-located address asks nothing by ARP either, where the gateway's link-layer address is
    known."""
    # R5944-4.6-p: "MUST NOT transmit any broadcast ARP Request". R5944-4.2.1-c
    for registration in state.registrations.values():
        in_force = registration.binding.attachment if registration.binding else None
        for attachment in (in_force, registration.target):
            if attachment is not None and attachment.care_of is CareOf.COLOCATED and attachment.gateway_link_address:
                yield Neighbour(
                    interface=attachment.interface,
                    address=attachment.gateway,
                    link_address=attachment.gateway_link_address,
                )


def _arp_answers(state: NodeState) -> Iterator[ArpAnswer]:
    """The agents that may ask by ARP, as long as they ask this node alone."""
    for registration in state.registrations.values():
        in_force = registration.binding.attachment if registration.binding else None
        for attachment in (in_force, registration.target):
            # R5944-4.6-q: "a foreign agent with which the mobile node is attempting to register or [...] has an
            # unexpired registration."
            if attachment is not None and attachment.agent is not None and attachment.first_hop is not None:
                yield ArpAnswer(
                    interface=attachment.interface,
                    home_address=state.config.home_address,
                    link_address=attachment.first_hop,
                )


def _tunnel_exits(state: NodeState, carrier: Registration | None) -> Iterator[TunnelExit]:
    """At each care-of address of our own by which packets may come; of two with one key the later one counts."""
    # What was left a moment ago: packets are on their way.
    yield from state.former.values()
    # From the first request on, not from its reply: the home agent's packets may be here before that.
    asking = state.registration
    if asking is not None and asking.state is State.REGISTERING and asking.outstanding:
        latest = asking.outstanding[-1]
        if latest.attachment.care_of is CareOf.COLOCATED and not state.config.seeks(latest.home_agent):
            yield _exit(state, expected_tunnel(latest), latest.sent_at + latest.lifetime)
    # With S several may be in force. What carries packets comes last.
    for registration in sorted(state.registrations.values(), key=lambda each: each is carrier):
        binding = registration.binding
        if binding is not None and binding.attachment.care_of is CareOf.COLOCATED:
            yield _exit(state, forward_tunnel(binding), binding.expires_at)


def _broadcast_exit(state: NodeState, carrier: Registration | None) -> Iterator[BroadcastExit]:
    """With a co-located care-of address broadcasts are tunneled like anything else; behind a foreign agent in a tunnel
    of their own to the home address, inside of the one to the agent (RFC 5944 §4.3)."""
    binding = carrier.binding if carrier else None
    if binding is None or not state.config.broadcasts:
        return
    attachment = binding.attachment
    is_colocated = attachment.care_of is CareOf.COLOCATED
    # R5944-3.6.1.2-h: "the mobile node MUST decapsulate the encapsulated IP datagram". R5944-3.6.1.2-i
    yield BroadcastExit(
        home_address=state.config.home_address,
        tunnel=forward_tunnel(binding)
        if is_colocated
        else Tunnel(local=state.config.home_address, remote=binding.home_agent),
        network=state.config.home_network,
        expires_at=binding.expires_at,
    )


def _exit(state: NodeState, tunnel: Tunnel, expires_at: float) -> TunnelExit:
    return TunnelExit(home_address=state.config.home_address, tunnel=tunnel, expires_at=expires_at)
