"""Stand-in."""

import os
from enum import IntEnum

from mobileip.linux.bpf.syscall import create_link, update_link


class Direction(IntEnum):
    INGRESS = 46
    EGRESS = 47


class Attachments:
    method = "tcx"

    def __init__(self) -> None:
        self._links: dict[tuple[int, int], int] = {}

    def attach(self, interface: int, direction: Direction, program: int, name: str) -> None:
        link = self._links.get((interface, direction))
        if link is None:
            self._links[interface, direction] = create_link(program, interface, direction)
        else:
            update_link(link, program)

    def forget(self, interface: int) -> None:
        for key in [key for key in self._links if key[0] == interface]:
            os.close(self._links.pop(key))

    def sweep(self, keep: bool = False) -> None:
        if not keep:
            self.close()

    def close(self) -> None:
        for link in self._links.values():
            os.close(link)
        self._links.clear()
