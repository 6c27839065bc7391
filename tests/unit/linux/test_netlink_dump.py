"""Dumps: of the machine's own links, which needs no rights, and of a kernel that a test makes up."""

import errno
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from mobileip.linux import netlink_dump
from mobileip.linux.netlink_dump import ATTEMPTS, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, RTM_GETLINK, dump

OBJECT, MULTI = 24, 2


def message(kind: int, body: bytes, flags: int = MULTI) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body + bytes(-len(body) % 4)


def done(flags: int = MULTI, number: int = 0) -> bytes:
    return message(NLMSG_DONE, struct.pack("=i", -number), flags)


def error(number: int) -> bytes:
    return message(NLMSG_ERROR, struct.pack("=i", -number) + bytes(16))


def refused_at_the_end(number: int) -> bytes:
    """As kernels do it whose dump functions check the request themselves."""
    return done(number=number)


class _Socket(socket.socket):
    """One end of a pair, in place of a netlink socket: it has none of the options."""

    def setsockopt(self, *_: object) -> None:  # type: ignore[override] - takes anything
        pass


class Kernel:
    """Each dump gets the next of `answers`, read by read."""

    def __init__(self) -> None:
        self.answers: list[list[bytes]] = []
        self.asked: list[bytes] = []
        self.far: list[socket.socket] = []

    def open(self, *_: int) -> socket.socket:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        far.setblocking(False)
        for piece in self.answers.pop(0):
            far.send(piece)
        self.far.append(far)
        return _Socket(near.family, near.type, near.proto, near.detach())

    def close(self) -> None:
        for far in self.far:
            self.asked.append(far.recv(1 << 16))
            far.close()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    made = Kernel()

    class Module:
        """`socket` with another way to open one; the loop keeps the true one."""

        AF_NETLINK, SOCK_RAW, SOCK_NONBLOCK, NETLINK_ROUTE = (
            socket.AF_NETLINK,
            socket.SOCK_RAW,
            socket.SOCK_NONBLOCK,
            socket.NETLINK_ROUTE,
        )
        socket = staticmethod(made.open)

    monkeypatch.setattr(netlink_dump, "socket", Module)
    yield made
    made.close()


async def test_the_machines_links() -> None:
    bodies = await dump(RTM_GETLINK, bytes(16))
    assert any(b"lo\0" in body for body in bodies)


async def test_a_request_that_the_kernel_does_not_understand() -> None:
    with pytest.raises(OSError, match="Invalid argument") as refused:
        await dump(RTM_GETLINK, b"\xff" * 16)  # strict: fields that are no filter must be zero
    assert refused.value.errno == errno.EINVAL


async def test_a_table_in_pieces_is_put_together(kernel: Kernel) -> None:
    kernel.answers = [[message(OBJECT, b"one!") + message(OBJECT, b"two!"), message(OBJECT, b"three!!!"), done()]]
    assert await dump(26, b"filter!!") == [b"one!", b"two!", b"three!!!"]
    kernel.close()
    assert kernel.asked == [struct.pack("=IHHII", 24, 26, 0x301, 1, 0) + b"filter!!"]
    kernel.far.clear()


async def test_a_table_that_changed_meanwhile_is_read_again(kernel: Kernel) -> None:
    kernel.answers = [
        [message(OBJECT, b"old!", MULTI | NLM_F_DUMP_INTR) + done()],
        [message(OBJECT, b"new!") + done(MULTI | NLM_F_DUMP_INTR)],
        [message(OBJECT, b"last") + done()],
    ]
    assert await dump(26, b"") == [b"last"]


async def test_a_table_that_never_rests_is_not_read_for_ever(kernel: Kernel) -> None:
    kernel.answers = [[message(OBJECT, b"%04d" % n) + done(NLM_F_DUMP_INTR)] for n in range(ATTEMPTS)]
    assert await dump(26, b"") == [b"%04d" % (ATTEMPTS - 1)]


@pytest.mark.parametrize("refusal", [error, refused_at_the_end])
async def test_a_table_that_nobody_has_used_is_empty(kernel: Kernel, refusal: Callable[[int], bytes]) -> None:
    kernel.answers = [[refusal(errno.ENOENT)]]
    assert await dump(26, b"") == []


@pytest.mark.parametrize("refusal", [error, refused_at_the_end])
async def test_a_refusal_is_raised(kernel: Kernel, refusal: Callable[[int], bytes]) -> None:
    kernel.answers = [[refusal(errno.EPERM)]]
    with pytest.raises(OSError, match="not permitted") as refused:
        await dump(26, b"")
    assert refused.value.errno == errno.EPERM
