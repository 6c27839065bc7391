"""A home agent goes on where an earlier life of it ended, however that ended.

What comes back is what was remembered, less what has ended since, less what the configuration has no place for any
more. Times of another boot are told anew by the time of day; where that is behind what it was (no clock of the machine
goes on without power), nothing but the remembered time counts, and a binding lives longer by the pause.

Where something may be missing (the machine lost power, so the latest writes may be lost; the file was damaged, or could
not be written), nothing that was sent before this start is fresh any more: timestamps up to now are refused, and nonces
that were offered are forgotten. That costs a mobile node one more round trip at most.
"""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.home.examination import Surroundings
from mobileip.agents.home.nodes import ServedMobileNode
from mobileip.agents.home.records import Find, binding_of, deregistration_of, ended_of, ends_at, freshness_of
from mobileip.agents.home.registrar import Registrar
from mobileip.agents.home.revocations import Series
from mobileip.agents.home.revoked import Ended
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.instant import Instant
from mobileip.agents.memory import BindingRecord, HomeAgentRecord, MobileNodeRecord, Moment, Remembered
from mobileip.agents.notices import BindingNotRestored, BindingsRestored
from mobileip.agents.outputs import Forget, Notify, Output, Remember
from mobileip.forwarding.model import Wish
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.key_reference import KeyReference, reference_to
from mobileip.security.replay import LONGEST_WINDOW, Freshness, SteadyClock
from mobileip.wire.identification import HALF, difference


class Restoration:
    """One start. After `run` the other attributes tell what came of it."""

    def __init__(
        self, surroundings: Surroundings, registrar: Registrar, clock: SteadyClock, remembered: Remembered, now: Instant
    ) -> None:
        self._surroundings = surroundings
        self._registrar = registrar
        self._clock = clock
        self._now = now
        at = remembered.at
        self._is_same_boot = remembered.is_same_boot and (at is None or now.boot >= at.boot)
        self._shift = 0.0
        if at is not None and self._is_same_boot:
            clock.resume(at.boot, at.time)
        elif at is not None:
            elapsed = max(0.0, difference(now.ntp, at.time) / HALF)
            self._shift = now.boot - at.boot - elapsed
            clock.resume(now.boot, at.time)
        self._time = clock.read(now.boot, now.ntp)
        self._is_whole = self._is_same_boot and remembered.is_complete
        self._records = remembered.records
        self._expired = 0
        self._restored = 0

        self.return_paths: tuple[str, ...] = ()
        self.floor: int | None = None if self._is_whole else self._time
        """No timestamp up to this one is fresh."""
        self.has_new_floor = not self._is_whole
        self.wishes: list[Wish] = []
        """Of the bindings."""
        self.ended: dict[int, Ended] = {}
        self.touched: list[ServedMobileNode] = []
        """Who is to be remembered otherwise than before."""

    def run(self) -> list[Output]:
        """Puts everything in its place, and says what could not be."""
        outputs: list[Output] = []
        for record in self._records:
            if isinstance(record, HomeAgentRecord):
                self.return_paths = record.return_paths
                self.floor = record.floor if self.floor is None else self.floor
        self._raise_floor()
        # Addresses that were lent are first given to those that have them still.
        records = [record for record in self._records if isinstance(record, MobileNodeRecord)]
        for record in sorted(records, key=lambda record: not record.bindings):
            outputs += self._node(record)
        if self._restored or self._expired:
            outputs.append(Notify(BindingsRestored(bindings=self._restored, expired=self._expired)))
        return outputs

    def _raise_floor(self) -> None:
        if self.floor is not None:
            lowest = Freshness(self.floor)
            for node in self._surroundings.nodes:
                node.freshness = lowest

    # -- one mobile node

    def _node(self, record: MobileNodeRecord) -> list[Output]:
        node = self._surroundings.nodes.named(record.name)
        if node is None:
            return self._stranger(record)
        self._take_freshness(node, record)
        node.deregistration = deregistration_of(record, self._shift)
        if not self._is_same_boot:
            self.touched.append(node)  # its times are others now
        living = [each for each in record.bindings if ends_at(each, self._shift) > self._now.boot]
        self._expired += len(record.bindings) - len(living)
        cause = self._against(node, record)
        if cause is not None:
            return self._refused(node, record, living, cause)
        home_address = node.home_address if node.is_static else IPv4Address(record.home_address)
        ended = ended_of(record)
        if ended is not None:
            self.ended[int(home_address)] = ended
        find = self._find(node)
        kept = [each for each in living if each.key is None or node.key_reference(each.key.spi) == each.key]
        bindings = tuple(self._binding(each, home_address, node, find) for each in kept)
        self._restored += len(bindings)
        if bindings:
            self.wishes += self._registrar.resume(node, bindings, self._now.boot)
        elif not node.is_static and record.home_address:
            self._surroundings.nodes.pool.take(home_address, node.nai or "")
            self._surroundings.nodes.pool.give_back(home_address)  # it had it last
        self._resume_series(node, record, home_address, find)
        return self._refused(node, record, [each for each in living if each not in kept], "key_changed")

    def _take_freshness(self, node: ServedMobileNode, record: MobileNodeRecord) -> None:
        known, floor = freshness_of(record), self.floor
        if floor is not None and (known.latest is None or difference(floor, known.latest) > 0):
            known = Freshness(floor, known.nonce, known.refused)
        node.freshness = known if self._is_whole else Freshness(known.latest, None, known.refused)

    def _against(self, node: ServedMobileNode, record: MobileNodeRecord) -> str | None:
        """Why none of its bindings can be as it was."""
        if record.nai != node.nai:
            return "name_changed"
        if record.home_agent != int(self._surroundings.config.address):
            return "home_agent_changed"
        pool, address = self._surroundings.nodes.pool, IPv4Address(record.home_address)
        needs_address = not node.is_static and (record.home_address or record.bindings)
        if needs_address and not pool.has_free(address, node.nai or ""):
            return "address_taken"
        return None

    def _find(self, node: ServedMobileNode) -> Find:
        agents, takes_part = self._surroundings.foreign_agents, self._surroundings.config.revocation

        def find(reference: KeyReference, foreign_agent: int | None) -> MobilitySecurityAssociation | None:
            if not takes_part:
                return None
            if foreign_agent is None:
                association = node.associations.get(reference.spi)
            else:
                association = agents.find(IPv4Address(foreign_agent), reference.spi)
            return association if association is not None and reference_to(association) == reference else None

        return find

    def _binding(
        self, record: BindingRecord, home_address: IPv4Address, node: ServedMobileNode, find: Find
    ) -> MobilityBinding:
        return binding_of(
            record, home_address, node.nai, config=self._surroundings.config, find=find, shift=self._shift
        )

    def _resume_series(
        self, node: ServedMobileNode, record: MobileNodeRecord, home_address: IPv4Address, find: Find
    ) -> None:
        for each in record.series:
            binding = self._binding(each.binding, home_address, node, find)
            if binding.revocation is not None:
                series = Series(binding, binding.revocation, node.message, inform=each.inform)
                series.attempt, series.identifiers = each.attempt, list(each.identifiers)
                self._registrar.revocations.resume(series, each.at + self._shift)

    # -- what has no place any more

    def _refused(
        self, node: ServedMobileNode, record: MobileNodeRecord, bindings: list[BindingRecord], cause: str
    ) -> list[Output]:
        if bindings:
            self.touched.append(node)  # or they would come back with the configuration as it was
        return [_not_restored(record, binding, cause) for binding in bindings]

    def _stranger(self, record: MobileNodeRecord) -> list[Output]:
        """It is remembered only as long as an old Request could be fresh again, should it be configured again."""
        living = [each for each in record.bindings if ends_at(each, self._shift) > self._now.boot]
        outputs: list[Output] = [_not_restored(record, each, "not_configured") for each in living]
        timestamps = [record.latest or self._time, *(last for _, last in record.refused)]
        if record.nonce is None and all(difference(self._time, each) > LONGEST_WINDOW * HALF for each in timestamps):
            return [*outputs, Forget(record.name)]
        bare = msgspec.structs.replace(record, bindings=(), deregistration=None, revoked=None, series=())
        return outputs if bare == record else [*outputs, Remember(bare, Moment(*self._clock.latest))]


def _not_restored(record: MobileNodeRecord, binding: BindingRecord, cause: str) -> Output:
    return Notify(
        BindingNotRestored(
            home_address=IPv4Address(record.home_address),
            care_of_address=IPv4Address(binding.care_of_address),
            cause=cause,
        )
    )
