"""Packets for those who listen, and for nobody else."""

import asyncio

from mobileip.control import packet_feed as module
from mobileip.control.packet_feed import PacketFeed


async def test_packets_are_wanted_while_somebody_listens() -> None:
    wanted: list[bool] = []
    feed = PacketFeed(wanted.append)
    feed.publish(b"for nobody")
    with feed.listen() as first:
        with feed.listen() as second:
            assert wanted == [True]
            feed.publish(b"a")
            assert await first.take() == await second.take() == ([b"a"], 0)
        assert wanted == [True]
    assert wanted == [True, False]


async def test_a_listener_that_is_slow_loses_packets_and_hears_how_many() -> None:
    feed = PacketFeed()
    with feed.listen() as packets:
        for _ in range(module.WAITING + 3):
            feed.publish(b"x")
        some, lost = await packets.take()
        assert (len(some), lost) == (module.WAITING, 3)
        feed.lose(5)
        assert await packets.take() == ([], 5)


async def test_a_listener_waits_for_the_next_packet() -> None:
    feed = PacketFeed()
    with feed.listen() as packets:
        taken = asyncio.create_task(packets.take())
        await asyncio.sleep(0)
        assert not taken.done()
        feed.publish(b"y")
        assert await taken == ([b"y"], 0)
