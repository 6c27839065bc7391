"""The use of links: of the machine's own loopback, which needs no rights, and of a kernel that a test makes up."""

import errno
import socket
import struct

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.linux import link_use as module
from mobileip.linux.link_use import RTM_GETSTATS, LinkUse, link_use
from mobileip.linux.netlink_dump import NLMSG_ERROR


def test_what_passes_is_counted() -> None:
    before = link_use("lo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.sendto(b"x", one.getsockname())
        one.recv(1)
    after = link_use("lo")
    assert before is not None
    assert after is not None
    assert after.sent > before.sent
    assert after.received > before.received


def test_a_link_that_is_not_there_has_none() -> None:
    assert link_use("no-such-link") is None


def kernel(monkeypatch: pytest.MonkeyPatch, kind: int, body: bytes) -> FakeSocket:
    fake = FakeSocket()
    fake.incoming = [struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body]
    monkeypatch.setattr(module.socket, "socket", maker(fake))
    return fake


def test_received_stands_first_in_the_kernels_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = struct.pack("=25Q", 5, 7, *range(23))
    index = socket.if_nametoindex("lo")
    body = struct.pack("=BxxxII", 0, index, 1) + struct.pack("=HH", 4 + len(counters), 1) + counters
    fake = kernel(monkeypatch, RTM_GETSTATS - 2, body)
    assert link_use("lo") == LinkUse(sent=7, received=5)
    assert fake.sent[0][16:] == struct.pack("=BxxxII", 0, index, 1)
    assert fake.is_closed


def test_a_link_that_goes_meanwhile_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(monkeypatch, NLMSG_ERROR, struct.pack("=i", -errno.ENODEV) + bytes(16))
    assert link_use("lo") is None


def test_a_kernel_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(monkeypatch, NLMSG_ERROR, struct.pack("=i", -errno.EOPNOTSUPP) + bytes(16))
    with pytest.raises(OSError, match="not supported"):
        link_use("lo")
