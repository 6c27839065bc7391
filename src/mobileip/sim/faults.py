"""What befalls machines: reboots, suspend, clocks that jump. All of it ends at `until`."""

from collections.abc import Callable, Sequence

from mobileip.sim.chance import generator, poisson
from mobileip.sim.host import Host
from mobileip.sim.world import World


class Faults:
    """`rebooted` is told of every machine that lost its memory."""

    def __init__(self, world: World, until: float, rebooted: Callable[[Host], None]) -> None:
        self._world = world
        self._until = until
        self._rebooted = rebooted
        self._chance = generator(world.scenario.seed, "faults")
        self.happened: dict[str, int] = {}
        """Faults so far, by kind."""

    def start(self) -> None:
        world, faults = self._world, self._world.scenario.faults
        homes = [home.host for home in world.homes]
        mobiles = [node.host for node in world.nodes]
        self._repeat(faults.reboot_home_every, lambda: self._reboot(homes))
        self._repeat(faults.reboot_foreign_every, lambda: self._reboot(world.foreign))
        self._repeat(faults.reboot_mobile_every, lambda: self._reboot(mobiles))
        self._repeat(faults.suspend_every, lambda: self._suspend(mobiles))
        self._repeat(world.scenario.clocks.jump_every, lambda: self._jump(world.hosts))
        for outage in faults.outage:
            if outage.at < self._until:
                world.schedule.at(outage.at, self._cut_off, outage.network)
                world.schedule.at(min(outage.at + outage.seconds, self._until), self._connect, outage.network)
        world.schedule.at(self._until, self._heal)

    def _repeat(self, every: float, fault: Callable[[], None]) -> None:
        if every:
            self._plan((every, fault))

    def _plan(self, repetition: tuple[float, Callable[[], None]]) -> None:
        at = self._world.schedule.now + poisson(self._chance, repetition[0])
        if at < self._until:
            self._world.schedule.at(at, self._happen, repetition)

    def _happen(self, repetition: tuple[float, Callable[[], None]]) -> None:
        repetition[1]()
        self._plan(repetition)

    # -- each fault

    def _victim(self, hosts: Sequence[Host]) -> Host | None:
        if not hosts:
            return None
        host = hosts[self._chance.randrange(len(hosts))]
        return host if host.awake else None

    def _back_at(self) -> float:
        down = self._chance.random() * self._world.scenario.faults.down
        return min(self._world.schedule.now + down, self._until)

    def _reboot(self, hosts: Sequence[Host]) -> None:
        host = self._victim(hosts)
        if host is not None:
            self._count(f"reboot_{host.role}")
            host.sleep()
            self._world.schedule.at(self._back_at(), self._boot, host)

    def _boot(self, host: Host) -> None:
        self._rebooted(host)
        host.reboot()

    def _suspend(self, hosts: Sequence[Host]) -> None:
        host = self._victim(hosts)
        if host is not None:
            self._count("suspend")
            host.sleep()
            self._world.schedule.at(self._back_at(), self._resume, host)

    @staticmethod
    def _resume(host: Host) -> None:
        host.wake_up()

    def _jump(self, hosts: Sequence[Host]) -> None:
        host = hosts[self._chance.randrange(len(hosts))]
        largest = self._world.scenario.clocks.jump
        self._count("clock_jump")
        host.clock.jump(self._chance.uniform(-largest, largest))

    def _cut_off(self, network: str) -> None:
        self._count("outage")
        self._world.network.cut_off.add(network)

    def _connect(self, network: str) -> None:
        self._world.network.cut_off.discard(network)

    def _heal(self, _: object) -> None:
        """From here on links do no more harm."""
        network = self._world.network
        network.core = network.core.healed()
        for segment in network.segments.values():
            segment.wire = segment.wire.healed()

    def _count(self, kind: str) -> None:
        self.happened[kind] = self.happened.get(kind, 0) + 1
