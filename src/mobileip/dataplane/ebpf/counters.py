"""What has passed by the programs, by wish and tunnel: each has a place in their array of counters."""

from mobileip.dataplane.ebpf.layout import DROP_REASONS, Total
from mobileip.dataplane.ebpf.ports import Programs
from mobileip.dataplane.userspace.ends import tunnels_of
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import Key, Wish
from mobileip.forwarding.tunnel import Tunnel

NEVER = float("-inf")
NANOSECONDS = 1e9


class Counters:
    """Places are given out from 1 on; 0 is nobody's."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._places: dict[Key, dict[Tunnel, int]] = {}
        self._free: list[int] = []
        self._highest = 0

    @property
    def highest(self) -> int:
        """The highest place that was given out."""
        return self._highest

    def place(self, key: Key, tunnel: Tunnel) -> int:
        """The place of what passes through `tunnel` for the wish of this key, from now on its own."""
        places = self._places.setdefault(key, {})
        place = places.get(tunnel)
        if place is None:
            if self._free:
                place = self._free.pop()
                self._programs.clear_use(place)
            else:
                self._highest += 1
                place = self._highest
            places[tunnel] = place
        return place

    def follow(self, key: Key, wish: Wish | None) -> None:
        """Places of tunnels that the wish of this key names no more are free again."""
        places = self._places.get(key)
        if places is None:
            return
        kept = tunnels_of(wish)
        for tunnel in [tunnel for tunnel in places if tunnel not in kept]:
            self._free.append(places.pop(tunnel))
        if not places:
            del self._places[key]

    def uses(self) -> list[tuple[Key, Tunnel, int, int, float]]:
        """Packets, octets and boot time of the latest (s), by wish and tunnel, where something has passed."""
        packets, octets, last = self._programs.read_uses(self._highest + 1)
        return [
            (key, tunnel, packets[place], octets[place], last[place] / NANOSECONDS)
            for key, places in self._places.items()
            for tunnel, place in places.items()
            if packets[place]
        ]

    def last(self, key: Key) -> float:
        """When something passed for a wish last; boot time, s."""
        return max((self._read(place)[2] for place in self._places.get(key, {}).values()), default=NEVER)

    def drops(self) -> dict[DropReason, int]:
        return dict(zip(DROP_REASONS, self._programs.drops(), strict=True))

    def totals(self) -> dict[str, tuple[int, int]]:
        """Packets and octets by direction."""
        return {total.name.lower(): counted for total, counted in zip(Total, self._programs.totals(), strict=True)}

    def _read(self, place: int) -> tuple[int, int, float]:
        packets, octets, at = self._programs.read_use(place)
        return packets, octets, at / NANOSECONDS if at else NEVER
