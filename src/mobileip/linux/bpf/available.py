"""Whether this kernel is new enough for our programs; which right or library is missing, loading them tells."""

from mobileip.linux.bpf.programs import kernel_release
from mobileip.linux.errors import BpfUnavailable

OLDEST_KERNEL = 5, 10


def require_bpf() -> None:
    """Raises: BpfUnavailable."""
    release = kernel_release()
    if release < OLDEST_KERNEL:
        raise BpfUnavailable(
            f"this kernel is Linux {release[0]}.{release[1]}", f"{OLDEST_KERNEL[0]}.{OLDEST_KERNEL[1]} or newer"
        )
