"""A daemon under a user that is not root, with some capabilities: words to put before its command."""

import shutil
from collections.abc import Iterable
from pathlib import Path

NOBODY = 65534
ENOUGH = ("net_bind_service", "net_admin", "net_raw", "dac_read_search")
"""What a daemon can't do without; the last only here: interpreter and checkout may lie where only root may read."""

WITH_TUN = ("unshare", "--mount", "sh", "-ec")
WITH_TUN += ('mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"', "sh")
"""/dev/net/tun as distributions have it: for everybody. Machines without udev keep it for root."""


def as_nobody(capabilities: Iterable[str]) -> tuple[str, ...]:
    """The process keeps these and nothing else."""
    plus = ",".join(f"+{name}" for name in capabilities)
    return (
        *WITH_TUN,
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        f"--bounding-set=-all,{plus}",
        f"--inh-caps=-all,{plus}",
        f"--ambient-caps=-all,{plus}",
    )


def give(folder: Path) -> None:
    """The folder, and all that is in it, to that user."""
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, NOBODY, NOBODY)
