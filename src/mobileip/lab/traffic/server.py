"""A web server with one file, sent at a steady rate: `python -m mobileip.lab.traffic.server PORT OCTETS RATE LOG`.

RATE is in octets a second. SIGUSR1 lifts the limit: what is left comes at the wire's speed. The LOG gets a JSON line
when a request begins and when it ends, with the client's address. `content(n)` gives the file's octets, to compare.
"""

import http.server
import json
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

_SEED = 5944
_CHUNK_OCTETS = 8192


def content(octets: int) -> bytes:
    """The file: the same octets at each call."""
    return random.Random(_SEED).randbytes(octets)  # noqa: S311 - any octets will do, but always the same


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the file."""

    body: ClassVar[bytes]
    rate: ClassVar[float]
    log: ClassVar[Path]
    hurry: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self._note("begin", 0)
        sent = 0
        started = time.monotonic()
        try:
            while sent < len(self.body):
                self.wfile.write(self.body[sent : sent + _CHUNK_OCTETS])
                sent = min(sent + _CHUNK_OCTETS, len(self.body))
                self.hurry.wait(max(0.0, started + sent / self.rate - time.monotonic()))
        finally:
            self._note("end", sent)

    def _note(self, what: str, sent: int) -> None:
        line = {"event": what, "client": self.client_address[0], "octets": sent}
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Nothing on standard error: the log says it."""


def main() -> int:
    port, octets, rate, log = sys.argv[1:]
    Handler.body, Handler.rate, Handler.log = content(int(octets)), float(rate), Path(log)
    signal.signal(signal.SIGUSR1, lambda *_: Handler.hurry.set())
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Handler)  # noqa: S104 - in a namespace
    Handler.log.touch()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
