"""Gives the engine its fast path where the machine takes one, keeps it attached, and takes it away again.

User space forwards all the time what comes up to it, so a change in either direction loses nothing: programs are
attached when their tables are full, and what they leave, or do no more, is forwarded by user space.
"""

import asyncio
import os
from collections.abc import Callable, Mapping

from mobileip.agents.events import Link
from mobileip.daemon.config_file import EngineChoice
from mobileip.dataplane.ebpf.fast_path import EbpfFastPath
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.bpf.attachment import Attachments
from mobileip.linux.bpf.available import require_bpf
from mobileip.linux.bpf.clsact import Direction
from mobileip.linux.bpf.programs import DECAP_ETHERNET, DECAP_RAW, ENCAP, LoadedPrograms
from mobileip.linux.errors import MachineError

ETHERNET_ADDRESS_OCTETS = 6


class Accelerator:
    """`device_index` tells the index of the tunnel device, 0 while there is none; `links` all other links. `notify`
    hears, in words, of each change of engine that nobody asked for."""

    def __init__(
        self,
        choice: EngineChoice,
        engine: UserspaceEngine,
        attachments: Attachments,
        *,
        device_index: Callable[[], int],
        links: Callable[[], Mapping[str, Link]],
        path_mtu: Callable[[Tunnel], int],
        notify: Callable[[str], None],
    ) -> None:
        self._choice = choice
        self._engine = engine
        self._attachments = attachments
        self._device_index = device_index
        self._links = links
        self._path_mtu = path_mtu
        self._notify = notify
        self._programs: LoadedPrograms | None = None
        self._fast: EbpfFastPath | None = None
        self._realms: dict[int, int] = {}
        """Device index -> realm."""
        self._device = 0
        """Index of the tunnel device that was attached to."""
        self._refused: dict[int, str] = {}
        """Index -> why no program can be attached to that device: its packets go through user space."""
        self._facts: dict[str, LinkFacts] = {}
        self.reason = "it is starting"
        """Why the engine is what it is."""

    @property
    def choice(self) -> EngineChoice:
        return self._choice

    @property
    def attached_by(self) -> str | None:
        """By which means the programs are attached; None where there are none."""
        return None if self._programs is None else self._attachments.method

    @property
    def programs(self) -> LoadedPrograms | None:
        """Those at work."""
        return self._programs

    def start(self) -> None:
        """The engine knows all wishes: from here on it has a fast path, or there is a reason."""
        if self._choice is EngineChoice.USERSPACE:
            self._attachments.sweep()  # a former daemon had one
            self.reason = "chosen"
            return
        self._started(self._load)

    def _load(self) -> LoadedPrograms:
        require_bpf()
        return LoadedPrograms(on_replaced=self._attach_all)

    def _started(self, load: Callable[[], LoadedPrograms]) -> None:
        try:
            self._begin(load())
        except MachineError as error:
            self._failed(error)
        else:
            self._is_on()

    async def choose(self, choice: EngineChoice) -> None:
        """Another choice, at any time; one at a time. Packets are forwarded while the kernel looks at the programs."""
        self._choice = choice
        if choice is EngineChoice.USERSPACE:
            self._end("chosen", for_now=True)
        elif self._fast is None:
            await self._start_beside()
        else:
            self._is_on()

    async def _start_beside(self) -> None:
        try:
            programs = await asyncio.to_thread(self._load)
        except MachineError as error:
            self._failed(error)
        else:
            self._started(lambda: programs)

    def trouble(self, number: int) -> None:
        """The tables did not take a change: what they say is wrong from now on."""
        self._end(f"no fast path: its tables can't be written: {os.strerror(number)}", for_now=True)
        self._notify(self.reason)

    def leave(self) -> None:
        """What is attached goes on without us."""
        self._attachments.close()
        if self._programs is not None:
            self._programs.close()

    def remove(self) -> None:
        """Nothing of ours stays attached."""
        self._end("it has ended")
        self._attachments.close()

    # -- the machine changes

    def device_changed(self) -> None:
        """The tunnel device was made anew, perhaps."""
        if self._programs is not None:
            self._attach_device(self._programs)

    def link_changed(self, link: Link) -> None:
        if self._programs is None or self._fast is None:
            return
        self._attach_link(self._programs, link)
        self._is_on()
        facts, former = _facts(link), self._facts.get(link.name)
        if former != facts:
            if former is not None and former.index != facts.index:
                self._forget(former.index)
            self._facts[link.name] = facts
            self._tried(self._fast.link_changed(link.name))
        self._tried(self._fast.ways_changed())

    def link_removed(self, name: str) -> None:
        facts = self._facts.pop(name, None)
        if facts is not None:
            self._forget(facts.index)
        if self._fast is not None:
            self._tried(self._fast.link_changed(name))

    def realms_opened(self, realms: Mapping[int, int]) -> None:
        """Tunnel devices of realms from 1 on: index -> realm, all that there are."""
        former, self._realms = self._realms, dict(realms)
        if self._programs is not None:
            for index in former.keys() - realms.keys():
                self._programs.set_realm(index, 0)
                self._forget(index)
            self._attach_device(self._programs)

    # -- inside

    def _failed(self, error: MachineError) -> None:
        self._end(f"no fast path: {error}" + (f" ({error.hint})" if error.hint else ""))

    def _begin(self, programs: LoadedPrograms) -> None:
        try:
            fast = EbpfFastPath(programs, self._engine.tables, self._link, self._link_towards)
            self._facts = {name: _facts(link) for name, link in self._links().items()}
            error = fast.begin()
            if error:
                raise MachineError(f"its tables can't be written: {os.strerror(error)}")
            self._programs, self._fast = programs, fast
            self._engine.accelerate(fast, self.trouble)
            self._attach_all()
            if self._device in self._refused:
                raise MachineError(self._refused[self._device])
        except BaseException:
            self._engine.accelerate(None)
            self._programs = self._fast = None
            self._refused.clear()
            self._attachments.sweep()
            programs.close()
            raise

    def _is_on(self) -> None:
        why = "chosen" if self._choice is EngineChoice.EBPF else "this kernel takes it"
        self.reason = "; ".join((f"{why}; attached by {self._attachments.method}", *self._refused.values()))

    def _end(self, reason: str, *, for_now: bool = False) -> None:
        self._attachments.sweep(for_now=for_now)
        self._engine.accelerate(None)  # nothing is counted any more
        self._refused.clear()
        programs, self._programs, self._fast = self._programs, None, None
        if programs is not None:
            programs.close()
        self.reason = reason

    def _attach_all(self) -> None:
        programs = self._programs
        if programs is not None:
            self._attach_device(programs)
            for link in self._links().values():
                self._attach_link(programs, link)
            self._attachments.sweep(keep=True)

    def _attach_device(self, programs: LoadedPrograms) -> None:
        index = self._device_index()
        if self._device not in (0, index):
            self._forget(self._device)
        self._device = index
        if not index:
            return
        programs.set_device(index)
        program = programs.program(ENCAP)
        self._attach(index, Direction.EGRESS, program, ENCAP)
        for realm_index, realm in self._realms.items():
            programs.set_realm(realm_index, realm)
            self._attach(realm_index, Direction.EGRESS, program, ENCAP)

    def _attach_link(self, programs: LoadedPrograms, link: Link) -> None:
        """Tunnel packets may come in by any link."""
        name = DECAP_RAW if not link.link_address else DECAP_ETHERNET
        if link.link_address and len(link.link_address) != ETHERNET_ADDRESS_OCTETS:
            return  # a kind of link that we don't know; what comes in by it comes up to user space
        self._attach(link.index, Direction.INGRESS, programs.program(name), name)

    def _attach(self, index: int, direction: Direction, program: int, name: str) -> None:
        self._refused.pop(index, None)
        try:
            self._attachments.attach(index, direction, program, name)
        except MachineError as error:
            self._refused[index] = str(error)

    def _forget(self, index: int) -> None:
        self._attachments.forget(index)
        self._refused.pop(index, None)

    def _tried(self, number: int) -> None:
        if number:
            self.trouble(number)

    def _link(self, name: str) -> LinkFacts | None:
        return self._facts.get(name)

    def _link_towards(self, tunnel: Tunnel) -> tuple[LinkFacts, int] | None:
        """The link whose address is this end of a tunnel."""
        for link in self._links().values():
            if any(tunnel.local == address.ip for address in link.addresses):
                return _facts(link), self._path_mtu(tunnel)
        return None


def _facts(link: Link) -> LinkFacts:
    return LinkFacts(link.index, link.link_address or None)
