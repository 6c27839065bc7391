"""A real Linux kernel as a process: user-mode-linux, on the host's own root file system, read-only.

Its one interface `vec0` is the other end of a TAP device of a namespace of the test. It boots in two seconds, so once
for all tests; each test makes guest namespaces of its own and removes them.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.netns import Namespace

BOOT_SECONDS, COMMAND_SECONDS, HALT_SECONDS = 60.0, 45.0, 10.0
"""How long they may take on a slow machine; nothing is measured by it."""

INIT = Path(__file__).with_name("init.sh")


class Started:
    """A program that runs in the guest, or one that has ended there and was not asked for yet."""

    def __init__(self, guest: "Guest", first_line: str, number: int) -> None:
        self._guest = guest
        self.first_line = first_line
        self._number = number

    def finish(self) -> str:
        """Waits for its end; what it printed after its first line. Raises: AssertionError where it failed."""
        return _output(self._guest.ask("finish", self._number), "started")

    def kill(self) -> None:
        """Harmless when it has ended by itself, if it was not asked for yet."""
        self._guest.run("kill", "-KILL", str(self._number), check=False)
        self._guest.ask("finish", self._number)


class Guest:
    """The running machine, its first network namespace: commands by a serial line."""

    def __init__(self, process: subprocess.Popen[bytes], console: Path) -> None:
        self._process = process
        self._console = console
        self._pending: dict[int, Future[Any]] = {0: Future()}
        self._writing = threading.Lock()
        self._number = 0
        self._reader = threading.Thread(target=self._read, name="uml-reader")
        self._reader.start()

    def wait_until_ready(self) -> None:
        self._wait(0, BOOT_SECONDS)

    def run(self, *words: str, check: bool = True) -> str:
        """The output of a command. Raises: AssertionError with what it said when it fails (unless not `check`)."""
        return _output(self.ask("run", words), " ".join(words), check=check)

    def start(self, *words: str) -> Started:
        """Begins a command; returns when it has printed a line."""
        return Started(self, *self.ask("start", words))

    def ip(self, line: str) -> str:
        return self.run("ip", *line.split())

    def script(self, lines: str) -> None:
        """A shell script that ends at its first error."""
        self.run("sh", "-ec", lines)

    def ask(self, kind: str, argument: object) -> Any:
        with self._writing:
            self._number += 1
            number = self._number
            self._pending[number] = Future()
            self._tell(json.dumps([number, kind, argument]))
        return self._wait(number, COMMAND_SECONDS)

    def halt(self) -> None:
        """Ends the machine, whatever state it is in."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._tell("")
            self._process.wait(HALT_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its helpers outlive it when it was killed, and hold our pipe
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what it did not read any more
                pipe.close()
        self._reader.join()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _wait(self, number: int, seconds: float) -> Any:
        try:
            return self._pending[number].result(seconds)
        except TimeoutError:
            said = self._console.read_text(errors="replace")
            raise AssertionError(f"the guest did not answer; its console: {said}") from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            number, result = json.loads(line)
            self._pending[number].set_result(result)
        for future in self._pending.values():
            if not future.done():
                future.set_exception(TimeoutError())


class GuestNamespace:
    """A network namespace in the guest, spoken to like one of ours."""

    def __init__(self, guest: Guest, name: str) -> None:
        self._guest = guest
        self.name = name

    def command(self, *words: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.name}", *words]

    def run(self, *words: str, check: bool = True) -> str:
        return self._guest.run(*self.command(*words), check=check)

    def start(self, *words: str) -> Started:
        return self._guest.start(*self.command(*words))

    def ip(self, line: str) -> str:
        return self.run("ip", *line.split())


@contextmanager
def user_mode_linux(where: Namespace, tap: str) -> Iterator[Guest]:
    """Boots the machine in a namespace, at a TAP device that is there and up; halts it after.

    Raises: AssertionError where it is not installed or does not come up, with what it wrote on its console.
    """
    assert shutil.which("linux.uml"), "linux.uml (Debian package user-mode-linux) is missing"
    assert shutil.which("modprobe"), "modprobe (Debian package kmod) is missing"
    with tempfile.TemporaryDirectory(prefix="uml-") as folder:
        console = Path(folder, "console")
        init = Path(folder, "init")
        init.symlink_to(INIT)  # a command line of the kernel knows no blanks
        words = [
            *(
                "linux.uml",
                "mem=256M",
                "root=/dev/root",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
                "quiet",
                "ipv6.disable=1",
            ),
            *("con=null", "con0=null,fd:2", "ssl=null", "ssl0=fd:0,fd:1", f"uml_dir={folder}", f"init={init}"),
            f"vec0:transport=tap,ifname={tap},depth=128,gro=0",
        ]
        with console.open("wb") as said:
            process = subprocess.Popen(
                where.command(*words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        guest = Guest(process, console)
        try:
            guest.wait_until_ready()
            yield guest
        finally:
            guest.halt()


def _output(result: list[Any], what: str, *, check: bool = True) -> str:
    status, output, errors = result
    assert status == 0 or not check, f"{what}: {errors.strip() or output.strip()}"
    return str(output)
