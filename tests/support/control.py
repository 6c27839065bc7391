"""A control server in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.support.backend import FakeBackend

from mobileip.control.feed import Feed
from mobileip.control.packet_feed import PacketFeed
from mobileip.control.server import ControlServer


class Running:
    """The server's parts; everything that touches them goes through its loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.backend = FakeBackend()
        self.feed = Feed()
        self.wanted: list[bool] = []
        """Whether packets were, at each change."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.packets = PacketFeed(self.wanted.append)
        self._server = ControlServer(path, self.backend, self.feed, self.packets)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def end_server(self) -> None:
        """The daemon ends; clients that are connected see it."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)

    def in_loop(self, action: Callable[[], None]) -> None:
        """Done where the server runs, before this returns."""

        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    def publish(self, **fields: Any) -> None:
        """An event, with its number as id."""

        def publish() -> None:
            self.feed.publish(lambda number: msgspec.json.encode({"id": number, **fields}))

        self.in_loop(publish)


@contextmanager
def running(path: Path) -> Iterator[Running]:
    server = Running(path)
    server.start()
    try:
        yield server
    finally:
        server.stop()
