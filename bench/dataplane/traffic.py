"""What can be measured of a way through the topology: one TCP stream, or as many small packets as it takes."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from bench.dataplane.cores import receiver_core, sender_core
from bench.dataplane.errors import BenchError
from bench.dataplane.helper import Helper, Program
from bench.dataplane.topology import Place, Topology

_IPERF_PORT = "5201"
_MORE_SECONDS = 20.0
"""Beside the time of a stream itself."""


class Way(msgspec.Struct, frozen=True):
    """From an address to an address."""

    source: str
    destination: str


class Packets(msgspec.Struct, frozen=True):
    per_second: float
    """Received."""
    microseconds_each: float
    """Of all cores' time, for each packet received: sender, receiver and everything between them."""


class Traffic:
    """Between two places: a server waits at `receiver` for what comes from `sender`."""

    def __init__(self, topology: Topology, sender: Place, sending: Helper, receiving: Helper) -> None:
        self._topology = topology
        self._sender = sender
        self._sending = sending
        self._receiving = receiving

    def tcp(self, way: Way, seconds: int, *, one_core: bool) -> float:
        """Gbit/s that arrive. `one_core`: both ends keep to the sender's."""
        words = ["iperf3", "-c", way.destination, "-B", way.source, "-p", _IPERF_PORT, "-t", f"{seconds}", "-J"]
        cores = ["-A", f"{sender_core()},{sender_core() if one_core else receiver_core()}"]
        command, patience = self._topology.command(self._sender, *words, *cores), seconds + _MORE_SECONDS
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience)
        except subprocess.TimeoutExpired:
            raise BenchError(f"iperf3 {way.source} -> {way.destination}: no end after {patience:g} s") from None
        report = json.loads(done.stdout or "{}")
        if "error" in report or "end" not in report:
            raise BenchError(f"iperf3 {way.source} -> {way.destination}: {report.get('error') or done.stderr.strip()}")
        bits: float = report["end"]["sum_received"]["bits_per_second"]
        return bits / 1e9

    def packets(self, way: Way, seconds: float) -> Packets:
        self._receiving.tell({"seconds": seconds})
        self._receiving.hear(_MORE_SECONDS)
        before = busy_seconds()
        self._sending.tell({"source": way.source, "destination": way.destination, "seconds": seconds})
        self._sending.hear(seconds + _MORE_SECONDS)
        received = self._receiving.hear(seconds + _MORE_SECONDS)
        busy = busy_seconds() - before
        if not received["packets"]:
            raise BenchError(f"no packet passes from {way.source} to {way.destination}")
        return Packets(
            per_second=received["packets"] / received["seconds"], microseconds_each=busy * 1e6 / received["packets"]
        )


@contextmanager
def traffic(topology: Topology, sender: Place, receiver: Place) -> Iterator[Traffic]:
    with ExitStack() as undo:
        server = Program(topology, receiver, "iperf3", "-s", "-p", _IPERF_PORT, "--forceflush")
        undo.callback(server.close, politely=False)
        for _ in range(2):
            server.line(_MORE_SECONDS)  # a rule, then "Server listening"
        sending = Helper(topology, sender, "packets", "send")
        undo.callback(sending.close)
        receiving = Helper(topology, receiver, "packets", "receive")
        undo.callback(receiving.close)
        yield Traffic(topology, sender, sending, receiving)


def busy_seconds() -> float:
    """What all cores have worked since boot: all but idle time, waiting for disks, and a hypervisor's theft."""
    first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _, _, interrupts, soft_interrupts = map(int, first.split()[1:8])
    return (user + nice + system + interrupts + soft_interrupts) / os.sysconf("SC_CLK_TCK")
