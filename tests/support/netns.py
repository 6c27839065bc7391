"""Network namespaces for tests: make them, join them by veth pairs, be inside them for a while.

    with namespace() as left, namespace() as right:
        veth(left, "a", right, "b")
        left.ip("address add 10.0.0.1/24 dev a")
        with left.entered():
            sender = socket.socket(...)     # stays a socket of `left` for good
        right.run("ip", "route")

`ip netns exec` is not used, since it mounts /sys anew; `nsenter --net` is.
"""

import ctypes
import itertools
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


class Namespace:
    """One network namespace, `lo` up, IPv6 off (no chatter of its own)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = f"/run/netns/{name}"

    def command(self, *words: str) -> list[str]:
        """The words of a command that runs inside."""
        return ["nsenter", f"--net={self.path}", *words]

    def run(self, *words: str) -> str:
        """Runs a command inside; its output. Raises: AssertionError with what it said when it fails."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}"
        return done.stdout

    def ip(self, line: str) -> str:
        return self.run("ip", *line.split())

    def sysctl(self, path: str, value: str | None = None) -> str:
        """The value of a sysctl (path below /proc/sys), after setting it when `value` is given."""
        with self.entered():
            file = Path("/proc/sys") / path
            if value is not None:
                file.write_text(value)
            return file.read_text().strip()

    def link_address(self, interface: str) -> bytes:
        """Of an interface inside."""
        words = self.ip(f"-o link show dev {interface}").split()
        return bytes.fromhex(words[words.index("link/ether") + 1].replace(":", ""))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread is inside for a while; the sockets that it opens stay inside."""
        with _opened(f"/proc/self/task/{threading.get_native_id()}/ns/net") as before, _opened(self.path) as inside:
            _set_namespace(inside)
            try:
                yield
            finally:
                _set_namespace(before)


@contextmanager
def namespace(prefix: str = "mip-test") -> Iterator[Namespace]:
    """A fresh namespace, removed after."""
    made = Namespace(f"{prefix}-{os.getpid()}-{next(_numbers)}")
    subprocess.run(["ip", "netns", "add", made.name], check=True)
    try:
        for scope in ("all", "default"):
            if Path(f"/proc/sys/net/ipv6/conf/{scope}").exists():
                made.sysctl(f"net/ipv6/conf/{scope}/disable_ipv6", "1")
        made.ip("link set lo up")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", made.name], check=True)


def veth(one: Namespace, one_name: str, other: Namespace, other_name: str) -> None:
    """A cable between two namespaces (or within one), both ends up."""
    ends = f"{one_name} netns {one.name} type veth peer name {other_name} netns {other.name}"
    subprocess.run(["ip", "link", "add", *ends.split()], check=True)
    one.ip(f"link set {one_name} up")
    other.ip(f"link set {other_name} up")


def bridge(where: Namespace, name: str, *ports: str) -> None:
    """A switch of interfaces that are already in `where`."""
    where.ip(f"link add {name} type bridge")
    where.ip(f"link set {name} up")
    for port in ports:
        where.ip(f"link set {port} master {name}")


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")
