"""Every IPv4 packet and ARP message that the kernel dropped anywhere, with its reason and the function that did it:
what no counter tells, the tracepoint `skb:kfree_skb` does. On a kernel without it nothing is told.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PREFIX = "mip-handover-"
BUFFER_KIB = 16_384
"""For each processor, of binary records: some 300,000 drops."""
WHAT = "protocol == 0x0800 || protocol == 0x0806"
COPIES = frozenset({"SOCKET_FILTER@raw_rcv", "NO_SOCKET@ping_rcv", "INVALID_PROTO@icmp_rcv"})
"""No packets lost: a raw socket's filter did not want a copy of one; ICMP messages that no socket asked for."""
EVENT = "events/skb/kfree_skb"
_LINE = re.compile(r"location=(\w+)\S* reason: (\w+)")


class KernelTrace:
    """What was dropped since it was made. `folder`: an instance of tracefs, or None."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def counts(self) -> dict[str, int]:
        """`trace.REASON@function` -> packets."""
        if self.folder is None:
            return {}
        with (self.folder / "trace").open() as lines:
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
        instances = Path(mounted) / "instances"
        sweep(instances)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=instances))
        undo.callback(folder.rmdir)
        descriptor = claim(folder)
        if descriptor is not None:  # a sweeper had it for a moment
            undo.callback(os.close, descriptor)
        event = folder / EVENT
        if not event.is_dir():
            yield KernelTrace(None)
            return
        (folder / "buffer_size_kb").write_text(str(BUFFER_KIB))
        (event / "filter").write_text(WHAT)
        (event / "enable").write_text("1")
        undo.callback((event / "enable").write_text, "0")
        yield KernelTrace(folder)


def claim(folder: Path) -> int | None:
    """A descriptor that makes `folder` ours for as long as it is open; None: somebody has it, or it is gone."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def sweep(instances: Path) -> None:
    """Ends what a killed bench left. Each such instance goes on noting every drop of the machine, in memory of its own,
    and makes the figures of all later ones worse."""
    for folder in instances.glob(f"{PREFIX}*"):
        descriptor = claim(folder)
        if descriptor is None:
            continue
        with contextlib.suppress(OSError):
            (folder / EVENT / "enable").write_text("0")
            folder.rmdir()
        os.close(descriptor)
