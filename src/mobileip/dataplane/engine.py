"""The contract of every engine: wishes in, forwarding done.

Laws: reconciling twice does nothing the second time (law 6); applying changes one by one ends where
reconciling the whole ends; nothing that others made is touched.
"""

from collections.abc import Mapping
from typing import Protocol

from mobileip.dataplane.ports import Failure
from mobileip.forwarding.model import ForwardingChange, ForwardingState


class Engine(Protocol):
    @property
    def name(self) -> str:
        """ebpf | userspace | fake, as shown by `mip status`."""
        ...

    async def reconcile(self, state: ForwardingState) -> list[Failure]:
        """Makes the machine match `state` whatever it was before: at start, after a crash, after others'
        changes."""
        ...

    def apply(self, change: ForwardingChange) -> list[Failure]:
        """Performs one change now: when it returns, the next packet meets the new state."""
        ...

    def counters(self) -> Mapping[str, int]:
        """Packets and octets by direction (`encapsulated_packets`), drops by name (`dropped_no_binding`)."""
        ...
