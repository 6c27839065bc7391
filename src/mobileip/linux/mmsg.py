"""Many datagrams in one system call (sendmmsg, recvmmsg), which Python's sockets have not; by buffers that are made
once."""

import ctypes
import errno
import socket
from collections.abc import Sequence

_libc = ctypes.CDLL(None, use_errno=True)

MOST = 512
"""Datagrams in one call that sends."""
OCTETS = 1 << 20
"""Of all of them; one is at most 65,535."""


class _Vector(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class _Messages:
    """Headers whose vectors are to be pointed at something; each has a name and control octets of its own."""

    def __init__(self, number: int, name_length: int, control_length: int) -> None:
        self.names = ctypes.create_string_buffer(number * name_length or 1)
        self.control = ctypes.create_string_buffer(number * control_length or 1)
        self._vectors = (_Vector * number)()
        self.headers = (_Message * number)()
        names, control, vectors = (ctypes.addressof(part) for part in (self.names, self.control, self._vectors))
        for index, message in enumerate(self.headers):
            header = message.header
            header.name, header.name_length = (names + index * name_length if name_length else None), name_length
            header.vectors, header.vector_count = vectors + index * ctypes.sizeof(_Vector), 1
            header.control = control + index * control_length if control_length else None
            header.control_length = control_length
        # Items: where the datagram is, how long it is; one after the other. Faster than attributes.
        self.vectors = memoryview(self._vectors).cast("B").cast("P")


class SendBatch:
    """Sends packets to addresses of one length (as `struct sockaddr` has them), each with ancillary data of one length
    (as control messages are laid out)."""

    def __init__(self, name_length: int, control_length: int = 0) -> None:
        self._name_length = name_length
        self._control_length = control_length
        self._messages = _Messages(MOST, name_length, control_length)
        self._buffer = bytearray(OCTETS)
        self._view = memoryview(self._buffer)
        self._base = ctypes.addressof((ctypes.c_char * OCTETS).from_buffer(self._buffer))
        self._names = memoryview(self._messages.names).cast("B")
        self._lengths: list[int] = []
        """As the vectors have them now."""
        self._named: list[bytes] = [b""] * MOST
        """As the names are now."""
        self._control = memoryview(self._messages.control).cast("B")
        self._controlled: list[bytes] = [b""] * MOST
        """As the ancillary data are now."""

    def send(
        self, descriptor: int, packets: Sequence[bytes], names: Sequence[bytes], controls: Sequence[bytes] = ()
    ) -> tuple[int, int]:
        """How many went before the first that did not, and the errno of that one."""
        done = 0
        while done < len(packets):
            some = self._some(packets[done : done + MOST])
            self._lay_out(some)
            self._address(names[done : done + len(some)])
            self._say(controls[done : done + len(some)])
            sent = _libc.sendmmsg(descriptor, self._messages.headers, len(some), 0)
            if sent < 0:
                return done, ctypes.get_errno() or errno.EIO
            done += sent
        return done, 0

    @staticmethod
    def _some(packets: Sequence[bytes]) -> Sequence[bytes]:
        """As many of them as the buffer holds."""
        lengths = list(map(len, packets))
        if sum(lengths) <= OCTETS:
            return packets
        room = OCTETS
        for number, length in enumerate(lengths):
            room -= length
            if room < 0:
                return packets[: max(1, number)]
        return packets

    def _lay_out(self, packets: Sequence[bytes]) -> None:
        joined = b"".join(packets)
        self._view[: len(joined)] = joined
        lengths = list(map(len, packets))
        if lengths == self._lengths[: len(lengths)]:
            return
        self._lengths = lengths
        vectors, at = self._messages.vectors, self._base
        for index, length in enumerate(lengths):
            vectors[2 * index] = at
            vectors[2 * index + 1] = length
            at += length

    def _address(self, names: Sequence[bytes]) -> None:
        count = len(names)
        if names == self._named[:count]:
            return
        length = self._name_length
        for index, name in enumerate(names):
            self._names[index * length : index * length + len(name)] = name
        self._named[:count] = names

    def _say(self, controls: Sequence[bytes]) -> None:
        count = len(controls)
        if controls == self._controlled[:count]:
            return
        length = self._control_length
        for index, control in enumerate(controls):
            self._control[index * length : (index + 1) * length] = control
        self._controlled[:count] = controls


class ReceiveBatch:
    """Receives up to `most` datagrams of up to `size` octets each, with ancillary data of up to `control` octets."""

    def __init__(self, most: int, size: int, control: int) -> None:
        self._most = most
        self._size = size
        self._control_length = control
        self._messages = _Messages(most, 0, control)
        self._buffer = bytearray(most * size)
        self._view = memoryview(self._buffer)
        base = ctypes.addressof((ctypes.c_char * len(self._buffer)).from_buffer(self._buffer))
        for index in range(most):
            self._messages.vectors[2 * index] = base + index * size
            self._messages.vectors[2 * index + 1] = size
        self._headers = memoryview(self._messages.headers).cast("B")
        self._fresh = bytes(self._headers)
        """As they are to be before each call: the kernel writes into them what it used."""
        self._lengths = self._headers.cast("I")
        self._stride = ctypes.sizeof(_Message) // ctypes.sizeof(ctypes.c_uint)
        self._length_at = _Message.length.offset // ctypes.sizeof(ctypes.c_uint)
        self._control = memoryview(self._messages.control).cast("B")

    def receive(self, descriptor: int) -> list[tuple[bytes, memoryview]]:
        """What is waiting: datagrams, each with its ancillary data, which is good until the next call.

        Raises: OSError, BlockingIOError when nothing is waiting.
        """
        self._headers[:] = self._fresh
        count = _libc.recvmmsg(descriptor, self._messages.headers, self._most, socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            raise OSError(number, errno.errorcode.get(number, ""))
        view, size, control, step = self._view, self._size, self._control, self._control_length
        lengths = self._lengths[self._length_at : count * self._stride : self._stride].tolist()
        return [
            (view[at : at + length].tobytes(), control[index * step : (index + 1) * step])
            for index, (at, length) in enumerate(zip(range(0, count * size, size), lengths, strict=True))
        ]
