"""Carrying out decisions: the binding list, what packets should do, notices, and the Reply at the end (RFC
5944 §3.8.2.2, §4.6).
"""

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from math import inf

from mobileip.agents.home.announcements import Announcements
from mobileip.agents.home.bindings import BindingTable
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.decision import Decision
from mobileip.agents.home.grace import GraceExits
from mobileip.agents.home.nat import after_keepalive, moved
from mobileip.agents.home.nodes import Deregistration, ServedMobileNode, ServedMobileNodes
from mobileip.agents.home.replies import reply
from mobileip.agents.home.revocations import Revocations
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.home.wishes import Bindings, BindingWishes
from mobileip.agents.notices import (
    BindingChanged,
    BindingCreated,
    BindingRemoved,
    BindingRenewed,
    Notice,
    RegistrationDenied,
)
from mobileip.agents.outputs import ChangeForwarding, Notify, Output
from mobileip.forwarding.model import ForwardingChange, Key, Wish
from mobileip.forwarding.news import KeepaliveHeard
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import INFINITE_LIFETIME

_QUIET = 1.0
"""Seconds without another Reply on behalf of a mobile node after one to a Request that nobody vouched for."""

_PAUSE = 1.0
"""R3543-3.3-i: seconds between a Reply about a binding and its Revocation: "more than one revocation message or
registration message per second for the same binding" is too much.
"""


class Registrar:
    """Owns the binding list. The only place where it changes."""

    def __init__(self, config: HomeAgentConfig, nodes: ServedMobileNodes) -> None:
        self._config = config
        self._nodes = nodes
        self._wishes = BindingWishes(config)
        self._table = BindingTable()
        self._grace = GraceExits(config.handover_grace, self._wishes)
        self.revocations = Revocations()
        """Of bindings that are no more."""
        self._announcements = Announcements(config.home_link, config.announcements)
        self.counters: Counter[str] = Counter()
        self.touched: list[ServedMobileNode] = []
        """Of whom something is to be remembered that was not, since somebody cleared this."""

    def bindings_of(self, home: int) -> Bindings:
        """One mobile node's bindings; ended ones are gone once `expire` was called for the present time."""
        return self._table.of(home)

    def bindings(self) -> Bindings:
        return tuple(binding for bindings in self._table for binding in bindings)

    def wishes(self) -> Iterator[Wish]:
        """Everything that the bindings want of the forwarding."""
        yield from self._grace
        yield from (wish for bindings in self._table for wish in self._wishes.of(bindings))

    def resume(self, node: ServedMobileNode, bindings: Bindings, now: float) -> tuple[Wish, ...]:
        """A mobile node's bindings of an earlier life, and what they want."""
        node.answered_at = now  # it may have been as late as that
        if not node.is_static:
            self._nodes.settle(node, bindings[0].home_address)
        self._table.put(node.number, bindings)
        return self._wishes.of(bindings)

    # -- a Request

    def carry_out(self, decision: Decision, now: float) -> list[Output]:
        """Changes what the decision changes, and answers. `now`: boot time, when the lifetime starts."""
        decision.node.answered_at = now
        if not decision.is_accepted:
            return self._deny(decision, now)
        self.counters["accepted"] += 1
        outputs: list[Output] = []
        if not decision.is_duplicate:
            self.touched.append(decision.node)
            decision.node.freshness = decision.freshness
            # R5944-3.8.2-a, R5944-3.8.2.2-a, R5944-3.8.3-a: "the home agent MUST update its record of the
            # mobile node's mobility binding(s)".
            outputs = self._accept(decision, now)
        # R5944-3.8.2-b, R5944-3.8.2.2-b, R5944-3.8.3-b, R5944-4.6-o: "and SHOULD send a Registration Reply with a
        # suitable code".
        outputs.append(reply(decision, self._config.address))
        return outputs

    def _deny(self, decision: Decision, now: float) -> list[Output]:
        code = decision.code
        self.counters[f"denied_{code.value}"] += 1
        if decision.freshness != decision.node.freshness:
            self.touched.append(decision.node)
        decision.node.freshness = decision.freshness
        if code is ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION:
            decision.node.quiet_until = now + _QUIET
        notice = RegistrationDenied(
            role="home_agent",
            home_address=decision.home_address,
            code=code.value,
            reason=code.name.lower(),
        )
        # R5944-3.8.2-c, R5944-3.8.2.3-a, R5944-3.8.3-b: a denial "SHOULD" be answered "with a suitable code".
        # R5944-4.6-v: it changes nothing on the home link.
        outputs: list[Output] = [reply(decision, self._config.address)]
        # R5944-3.8.2.1-l, R5944-3.8.2.1-q, R5944-3.8.2.1-w: "SHOULD log the error as a security exception".
        outputs.append(Notify(notice))
        return outputs

    def _accept(self, decision: Decision, now: float) -> list[Output]:
        node = decision.node
        if node.number == 0 and not decision.is_deregistration:
            self._nodes.settle(node, decision.home_address)
        home = node.number
        before = self._table.of(home)
        if decision.is_deregistration:
            node.deregistration = Deregistration(
                decision.request.identification, decision.request.care_of_address, decision.identification, now
            )
            after = _without(before, decision)
        else:
            node.deregistration = None
            after = self._with(before, decision, now)
        self._put(home, before, after)
        outputs: list[Output] = []
        change = self._wishes.change(before, after)
        if change is not None:
            outputs.append(ChangeForwarding(self._grace.soften(change, home, before, now)))
        outputs += self._announce(decision, before, after, now)
        outputs += [Notify(notice) for notice in _notices(decision, before, after)]
        if self._config.revocation:
            self._tell_left(decision, before, after, now)
        return outputs

    def _put(self, home: int, before: Bindings, after: Bindings) -> None:
        """One mobile node's new list; an address that was lent is given back with its last binding."""
        self._table.put(home, after)
        if before and not after:
            self._nodes.leave(home)

    def _tell_left(self, decision: Decision, before: Bindings, after: Bindings, now: float) -> None:
        """Foreign agents that the mobile node left without their knowledge are told (RFC 3543 §4.2.2)."""
        if after:
            self.revocations.end(decision.node.number, int(decision.request.care_of_address))
        kept = [b.care_of_address for b in after]
        for binding in before:
            terms = binding.revocation
            if terms is not None and (terms.is_direct or terms.peer == decision.arrival.source):
                continue
            if binding.care_of_address not in kept:
                self.revocations.begin(
                    binding,
                    decision.node.message,
                    # R3543-4.2.2.1-d: "because it knows the mobile node has registered with a different foreign agent",
                    # so that the one that it left need not inform it.
                    is_to_be_told=False,
                    at=max(now, binding.registered_at + _PAUSE),
                )

    def _with(self, before: Bindings, decision: Decision, now: float) -> Bindings:
        """R5944-3.8.2.2-e: "If the 'S' bit is set and the home agent supports simultaneous mobility
        bindings, the previous mobility binding entries are retained. Otherwise, the home agent removes all
        previous entries".
        """
        request = decision.request
        binding = MobilityBinding(
            # R5944-3.8.1-c: the entry contains "the mobile node's home address", "the mobile node's care-of address",
            # "the Identification field from the Registration Reply" and "the remaining Lifetime of the registration".
            home_address=decision.home_address,
            # R5944-3.8.1-c
            care_of_address=request.care_of_address,
            home_agent=self._config.address,
            tunnel=decision.tunnel,
            lifetime=decision.lifetime,
            registered_at=now,
            # R5944-3.8.1-c
            expires_at=inf if decision.lifetime == INFINITE_LIFETIME else now + decision.lifetime,
            # R5944-3.8.1-c
            identification=decision.identification,
            request_identification=request.identification,
            spi=decision.association.spi if decision.association is not None else 0,
            nai=decision.node.nai,
            decapsulation_by_mobile_node=request.decapsulation_by_mobile_node,
            # R3024-4.3.1-c: it records "that this mobile node has been granted a reverse tunnel".
            reverse_tunneling=request.reverse_tunneling,
            broadcast_datagrams=request.broadcast_datagrams,
            simultaneous_bindings=request.simultaneous_bindings,
            revocation=decision.revocation,
        )
        # R5944-3.8.2.2-e
        if request.simultaneous_bindings and self._config.maximum_simultaneous_bindings > 1:
            return (*(b for b in before if b.care_of_address != request.care_of_address), binding)
        return (binding,)

    # -- what packets tell

    def hear(self, news: KeepaliveHeard) -> list[Output]:
        """The first keepalive of a binding that is half bound: its tunnel is whole now (RFC 3519 §4.6)."""
        home = int(news.home_address)
        before = self._table.of(home)
        after, notices = after_keepalive(before, news)
        if after is before:
            return []
        self._table.put(home, after)
        self.touched.append(self._nodes.by_home[home])
        change = self._wishes.change(before, after) or ForwardingChange()
        self._grace.taken(change, home)
        return [ChangeForwarding(change), *(Notify(notice) for notice in notices)]

    # -- revocation

    def revoke(self, home: int, care_of_address: IPv4Address | None = None) -> list[Output]:
        """Ends a mobile node's binding with that care-of address, or all (None). No other side is told."""
        before = self._table.of(home)
        after = () if care_of_address is None else tuple(b for b in before if b.care_of_address != care_of_address)
        gone = [binding for binding in before if binding not in after]
        if not gone:
            return []
        self.touched.append(self._nodes.by_home[home])
        self._put(home, before, after)
        if not after:
            self._announcements.end(gone[0].home_address)
        change = self._wishes.change(before, after) or ForwardingChange()
        change = ForwardingChange(change.install, (*change.remove, *self._grace.end(home)))
        return [ChangeForwarding(change), *(Notify(_removed(binding, "revoked")) for binding in gone)]

    def revoke_and_tell(self, home: int, now: float) -> list[Output]:
        """Ends all of a mobile node's bindings, as an operator wants, and tells the other sides and the node."""
        node = self._nodes.by_home.get(home)
        if node is None:
            return []
        at = max(now, node.answered_at + _PAUSE)
        for binding in self._table.of(home):
            self.revocations.begin(binding, node.message, is_to_be_told=True, at=at)
        return self.revoke(home)

    # -- what follows from a changed list

    def _announce(self, decision: Decision, before: Bindings, after: Bindings, now: float) -> list[Output]:
        home_address = decision.home_address
        if after:
            # R5944-4.6-f, R5944-4.6-t, R5944-3.8.2.2-n: "When registering a binding for a mobile node for which the
            # home agent previously had no binding (the mobile node was assumed to be at home), the home agent MUST
            # transmit a gratuitous ARP".
            return [] if before else list(self._announcements.begin(home_address, None, now))
        # R5944-4.6-l, R5944-4.6-u: on return, one that associates "the mobile node's home address with the mobile
        # node's own link- layer address", which only the frame that brought the Request tells.
        if decision.is_from_home and decision.arrival.interface == self._config.home_link:
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
        remove: list[Key] = [*self._grace.expire(now)]
        for home, ended in self._table.expire(now):
            left = self._table.of(home)
            change = self._wishes.change((*ended, *left), left) or ForwardingChange()
            install += change.install
            remove += change.remove
            if not left:
                self._announcements.end(ended[0].home_address)
                self._nodes.leave(home)
            # R5944-3.8-b, R5944-4.2.3-h: "The home agent MUST NOT generate a Registration Reply to signal expiry": we
            # only note it.
            outputs += [Notify(_removed(binding, "expired")) for binding in ended]
        if outputs or remove:
            outputs.insert(0, ChangeForwarding(ForwardingChange(install=tuple(install), remove=tuple(remove))))
        outputs += self._announcements.due(now)
        return outputs

    def next_expiry(self) -> float:
        """Of a binding, or of the exit of one that was left; boot time, infinite for none."""
        return min(self._table.next_deadline(), self._grace.next_deadline())

    def next_announcement(self) -> float:
        """Boot time, infinite for none."""
        return self._announcements.next_deadline()


def _without(before: Bindings, decision: Decision) -> Bindings:
    care_of_address = decision.request.care_of_address
    # R5944-3.8.2.2-c: with the home address as care-of address the home agent "deletes all of the entries".
    if care_of_address == decision.home_address:
        return ()
    # R5944-3.8.2.2-d: with another one "only the entry containing the specified Care-of Address".
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
            home_address=decision.home_address,
            care_of_address=request.care_of_address,
            previous_care_of_address=gone.pop().care_of_address,
            lifetime=decision.lifetime,
        )
    else:
        kind = BindingCreated if len(others) == len(before) else BindingRenewed
        made = kind(
            home_address=decision.home_address,
            care_of_address=request.care_of_address,
            lifetime=decision.lifetime,
        )
    notices: list[Notice] = [made]
    for old in before:
        if old.care_of_address == request.care_of_address:
            notices += moved(old, after[-1])
    notices += [_removed(binding, "replaced") for binding in gone]
    return notices
