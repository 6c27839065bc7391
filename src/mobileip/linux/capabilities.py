"""What this process may do: each thing that is missing gives one clear line, before anything is touched."""

import os
from pathlib import Path

from mobileip.linux.errors import DeviceUnavailable, MachineError, PermissionMissing
from mobileip.linux.tun import CONTROL
from mobileip.linux.udp import SignallingSocket

# linux/capability.h
_NEEDED = {
    10: ("CAP_NET_BIND_SERVICE", "UDP port 434"),
    12: ("CAP_NET_ADMIN", "routes, rules and the tunnel device"),
    13: ("CAP_NET_RAW", "tunnel packets and signalling frames"),
}

SYSCTLS = Path("/proc/sys/net/ipv4")


def missing_capabilities() -> list[str]:
    """Names of the capabilities that a daemon needs and this process lacks."""
    effective = _effective()
    return [name for bit, (name, _) in _NEEDED.items() if not effective >> bit & 1]


def has_tun() -> bool:
    """Whether the kernel offers TUN devices at all."""
    return CONTROL.is_char_device()


def lacks() -> list[MachineError]:
    """Everything that a daemon needs and won't get here; empty when it can start."""
    effective = _effective()
    found: list[MachineError] = [
        PermissionMissing(f"{name} is missing ({use})", "run as root, or give the service the capability")
        for bit, (name, use) in _NEEDED.items()
        if not effective >> bit & 1
    ]
    if not has_tun():
        found.append(
            DeviceUnavailable(
                f"no TUN device: {CONTROL} does not exist",
                "the kernel needs CONFIG_TUN; a container needs --device /dev/net/tun",
            )
        )
    elif not os.access(CONTROL, os.R_OK | os.W_OK):
        found.append(PermissionMissing(f"may not open {CONTROL}", "run as root or give the daemon the device"))
    if os.statvfs(SYSCTLS).f_flag & os.ST_RDONLY:
        found.append(PermissionMissing("/proc/sys is read-only", "a container needs its own, writable /proc/sys/net"))
    if not found:
        try:
            SignallingSocket().close()
        except MachineError as error:
            found.append(error)
    return found


def _effective() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
