"""A ring that programs write records into, read through libbpf: it knows which memory barriers each processor needs."""

import ctypes
import os

from mobileip.linux.bpf.libbpf import library
from mobileip.linux.errors import BpfRefused

_Sample = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_ENOUGH = -1


class RingBuffer:
    """Reads the ring with this descriptor; its memory stays ours until `close`, whatever becomes of the descriptor.

    Raises: BpfRefused.
    """

    def __init__(self, fd: int) -> None:
        self._library = library()
        self._records: list[bytes] = []
        self._most = 0
        self._sample = _Sample(self._take)  # must outlive the handle
        self._handle: int | None = self._library.ring_buffer__new(fd, self._sample, None, None)
        if not self._handle:
            raise BpfRefused(f"the ring of packets can't be read: {os.strerror(ctypes.get_errno())}")

    def read(self, most: int) -> list[bytes]:
        """What has been written since, oldest first, at most so many records."""
        self._records, self._most = [], most
        if self._handle:
            self._library.ring_buffer__consume(self._handle)
        return self._records

    def close(self) -> None:
        if self._handle:
            self._library.ring_buffer__free(self._handle)
            self._handle = None

    def _take(self, _: int | None, data: int, size: int) -> int:
        self._records.append(ctypes.string_at(data, size))
        return 0 if len(self._records) < self._most else _ENOUGH
