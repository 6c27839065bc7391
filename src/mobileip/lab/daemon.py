"""One node's daemon in a lab: start, stop, kill, restart it; ask it; follow its events."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mobileip.control.client import ControlClient, ControlError, Json
from mobileip.lab import processes
from mobileip.lab.errors import TIMED_OUT, LabError
from mobileip.lab.feed import Feed
from mobileip.lab.netns import path
from mobileip.lab.processes import Process

PRIORITY = ("nice", "-n", "-5")
"""As examples/mipd.service."""
_READY_SECONDS = 20.0
_POLL_SECONDS = 0.01


class Daemon:
    """The handle; the daemon itself may be running or not."""

    def __init__(self, *, node: str, namespace: str, folder: Path, notes: Path, logs: Path) -> None:
        self.node = node
        self.folder = folder
        """Holds `mipd.toml` and the key files, which a test may change."""
        self.configuration = folder / "mipd.toml"
        self.run_dir = folder / "run"
        self.socket = self.run_dir / "mipd.sock"
        self.log = logs / f"{node}.mipd.log"
        self._namespace = namespace
        self._notes = notes

    @property
    def command(self) -> list[str]:
        """What runs in the node's namespace."""
        return [
            sys.executable,
            "-m",
            "mobileip.daemon.main",
            "--config",
            str(self.configuration),
            "--run-dir",
            str(self.run_dir),
        ]

    @property
    def process(self) -> Process | None:
        """The running daemon, if it runs."""
        for process in processes.noted(self._notes):
            if process.label == f"{self.node}.mipd" and processes.is_alive(process):
                return process
        return None

    def start(
        self,
        *,
        wait: bool = True,
        prefix: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        """`prefix`: a program that runs the daemon, such as faketime. Raises LabError when it does not come up."""
        if self.process is not None:
            raise LabError(f"the daemon of {self.node} runs already")
        self.run_dir.mkdir(parents=True, exist_ok=True)
        processes.start(
            ["nsenter", f"--net={path(self._namespace)}", *PRIORITY, *prefix, *self.command],
            label=f"{self.node}.mipd",
            notes=self._notes,
            log=self.log,
            environment=environment,
        )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Until its control socket answers."""
        give_up = time.monotonic() + _READY_SECONDS
        while time.monotonic() < give_up:
            try:
                self.ask("status")
            except ControlError:
                if self.process is None:
                    message = f"the daemon of {self.node} ended at once:\n{processes.last_lines(self.log)}"
                    raise LabError(message) from None
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise LabError(f"the daemon of {self.node} did not get ready:\n{processes.last_lines(self.log)}", TIMED_OUT)

    def stop(self) -> None:
        """SIGINT: it removes everything that it made."""
        self.end(signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM, what a service restart sends: marked state stays for the next daemon."""
        self.end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: everything stays as it is."""
        self.end(signal.SIGKILL)

    def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.end(how)
        self.start()

    def end(self, how: signal.Signals, wait_seconds: float = 10.0) -> None:
        """Sends a signal and waits for the end. Raises LabError when the daemon does not end."""
        process = self.process
        if process is not None and not processes.end(process, how, wait_seconds):
            raise LabError(f"the daemon of {self.node} did not end at {how.name}", TIMED_OUT)

    def send(self, how: signal.Signals) -> None:
        """Sends a signal without waiting, e.g. SIGHUP or SIGSTOP."""
        if (process := self.process) is not None:
            os.kill(process.pid, how)

    def ask(self, name: str) -> Any:
        """The decoded JSON of `status`, `bindings`, `visitors`... Raises ControlError."""
        return ControlClient(self.socket).get(name)

    def tell(self, name: str) -> Json:
        """`register`, `deregister`, `restart` or `stop`. Raises ControlError."""
        return ControlClient(self.socket).post(name)

    def follow(self) -> Feed:
        """Its events, from the oldest that it still has; goes on after a restart."""
        return Feed(self.socket)
