import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.link_sockets import FakeLinks

from mobileip.linux.link_readers import LinkReaders
from mobileip.linux.links import Frame, LinkSocket


class Readers(LinkReaders[str]):
    """Notes what it reads, with what was wanted there."""

    def __init__(self) -> None:
        super().__init__()
        self.links = FakeLinks()
        self.told: list[tuple[str, str, bytes]] = []

    def socket_for(self, name: str, wanted: str) -> LinkSocket:
        return self.links(name, wanted)  # type: ignore[return-value] - a fake

    def read(self, link: LinkSocket, wanted: str) -> None:
        self.told += [(link.interface, wanted, frame.packet) for frame in link.frames(9)]


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    made = Readers()
    yield made
    made.stop()
    assert made.links.open == {}


async def test_sockets_are_open_where_something_is_wanted(readers: Readers) -> None:
    readers.link_changed("x", 3)
    assert readers.links.open == {}
    readers.want({"x": "this", "gone": "that"})
    assert readers.links.open == {"x": 3}
    readers.want({"x": "this", "y": "that"})
    readers.link_changed("x", 3)
    assert readers.links.open == {"x": 3, "y": 4}
    assert len(readers.links.made) == 2
    readers.want({"y": "that"})
    assert readers.links.open == {"y": 4}


async def test_another_wish_is_another_socket(readers: Readers) -> None:
    readers.want({"x": "this"})
    readers.want({"x": "that"})
    assert [(link.arguments, link.is_closed) for link in readers.links.made] == [(("this",), True), (("that",), False)]


async def test_a_link_that_comes_late_goes_and_comes_again(readers: Readers) -> None:
    index = readers.links.indexes.pop("x")
    readers.want({"x": "this"})
    assert readers.links.open == {}
    readers.links.indexes["x"] = index
    readers.link_changed("x", index)
    assert readers.links.open == {"x": 3}
    readers.links.indexes["x"] = 9
    readers.link_changed("x", 9)
    assert readers.links.open == {"x": 9}
    readers.link_removed("x")
    readers.link_removed("x")
    assert readers.links.open == {}


async def test_a_reader_is_told_what_was_wanted(readers: Readers) -> None:
    readers.want({"x": "this"})
    readers.links.made[0].give(Frame(b"octets", bytes(6), True))
    async with asyncio.timeout(10):
        while not readers.told:
            await asyncio.sleep(0)
    assert readers.told == [("x", "this", b"octets")]
