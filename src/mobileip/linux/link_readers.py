"""Packet sockets on links that may appear and vanish while we run, one for each link on which something is wanted."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from mobileip.linux.links import LinkSocket

W = TypeVar("W")


class LinkReaders(ABC, Generic[W]):
    """`W`: what is wanted on a link. Another wish is another socket."""

    def __init__(self) -> None:
        self._wanted: dict[str, W] = {}
        self._sockets: dict[str, LinkSocket] = {}

    def want(self, wanted: Mapping[str, W]) -> None:
        """From now on this on these links, and nothing on others."""
        before, self._wanted = self._wanted, dict(wanted)
        for name in before:
            if name not in wanted or before[name] != wanted[name]:
                self.link_removed(name)
        for name in wanted:
            self._open(name)

    def link_changed(self, name: str, index: int) -> None:
        """A link is there; one of that name may have been there before (its index tells)."""
        known = self._sockets.get(name)
        if known is not None and known.index != index:
            self.link_removed(name)
        self._open(name)

    def link_removed(self, name: str) -> None:
        closed = self._sockets.pop(name, None)
        if closed is not None:
            asyncio.get_running_loop().remove_reader(closed.fileno())
            closed.close()

    def stop(self) -> None:
        self.want({})

    @abstractmethod
    def socket_for(self, name: str, wanted: W) -> LinkSocket:
        """Raises: OSError when there is no such link."""

    @abstractmethod
    def read(self, link: LinkSocket, wanted: W) -> None:
        """Something has come in."""

    def _open(self, name: str) -> None:
        if name not in self._wanted or name in self._sockets:
            return
        wanted = self._wanted[name]
        try:
            opened = self.socket_for(name, wanted)
        except OSError:
            return  # not there (yet): its coming will be told
        self._sockets[name] = opened
        asyncio.get_running_loop().add_reader(opened.fileno(), self.read, opened, wanted)
