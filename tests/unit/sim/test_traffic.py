from ipaddress import IPv4Address

import pytest
from tests.support.simulated import Stage

from mobileip.sim.packet import DATA, ECHO, Packet
from mobileip.sim.traffic import Streams
from mobileip.sim.world import CORRESPONDENT


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


@pytest.mark.parametrize("reverse_tunnel", [False, True])
def test_both_ways(reverse_tunnel: bool) -> None:
    stage = Stage(
        mobile={"reverse_tunnel": reverse_tunnel},
        traffic={"streams": 1, "every": 0.1, "octets": 100, "both_ways": True},
    )
    streams = streaming(stage, 20.0)
    stage.go("foreign1", seconds=10.04)
    feed(stage, streams)
    (down,), (up,) = streams.by_name.values(), streams.upwards.values()
    assert down.lost() == up.lost() == []
    assert 45 <= up.sent <= 55
    stage.node.host.sleep()
    stage.run(1.05)
    stage.node.host.wake_up()
    stage.run(5.0)
    assert 10 <= len(up.lost()) <= 11
    assert all(10.0 <= at <= 11.1 for at in up.lost())


def test_what_others_send_to_the_correspondent_does_not_count() -> None:
    stage = Stage(traffic={"streams": 1, "every": 0.1, "both_ways": True})
    streams = streaming(stage, 8.0)
    stage.go("foreign1", seconds=1.0)
    for kind, source in ((DATA, IPv4Address(9)), (ECHO, stage.node.home_address)):
        payload = bytes(12) + source.packed + bytes(84)
        streams.hear(None, Packet(kind=kind, payload=payload, source=source, destination=CORRESPONDENT))
    assert [stream.received for stream in streams.streams] == [0, 0]


def test_the_silence_of_each_handover_is_noted_both_ways() -> None:
    stage = Stage(traffic={"streams": 1, "every": 0.1, "both_ways": True})
    streams = streaming(stage, 20.0)
    for _ in range(2):
        streams.moved("mobile0")
        streams.moved("mobile9")
    assert [list(stream.silences) for stream in streams.streams] == [[0.0], [0.0]]
