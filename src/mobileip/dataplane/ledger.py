"""What all wishes together need of the kernel, kept up to date wish by wish: a change costs what it
changes."""

from collections.abc import Iterable, Mapping

from mobileip.dataplane.claims import Claims
from mobileip.dataplane.identity import Identity, identity
from mobileip.dataplane.plan import objects_of
from mobileip.dataplane.ports import KernelObject, Operation
from mobileip.dataplane.reconcile import sequence
from mobileip.forwarding.model import Key, Wish

Step = tuple[Key, Wish | None, Wish | None]
"""A key, the wish that it held, the wish that it is to hold."""


class Ledger:
    """The kernel objects wanted now, by identity."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._claims: Claims[Identity, KernelObject] = Claims()

    @property
    def wanted(self) -> Mapping[Identity, KernelObject]:
        return self._claims.winners

    def change(self, steps: Iterable[Step]) -> list[Operation]:
        """Enters the steps and returns what is to be done for them.

        What a wish needs is installed even where it was needed before: the kernel may have lost it since
        (it flushes the routes of a link that goes down), and an agent that states a wish anew relies on it.

        Raises: ValueError for a name that no interface can have; nothing is changed then.
        """
        planned = [(key, self._objects(old), self._objects(new)) for key, old, new in steps]
        before: dict[Identity, KernelObject | None] = {}
        asserted: dict[Identity, None] = {}
        for key, old_objects, new_objects in planned:
            for target in old_objects:
                named = identity(target)
                before.setdefault(named, self._claims.get(named))
                self._claims.release(named, key)
            for target in new_objects:
                named = identity(target)
                before.setdefault(named, self._claims.get(named))
                self._claims.claim(named, key, target)
                asserted[named] = None
        return self._difference(before, asserted)

    def _difference(
        self, before: Mapping[Identity, KernelObject | None], asserted: Mapping[Identity, None]
    ) -> list[Operation]:
        installs: list[KernelObject] = []
        removals: list[KernelObject] = []
        for named, old in before.items():
            new = self._claims.get(named)
            if new is not None and (new != old or named in asserted):
                installs.append(new)
            elif new is None and old is not None:
                removals.append(old)
        return sequence(installs, removals, self.wanted.values())

    def _objects(self, wish: Wish | None) -> tuple[KernelObject, ...]:
        return () if wish is None else objects_of(wish, self._device)
