"""The TUN device `mip0`: the end of all tunnels that people see (layer 3, no packet information header).

With offloads each read and write has the kernel's offload header in front (`dataplane.userspace.offload`): a train of
segments is one packet then, and its checksums are ours to complete.
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from mobileip.dataplane.ports import one_by_one
from mobileip.dataplane.userspace.coalesce import coalesced
from mobileip.dataplane.userspace.offload import HEADER_LENGTH, PLAIN
from mobileip.linux.errors import DeviceUnavailable, PermissionMissing
from mobileip.linux.turn import OCTETS_PER_WAKE_UP, PACKETS_PER_WAKE_UP

CONTROL = Path("/dev/net/tun")

TUNSETIFF = 0x400454CA
TUNSETPERSIST = 0x400454CB
TUNGETIFF = 0x800454D2
TUNGETFEATURES, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x800454CF, 0x400454D0, 0x400454D8
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO_ECN = 0x01, 0x02, 0x08
TUN_F_USO4, TUN_F_USO6 = 0x20, 0x40
_TCP_OFFLOADS = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN
_UDP_OFFLOADS = TUN_F_USO4 | TUN_F_USO6
"""The kernel (6.2) knows the two together alone."""

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU = 0x8913, 0x8914, 0x8922
IFF_UP = 0x1

LONGEST_NAME = 15
IFREQ_SIZE, NAME_SIZE = 40, 16
LARGEST_PACKET = 65_535


class TunnelDevice:
    """Opens (or adopts, when a former daemon left it) the device, sets its MTU and brings it up.

    Raises: `DeviceUnavailable` (no /dev/net/tun; another daemon holds the device), `PermissionMissing`.
    """

    def __init__(self, name: str, mtu: int, *, with_offloads: bool = False) -> None:
        if not 0 < len(name.encode()) <= LONGEST_NAME:
            raise DeviceUnavailable(f"no device can be named {name!r}", f"1 to {LONGEST_NAME} octets")
        self.name = name
        self.mtu = mtu
        self._persistent = False
        self._wants_offloads = with_offloads
        self.has_offloads = False
        """Whether an offload header is in front of what is read and written."""
        self.takes_udp_trains = False
        # Made once: a read that makes room for the largest packet each time costs half as much again.
        self._buffers = [bytearray(HEADER_LENGTH + LARGEST_PACKET)]
        self._view = memoryview(self._buffers[0])
        self._descriptor = self._open()

    def repair(self) -> bool:
        """Brings the device up again after others took it down, makes it anew after others deleted or renamed it.

        Returns whether it was made anew: then it has another descriptor (which is to be read from now on).
        Raises: `MachineError` as at the beginning; there may be no device then (`fileno` -1), and a later try may do.
        """
        if self._has_its_name():
            try:
                self._bring_up()
            except OSError as error:
                if error.errno not in (errno.ENODEV, errno.ENXIO):
                    raise self._no_bringing_up(error) from error
            else:
                return False
        self._set_persistent(False)  # what bears another name by now is to go with our descriptor
        self.close()  # a descriptor without a device would wake its reader for ever
        self._descriptor = self._open()
        self._set_persistent(self._persistent)
        return True

    def _has_its_name(self) -> bool:
        """Whether what we hold is called so. Else a device of that name, if there is one, is none of ours to touch."""
        if self._descriptor < 0:
            return False
        try:
            answer = fcntl.ioctl(self._descriptor, TUNGETIFF, bytes(IFREQ_SIZE))
        except OSError:  # EBADFD: others deleted it
            return False
        name, _, _ = answer[:NAME_SIZE].partition(b"\0")
        return name == self.name.encode()

    def _no_bringing_up(self, error: OSError) -> DeviceUnavailable:
        return DeviceUnavailable(f"can't bring {self.name} up: {os.strerror(error.errno or 0)}")

    def _open(self) -> int:
        try:
            descriptor = os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise PermissionMissing(f"may not open {CONTROL}", "run as root or give the daemon the device") from error
        except OSError as error:
            raise DeviceUnavailable(
                f"no TUN device: {CONTROL}: {os.strerror(error.errno or 0)}",
                "the kernel needs CONFIG_TUN; a container needs --device /dev/net/tun",
            ) from error
        try:
            self._attach(descriptor)
            try:
                self._bring_up()
            except OSError as error:
                raise self._no_bringing_up(error) from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _attach(self, descriptor: int) -> None:
        try:
            self._set_kind(descriptor)
        except PermissionError as error:
            raise PermissionMissing(f"may not make the device {self.name}", "CAP_NET_ADMIN is needed") from error
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise DeviceUnavailable(
                    f"the device {self.name} is held by another process", "is another mipd running here?"
                ) from error
            if error.errno == errno.EINVAL:
                raise DeviceUnavailable(
                    f"the name {self.name} is taken by a device that is not ours",
                    f"rename that device (ip link show {self.name}) or name ours anew (daemon.device)",
                ) from error
            raise DeviceUnavailable(f"can't make the device {self.name}: {os.strerror(error.errno or 0)}") from error

    def _set_kind(self, descriptor: int) -> None:
        """Offloads as far as the kernel gives them. A device that a former daemon left may have others: all is stated.

        Raises: OSError.
        """
        self.has_offloads = self._wants_offloads and _knows_offloads(descriptor)
        kind = IFF_TUN | IFF_NO_PI | (IFF_VNET_HDR if self.has_offloads else 0)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", self.name.encode(), kind))
        if self.has_offloads:
            fcntl.ioctl(descriptor, TUNSETVNETHDRSZ, struct.pack("i", HEADER_LENGTH))
        self.takes_udp_trains = self.has_offloads and _offload(descriptor, _TCP_OFFLOADS | _UDP_OFFLOADS)
        if not self.takes_udp_trains and not (self.has_offloads and _offload(descriptor, _TCP_OFFLOADS)):
            _offload(descriptor, 0)

    def _bring_up(self) -> None:
        """Sets the MTU and brings the device up (again); harmless when it is up.

        By ioctl: a read right after it can't meet a device that is still down (a write would return EIO).
        """
        name = self.name.encode()
        _switch_ipv6_off(self.name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFMTU, struct.pack("16si20x", name, self.mtu))
            answer = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH22x", name, 0))
            flags = struct.unpack_from("16sH", answer)[1]
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))

    def fileno(self) -> int:
        return self._descriptor

    def persist(self, on: bool) -> None:
        """Whether the device outlives this process, however it ends: with its addresses and routes, but without carrier
        (what is routed into it is lost until the next daemon opens it). The same holds of one that is made anew."""
        self._persistent = on
        self._set_persistent(on)

    def _set_persistent(self, on: bool) -> None:
        if self._descriptor < 0:  # others have its name
            return
        with contextlib.suppress(OSError):  # EBADFD: others deleted it
            fcntl.ioctl(self._descriptor, TUNSETPERSIST, int(on))

    def read(self) -> bytes | None:
        """The next packet that was routed into the device, behind its offload header; None when there is none."""
        try:
            length = os.readv(self._descriptor, self._buffers)
        except OSError:
            # EAGAIN: drained. EIO: somebody took the device down; it comes back by itself when it is up again.
            return None
        return self._view[:length].tobytes()

    def read_all(self) -> list[bytes]:
        """What is waiting, as `read` gives it, but not so much that others wait for long."""
        found: list[bytes] = []
        octets = 0
        descriptor, buffers, view, read = self._descriptor, self._buffers, self._view, os.readv
        try:
            while len(found) < PACKETS_PER_WAKE_UP and octets < OCTETS_PER_WAKE_UP:
                length = read(descriptor, buffers)
                found.append(view[:length].tobytes())
                octets += length
        except OSError:
            pass  # as in `read`
        return found

    def write(self, packet: bytes) -> int:
        """One IPv4 packet into our stack, as if received on the device; the errno, 0 when it went."""
        return self._write(PLAIN + packet if self.has_offloads else packet)

    def write_all(self, packets: Sequence[bytes], *, onwards: bool) -> tuple[int, int]:
        """As `write`, but packets that came in a row go as one, where the kernel takes them so: how many went before
        the first that did not, and the errno of that one. `onwards`: to be forwarded, and not for this machine."""
        if not self.has_offloads:
            return one_by_one(packets, self.write)
        done = 0
        for octets, number in coalesced(packets, with_udp=self.takes_udp_trains, verified=onwards):
            error = self._write(octets)
            if error:
                return done, error
            done += number
        return done, 0

    def _write(self, octets: bytes) -> int:
        try:
            os.write(self._descriptor, octets)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def close(self) -> None:
        """Harmless when it is closed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _knows_offloads(descriptor: int) -> bool:
    """Whether the kernel has offload headers at all; some that pretend to be Linux have not."""
    try:
        answer = fcntl.ioctl(descriptor, TUNGETFEATURES, bytes(4))
    except OSError:
        return False
    return bool(int.from_bytes(answer, sys.byteorder) & IFF_VNET_HDR)


def _offload(descriptor: int, offloads: int) -> bool:
    """Whether the kernel knows all of these; if not nothing is changed."""
    try:
        fcntl.ioctl(descriptor, TUNSETOFFLOAD, offloads)
    except OSError:  # EINVAL
        return False
    return True


def _switch_ipv6_off(name: str) -> None:
    """Or the kernel would send router solicitations into the device, each of them a drop. Not journaled: the device is
    ours and takes its sysctls with it.
    """
    with contextlib.suppress(OSError):  # no IPv6, or /proc/sys may not be written: the drops are counted
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")


def is_foreign(name: str) -> bool:
    """Whether a device has this name that is no TUN device, so that ours can't have it."""
    if name not in device_names():
        return False
    try:
        descriptor = os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        return error.errno == errno.EINVAL
    finally:
        os.close(descriptor)
    return False


def device_names() -> list[str]:
    """All interfaces here. /sys is no help: it shows the namespace that it was mounted in."""
    return [name for _, name in socket.if_nameindex()]


def remove_leftover(name: str) -> None:
    """Ends a persistent device that a former daemon left; nothing happens when there is none or somebody holds it."""
    if name not in device_names():
        return
    try:
        descriptor = os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        fcntl.ioctl(descriptor, TUNSETPERSIST, 0)
    except OSError:
        return
    finally:
        os.close(descriptor)
