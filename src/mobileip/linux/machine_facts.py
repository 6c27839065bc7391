"""What the kernel says of this machine (network namespace) without being asked to change anything: for `mip doctor`."""

import fcntl
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

CONF = Path("/proc/sys/net/ipv4")
ROUTES = Path("/proc/net/route")
RTF_UP, RTF_REJECT = 0x1, 0x200
SIOCGIFADDR = 0x8915
_ANY = "00000000"


def ip_forward() -> bool:
    return _text(CONF / "ip_forward") == "1"


def reverse_path_filters(links: Iterable[str]) -> dict[str, int]:
    """What holds for each of these that is there: the larger of `all` and its own (ip-sysctl, rp_filter)."""
    everywhere = _number(CONF / "conf" / "all" / "rp_filter") or 0
    own = {link: _number(CONF / "conf" / link / "rp_filter") for link in links}
    return {link: max(everywhere, value) for link, value in own.items() if value is not None}


def default_route_link() -> str | None:
    """The link that packets leave by where nothing else is known; None without a default route."""
    found: list[tuple[int, str]] = []
    for line in _text(ROUTES).splitlines()[1:]:
        name, destination, _, flags, _, _, metric, mask, *_ = line.split()
        if destination == mask == _ANY and int(flags, 16) & (RTF_UP | RTF_REJECT) == RTF_UP:
            found.append((int(metric), name))
    return min(found)[1] if found else None


def primary_address(link: str) -> IPv4Address | None:
    """The address that masquerading gives to what leaves by this link; None: it has none, or is not there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            answer = fcntl.ioctl(control, SIOCGIFADDR, struct.pack("16sH22x", link.encode(), socket.AF_INET))
        except OSError:
            return None
    return IPv4Address(answer[20:24])


def _number(path: Path) -> int | None:
    word = _text(path)
    return int(word) if word.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
