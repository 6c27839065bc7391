"""The stream's two ends against each other, over loopback."""

import subprocess
import sys
from pathlib import Path

from tests.support.eventually import eventually

from mobileip.lab.demo import measure


def test_each_end_hears_the_other_and_notes_when(tmp_path: Path) -> None:
    """Both bind all addresses, so each has its own port here."""
    ends = []
    for number, (port, peer_port) in enumerate(((15004, 15005), (15005, 15004))):
        notes = [str(tmp_path / f"{number}.{what}") for what in ("sent", "received")]
        words = ["-m", "mobileip.lab.traffic.stream", str(port), "127.0.0.1", str(peer_port), *notes, "200"]
        ends.append(subprocess.Popen([sys.executable, *words]))
    try:
        for sender, receiver in ((0, 1), (1, 0)):
            files = (tmp_path / f"{sender}.sent", tmp_path / f"{receiver}.received")
            eventually(lambda files=files: len(measure.read(*files).received) >= 20)
            flow = measure.read(*files)
            assert flow.sources == {"127.0.0.1"}
            assert all(at >= flow.sent[number] for number, at in flow.received.items())
    finally:
        for end in ends:
            end.kill()
            end.wait()
