"""Objects of clang in the kernel, by libbpf.so.1: it knows ELF, BTF, relocations and every kernel's whims."""

import ctypes
import errno
import functools
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mobileip.linux.bpf import syscall
from mobileip.linux.bpf.maps import BpfMap
from mobileip.linux.errors import BpfRefused, BpfUnavailable

LIBRARY = "libbpf.so.1"

LONGEST_LINE = 4096
LONGEST_LOG = 1 << 24
"""Octets of a verifier's log; libbpf asks the kernel for no more."""
LINES_SHOWN = 12
"""Of what the verifier said last."""

CAP_SYS_ADMIN, CAP_BPF = 21, 39
_WARNING = 0

_Print = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
"""The last argument is a va_list, which every ABI that we run on passes as an address."""

_NOISE = re.compile(r"^(processed \d+ insns|-- (BEGIN|END) PROG LOAD LOG --|$)")


class _OpenOptions(ctypes.Structure):
    _fields_ = (("sz", ctypes.c_size_t), ("object_name", ctypes.c_char_p))


class BpfObject:
    """An object file, opened; in the kernel after `load`. Its descriptors live until `close`.

    Raises: BpfUnavailable, BpfRefused.
    """

    def __init__(self, octets: bytes) -> None:
        self._library = library()
        self._octets = octets  # libbpf reads them where they are
        self._handle: int | None = None
        options = _OpenOptions(ctypes.sizeof(_OpenOptions), b"mip")
        with _listening(self._library) as said:
            self._handle = self._library.bpf_object__open_mem(octets, len(octets), ctypes.byref(options))
            number = ctypes.get_errno()
        if not self._handle:
            raise BpfRefused(f"no BPF object that can be used: {_last(said) or os.strerror(number)}")

    def set_max_entries(self, map_name: str, n: int) -> None:
        """Before `load`."""
        if self._library.bpf_map__set_max_entries(self._map(map_name), n):
            raise BpfRefused(f"the table {map_name} can't have {n} entries: {os.strerror(ctypes.get_errno())}")

    def load(self) -> None:
        """Makes the tables and has the kernel verify the programs. libbpf raises RLIMIT_MEMLOCK where that counts."""
        with _listening(self._library) as said:
            number = -self._library.bpf_object__load(self._handle)
        if number == 0:
            return
        if number in (errno.EPERM, errno.EACCES) and not _verifier_spoke(said):
            raise _not_permitted()
        if number == errno.ENOSYS:
            raise BpfUnavailable("this kernel has no bpf(2)", "it needs CONFIG_BPF_SYSCALL")
        raise _refused(said, number)

    def map(self, name: str) -> BpfMap:
        handle = self._map(name)
        size = int(self._library.bpf_map__value_size(handle))
        if self._library.bpf_map__type(handle) in syscall.PER_CPU:
            size = -(-size // 8) * 8 * int(self._library.libbpf_num_possible_cpus())
        return BpfMap(
            int(self._library.bpf_map__fd(handle)),
            int(self._library.bpf_map__key_size(handle)),
            size,
            int(self._library.bpf_map__max_entries(handle)),
        )

    def program(self, name: str) -> int:
        """Its descriptor."""
        handle = self._library.bpf_object__find_program_by_name(self._handle, name.encode())
        if not handle:
            raise BpfRefused(f"the BPF object has no program {name}")
        return int(self._library.bpf_program__fd(handle))

    def close(self) -> None:
        """What is attached or pinned stays in the kernel."""
        if self._handle:
            self._library.bpf_object__close(self._handle)
            self._handle = None

    def _map(self, name: str) -> int:
        handle = self._library.bpf_object__find_map_by_name(self._handle, name.encode())
        if not handle:
            raise BpfRefused(f"the BPF object has no table {name}")
        return int(handle)


@functools.cache
def library() -> ctypes.CDLL:
    """libbpf with the types of what we call. Raises: BpfUnavailable."""
    try:
        loaded = ctypes.CDLL(LIBRARY, use_errno=True)
    except OSError:
        raise BpfUnavailable(f"{LIBRARY} is not installed", "install the package libbpf1 (Debian, Ubuntu)") from None
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32
    for function, result, arguments in (
        (loaded.bpf_object__open_mem, handle, (text, ctypes.c_size_t, ctypes.c_void_p)),
        (loaded.bpf_object__load, ctypes.c_int, (handle,)),
        (loaded.bpf_object__close, None, (handle,)),
        (loaded.bpf_object__find_map_by_name, handle, (handle, text)),
        (loaded.bpf_object__find_program_by_name, handle, (handle, text)),
        (loaded.bpf_program__fd, ctypes.c_int, (handle,)),
        (loaded.bpf_map__fd, ctypes.c_int, (handle,)),
        (loaded.bpf_map__type, number, (handle,)),
        (loaded.bpf_map__key_size, number, (handle,)),
        (loaded.bpf_map__value_size, number, (handle,)),
        (loaded.bpf_map__max_entries, number, (handle,)),
        (loaded.bpf_map__set_max_entries, ctypes.c_int, (handle, number)),
        (loaded.ring_buffer__new, handle, (ctypes.c_int, handle, handle, handle)),
        (loaded.ring_buffer__consume, ctypes.c_int, (handle,)),
        (loaded.ring_buffer__free, None, (handle,)),
        (loaded.libbpf_set_print, ctypes.c_void_p, (ctypes.c_void_p,)),
    ):
        function.restype, function.argtypes = result, arguments
    return loaded


@contextmanager
def _listening(loaded: ctypes.CDLL) -> Iterator[list[str]]:
    """Keeps libbpf's warnings for us instead of on stderr; whoever listened before listens again after."""
    said: list[str] = []
    libc = ctypes.CDLL(None)
    libc.vsnprintf.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p)

    def hear(level: int, form: bytes, arguments: int) -> int:
        if level == _WARNING:
            size = LONGEST_LOG if b"LOG" in form else LONGEST_LINE
            with mmap.mmap(-1, size) as room:  # costs what is written into it
                target = (ctypes.c_char * size).from_buffer(room)
                libc.vsnprintf(ctypes.addressof(target), size, form, arguments)
                said.extend(line for line in target.value.decode(errors="replace").splitlines() if line)
                del target
        return 0

    listener = _Print(hear)
    before = loaded.libbpf_set_print(ctypes.cast(listener, ctypes.c_void_p))
    try:
        yield said
    finally:
        loaded.libbpf_set_print(before)


def _verifier_spoke(said: list[str]) -> bool:
    return any("BEGIN PROG LOAD LOG" in line for line in said)


def _last(said: list[str]) -> str:
    telling = [line.removeprefix("libbpf: ") for line in said if "failed to load object" not in line]
    return telling[-1] if telling else ""


def _refused(said: list[str], number: int) -> BpfRefused:
    """The verifier's last line is the reason, those before it show where."""
    begin = next((at for at, line in enumerate(said) if "BEGIN PROG LOAD LOG" in line), None)
    if begin is None:
        return BpfRefused(f"the kernel refuses the BPF object: {_last(said) or os.strerror(number)}")
    end = next((at for at, line in enumerate(said) if "END PROG LOAD LOG" in line), len(said))
    lines = [line for line in said[begin + 1 : end] if not _NOISE.match(line)]
    named = re.search(r"prog '([^']+)'", said[begin])
    program = f" {named.group(1)}" if named else ""
    reason = lines[-1] if lines else os.strerror(number)
    return BpfRefused(f"the kernel refuses the BPF program{program}: {reason}", "\n".join(lines[-LINES_SHOWN:]))


def _not_permitted() -> BpfUnavailable:
    effective = next(
        int(line.split()[1], 16)
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("CapEff:")
    )
    if not effective & (1 << CAP_BPF | 1 << CAP_SYS_ADMIN):
        return BpfUnavailable("CAP_BPF is missing", "run as root, or give the service the capability")
    return BpfUnavailable(
        "the kernel refuses bpf(2) although CAP_BPF is here",
        "a container's seccomp profile or a kernel lockdown does that; Linux before 5.11 needs LimitMEMLOCK=infinity",
    )
