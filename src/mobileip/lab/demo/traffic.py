"""What goes on during the demo: a download, a voice-like stream both ways, echoes of the home address."""

import hashlib
import json
import signal
import time
from pathlib import Path

from mobileip.lab import processes
from mobileip.lab.demo import measure
from mobileip.lab.demo.measure import Flow
from mobileip.lab.demo.phases import Download
from mobileip.lab.errors import LabError
from mobileip.lab.laboratory import Lab
from mobileip.lab.processes import Process
from mobileip.lab.traffic.server import content

FILE_OCTETS = 16 << 20
RATE_OCTETS = 200_000
"""At this rate the file would take 84 s: the download outlasts the roaming. Then the server lifts the limit."""
_WEB_PORT, _VOICE_PORT = 8080, 5004
_FINISH_SECONDS = 120.0
_START_SECONDS = 10.0


class Traffic:
    """Runs from its making until the lab goes down, between the nodes `mobile` and `peer`."""

    def __init__(
        self,
        lab: Lab,
        *,
        home_address: str,
        correspondent: str,
        python: str,
        mobile: str = "mn",
        peer: str = "cn",
    ) -> None:
        self._lab = lab
        self._mobile, self._peer = mobile, peer
        self._home_address = home_address
        self._folder = lab.folder.path / f"traffic-{mobile}"
        self._folder.mkdir()
        self._python = python
        self._server_log = self._folder / "server.log"
        self._file = self._folder / "download"
        self._exit_code = self._folder / "curl.exit"
        self._server = self._program(
            peer, "server", str(_WEB_PORT), str(FILE_OCTETS), str(RATE_OCTETS), self._server_log
        )
        self._wait_for(self._server_log)
        url = f"http://{correspondent}:{_WEB_PORT}/file"
        # The exit code appears with its content: who waits for the file would read an empty one between > and echo.
        curl = f'curl --silent --show-error --fail --output "$1" {url}; echo $? >"$2.part"; mv "$2.part" "$2"'
        self._curl = lab.spawn(mobile, "curl", "sh", "-c", curl, "sh", str(self._file), str(self._exit_code))
        for node, other in ((mobile, correspondent), (peer, home_address)):
            ports = (str(_VOICE_PORT), other, str(_VOICE_PORT))
            self._program(node, "stream", *ports, self._note(node, "voice.sent"), self._note(node, "voice.received"))
        self._program(peer, "echo", home_address, self._note(peer, "echo.sent"), self._note(peer, "echo.received"))

    def _program(self, node: str, name: str, *arguments: str | Path) -> Process:
        words = [self._python, "-m", f"mobileip.lab.traffic.{name}", *map(str, arguments)]
        return self._lab.spawn(node, name, *words)

    def _note(self, node: str, name: str) -> Path:
        return self._folder / f"{node}.{name}"

    def _wait_for(self, file: Path) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while not file.exists():
            if time.monotonic() > give_up:
                raise LabError(
                    f"the web server did not start: {processes.last_lines(self._lab.log(self._peer, 'server'))}"
                )
            time.sleep(0.01)

    # -- what was noted so far

    def to_mobile_node(self) -> Flow:
        return measure.read(self._note(self._peer, "voice.sent"), self._note(self._mobile, "voice.received"))

    def from_mobile_node(self) -> Flow:
        return measure.read(self._note(self._mobile, "voice.sent"), self._note(self._peer, "voice.received"))

    def echoes(self) -> Flow:
        return measure.read(self._note(self._peer, "echo.sent"), self._note(self._peer, "echo.received"))

    def is_downloading(self) -> bool:
        return processes.is_alive(self._curl) and not self._exit_code.exists()

    def downloaded(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def server_clients(self) -> set[str]:
        """The addresses that the web server saw."""
        if not self._server_log.exists():
            return set()
        return {json.loads(line)["client"] for line in self._server_log.read_text().splitlines()}

    def finish(self) -> Download:
        """Lifts the server's limit, waits for curl's end, compares."""
        processes.end(self._server, signal.SIGUSR1, 0.0)
        give_up = time.monotonic() + _FINISH_SECONDS
        while not self._exit_code.exists() and time.monotonic() < give_up:
            time.sleep(0.02)
        whole = self._exit_code.exists() and self._exit_code.read_text().strip() == "0"
        octets = self.downloaded()
        digest = hashlib.sha256(self._file.read_bytes() if octets else b"").digest()
        return Download(
            complete=whole and octets == FILE_OCTETS,
            checksum_equal=digest == hashlib.sha256(content(FILE_OCTETS)).digest(),
            octets=octets,
        )
