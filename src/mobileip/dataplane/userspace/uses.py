"""What has passed through tunnels by both paths, as one list. There may be a million of them: each is touched once."""

from collections.abc import Mapping, Sequence

from mobileip.dataplane.engine import TunnelUse
from mobileip.dataplane.userspace.ends import tunnels_of
from mobileip.dataplane.userspace.tunnels import Use
from mobileip.forwarding.model import Key, Wish
from mobileip.forwarding.tunnel import Tunnel

FastUse = tuple[Key, Tunnel, int, int, float]
"""Wish, tunnel, packets, octets, boot time of the latest packet."""


def together(
    slow: Mapping[Key, Mapping[Tunnel, Use]], fast: Sequence[FastUse], wishes: Mapping[Key, Wish]
) -> list[TunnelUse]:
    """Sorted by the wishes' subjects: both directions of a mobile node's tunnel stand beside each other. Of `wishes`
    each tunnel is there, whether anything has passed through it or not."""
    places = {(key, tunnel): place for place, (key, tunnel, *_) in enumerate(fast) if key in slow}
    found = [TunnelUse(*use) for use in fast]
    for key, uses in slow.items():
        for tunnel, use in uses.items():
            place = places.get((key, tunnel))
            if place is None:
                found.append(TunnelUse(key, tunnel, use.packets, use.octets, use.at))
            else:
                found[place] = _sum(found[place], use)
    if wishes:
        found += _idle(found, wishes)
    found.sort(key=_subject)
    return found


def _sum(fast: TunnelUse, slow: Use) -> TunnelUse:
    packets, octets = fast.packets + slow.packets, fast.octets + slow.octets
    return TunnelUse(fast.wish, fast.tunnel, packets, octets, max(fast.at, slow.at))


def _idle(found: Sequence[TunnelUse], wishes: Mapping[Key, Wish]) -> list[TunnelUse]:
    """Tunnels of wishes that are not among those found."""
    known: dict[Key, list[Tunnel]] = {}
    for use in found:
        known.setdefault(use.wish, []).append(use.tunnel)
    return [
        TunnelUse(key, tunnel, 0, 0)
        for key, wish in wishes.items()
        for tunnel in tunnels_of(wish)
        if tunnel not in known.get(key, ())
    ]


def _subject(use: TunnelUse) -> tuple[str, str]:
    kind, subject = use.wish
    return subject, kind
