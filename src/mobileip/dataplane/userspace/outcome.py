"""What became of a packet: the path says it, the engine does it."""

import msgspec

from mobileip.dataplane.userspace.tunnels import Exit, Leg
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.news import News


class Outer(msgspec.Struct, frozen=True, gc=False):
    """Send `packet` into the tunnel of `leg`; `inner` is what it carries."""

    packet: bytes
    leg: Leg
    inner: bytes


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Hand `packet` to the node behind `exit`: as a frame to a visitor, or up our own stack."""

    packet: bytes
    exit: Exit


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Tell the sender of `original` by an ICMP error, as far as it may be told and the rate limit allows.

    `reason` names the death of `original`; None where it died elsewhere and we only relay the news.
    """

    original: bytes
    kind: int
    code: int
    mtu: int = 0
    reason: DropReason | None = None


class Drop(msgspec.Struct, frozen=True, gc=False):
    reason: DropReason


class Told(msgspec.Struct, frozen=True, gc=False):
    """An agent is to hear of it, before anything that follows is done."""

    news: News


class Several(msgspec.Struct, frozen=True, gc=False):
    """Copies for several tunnels, the fragments of one packet, or a packet that also tells something."""

    outcomes: tuple[Outer | Delivery | Answer | Drop | Told, ...]


Single = Outer | Delivery | Answer | Drop | Told
Outcome = Single | Several

DROPS = {reason: Drop(reason) for reason in DropReason}
"""Made once: a flood of packets that we drop allocates nothing."""
