"""What forwards packets, shown and changed while the daemon runs."""

import asyncio
from collections.abc import Callable

from mobileip.control.schema import EngineView, ErrorView
from mobileip.daemon.accelerator import Accelerator
from mobileip.daemon.config_file import EngineChoice
from mobileip.dataplane.engine import Engine

EBPF = "ebpf"


class EngineSwitch:
    """`publish` gets an event for each change."""

    def __init__(self, engine: Engine, accelerator: Accelerator, publish: Callable[[dict[str, object]], None]) -> None:
        self._engine = engine
        self._accelerator = accelerator
        self._publish = publish
        self._given_up = ""
        """Why there is no fast path any more, though nobody chose so."""
        self._changing = asyncio.Lock()

    def view(self) -> EngineView:
        accelerator = self._accelerator
        return EngineView(
            name=self._engine.name,
            reason=accelerator.reason,
            choice=accelerator.choice.value,
            attached_by=accelerator.attached_by,
        )

    @property
    def warnings(self) -> list[str]:
        """What an operator should know: packets do not go the way that was asked for, or that they went before."""
        if self._engine.name == EBPF:
            return []
        if self._given_up:
            return [f"the fast path was given up, packets go through user space: {self._given_up}; mip engine auto"]
        if self._accelerator.choice is EngineChoice.EBPF:
            return [f"engine ebpf was chosen, but packets go through user space: {self._accelerator.reason}"]
        return []

    async def choose(self, name: str) -> EngineView | ErrorView:
        """auto | ebpf | userspace, until the daemon ends or somebody chooses again. An error where `ebpf` can't be
        had: packets go through user space then."""
        try:
            choice = EngineChoice(name)
        except ValueError:
            known = ", ".join(EngineChoice)
            return ErrorView(code="usage", message=f"there is no engine {name}", hint=f"one of {known}")
        async with self._changing:
            self._given_up = ""
            before = self.view()
            await self._accelerator.choose(choice)
            after = self.view()
        if after != before:
            self._publish({"event": "engine_chosen", "choice": name, "engine": after.name, "reason": after.reason})
        if choice is EngineChoice.EBPF and after.name != EBPF:
            return ErrorView(code="failed", message=after.reason, hint="packets go through user space")
        return after

    def changed(self, reason: str) -> None:
        """The fast path was given up, or had back, though nobody asked for it."""
        self._given_up = reason if self._engine.name != EBPF else ""
        self._publish({"event": "engine_changed", "engine": self._engine.name, "reason": reason})
