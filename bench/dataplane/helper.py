"""Programs that run in a namespace; those of our own speak lines of JSON: an order in, an answer out."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from bench.dataplane.errors import BenchError
from bench.dataplane.topology import Place, Topology

ROOT = Path(__file__).resolve().parents[2]
_END_SECONDS = 60.0
"""A million bindings take their time to go."""


class Program:
    """Runs until `close`; `prefix`: words that run the command in their own way."""

    def __init__(self, topology: Topology, place: Place, *words: str, prefix: Sequence[str] = ()) -> None:
        self._name = f"{words[0]} at the {place}"
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            topology.command(place, *prefix, *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
        )
        self._input, self._output = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        self._heard = b""

    def tell(self, order: Mapping[str, Any]) -> None:
        try:
            self._input.write(json.dumps(order).encode() + b"\n")
            self._input.flush()
        except BrokenPipeError:
            raise BenchError(self._said()) from None

    def hear(self, seconds: float) -> dict[str, Any]:
        """The next answer. Raises: BenchError when it does not come in time."""
        answer: dict[str, Any] = json.loads(self.line(seconds))
        return answer

    def line(self, seconds: float) -> bytes:
        """The next line of its output."""
        descriptor, give_up = self._output.fileno(), time.monotonic() + seconds
        while b"\n" not in self._heard:
            readable, _, _ = select.select([descriptor], [], [], max(0.0, give_up - time.monotonic()))
            octets = os.read(descriptor, 65_536) if readable else b""
            if not octets:
                raise BenchError(self._said() if readable else f"{self._name}: no answer within {seconds:g} s")
            self._heard += octets
        found, _, self._heard = self._heard.partition(b"\n")
        return found

    def close(self, *, politely: bool = True) -> None:
        """The end of its input ends a program of our own (`politely`); others are told to by a signal."""
        if not politely:
            self._process.terminate()
        self._output.close()
        with suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _said(self) -> str:
        """Why it ended: the last line of its standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"{self._name}: {lines[-1] if lines else 'ended'}"


class Helper(Program):
    """A module of this package as a program."""

    def __init__(self, topology: Topology, place: Place, module: str, *words: str, prefix: Sequence[str] = ()) -> None:
        super().__init__(topology, place, sys.executable, "-m", f"bench.dataplane.{module}", *words, prefix=prefix)
        self._name = f"{module} at the {place}"
