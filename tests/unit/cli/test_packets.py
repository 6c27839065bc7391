"""`mip trace --packets` as it is typed, against a server whose packets are made up."""

import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.control import Running, running
from tests.support.eventually import eventually
from tests.support.packets import packet

from mobileip.cli import packets
from mobileip.cli.main import main
from mobileip.control import server
from mobileip.control.client import ControlError
from mobileip.control.schema import PacketView

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(tmp_path / "mipd.sock") as one:
        monkeypatch.setenv("MIP_RUN_DIR", str(tmp_path))
        yield one


def view(octets: bytes = b"", **fields: object) -> PacketView:
    defaults: dict[str, object] = {
        "time": "2026-01-01T12:00:01.250000+00:00",
        "unix_nanoseconds": 1_767_268_801_250_000_000,
        "direction": "into",
        "local": "192.0.2.1",
        "remote": "198.51.100.2",
        "encapsulation": "ipip in udp",
        "source": "203.0.113.9",
        "destination": "10.1.0.10",
        "protocol": 17,
        "length": 1400,
        "octets": octets.hex(),
    }
    return msgspec.convert(defaults | fields, PacketView)


UDP = packet()[:9] + b"\x11" + packet()[10:20] + struct.pack("!HH", 5000, 53) + bytes(4)
LINE = "12:00:01.250000 203.0.113.9:5000 > 10.1.0.10:53 udp 1400 into 192.0.2.1 > 198.51.100.2 ipip in udp"


def publishing(daemon: Running, *views: PacketView, lost: int = 0) -> threading.Thread:
    """Packets pass as soon as somebody listens."""

    def publish() -> None:
        eventually(lambda: daemon.wanted)
        for one in views:
            daemon.in_loop(lambda one=one: daemon.packets.publish(msgspec.json.encode(one)))  # type: ignore[misc]
        if lost:
            daemon.in_loop(lambda: daemon.packets.lose(lost))
            daemon.in_loop(lambda: daemon.packets.publish(msgspec.json.encode(views[0])))

    thread = threading.Thread(target=publish)
    thread.start()
    return thread


def test_a_line_for_each_packet_until_there_were_enough(
    daemon: Running, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    thread = publishing(daemon, view(UDP), view(UDP, protocol=132))
    assert main(["trace", "--packets", "--count", "2"]) == 0
    thread.join()
    first, second = capsys.readouterr().out.splitlines()
    assert first == LINE
    assert "203.0.113.9 > 10.1.0.10 protocol 132 1400" in second
    eventually(lambda: daemon.wanted == [True, False])


def test_what_is_missing_is_told(daemon: Running, capsys: Captured) -> None:
    thread = publishing(daemon, view(UDP), lost=7)
    assert main(["trace", "--packets", "--count", "2"]) == 0
    thread.join()
    assert capsys.readouterr().err == "7 packets are missing here: they came faster than they were read\n"


def test_json(daemon: Running, capsys: Captured) -> None:
    thread = publishing(daemon, view(UDP))
    assert main(["-j", "trace", "--packets", "--count", "1"]) == 0
    thread.join()
    assert msgspec.json.decode(capsys.readouterr().out, type=PacketView) == view(UDP)


def test_a_file_for_wireshark(daemon: Running, tmp_path: Path, capsys: Captured) -> None:
    thread = publishing(daemon, view(UDP))
    file = tmp_path / "packets.pcap"
    assert main(["trace", "--packets", "--count", "1", "--write", str(file)]) == 0
    thread.join()
    octets = file.read_bytes()
    assert packets.FILE_HEADER.unpack_from(octets)[-1] == packets.LINKTYPE_RAW
    assert packets.PACKET_HEADER.unpack_from(octets, 24) == (1_767_268_801, 250_000_000, len(UDP), 1400)
    assert octets[40:] == UDP
    assert capsys.readouterr().out == ""


def test_a_file_into_a_pipe(daemon: Running, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    thread = publishing(daemon, view(UDP))
    assert main(["trace", "--packets", "--count", "1", "--write", "-"]) == 0
    thread.join()
    assert capfdbinary.readouterr().out.endswith(UDP)


def test_a_file_that_can_not_be_written(daemon: Running, tmp_path: Path, capsys: Captured) -> None:
    assert main(["trace", "--packets", "--write", str(tmp_path)]) == 1
    assert "can't write" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["trace"], ["trace", "--packets", "--count", "-1"]])
def test_what_is_to_be_traced_has_to_be_said(words: list[str], capsys: Captured) -> None:
    assert main(words) == 2


@pytest.mark.parametrize("octets", [b"", UDP[:22], UDP[:6] + b"\x00\x10" + UDP[8:]])
def test_ports_are_shown_where_they_are_known(octets: bytes) -> None:
    assert " 203.0.113.9 > 10.1.0.10 udp " in packets.line(msgspec.to_builtins(view(octets)))


def test_what_came_out_of_a_tunnel_came_from_its_other_end() -> None:
    text = packets.line(msgspec.to_builtins(view(UDP, direction="out of")))
    assert "out of 198.51.100.2 > 192.0.2.1" in text


def test_an_answer_that_is_no_packet() -> None:
    with pytest.raises(ControlError, match="no packet"):
        packets.record({"octets": "00"})
