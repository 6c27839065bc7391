"""Whether a Unix socket may be made at a path: what a crash left there is no hindrance, what somebody uses is."""

import socket
import stat
from pathlib import Path

from mobileip.linux.errors import MachineError

LONGEST_PATH = 107
"""Octets (sun_path of sockaddr_un, less the final zero)."""


def require_free(path: Path) -> None:
    """Removes a socket that nobody listens on any more.

    Raises: `MachineError` when the path is too long, something else is there, or a program listens.
    """
    if len(bytes(path)) > LONGEST_PATH:
        raise MachineError(f"the path of the control socket is too long: {path}", "choose a shorter --run-dir")
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing there; whether a socket can be made, its maker will see
    if not stat.S_ISSOCK(mode):
        raise MachineError(f"can't make the control socket {path}: something else is there", "remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass  # a datagram socket, or one whose owner is busy: it is in use all the same
    raise MachineError(f"the control socket {path} is in use by another program", "choose another --run-dir")
