"""Removes what a daemon left on purpose, when no other came to adopt it.

`python -m mobileip.daemon.sweep RUN_DIR DEVICE [SECONDS]`.

A service restart sends SIGTERM: marked state stays, so that packets go on while the next daemon starts. If none comes
within a minute, a program that is nobody's child any more takes everything away.
"""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from mobileip.daemon import wish_journal
from mobileip.daemon.firewall import JOURNAL_NAME
from mobileip.daemon.lock import DaemonLock, SecondDaemon
from mobileip.dataplane.reconcile import reconcile
from mobileip.linux.bpf.attachment import Attachments
from mobileip.linux.errors import MachineError
from mobileip.linux.firewall_opening import FirewallOpening
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.nftables import NftError
from mobileip.linux.realm_devices import remove_realms
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import remove_leftover

ADOPTION_SECONDS = 60.0
POLL_SECONDS = 1.0
SECONDS_VARIABLE = "MIP_ADOPTION_SECONDS"
"""In the daemon's environment, where a minute does not fit: a service that takes long to start, a test."""


def start(run_directory: Path, device: str) -> None:
    """Starts the sweeper as a process of its own that outlives us."""
    subprocess.Popen(
        [sys.executable, "-m", "mobileip.daemon.sweep", str(run_directory.absolute()), device, f"{patience():g}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )


def patience() -> float:
    """Seconds that what was left may wait for a daemon."""
    try:
        return max(0.0, float(os.environ.get(SECONDS_VARIABLE, "")))
    except ValueError:
        return ADOPTION_SECONDS


async def remove_all(run_directory: Path, device: str) -> None:
    """What is attached, everything that bears our mark, the changed sysctls, and the device."""
    attachments = Attachments(run_directory, device)
    attachments.sweep()
    attachments.close()
    kernel = KernelTables(device, SysctlJournal(run_directory / "sysctl.journal"))
    kernel.perform(reconcile(await kernel.actual(), ()))
    kernel.clear_leftovers()
    kernel.restore_sysctls()
    kernel.close()
    with suppress(NftError, OSError):  # the next start tries again
        FirewallOpening(run_directory / JOURNAL_NAME).close()
    with suppress(OSError):
        wish_journal.remove(run_directory)
    remove_realms(device)
    remove_leftover(device)


def main(arguments: list[str]) -> int:
    run_directory, device = Path(arguments[0]), arguments[1]
    end = time.monotonic() + (float(arguments[2]) if len(arguments) > 2 else ADOPTION_SECONDS)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(POLL_SECONDS, left))
        try:
            lock = DaemonLock(run_directory)
        except SecondDaemon:
            return 0  # adopted
        except MachineError:
            return 1
        lock.release()
    try:
        lock = DaemonLock(run_directory)
    except MachineError:
        return 0
    try:
        asyncio.run(remove_all(run_directory, device))
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
