"""From one daemon to the next without a gap: the engine as the agents' wishes meet it, with what is inherited beside
them, and a journal of all for the daemon after us.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from mobileip.agents.events import Link
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.node import Node
from mobileip.daemon.config_file import Configuration
from mobileip.daemon.inheritance import Inheritance, heir_of
from mobileip.daemon.wish_journal import WishJournal
from mobileip.dataplane.engine import Engine
from mobileip.dataplane.ports import Failure
from mobileip.forwarding.model import ForwardingChange, ForwardingState, VisitorRoute
from mobileip.forwarding.news import TunnelActivity
from mobileip.linux import clock


class Succession:
    """`publish` gets events, `report` what the kernel refused. Everything runs in the event loop."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        run_directory: Path,
        publish: Callable[[dict[str, object]], None],
        report: Callable[[Sequence[Failure]], None],
    ) -> None:
        self._engine = engine
        self._heir = heir_of(configuration)
        self._publish = publish
        self._report = report
        self._journal = WishJournal(run_directory, self._trouble)
        self._inherited = Inheritance(None, self._heir, 0.0)
        self._registered_until = math.inf
        self._links: Mapping[str, Link] | None = None
        self._settled = False
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = math.inf
        """When the timer is due; boot time, seconds."""
        self._unnoted: list[ForwardingChange] = []
        """Changes that the journal does not have yet."""

    # -- a daemon's life

    def inherit(self, node: Node) -> None:
        """Reads what the daemon before left. To be called before `node` has handled anything."""
        estate = self._journal.read()
        self._inherited = Inheritance(estate, self._heir, clock.now().boot)
        if estate is not None and self._inherited:
            self._registered_until = estate.registered_until  # however often daemons come and go
            self._publish({"event": "inherited", "wishes": len(self._inherited)})
        if node.foreign is not None:
            node.foreign.know_former_visitors(w for w in self._inherited.wishes.values() if isinstance(w, VisitorRoute))

    async def reconcile(self, state: ForwardingState) -> list[Failure]:
        """Makes the machine match what the agents wish for and what is inherited."""
        whole = self._inherited.whole(state)
        if self._heir.foreign_agent or self._heir.mobile_node:
            self._journal.begin(self._heir, whole.wishes.values(), self._registered_until)
        else:
            self._journal.remove()
        self._arm()
        return await self._engine.reconcile(whole)

    def look(self, mobile: MobileNode | None, links: Mapping[str, Link]) -> None:
        """After each batch of events: what they have ended of the inheritance. `links`: all that there are."""
        if mobile is not None and (mobile.has_settled or not self._inherited):
            self._registered_until = mobile.registered_until
            self._journal.note_registration(self._registered_until)
        if not self._inherited:
            return
        if self._ends_at <= clock.now().boot:
            self._expired()  # the loop's clock stops in suspend, and boot time does not
        # There may be thousands of visitors: they are gone through only when something could have ended them.
        if links != self._links:
            self._links = links
            self._end(self._inherited.look(links))
        if mobile is not None and mobile.has_settled and not self._settled:
            self._settled = True
            self._end(self._inherited.settle())

    def reconfigure(self, configuration: Configuration) -> None:
        """To be followed by `reconcile`."""
        before, self._heir = self._heir, heir_of(configuration)
        self._inherited.replace_heir(before, self._heir)

    def stop(self, *, leave: bool) -> None:
        """`leave`: the journal stays, for the next daemon."""
        if self._timer is not None:
            self._timer.cancel()
        if leave:
            self._note()
            self._journal.close()
        else:
            self._journal.remove()

    # -- what a performer needs of an engine

    def apply(self, change: ForwardingChange) -> list[Failure]:
        """What is taken away is written down before: it shall not come back. What is new waits until messages have
        left: the daemon after us would be without it only if we died in between.
        """
        self._inherited.stated(change)
        self._unnoted.append(change)
        if change.remove:
            self._note()
        return self._engine.apply(change)

    def send_keepalive(self, home_address: IPv4Address, home_agent: IPv4Address, sequence: int, now: float) -> None:
        self._engine.send_keepalive(home_address, home_agent, sequence, now)

    def settle(self) -> None:
        self._engine.take_turn()
        self._note()

    def activity(self, home_address: IPv4Address) -> TunnelActivity:
        return self._engine.activity(home_address)

    # -- ends

    def _note(self) -> None:
        for change in self._unnoted:
            self._journal.note(change)
        self._unnoted.clear()

    def _end(self, change: ForwardingChange) -> None:
        if change.remove:
            self._unnoted.append(change)
            self._note()
            self._report(self._engine.apply(change))

    def _arm(self) -> None:
        """For what ends first of all that there is now; if that has ended otherwise until then, nothing is done."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ends_at = self._inherited.next_end
        if self._ends_at < math.inf:
            delay = max(0.0, self._ends_at - clock.now().boot)
            self._timer = asyncio.get_running_loop().call_later(delay, self._expired)

    def _expired(self) -> None:
        self._end(self._inherited.expire(clock.now().boot))
        self._arm()

    def _trouble(self, reason: str) -> None:
        self._publish({"event": "inheritance_trouble", "reason": reason})
