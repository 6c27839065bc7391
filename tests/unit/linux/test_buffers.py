"""Buffers: as large as we may have them, and never a reason to fail."""

import socket

import pytest
from tests.support.fake_socket import FakeSocket

from mobileip.linux.buffers import SO_RCVBUFFORCE, SO_SNDBUFFORCE, enlarge

RECEIVE = (socket.SOL_SOCKET, socket.SO_RCVBUF)
SEND = (socket.SOL_SOCKET, socket.SO_SNDBUF)
FORCED_RECEIVE = (socket.SOL_SOCKET, SO_RCVBUFFORCE)
FORCED_SEND = (socket.SOL_SOCKET, SO_SNDBUFFORCE)


def test_both_ways_beyond_the_systems_limit() -> None:
    target = FakeSocket()
    enlarge(target, receive=100, send=200)  # type: ignore[arg-type] - a fake
    assert target.options == {RECEIVE: 100, FORCED_RECEIVE: 100, SEND: 200, FORCED_SEND: 200}


def test_a_size_that_is_not_given_stays() -> None:
    target = FakeSocket()
    enlarge(target, send=200)  # type: ignore[arg-type] - a fake
    assert target.options == {SEND: 200, FORCED_SEND: 200}


def test_without_the_capability_the_systems_limit_holds() -> None:
    target = FakeSocket(refusals={FORCED_RECEIVE: PermissionError(), FORCED_SEND: PermissionError()})
    enlarge(target, receive=100, send=200)  # type: ignore[arg-type] - a fake
    assert target.options == {RECEIVE: 100, SEND: 200}


def test_any_other_refusal_is_told() -> None:
    target = FakeSocket(refusals={RECEIVE: OSError("no socket")})
    with pytest.raises(OSError, match="no socket"):
        enlarge(target, receive=100)  # type: ignore[arg-type] - a fake


def test_a_real_socket_grows() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.setsockopt(*RECEIVE, 4096)
        small = target.getsockopt(*RECEIVE)
        enlarge(target, receive=65_536)
        assert target.getsockopt(*RECEIVE) > small
