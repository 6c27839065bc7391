"""tcx links that outlive the process which made them: each has a name in a folder of ours in a bpffs.

No descriptor is held: who has the folder has the links. A link whose device is gone does nothing any more, but keeps
its program and its tables until the name is removed.
"""

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mobileip.linux.bpf.clsact import Direction
from mobileip.linux.bpf.syscall import create_link, detach_link, get, link_info, pin, update_link

PREFIX = "mip-"

Place = tuple[int, Direction]
"""Device index and direction."""


class PinRefused(OSError):
    """No link can have a name here: no bpffs, or one that we may not write."""


class PinnedLinks:
    """`parent` is where the folder of ours for this device and network namespace is, or is going to be."""

    def __init__(self, parent: Path, device: str, namespace: int) -> None:
        self._parent = parent
        self._namespace = namespace
        # A bpffs takes no dots in names.
        quoted = device.replace("%", "%25").replace(".", "%2e")
        self.folder = parent / f"{PREFIX}{quoted}-{namespace}"

    def attach(self, place: Place, program: int) -> None:
        """Puts the program in the place of the one that the link there has, or makes the link.

        Raises: OSError of `create_link` (EINVAL: no tcx here), PinRefused.
        """
        path = self._path(place)
        if self._update(path, program):
            return
        link = create_link(program, *place)
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            pin(link, path)
        except OSError as error:
            with suppress(OSError):  # not there, or not empty
                self.folder.rmdir()
            raise PinRefused(error.errno, error.strerror) from error
        finally:
            os.close(link)

    def remove(self, place: Place) -> None:
        _remove(self._path(place))
        with suppress(OSError):
            self.folder.rmdir()

    def sweep(self, keep: Container[Place]) -> None:
        """Removes what daemons of ours left in this network namespace, and in namespaces that are gone."""
        for folder in _entries(self._parent):
            if not folder.name.startswith(PREFIX):
                continue
            is_here = folder.name.endswith(f"-{self._namespace}")
            removed = 0
            for path in _entries(folder):
                place = _place(path)
                if place is None or (folder == self.folder and place in keep):
                    continue
                if is_here or _is_defunct(path):
                    removed += _remove(path)
            if removed or is_here:
                with suppress(OSError):
                    folder.rmdir()

    def _update(self, path: Path, program: int) -> bool:
        try:
            with _got(path) as link:
                update_link(link, program)
        except FileNotFoundError:
            return False
        except OSError:  # its device is gone, and another one has that index now; or it is no link
            _remove(path)
            return False
        return True

    def _path(self, place: Place) -> Path:
        index, direction = place
        return self.folder / f"{direction.name.lower()}-{index}"


def _place(path: Path) -> Place | None:
    direction, _, index = path.name.partition("-")
    try:
        return int(index), Direction[direction.upper()]
    except (KeyError, ValueError):
        return None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not there, or not for us
        return []


@contextmanager
def _got(path: Path) -> Iterator[int]:
    link = get(path)
    try:
        yield link
    finally:
        os.close(link)


def _is_defunct(path: Path) -> bool:
    try:
        with _got(path) as link:
            return link_info(link).interface_index == 0
    except OSError:
        return False


def _remove(path: Path) -> bool:
    """Detached at once; without a right to do so it goes a little later, when its name is gone."""
    with suppress(OSError), _got(path) as link:
        detach_link(link)
    try:
        path.unlink()
    except OSError:
        return False
    return True
