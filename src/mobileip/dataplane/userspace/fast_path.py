"""What an engine may be given to do the plain packets for it, in the kernel; it can be taken away again at any time."""

from collections.abc import Mapping
from typing import Protocol

from mobileip.dataplane.userspace.tunnels import Path
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import Key, Wish
from mobileip.forwarding.tunnel import Tunnel


class FastPath(Protocol):
    """Each change returns the errno, 0 when all is as it should be."""

    def enter(self, changes: Mapping[Key, tuple[Wish | None, Wish | None]]) -> int:
        """These keys held the first wish and hold the second one."""
        ...

    def path_changed(self, path: Path) -> int:
        """Something was learnt about a tunnel's path, or was told and is forgotten."""
        ...

    def uses(self) -> list[tuple[Key, Tunnel, int, int, float]]:
        """Packets, octets and boot time of the latest (s), by wish and tunnel, where something has passed."""
        ...

    def last(self, key: Key) -> float:
        """When something passed for a wish last; boot time, s."""
        ...

    def drops(self) -> Mapping[DropReason, int]: ...

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """Packets and octets by direction: encapsulated, decapsulated, straight."""
        ...
