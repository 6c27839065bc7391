"""What this process may do: each thing that is missing gives one clear line."""

from pathlib import Path

from mobileip.linux.tun import CONTROL

_NEEDED = {10: "CAP_NET_BIND_SERVICE", 12: "CAP_NET_ADMIN", 13: "CAP_NET_RAW"}


def missing_capabilities() -> list[str]:
    """Names of the capabilities that a daemon needs and this process lacks."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            return [name for bit, name in _NEEDED.items() if not effective >> bit & 1]
    return []


def has_tun() -> bool:
    """Whether the kernel offers TUN devices at all."""
    return CONTROL.is_char_device()
