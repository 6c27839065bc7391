"""What passed, counted for its direction as a whole and for its tunnel."""

from collections.abc import Sequence

from mobileip.dataplane.userspace.tunnels import Use


def count(total: Use, part: Use, octets: int, now: float) -> None:
    """One packet; only its tunnel remembers when."""
    total.packets += 1
    total.octets += octets
    part.packets += 1
    part.octets += octets
    part.at = now


def count_all(total: Use, part: Use, packets: Sequence[bytes], now: float) -> None:
    """As `count`, of each of them."""
    if packets:
        octets = sum(map(len, packets))
        for use in (total, part):
            use.packets += len(packets)
            use.octets += octets
        part.at = now
