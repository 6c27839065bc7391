"""bpf(2) by its octets: one attribute block per command. libbpf of Debian 12 knows no tcx, and costs a call more.

All but `call` raise OSError with what the kernel says.
"""

import ctypes
import functools
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}

# linux/bpf.h, enum bpf_cmd
MAP_CREATE, MAP_LOOKUP_ELEM, MAP_UPDATE_ELEM, MAP_DELETE_ELEM, MAP_GET_NEXT_KEY = 0, 1, 2, 3, 4
PROG_LOAD, OBJ_PIN, OBJ_GET, PROG_TEST_RUN, OBJ_GET_INFO_BY_FD = 5, 6, 7, 10, 15
MAP_LOOKUP_BATCH, MAP_UPDATE_BATCH, MAP_DELETE_BATCH = 24, 26, 27
LINK_CREATE, LINK_UPDATE, LINK_DETACH = 28, 29, 34

MAP_TYPE_HASH, MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_HASH, MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_LRU_PERCPU_HASH = 1, 2, 5, 6, 10
PER_CPU = frozenset((MAP_TYPE_PERCPU_HASH, MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_LRU_PERCPU_HASH))
F_NO_PREALLOC, F_MMAPABLE = 1, 1 << 10

LINK_TYPE_TCX = 11
BPF_TCX_INGRESS, BPF_TCX_EGRESS = 46, 47

LONGEST_RESULT = 1 << 17
"""Octets of what a test run may leave behind: a whole GSO packet and its new headers."""
CONTEXT_SIZE = 192
"""struct __sk_buff."""


class ElementAttributes(ctypes.Structure):
    _fields_ = (
        ("map_fd", ctypes.c_uint32),
        ("key", ctypes.c_uint64),
        ("value_or_next_key", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
    )


class BatchAttributes(ctypes.Structure):
    _fields_ = (
        ("in_batch", ctypes.c_uint64),
        ("out_batch", ctypes.c_uint64),
        ("keys", ctypes.c_uint64),
        ("values", ctypes.c_uint64),
        ("count", ctypes.c_uint32),
        ("map_fd", ctypes.c_uint32),
        ("element_flags", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
    )


class _MapCreate(ctypes.Structure):
    _fields_ = (
        ("map_type", ctypes.c_uint32),
        ("key_size", ctypes.c_uint32),
        ("value_size", ctypes.c_uint32),
        ("max_entries", ctypes.c_uint32),
        ("map_flags", ctypes.c_uint32),
        ("inner_map_fd", ctypes.c_uint32),
        ("numa_node", ctypes.c_uint32),
        ("map_name", ctypes.c_char * 16),
    )


class _Object(ctypes.Structure):
    _fields_ = (("pathname", ctypes.c_uint64), ("bpf_fd", ctypes.c_uint32), ("file_flags", ctypes.c_uint32))


class _Info(ctypes.Structure):
    _fields_ = (("bpf_fd", ctypes.c_uint32), ("info_len", ctypes.c_uint32), ("info", ctypes.c_uint64))


class _LinkCreate(ctypes.Structure):
    _fields_ = (
        ("prog_fd", ctypes.c_uint32),
        ("target_ifindex", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("relative_fd", ctypes.c_uint32),
        ("expected_revision", ctypes.c_uint64),
    )


class _LinkUpdate(ctypes.Structure):
    _fields_ = (
        ("link_fd", ctypes.c_uint32),
        ("new_prog_fd", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("old_prog_fd", ctypes.c_uint32),
    )


class _LinkDetach(ctypes.Structure):
    _fields_ = (("link_fd", ctypes.c_uint32),)


class _LinkInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("id", ctypes.c_uint32),
        ("prog_id", ctypes.c_uint32),
        ("_pad", ctypes.c_uint32),  # the union behind it begins at a multiple of 8
        ("ifindex", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("_rest", ctypes.c_uint8 * 40),
    )


class _ProgramInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("id", ctypes.c_uint32),
        ("_between", ctypes.c_uint8 * 56),
        ("name", ctypes.c_char * 16),
    )


class _TestRunAttributes(ctypes.Structure):
    _fields_ = (
        ("prog_fd", ctypes.c_uint32),
        ("retval", ctypes.c_uint32),
        ("data_size_in", ctypes.c_uint32),
        ("data_size_out", ctypes.c_uint32),
        ("data_in", ctypes.c_uint64),
        ("data_out", ctypes.c_uint64),
        ("repeat", ctypes.c_uint32),
        ("duration", ctypes.c_uint32),
        ("ctx_size_in", ctypes.c_uint32),
        ("ctx_size_out", ctypes.c_uint32),
        ("ctx_in", ctypes.c_uint64),
        ("ctx_out", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
    )


class LinkInfo(NamedTuple):
    """Of a tcx link; `interface_index` is 0 when its device is gone."""

    kind: int
    program_id: int
    interface_index: int
    attach_type: int


class ProgramInfo(NamedTuple):
    number: int
    name: str


class TestRun(NamedTuple):
    """What one packet met: the verdict (-1 is TCX_NEXT), the packet as it is now, time per run, struct __sk_buff."""

    returned: int
    octets: bytes
    nanoseconds: int
    context: bytes


TestRun.__test__ = False  # type: ignore[attr-defined]  # no class of tests, whatever pytest makes of the name

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_ulong)
_syscall.restype = ctypes.c_long
# Without giving up the interpreter lock: handing it over and back takes longer than writing a record.
_quick_syscall = ctypes.PyDLL(None, use_errno=True).syscall
_quick_syscall.restype = ctypes.c_long
_number = _NUMBERS.get(platform.machine(), -1)
_result = ctypes.create_string_buffer(LONGEST_RESULT)


def call(command: int, address: int, size: int) -> int:
    """What the system call returns: a descriptor or 0, or (negative) the errno."""
    returned = int(_syscall(_number, command, address, size))
    return returned if returned >= 0 else -ctypes.get_errno()


def prepared(command: int, address: int, size: int) -> Callable[[], int]:
    """A short command that is to be called often, made ready. Returns like `call`."""
    ready = functools.partial(
        _quick_syscall, ctypes.c_long(_number), ctypes.c_long(command), ctypes.c_void_p(address), ctypes.c_ulong(size)
    )

    def perform() -> int:
        return 0 if ready() == 0 else -ctypes.get_errno()

    return perform


def create_map(kind: int, key_size: int, value_size: int, max_entries: int, *, flags: int = 0) -> int:
    """A descriptor of a new table."""
    return _call(MAP_CREATE, _MapCreate(kind, key_size, value_size, max_entries, flags, 0, 0, b""))


def pin(descriptor: int, path: Path) -> None:
    """Gives a program, a table or a link a name in a bpffs; it lives as long as the name does."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    _call(OBJ_PIN, _Object(ctypes.addressof(name), descriptor, 0))


def get(path: Path) -> int:
    """A descriptor of what is pinned there."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    return _call(OBJ_GET, _Object(ctypes.addressof(name), 0, 0))


def create_link(program: int, interface_index: int, attach_type: int) -> int:
    """A tcx link, last of its chain; a descriptor that holds it. EINVAL where the kernel is older than tcx."""
    return _call(LINK_CREATE, _LinkCreate(program, interface_index, attach_type, 0, 0, 0))


def update_link(link: int, program: int) -> None:
    """Another program in the place of the one before: no packet meets none of them. ENOLINK: the device is gone."""
    _call(LINK_UPDATE, _LinkUpdate(link, program, 0, 0))


def detach_link(link: int) -> None:
    _call(LINK_DETACH, _LinkDetach(link))


def link_info(link: int) -> LinkInfo:
    info = _LinkInfo()
    _info(link, info)
    if info.type != LINK_TYPE_TCX:
        return LinkInfo(info.type, info.prog_id, 0, 0)
    return LinkInfo(info.type, info.prog_id, info.ifindex, info.attach_type)


def program_info(program: int) -> ProgramInfo:
    info = _ProgramInfo()
    _info(program, info)
    return ProgramInfo(info.id, info.name.decode())


def test_run(program: int, packet: bytes, *, repeat: int = 1, context: bytes = b"") -> TestRun:  # noqa: PT028
    """Runs a tc program on a packet (with its MAC header, 14 octets at least) without sending anything anywhere."""
    given = ctypes.create_string_buffer(packet, len(packet))
    context_given = ctypes.create_string_buffer(context, max(len(context), 1))
    context_left = ctypes.create_string_buffer(CONTEXT_SIZE)
    attributes = _TestRunAttributes(
        prog_fd=program,
        data_size_in=len(packet),
        data_size_out=LONGEST_RESULT,
        data_in=ctypes.addressof(given),
        data_out=ctypes.addressof(_result),
        repeat=repeat,
        ctx_size_in=len(context),
        ctx_size_out=CONTEXT_SIZE,
        ctx_in=ctypes.addressof(context_given) if context else 0,
        ctx_out=ctypes.addressof(context_left),
    )
    _call(PROG_TEST_RUN, attributes)
    return TestRun(
        ctypes.c_int32(attributes.retval).value,
        ctypes.string_at(_result, attributes.data_size_out),
        attributes.duration,
        context_left.raw[: attributes.ctx_size_out],
    )


test_run.__test__ = False  # type: ignore[attr-defined]


def _info(descriptor: int, info: ctypes.Structure) -> None:
    _call(OBJ_GET_INFO_BY_FD, _Info(descriptor, ctypes.sizeof(info), ctypes.addressof(info)))


def _call(command: int, attributes: ctypes.Structure) -> int:
    returned = call(command, ctypes.addressof(attributes), ctypes.sizeof(attributes))
    if returned < 0:
        raise OSError(-returned, os.strerror(-returned))
    return returned
