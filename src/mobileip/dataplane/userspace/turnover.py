"""How packet tables change around the kernel's tables, so that no packet meets a gap between the two.

What is wished for anew is entered before the kernel leads a packet to it, and what is wished for no more is left when
the kernel leads none to it any more, and those that it had led there are gone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mobileip.dataplane.ports import Queues
from mobileip.dataplane.userspace.exits import arriving_by
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import BindingRoute, Key, ReverseTunnel, VisitorReverse, Wish

Changes = Mapping[Key, tuple[Wish | None, Wish | None]]
"""By key: the wish that was held, and the one that is to be."""


class Turnover:
    """`on_change` hears what has just changed in the tables. `queues`, if there are any, are emptied of packets for
    what leaves."""

    def __init__(self, tables: PacketTables, queues: Queues | None, on_change: Callable[[Changes], None]) -> None:
        self._tables = tables
        self._queues = queues
        self._on_change = on_change
        self._leaving: dict[Key, None] = {}
        """Wishes that are in the tables still, though nobody wishes for them."""

    @property
    def wished(self) -> Mapping[Key, Wish]:
        """Those in the tables that are not on their way out."""
        held = self._tables.wishes
        return {key: wish for key, wish in held.items() if key not in self._leaving} if self._leaving else held

    def enter(self, changes: Changes) -> tuple[Key, ...]:
        """What is new or another one is in the tables from now on. Returns what is to leave them then."""
        entering: dict[Key, Wish | None] = {}
        leaving: dict[Key, None] = {}
        for key, (before, after) in changes.items():
            if after is not None:
                entering[key] = after
                self._leaving.pop(key, None)  # wished for again
            if before is None:
                continue
            if after is None:
                leaving[key] = None
            elif arriving_by(before) != arriving_by(after):
                former = _former(key)
                entering[former] = before
                leaving[former] = None
        self._leaving |= leaving
        self._put(entering)
        return tuple(leaving)

    def serve(self, keys: Iterable[Key]) -> None:
        """Packets for these wishes go before the kernel turns: those that it then leads another way would overtake
        them."""
        if self._queues is not None:
            _empty(self._queues, [self._tables.wishes[key] for key in keys if key in self._leaving])

    def leave(self, keys: Sequence[Key]) -> None:
        """These wishes go, but for those that were wished for again meanwhile."""
        self.serve(keys)
        gone = [key for key in keys if key in self._leaving]
        for key in gone:
            del self._leaving[key]
        self._put(dict.fromkeys(gone))

    def _put(self, wishes: Mapping[Key, Wish | None]) -> None:
        if wishes:
            held = self._tables.wishes
            changes = {key: (held.get(key), wish) for key, wish in wishes.items()}
            self._tables.put(wishes)
            self._on_change(changes)


def _empty(queues: Queues, wishes: Sequence[Wish]) -> None:
    """Of what packets for these wishes may wait in."""
    if any(_is_met_from_device(wish) for wish in wishes):
        queues.empty_device()
    if any(arriving_by(wish) is not None for wish in wishes):
        queues.empty_tunnels()


def _is_met_from_device(wish: Wish) -> bool:
    if isinstance(wish, VisitorReverse):
        return wish.delivery is None
    return isinstance(wish, BindingRoute | ReverseTunnel)


def _former(key: Key) -> Key:
    """The key of a wish whose own key another one has taken, that packets come to by another way. It is greater, so
    that where both have a claim the new one counts (see `claims`)."""
    kind, subject = key
    return kind, f"{subject} (former)"
