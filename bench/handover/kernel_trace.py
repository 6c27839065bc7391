"""Every IPv4 packet and ARP message that the kernel dropped anywhere, with its reason and the function that did it:
what no counter tells, the tracepoint `skb:kfree_skb` does. On a kernel without it nothing is told.
"""

import contextlib
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

BUFFER_KIB = 16_384
"""For each processor, of binary records: some 300,000 drops."""
WHAT = "protocol == 0x0800 || protocol == 0x0806"
COPIES = frozenset({"SOCKET_FILTER@raw_rcv", "NO_SOCKET@ping_rcv", "INVALID_PROTO@icmp_rcv"})
"""No packets lost: a raw socket's filter did not want a copy of one; ICMP messages that no socket asked for."""
_LINE = re.compile(r"location=(\w+)\S* reason: (\w+)")


class KernelTrace:
    """What was dropped since it was made. `folder`: an instance of tracefs, or None."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def counts(self) -> dict[str, int]:
        """`trace.REASON@function` -> packets."""
        if self._folder is None:
            return {}
        with (self._folder / "trace").open() as lines:
            return count(lines)


def count(lines: Iterator[str] | list[str]) -> dict[str, int]:
    """Of the lines of a trace."""
    found = (_LINE.search(line) for line in lines)
    named = Counter(f"{match[2]}@{match[1]}" for match in found if match is not None)
    return {f"trace.{name}": packets for name, packets in named.items() if name not in COPIES}


@contextlib.contextmanager
def kernel_trace() -> Iterator[KernelTrace]:
    """Nothing of it stays."""
    with contextlib.ExitStack() as undo:
        mounted = undo.enter_context(tempfile.TemporaryDirectory(prefix="mip-trace-"))
        done = subprocess.run(["mount", "-t", "tracefs", "tracefs", mounted], capture_output=True, check=False)
        if done.returncode:
            yield KernelTrace(None)
            return
        undo.callback(subprocess.run, ["umount", "--lazy", mounted], check=False)
        folder = Path(tempfile.mkdtemp(prefix="mip-handover-", dir=Path(mounted) / "instances"))
        undo.callback(folder.rmdir)
        event = folder / "events/skb/kfree_skb"
        if not event.is_dir():
            yield KernelTrace(None)
            return
        (folder / "buffer_size_kb").write_text(str(BUFFER_KIB))
        (event / "filter").write_text(WHAT)
        (event / "enable").write_text("1")
        undo.callback((event / "enable").write_text, "0")
        yield KernelTrace(folder)
