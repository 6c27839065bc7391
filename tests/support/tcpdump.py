"""tcpdump as a judge of octets: many packets in one run, one line for each."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.support.pcap import write_pcap


def told_by_tcpdump(path: Path, packets: Iterable[bytes]) -> list[str]:
    """What tcpdump says of each IPv4 packet; `path` is where the capture is kept."""
    assert shutil.which("tcpdump"), "tcpdump (Debian package tcpdump) is missing"
    write_pcap(path, packets)
    command = ["tcpdump", "-r", str(path), "-n", "-v", "-t"]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60, text=True)
    return run.stdout.replace("\n    ", " ").splitlines()
