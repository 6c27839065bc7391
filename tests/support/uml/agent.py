"""Runs inside the guest, by the host's python3 alone: commands come in by a serial line, what became of them goes back.

A line is a JSON array. To us: number, kind, argument. Back: number, result. Kinds:
`run` (the words of a command): it is run to its end; [status, output, what it said of errors].
`start` (words): it is begun, and answered when its first line of output is there: [that line, number of the process].
`finish` (number of a process): the end of one that was started, as for `run`.
The end of the serial line, or an empty line, ends us, and with us the machine.
"""

import json
import subprocess
import sys
import termios
import threading
import tty
from pathlib import Path
from typing import BinaryIO


class Agent:
    """Each request is served by a thread of its own: one may wait for another."""

    def __init__(self, line: BinaryIO) -> None:
        self._line = line
        self._writing = threading.Lock()
        self._started: dict[int, subprocess.Popen[str]] = {}

    def serve(self) -> None:
        self._answer(0, "ready")
        for request in iter(self._line.readline, b""):
            if not request.strip():
                return
            threading.Thread(target=self._serve_one, args=json.loads(request), daemon=True).start()

    def _serve_one(self, number: int, kind: str, argument: list[str] | int) -> None:
        try:
            self._answer(number, getattr(self, f"_{kind}")(argument))
        except OSError as error:  # no such program, for one
            self._answer(number, [127, "", str(error)])

    def _run(self, words: list[str]) -> list[object]:
        done = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return [done.returncode, done.stdout, done.stderr]

    def _start(self, words: list[str]) -> list[object]:
        process = subprocess.Popen(words, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None)
        assert process.stdout is not None
        first = process.stdout.readline()
        self._started[process.pid] = process
        return [first, process.pid]

    def _finish(self, number: int) -> list[object]:
        process = self._started.pop(number)
        output, _ = process.communicate()
        return [process.returncode, output, ""]

    def _answer(self, number: int, result: object) -> None:
        with self._writing:
            self._line.write(json.dumps([number, result]).encode() + b"\n")
            self._line.flush()


def main() -> None:
    with Path(sys.argv[1]).open("r+b", buffering=0) as line:
        tty.setraw(line.fileno(), termios.TCSANOW)
        Agent(line).serve()


if __name__ == "__main__":
    main()
