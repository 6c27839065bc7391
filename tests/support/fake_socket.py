"""A socket without a kernel: it notes what is asked of it, gives what it was told to give, and refuses what it must."""

import socket
from collections.abc import Callable
from typing import Any

Refusals = dict[Any, OSError]
"""By the name of a call ("bind", "sendmsg"), or by (level, name) of a socket option."""


class FakeSocket:
    """`incoming`: what the calls that receive return, one after the other; an exception is raised instead. When
    nothing is left there is nothing to receive (EAGAIN)."""

    def __init__(self, *, refusals: Refusals | None = None, number: int = 7) -> None:
        self.refusals: Refusals = refusals or {}
        self.number = number
        self.arguments: tuple[int, ...] = ()
        """Family, kind and protocol, where it was made by `maker`."""
        self.options: dict[tuple[int, int], Any] = {}
        self.set: list[tuple[int, int, Any]] = []
        self.bound: Any = None
        self.connected: Any = None
        self.sent: list[Any] = []
        self.incoming: list[Any] = []
        self.errors: list[Any] = []
        """What the error queue holds (MSG_ERRQUEUE)."""
        self.on_send: Callable[[bytes], None] | None = None
        """Told of every `send`, to prepare the answer."""
        self.is_closed = False

    def __enter__(self) -> "FakeSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def setsockopt(self, level: int, name: int, value: Any) -> None:
        self._refuse((level, name))
        self.options[level, name] = value
        self.set.append((level, name, value))

    def every(self, level: int, name: int) -> list[Any]:
        """All values that one option was set to."""
        return [value for *option, value in self.set if option == [level, name]]

    def getsockopt(self, level: int, name: int) -> Any:
        self._refuse((level, name))
        return self.options[level, name]

    def bind(self, address: Any) -> None:
        self._refuse("bind")
        self.bound = address

    def connect(self, address: Any) -> None:
        self._refuse("connect")
        self.connected = address

    def getsockname(self) -> Any:
        return self.number, 0

    def send(self, octets: bytes) -> None:
        self._refuse("send")
        self.sent.append(octets)
        if self.on_send is not None:
            self.on_send(octets)

    def sendto(self, octets: bytes, address: Any) -> None:
        self._refuse("sendto")
        self.sent.append((octets, address))

    def sendmsg(self, pieces: list[bytes], ancillary: list[Any], flags: int, address: Any) -> None:
        self._refuse("sendmsg")
        self.sent.append((b"".join(pieces), ancillary, flags, address))

    def recv(self, _: int) -> Any:
        return self._receive()

    def recvmsg(self, _: int, __: int, flags: int = 0) -> Any:
        if flags & socket.MSG_ERRQUEUE:
            return self._receive_from(self.errors)
        return self._receive()

    def fileno(self) -> int:
        return self.number

    def close(self) -> None:
        self.is_closed = True

    def _refuse(self, call: Any) -> None:
        if call in self.refusals:
            raise self.refusals[call]

    def _receive(self) -> Any:
        return self._receive_from(self.incoming)

    @staticmethod
    def _receive_from(waiting: list[Any]) -> Any:
        if not waiting:
            raise BlockingIOError
        given = waiting.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given


def maker(*sockets: FakeSocket) -> Callable[..., FakeSocket]:
    """In place of `socket.socket`: gives `sockets`, one after the other."""
    left = list(sockets)

    def make(*arguments: int) -> FakeSocket:
        made = left.pop(0)
        made.arguments = arguments
        made._refuse("socket")
        return made

    return make
