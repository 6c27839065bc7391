"""Tables that a program and we share. One caller at a time: buffers are made once and used by every call.

Errors of writing are values (errno): a full table is an answer, and the engine knows what to do with it.
"""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Sequence

from mobileip.linux.bpf import syscall
from mobileip.linux.bpf.syscall import BatchAttributes, ElementAttributes, call, prepared

RECORDS_PER_READ = 4096
"""Of `items`; more where one bucket of a table holds more."""

_NO_BATCH = frozenset((errno.EINVAL, errno.EOPNOTSUPP, 524))
"""Of kernels that have no such batch at all; 524 is ENOTSUPP, which is known to the kernel alone."""

_KEY_ONLY = ElementAttributes.value_or_next_key.offset
"""Octets of the attributes of a removal: the kernel refuses it when a value stands behind the key."""

_PLACE_SIZE = 8
"""Octets at least for where a batch goes on; tables with longer keys write their key there."""


class BpfMap:
    """A table by its descriptor, which belongs to someone else (`BpfObject`).

    `value_size` is that of a value here. A table with a value per processor has all of them behind one another, each
    padded to 8 octets.
    """

    def __init__(self, fd: int, key_size: int, value_size: int, max_entries: int) -> None:
        self.fd, self.key_size, self.value_size, self.max_entries = fd, key_size, value_size, max_entries
        self._key = ctypes.create_string_buffer(key_size)
        self._value = ctypes.create_string_buffer(value_size)
        self._put_key = memoryview(self._key).cast("B")
        self._put_value = memoryview(self._value).cast("B")
        self._element = ElementAttributes(fd, ctypes.addressof(self._key), ctypes.addressof(self._value), 0)
        address, size = ctypes.addressof(self._element), ctypes.sizeof(self._element)
        self._update = prepared(syscall.MAP_UPDATE_ELEM, address, size)
        self._lookup = prepared(syscall.MAP_LOOKUP_ELEM, address, size)
        self._delete = prepared(syscall.MAP_DELETE_ELEM, address, _KEY_ONLY)

    def update(self, key: bytes, value: bytes) -> int:
        """Writes one record, new or not. Errno, or 0."""
        self._put_key[:] = key
        self._put_value[:] = value
        return -self._update()

    def update_many(self, entries: Sequence[tuple[bytes, bytes]]) -> int:
        """Writes records in order, in one call where the kernel can, up to the first refusal: that errno, or 0."""
        if not entries:
            return 0
        keys = self._joined([key for key, _ in entries], self.key_size)
        values = self._joined([value for _, value in entries], self.value_size)
        return self.write(keys, values, len(entries))

    def delete(self, key: bytes) -> int:
        """Removes a record that may be there. Errno, or 0."""
        self._put_key[:] = key
        error = -self._delete()
        return 0 if error == errno.ENOENT else error

    def delete_many(self, keys: Sequence[bytes]) -> int:
        """Removes records that may be there. The first errno, or 0."""
        octets, start = self._joined(keys, self.key_size), 0
        while start < len(keys):
            error, done = self._batch(syscall.MAP_DELETE_BATCH, octets, b"", len(keys) - start, start)
            if error in _NO_BATCH:
                return next((error for key in keys[start:] if (error := self.delete(key))), 0)
            if error not in (0, errno.ENOENT):
                return error
            start += done + 1  # a batch ends at a record that is not there
        return 0

    def lookup(self, key: bytes) -> bytes | None:
        self._put_key[:] = key
        return None if self._lookup() else self._value.raw

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, many per system call. Those that come or go meanwhile may be in it or not.

        Raises: OSError.
        """
        for keys, values, count in self._pieces():
            yield from zip(_cut(keys, self.key_size, count), _cut(values, self.value_size, count), strict=True)

    def copy_to(self, other: "BpfMap") -> int:
        """Writes every record into another table of the same kind. Errno, or 0.

        Raises: OSError when this one can't be read.
        """
        for keys, values, count in self._pieces():
            error = other.write(keys, values, count)
            if error:
                return error
        return 0

    def write(self, keys: bytes, values: bytes, count: int) -> int:
        """As `update_many`, with all keys behind one another, and all values. Errno, or 0."""
        error, _ = self._batch(syscall.MAP_UPDATE_BATCH, keys, values, count)
        if error in _NO_BATCH:
            records = zip(_cut(keys, self.key_size, count), _cut(values, self.value_size, count), strict=True)
            return next((error for key, value in records if (error := self.update(key, value))), 0)
        return error

    def _pieces(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Keys behind one another, values behind one another, how many."""
        count = min(RECORDS_PER_READ, max(self.max_entries, 1))
        place = ctypes.create_string_buffer(max(self.key_size, _PLACE_SIZE))
        begun = False
        while True:
            keys = ctypes.create_string_buffer(count * self.key_size)
            values = ctypes.create_string_buffer(count * self.value_size)
            batch = BatchAttributes(
                in_batch=ctypes.addressof(place) if begun else 0,
                out_batch=ctypes.addressof(place),
                keys=ctypes.addressof(keys),
                values=ctypes.addressof(values),
                count=count,
                map_fd=self.fd,
            )
            error = -call(syscall.MAP_LOOKUP_BATCH, ctypes.addressof(batch), ctypes.sizeof(batch))
            if error == errno.ENOSPC:  # one bucket of the table holds more than that
                count *= 2
                continue
            if error in _NO_BATCH and not begun:
                for key, value in self._one_by_one():
                    yield key, value, 1
                return
            if error not in (0, errno.ENOENT):
                raise OSError(error, os.strerror(error))
            yield keys.raw, values.raw, batch.count
            if error:  # ENOENT: that was the last of it
                return
            begun = True

    def memory(self) -> mmap.mmap:
        """The values of an array that may be mapped, each padded to 8 octets: what is written here is written there.

        Raises: OSError when it is none.
        """
        return mmap.mmap(self.fd, -(-self.value_size // 8) * 8 * self.max_entries, mmap.MAP_SHARED)

    def _one_by_one(self) -> Iterator[tuple[bytes, bytes]]:
        key: bytes | None = None
        following = ctypes.create_string_buffer(self.key_size)
        while True:
            current = ctypes.create_string_buffer(key, self.key_size) if key is not None else None
            question = ElementAttributes(
                self.fd, ctypes.addressof(current) if current is not None else 0, ctypes.addressof(following), 0
            )
            error = -call(syscall.MAP_GET_NEXT_KEY, ctypes.addressof(question), ctypes.sizeof(question))
            if error == errno.ENOENT:
                return
            if error:
                raise OSError(error, os.strerror(error))
            key = following.raw
            if (value := self.lookup(key)) is not None:
                yield key, value

    def _batch(self, command: int, keys: bytes, values: bytes, count: int, start: int = 0) -> tuple[int, int]:
        """Errno (or 0), and how many records are done, of `count` from `start` on."""
        # The kernel only reads these, so the octets are passed where they are.
        batch = BatchAttributes(
            keys=_address(keys) + start * self.key_size,
            values=_address(values) + start * self.value_size,
            count=count,
            map_fd=self.fd,
        )
        error = -call(command, ctypes.addressof(batch), ctypes.sizeof(batch))
        # A kernel that refuses the whole leaves the number as it was.
        return error, 0 if error and batch.count == count else batch.count

    @staticmethod
    def _joined(parts: Sequence[bytes], size: int) -> bytes:
        """Raises: ValueError when a part has another size: the kernel would read beyond the end."""
        octets = b"".join(parts)
        if len(octets) != size * len(parts) or any(len(part) != size for part in parts):
            raise ValueError(f"a key or value has not the table's {size} octets")
        return octets


def _cut(octets: bytes, size: int, count: int) -> Iterator[bytes]:
    return (octets[start : start + size] for start in range(0, count * size, size))


def _address(octets: bytes) -> int:
    return ctypes.cast(ctypes.c_char_p(octets), ctypes.c_void_p).value or 0
