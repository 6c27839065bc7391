"""Bindings behind a NAT after their registration: a tunnel that waits for its first keepalive, and tunnels that moved
because the NAT has another address or port for them (RFC 3519 §4.6, §4.11).
"""

import msgspec

from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.home.wishes import Bindings
from mobileip.agents.notices import Notice, TunnelMoved
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.forwarding.tunnel import UdpPorts
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT


def after_keepalive(bindings: Bindings, news: KeepaliveHeard) -> tuple[Bindings, list[Notice]]:
    """One mobile node's bindings once the first keepalive has told the port of one; what there is to be told."""
    # R3519-4.6-h, R3519-6.1.2-a: "The outer source address (but not the port) of this keepalive packet is identical
    # with the source address of the corresponding registration request".
    waiting = [each for each in bindings if each.is_half_bound and each.tunnel.remote == news.address]
    if not waiting or not news.port:
        return bindings, []
    # R3519-4.6-j: "the outer source address and port of this keepalive packet SHALL be used by the HA as the outer
    # destination address and port of the MIP UDP tunnel". Of two that wait, the later.
    old = waiting[-1]
    tunnel = msgspec.structs.replace(old.tunnel, udp=UdpPorts(MOBILE_IP_UDP_PORT, news.port))
    new = msgspec.structs.replace(old, tunnel=tunnel)
    return tuple(new if each is old else each for each in bindings), moved(old, new)


def moved(old: MobilityBinding, new: MobilityBinding) -> list[Notice]:
    """Told where the far end of a tunnel in UDP is elsewhere now, and known."""
    before, after = old.tunnel, new.tunnel
    if before.udp is None or after.udp is None or new.is_half_bound:
        return []
    if (before.remote, before.udp) == (after.remote, after.udp):
        return []
    notice = TunnelMoved(
        home_address=new.home_address,
        care_of_address=new.care_of_address,
        address=after.remote,
        port=after.udp.remote,
        previous_address=before.remote,
        previous_port=before.udp.remote,
    )
    return [notice]
