"""What is measured while a simulation runs: messages, registrations, handovers, denials, discards, table sizes."""

from array import array
from collections import Counter
from ipaddress import IPv4Address

from mobileip.agents.notices import Discarded, Notice, Registered, RegistrationDenied, RegistrationSent
from mobileip.sim.host import Host
from mobileip.sim.packet import Packet
from mobileip.sim.world import World


class Meter:
    def __init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        """Signalling by role and kind."""
        self.octets: Counter[tuple[str, str]] = Counter()
        self.notices: Counter[tuple[str, str]] = Counter()
        """By role and name of the notice."""
        self.denials: Counter[tuple[str, int]] = Counter()
        self.discards: Counter[tuple[str, str]] = Counter()
        self.registrations = array("d")
        """From the first request of a registration to its reply, s."""
        self.handovers = array("d")
        """From the new link to the reply that ends a handover, s."""
        self.peaks: dict[str, int] = {}
        """Largest size seen, by table."""
        self.begun_at = 0.0
        """Everything but the peaks is counted from this virtual time on."""
        self._asked: dict[str, float] = {}
        self._moved: dict[str, tuple[float, IPv4Address | None]] = {}

    def begin(self, now: float) -> None:
        """Counts from here."""
        self.begun_at = now
        for counter in (self.sent, self.octets, self.notices, self.denials, self.discards):
            counter.clear()
        del self.registrations[:], self.handovers[:]

    def sent_by(self, host: Host, packet: Packet) -> None:
        what = (host.role, packet.kind)
        self.sent[what] += 1
        self.octets[what] += packet.length

    def moved(self, name: str, now: float, care_of_address: IPv4Address | None) -> None:
        """A node has come to another network, where it is to be registered with `care_of_address` (None: any)."""
        self._moved[name] = (now, care_of_address)

    def left(self, name: str) -> None:
        """A node has left before it was registered: no handover came of it."""
        self._moved.pop(name, None)

    def noticed(self, host: Host, notice: Notice) -> None:
        role = host.role
        self.notices[role, type(notice).__name__] += 1
        if isinstance(notice, RegistrationSent):
            if notice.attempt == 1:
                self._asked[host.name] = host.schedule.now
        elif isinstance(notice, Registered):
            self._registered(host, notice)
        elif isinstance(notice, RegistrationDenied):
            self.denials[role, int(notice.code)] += 1
        elif isinstance(notice, Discarded):
            self.discards[role, notice.reason.value] += 1

    def _registered(self, host: Host, notice: Registered) -> None:
        now = host.schedule.now
        asked = self._asked.pop(host.name, None)
        if asked is not None:
            self.registrations.append(now - asked)
        moved = self._moved.get(host.name)
        if moved is not None and moved[1] in {None, notice.care_of_address}:
            self.handovers.append(now - moved[0])
            del self._moved[host.name]

    # -- sizes

    def sample(self, world: World, some: int) -> None:
        """Looks at the sizes of the agents' tables: every agent, and one mobile node in `some`."""
        for home in world.homes:
            node = home.host.node.home
            if node is not None:
                self._peak("bindings of a home agent", len(node.snapshot().bindings))
        for host in world.foreign:
            agent = host.node.foreign
            if agent is not None:
                snapshot = agent.snapshot()
                self._peak("visitors of a foreign agent", len(snapshot.visitors))
                self._peak("pending registrations of a foreign agent", len(snapshot.pending))
        for mobile in world.nodes[::some]:
            roles = mobile.host.node.mobile
            if roles is not None:
                self._peak("agents heard by a mobile node", len(roles.snapshot().agents))
        self._peak("events waiting in the simulator", len(world.schedule))

    def _peak(self, table: str, size: int) -> None:
        if size > self.peaks.get(table, -1):
            self.peaks[table] = size


def quantile(values: "array[float]", part: float) -> float | None:
    """The value below which that part of all lies; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
