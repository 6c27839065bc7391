"""Marks on packets of visitors that share a home address, by a table of our own in nftables (`nft` writes it).

Only where such visitors are; a foreign agent without them needs no nftables at all.
"""

import errno
import shutil
import subprocess
from collections.abc import Collection, Iterable

from mobileip.dataplane.ports import FrameMark

TABLE = "mobileip"
"""In nftables' family `ip`. It is ours alone: it is made anew at each change, and goes with the last mark."""

BEFORE_EVERYTHING = -300
"""The priority of nftables' own `raw`: before connection tracking, and before routing looks at marks."""

PATIENCE = 10.0
"""Seconds that `nft` may take; it takes some milliseconds."""


class FrameMarks:
    """What a former daemon left goes on until the first change replaces it, or `clear_leftovers` ends it: without their
    marks packets of one visitor would go into the tunnel of another with the same home address."""

    def __init__(self) -> None:
        self._marks: set[FrameMark] = set()
        self._is_ours = False
        """Whether the table, if there is one, is of our making."""

    @property
    def marks(self) -> frozenset[FrameMark]:
        return frozenset(self._marks)

    def change(self, install: Collection[FrameMark], remove: Collection[FrameMark]) -> int:
        """All at once, or nothing; the errno, 0 when it is done."""
        marks = (self._marks - set(remove)) | set(install)
        number = _nft(script(marks))
        if not number:
            self._marks, self._is_ours = marks, True
        return number

    def clear_leftovers(self) -> None:
        """Removes a table that is not of our making."""
        if not self._is_ours and shutil.which("nft") is not None:
            _nft(script(()))


def script(marks: Iterable[FrameMark]) -> str:
    """For `nft -f -`, which does all of it or nothing: the table as it is to be, in place of what it was."""
    # Deleting what is not there would be an error: it is added before.
    lines = [f"add table ip {TABLE}", f"delete table ip {TABLE}"]
    rules = [
        f'iifname "{mark.interface}" ether saddr {mark.link_address.hex(":")} ip saddr {mark.source} '
        f"meta mark set 0x{mark.mark:x}"
        for mark in sorted(marks, key=lambda mark: (mark.mark, mark.interface, mark.link_address, mark.source))
    ]
    if rules:
        lines.append(f"add table ip {TABLE}")
        hook = f"type filter hook prerouting priority {BEFORE_EVERYTHING};"
        lines.append(f"add chain ip {TABLE} visitors {{ {hook} }}")
        lines += [f"add rule ip {TABLE} visitors {rule}" for rule in rules]
    return "\n".join(lines) + "\n"


def _nft(commands: str) -> int:
    """ENOENT: there is no `nft`, whose package is called nftables."""
    program = shutil.which("nft")
    if program is None:
        return errno.ENOENT
    try:
        done = subprocess.run(
            [program, "-f", "-"], input=commands.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return errno.EIO
    return errno.EINVAL if done.returncode else 0
