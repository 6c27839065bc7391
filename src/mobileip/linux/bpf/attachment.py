"""Where programs are attached, and by which means: the first of these that this machine takes.

1. A tcx link with a name in a bpffs: it goes on when we end or die, and does not get into the way of others.
2. A filter of cls_bpf, which goes on as well (kernels before 6.6; no bpffs that we may write).
3. A tcx link without a name, which ends with us.

Attaching where a former daemon (or the program before) is attached replaces that at once: each packet meets the old
program or the new one. Where the means has changed in between, the new one is attached before the old is removed; a
packet that one of them took never reaches the other. What others attached is never touched.
"""

import errno
import os
import socket
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from mobileip.linux.bpf.clsact import Direction, TrafficControl
from mobileip.linux.bpf.journal import AttachmentJournal
from mobileip.linux.bpf.pins import PinnedLinks, PinRefused, Place
from mobileip.linux.bpf.syscall import create_link, update_link
from mobileip.linux.errors import BpfRefused

BPF_DIRECTORY = Path("/sys/fs/bpf")
JOURNAL_NAME = "attachments.journal"


class Means(StrEnum):
    PINNED = "tcx links in a bpffs"
    FILTER = "clsact filters"
    LINK = "tcx links that end with the daemon"


_GONE = frozenset((errno.ENODEV, errno.ENXIO))


class Attachments:
    """`device` and `bpf_directory` say where the names of links are; the journal is in the run directory."""

    def __init__(self, run_directory: Path, device: str, bpf_directory: Path = BPF_DIRECTORY) -> None:
        self._device = device
        self._namespace = Path("/proc/thread-self/ns/net").stat().st_ino
        self._journal = AttachmentJournal(run_directory / JOURNAL_NAME, self._namespace)
        for index, name in self._journal.qdiscs.items():
            if _name(index) != name:  # that device is gone, and what we gave to it
                self._journal.drop_qdisc(index)
        self._parent = bpf_directory
        self._pins = PinnedLinks(bpf_directory, device, self._namespace)
        self._control = TrafficControl()
        self._links: dict[Place, int] = {}
        """Descriptors of links without a name."""
        self._attached: dict[Place, Means] = {}
        self._possible = list(Means)
        """Means that have not turned out to be impossible on this machine."""

    @property
    def method(self) -> str:
        """How things are attached, in words."""
        used = dict.fromkeys(self._attached.values()) or dict.fromkeys(self._possible[:1])
        return " and ".join(used)

    def attach(self, interface: int, direction: Direction, program: int, name: str) -> None:
        """Attaches the program, or puts it in the place of what was ours there. A device that is gone is no error.

        Raises: BpfRefused when no means does it.
        """
        place = interface, direction
        refusals = []
        for means in tuple(self._possible):
            try:
                self._attach_by(means, place, program, name)
            except OSError as error:
                if error.errno in _GONE:
                    return
                refusals.append(f"{means}: {error.strerror}")
                self._learn(means, error)
            else:
                former = self._attached.get(place, means)
                self._attached[place] = means
                if former is not means:
                    self._remove(place, former)
                return
        if place in self._attached:
            with suppress(OSError):  # a program on tables that nobody writes any more
                self._remove(place, self._attached.pop(place))
        raise BpfRefused(f"can't be attached to {_name(interface)}: {'; '.join(refusals)}")

    def forget(self, interface: int) -> None:
        """The device is gone, or none of our business any more."""
        for place in [place for place in self._attached if place[0] == interface]:
            self._remove(place, self._attached.pop(place))
        self._remove_qdisc(interface)

    def sweep(self, keep: bool = False, *, for_now: bool = False) -> None:
        """Removes what is ours, all or (`keep`) what was not attached by this object: what a former daemon left.

        `for_now`: more is going to be attached, perhaps. Qdiscs stay: the kernel stops a device while one comes or
        goes, and loses packets.
        """
        if not keep:
            self._close_links()
            self._attached.clear()
        pinned = {place for place, means in self._attached.items() if means is Means.PINNED}
        self._pins.sweep(pinned)
        for parent in self._journal.folders:
            if parent != self._parent:
                PinnedLinks(parent, self._device, self._namespace).sweep(())
        self._journal.set_folders([self._parent] if pinned else [])
        for index in self._control.qdiscs():
            for direction in Direction:
                if self._attached.get((index, direction)) is not Means.FILTER:
                    self._remove_filter((index, direction))
        if not for_now:
            for index in self._journal.qdiscs:
                self._remove_qdisc(index)

    def close(self) -> None:
        """What can go on without us does."""
        self._close_links()
        self._attached.clear()
        self._control.close()

    # -- by one means

    def _attach_by(self, means: Means, place: Place, program: int, name: str) -> None:
        match means:
            case Means.PINNED:
                if self._parent not in self._journal.folders:
                    self._journal.set_folders([*self._journal.folders, self._parent])
                self._pins.attach(place, program)
            case Means.FILTER:
                self._put_filter(place, program, name)
            case Means.LINK:  # no other
                self._link(place, program)

    def _learn(self, means: Means, error: OSError) -> None:
        if isinstance(error, PinRefused):
            self._possible.remove(Means.PINNED)
            self._journal.set_folders(folder for folder in self._journal.folders if folder != self._parent)
        elif means is not Means.FILTER and error.errno == errno.EINVAL:  # a kernel before tcx
            self._possible = [Means.FILTER]

    def _put_filter(self, place: Place, program: int, name: str) -> None:
        index, direction = place
        if self._attached.get(place) is not Means.FILTER:
            if any(found.is_in_our_place and not found.is_ours for found in self._control.filters(index, direction)):
                raise OSError(errno.EEXIST, "others have a filter in our place")
            self._want_qdisc(index, direction)
        self._control.put(index, direction, program, name)

    def _want_qdisc(self, index: int, direction: Direction) -> None:
        kind = self._control.qdiscs().get(index)
        if kind == "ingress" and direction is Direction.EGRESS:
            raise OSError(errno.EBUSY, "others have an ingress qdisc there, which keeps clsact away")
        if kind is None:
            self._journal.note_qdisc(index, socket.if_indextoname(index))
            try:
                self._control.make_qdisc(index)
            except OSError:
                self._journal.drop_qdisc(index)
                raise

    def _link(self, place: Place, program: int) -> None:
        link = self._links.get(place)
        if link is not None:
            with suppress(OSError):  # the device is gone, and another one has that index now
                update_link(link, program)
                return
            os.close(self._links.pop(place))
        self._links[place] = create_link(program, *place)

    # -- and away

    def _remove(self, place: Place, means: Means) -> None:
        match means:
            case Means.PINNED:
                self._pins.remove(place)
            case Means.FILTER:
                self._remove_filter(place)
            case Means.LINK:  # no other
                os.close(self._links.pop(place))

    def _remove_filter(self, place: Place) -> None:
        if any(found.is_ours for found in self._control.filters(*place)):
            self._control.remove(*place)

    def _remove_qdisc(self, index: int) -> None:
        """Only one that we made, and that nobody uses; where others do, it is theirs from now on."""
        is_needed = any(self._attached.get((index, direction)) is Means.FILTER for direction in Direction)
        if index not in self._journal.qdiscs or is_needed:
            return
        if not self._control.is_used(index):
            self._control.remove_qdisc(index)
        self._journal.drop_qdisc(index)

    def _close_links(self) -> None:
        for link in self._links.values():
            os.close(link)
        self._links.clear()


def _name(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return f"device {index}"
