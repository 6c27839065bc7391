import pytest
from tests.support.simulated import Stage

from mobileip.sim.traffic import Streams


def streaming(stage: Stage, seconds: float) -> Streams:
    streams = Streams(stage.world, seconds)
    streams.start()
    return streams


@pytest.fixture
def stage() -> Stage:
    return Stage(traffic={"streams": 1, "every": 0.1, "octets": 100})


def feed(stage: Stage, streams: Streams) -> None:
    """What the node received so far."""
    for at, name, packet, _ in stage.watch.packets:
        now, stage.world.schedule.now = stage.world.schedule.now, at
        streams.received(name, packet)
        stage.world.schedule.now = now
    stage.watch.packets.clear()


def test_a_stream_reaches_a_registered_node(stage: Stage) -> None:
    streams = streaming(stage, 20.0)
    stage.go("foreign1", seconds=20.0)
    feed(stage, streams)
    (stream,) = streams.streams
    assert stream.sent == stream.received
    assert 125 <= stream.sent <= 135
    assert stream.duplicates == 0


def test_packets_have_the_size_that_was_asked_for(stage: Stage) -> None:
    streaming(stage, 10.0)
    stage.go("foreign1", seconds=8.0)
    assert {len(packet) for _, _, packet, _ in stage.watch.packets} == {100}


def test_what_was_on_its_way_is_lost_in_a_handover(stage: Stage) -> None:
    streams = streaming(stage, 20.0)
    stage.go("foreign1", seconds=10.0)
    feed(stage, streams)
    (stream,) = streams.streams
    stream.moved()
    stage.go("foreign2", seconds=12.0)
    feed(stage, streams)
    stream.moved()
    assert 1 <= stream.sent - stream.received <= 5
    assert 0.1 < stream.silences[0] < 0.5


def test_a_packet_that_comes_twice_counts_once(stage: Stage) -> None:
    streams = streaming(stage, 8.0)
    stage.go("foreign1", seconds=8.0)
    packet = stage.watch.packets[0][2]
    feed(stage, streams)
    received = streams.streams[0].received
    streams.received("mobile0", packet)
    assert (streams.streams[0].received, streams.streams[0].duplicates) == (received, 1)


def test_packets_of_others_do_not_count(stage: Stage) -> None:
    streams = streaming(stage, 20.0)
    for packet in (b"", b"E" + bytes(99), bytes(12) + b"\xcb\x00\x71\x01" + bytes(84)):
        streams.received("mobile0", packet)
        streams.received("mobile7", packet)
    assert streams.streams[0].received == 0
