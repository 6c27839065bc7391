"""What may stand in the place of a control socket: nothing, or what a crash left."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mobileip.linux.errors import MachineError
from mobileip.linux.socket_path import LONGEST_PATH, require_free


def test_a_path_where_nothing_is_is_free(tmp_path: Path) -> None:
    require_free(tmp_path / "mipd.sock")
    require_free(tmp_path / "nowhere" / "mipd.sock")


def test_a_socket_that_nobody_listens_on_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "mipd.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
        dead.listen()
    require_free(path)
    assert not path.exists()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_in_use_is_left_alone(tmp_path: Path, kind: socket.SocketKind) -> None:
    path = tmp_path / "mipd.sock"
    with closing(socket.socket(socket.AF_UNIX, kind)) as other:
        other.bind(str(path))
        if kind is socket.SOCK_STREAM:
            other.listen()
        with pytest.raises(MachineError, match="is in use by another program"):
            require_free(path)
    assert path.exists()


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/dev/null")])
def test_something_else_is_left_alone(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "mipd.sock"
    make(path)
    with pytest.raises(MachineError, match="something else is there"):
        require_free(path)
    assert path.is_symlink() or path.exists()


def test_a_path_that_no_socket_can_have(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="too long"):
        require_free(tmp_path / ("x" * LONGEST_PATH))
