"""The demo without root: in a user namespace, where this machine lets a user make one and open the TUN device."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from mobileip.lab.errors import NOT_PERMITTED, LabError

_INSIDE = "MIP_LAB_ROOTLESS"
# A process namespace of its own: whatever happens, all that runs in it ends with it.
UNSHARE = [
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
]
PREPARE = "mount -t tmpfs tmpfs /run && "
_PROBE = PREPARE + "ip netns add probe && ip -n probe tuntap add dev probe mode tap"


def become_root_of_ones_own(arguments: Sequence[str]) -> None:
    """Returns at once for root. Else becomes `python -m mobileip.lab ARGUMENTS` in a user namespace.

    Raises LabError, which says what is needed, when this machine does not allow it.
    """
    if os.geteuid() == 0 or _INSIDE in os.environ:
        return
    refusal = _try()
    if refusal is not None:
        raise LabError(
            "the demo needs root (sudo make demo), or a machine where users may make user namespaces and open "
            f"/dev/net/tun; here: {refusal}",
            NOT_PERMITTED,
        )
    print("no root: running in a user namespace", file=sys.stderr)
    program = [sys.executable, "-m", "mobileip.lab", *arguments]
    words = [*UNSHARE, "sh", "-c", f'{PREPARE}exec "$@"', "sh", *program]
    environment = {**os.environ, _INSIDE: "1", "PATH": search_path()}
    os.execvpe(words[0], words, environment)  # noqa: S606 - a list of words


def _try() -> str | None:
    """What stands in the way; None = nothing."""
    if shutil.which("unshare") is None:
        return "no unshare (util-linux)"
    tried = subprocess.run(
        [*UNSHARE, "sh", "-c", _PROBE],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": search_path()},
    )
    return None if tried.returncode == 0 else tried.stderr.strip().splitlines()[-1]


def search_path() -> str:
    """PATH, with the folders of `ip`, `dnsmasq` and `dhcpcd`, which a user's PATH often lacks."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
