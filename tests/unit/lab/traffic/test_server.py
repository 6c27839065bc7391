"""The web server: a known file at a steady rate, in a hurry at a signal, and a note of who asked."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.support.eventually import eventually

from mobileip.lab.traffic.server import content


def test_the_file_is_always_the_same() -> None:
    assert content(1000) == content(1000)
    assert len(content(1000)) == 1000
    assert content(2000)[:1000] == content(1000)


def test_a_slow_download_is_whole_and_quick_after_the_signal(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    octets = 1 << 20
    words = ["-m", "mobileip.lab.traffic.server", "15080", str(octets), "2000", str(log)]  # 524 s at this rate
    with subprocess.Popen([sys.executable, *words]) as server:
        try:
            eventually(log.exists)
            with urllib.request.urlopen("http://127.0.0.1:15080/file") as answer:
                first = answer.read(100)
                server.send_signal(signal.SIGUSR1)
                assert first + answer.read() == content(octets)
            eventually(lambda: len(log.read_text().splitlines()) == 2)
        finally:
            server.kill()
    begin, end = map(json.loads, log.read_text().splitlines())
    assert begin == {"event": "begin", "client": "127.0.0.1", "octets": 0}
    assert end == {"event": "end", "client": "127.0.0.1", "octets": octets}
