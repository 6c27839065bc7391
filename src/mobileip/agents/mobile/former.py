"""What a mobile node has left a moment ago: packets are on their way to it, and its tunnel is heard for a while yet."""

import math

import msgspec

from mobileip.agents.mobile.state import NodeState
from mobileip.forwarding.model import ForwardingState, TunnelExit


def keep_former(state: NodeState, before: ForwardingState, wanted: ForwardingState, now: float) -> bool:
    """Notes each exit that was there before and is not wanted any more, though its address is still there; whether
    there are any, so that the wish is another one."""
    until = now + state.config.handover_grace
    left = {
        key: msgspec.structs.replace(wish, expires_at=min(wish.expires_at, until))
        for key, wish in before.wishes.items()
        if isinstance(wish, TunnelExit) and key not in wanted.wishes and min(wish.expires_at, until) > now
        if any(link.up and link.has_address(wish.tunnel.local) for link in state.links.values())
    }
    state.former.update(left)
    return bool(left)


def expire_former(state: NodeState, now: float) -> None:
    """Ends what has been left for long enough."""
    if not state.former:
        return
    addresses = {address.ip for link in state.links.values() if link.up for address in link.addresses}
    state.former = {
        key: wish for key, wish in state.former.items() if wish.expires_at > now and wish.tunnel.local in addresses
    }


def former_ends_at(state: NodeState) -> float:
    """Boot time, s; infinite when there is none."""
    return min((wish.expires_at for wish in state.former.values()), default=math.inf)
