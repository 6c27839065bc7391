"""Carrying out decisions: the binding list, what packets should do, notices, and the Reply at the end (RFC
5944 §3.8.2.2, §4.6).
"""

from collections import Counter
from collections.abc import Iterator
from math import inf

from mobileip.agents.home.announcements import Announcements
from mobileip.agents.home.bindings import BindingTable
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.decision import Decision
from mobileip.agents.home.nodes import Deregistration
from mobileip.agents.home.replies import reply
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.notices import (
    BindingChanged,
    BindingCreated,
    BindingRemoved,
    BindingRenewed,
    Notice,
    RegistrationDenied,
)
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.model import BindingRoute, ForwardingChange, Interception, Key, Tunnel, Wish
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import INFINITE_LIFETIME

_QUIET = 1.0
"""Seconds without another Reply on behalf of a mobile node after one to a Request that nobody vouched for."""

Bindings = tuple[MobilityBinding, ...]


class Registrar:
    """Owns the binding list. The only place where it changes."""

    def __init__(self, config: HomeAgentConfig) -> None:
        self._config = config
        self._table = BindingTable()
        self._announcements = Announcements(config.home_link, config.announcements)
        self.counters: Counter[str] = Counter()

    def bindings_of(self, home: int) -> Bindings:
        """One mobile node's bindings; ended ones are gone once `expire` was called for the present time."""
        return self._table.of(home)

    def bindings(self) -> Bindings:
        return tuple(binding for bindings in self._table for binding in bindings)

    def wishes(self) -> Iterator[Wish]:
        """Everything that the bindings want of the forwarding."""
        return (wish for bindings in self._table for wish in self._wishes(bindings))

    # -- a Request

    def carry_out(self, decision: Decision, now: float) -> list[Output]:
        """Changes what the decision changes, and answers. `now`: boot time, when the lifetime starts."""
        if not decision.code.is_accepted:
            return self._deny(decision, now)
        self.counters["accepted"] += 1
        outputs: list[Output] = []
        if not decision.is_duplicate:
            decision.node.freshness = decision.freshness
            outputs = self._accept(decision, now)
        outputs.append(reply(decision, self._config.address))
        return outputs

    def _deny(self, decision: Decision, now: float) -> list[Output]:
        code = decision.code
        self.counters[f"denied_{code.value}"] += 1
        decision.node.freshness = decision.freshness
        if code is ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION:
            decision.node.quiet_until = now + _QUIET
        notice = RegistrationDenied(
            role="home_agent",
            home_address=decision.request.home_address,
            code=code.value,
            reason=code.name.lower(),
        )
        return [reply(decision, self._config.address), Notify(notice)]

    def _accept(self, decision: Decision, now: float) -> list[Output]:
        home = decision.node.number
        before = self._table.of(home)
        if decision.is_deregistration:
            decision.node.deregistration = Deregistration(
                decision.request.identification, decision.request.care_of_address, decision.identification
            )
            after = _without(before, decision)
        else:
            decision.node.deregistration = None
            after = self._with(before, decision, now)
        self._table.put(home, after)
        outputs = self._forwarding(before, after)
        outputs += self._announce(decision, before, after, now)
        outputs += [Notify(notice) for notice in _notices(decision, before, after)]
        return outputs

    def _with(self, before: Bindings, decision: Decision, now: float) -> Bindings:
        """RFC 5944 §3.8.2.2: "If the 'S' bit is set and the home agent supports simultaneous mobility
        bindings, the previous mobility binding entries are retained. Otherwise, the home agent removes all
        previous entries".
        """
        request = decision.request
        binding = MobilityBinding(
            home_address=request.home_address,
            care_of_address=request.care_of_address,
            home_agent=self._config.address,
            tunnel=Tunnel(self._config.address, request.care_of_address),
            lifetime=decision.lifetime,
            registered_at=now,
            expires_at=inf if decision.lifetime == INFINITE_LIFETIME else now + decision.lifetime,
            identification=decision.identification,
            request_identification=request.identification,
            spi=decision.association.spi,
            decapsulation_by_mobile_node=request.decapsulation_by_mobile_node,
            reverse_tunneling=request.reverse_tunneling,
            broadcast_datagrams=request.broadcast_datagrams,
            simultaneous_bindings=request.simultaneous_bindings,
        )
        if request.simultaneous_bindings and self._config.maximum_simultaneous_bindings > 1:
            return (*(b for b in before if b.care_of_address != request.care_of_address), binding)
        return (binding,)

    # -- what follows from a changed list

    def _wishes(self, bindings: Bindings) -> tuple[Wish, ...]:
        if not bindings:
            return ()
        home_address = bindings[0].home_address
        route = BindingRoute(
            home_address=home_address,
            tunnels=tuple(b.tunnel for b in bindings),
            expires_at=max([b.expires_at for b in bindings]),
        )
        if self._config.home_link is None:
            return (route,)
        return (route, Interception(home_address=home_address, interface=self._config.home_link))

    def _forwarding(self, before: Bindings, after: Bindings) -> list[Output]:
        """The change from one list to another. A renewal or a move replaces the route; the interception
        stays as it is.
        """
        if after:
            wishes = self._wishes(after)
            return [ChangeForwarding(ForwardingChange(install=wishes[:1] if before else wishes))]
        remove = self._keys(before)
        return [ChangeForwarding(ForwardingChange(remove=remove))] if remove else []

    def _keys(self, bindings: Bindings) -> tuple[Key, ...]:
        return tuple(wish.key for wish in self._wishes(bindings))

    def _announce(self, decision: Decision, before: Bindings, after: Bindings, now: float) -> list[Output]:
        home_address = decision.request.home_address
        if after:
            # RFC 5944 §4.6: "When registering a binding for a mobile node for which the home agent previously
            # had no binding (the mobile node was assumed to be at home), the home agent MUST transmit a
            # gratuitous ARP".
            return [] if before else list(self._announcements.begin(home_address, None, now))
        if decision.is_from_home and decision.arrival.interface == self._config.home_link:
            # RFC 5944 §4.6: on return, one that associates "the mobile node's home address with the mobile
            # node's own link- layer address", which only the frame that brought the Request tells.
            return list(self._announcements.begin(home_address, decision.arrival.link_source, now))
        self._announcements.end(home_address)
        return []

    # -- time

    def expire(self, now: float) -> list[Output]:
        """Ends bindings whose lifetime is over, and repeats announcements that are due. No Reply tells
        (RFC 5944 §3.8).
        """
        outputs: list[Output] = []
        install: list[Wish] = []
        remove: list[Key] = []
        for home, ended in self._table.expire(now):
            left = self._table.of(home)
            if left:
                install += self._wishes(left)[:1]
            else:
                remove += self._keys(ended)
                self._announcements.end(ended[0].home_address)
            outputs += [Notify(_removed(binding, "expired")) for binding in ended]
        if outputs:
            outputs.insert(0, ChangeForwarding(ForwardingChange(install=tuple(install), remove=tuple(remove))))
        outputs += self._announcements.due(now)
        return outputs

    def next_expiry(self) -> float:
        """Boot time, infinite for none."""
        return self._table.next_deadline()

    def next_announcement(self) -> float:
        """Boot time, infinite for none."""
        return self._announcements.next_deadline()


def _without(before: Bindings, decision: Decision) -> Bindings:
    """RFC 5944 §3.8.2.2: with the home address as care-of address the home agent "deletes all of the
    entries"; with another one "only the entry containing the specified Care-of Address".
    """
    care_of_address = decision.request.care_of_address
    if care_of_address == decision.request.home_address:
        return ()
    return tuple(b for b in before if b.care_of_address != care_of_address)


def _removed(binding: MobilityBinding, cause: str) -> BindingRemoved:
    return BindingRemoved(home_address=binding.home_address, care_of_address=binding.care_of_address, cause=cause)


def _notices(decision: Decision, before: Bindings, after: Bindings) -> list[Notice]:
    request = decision.request
    if decision.is_deregistration:
        return [_removed(binding, "deregistered") for binding in before if binding not in after]
    others = [b for b in before if b.care_of_address != request.care_of_address]
    gone = [b for b in others if b not in after]
    made: Notice
    if gone and len(others) == len(before):
        made = BindingChanged(
            home_address=request.home_address,
            care_of_address=request.care_of_address,
            previous_care_of_address=gone.pop().care_of_address,
            lifetime=decision.lifetime,
        )
    else:
        kind = BindingCreated if len(others) == len(before) else BindingRenewed
        made = kind(
            home_address=request.home_address,
            care_of_address=request.care_of_address,
            lifetime=decision.lifetime,
        )
    return [made, *(_removed(binding, "replaced") for binding in gone)]
