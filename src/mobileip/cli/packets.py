"""`mip trace --packets`: a line for each packet that goes into a tunnel or comes out, or a file for Wireshark."""

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mobileip.cli.tables import Row, text
from mobileip.control.client import ControlClient, ControlError

MAGIC_NANOSECONDS = 0xA1B23C4D
LINKTYPE_RAW = 101
LONGEST = 65535
FILE_HEADER = struct.Struct("<IHHiIII")
PACKET_HEADER = struct.Struct("<IIII")
"""https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html"""

STANDARD_OUTPUT = Path("-")

PROTOCOLS = {1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 55: "minimal"}
WITH_PORTS = frozenset((6, 17))
OFFSET_MASK = 0x1FFF


def trace(client: ControlClient, *, count: int | None, file: Path | None, as_json: bool) -> int:
    """Until `count` packets have passed, the daemon ends or somebody interrupts."""
    with client.packets() as stream, _output(file) as output:
        if output is not None:
            output.write(FILE_HEADER.pack(MAGIC_NANOSECONDS, 2, 4, 0, 0, LONGEST, LINKTYPE_RAW))
            output.flush()
        seen = 0
        while (count is None or seen < count) and (view := stream.next()) is not None:
            if "lost" in view:
                sys.stderr.write(f"{view['lost']} packets are missing here: they came faster than they were read\n")
                continue
            seen += 1
            if output is not None:
                output.write(record(view))
                output.flush()
            else:
                print(json.dumps(view) if as_json else line(view), flush=True)
    return 0


@contextmanager
def _output(file: Path | None) -> Iterator[BinaryIO | None]:
    if file is None:
        yield None
    elif file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
    else:
        try:
            opened = file.open("wb")
        except OSError as error:
            raise ControlError("failed", f"can't write {file}: {error.strerror}") from error
        with opened:
            yield opened


def record(view: Row) -> bytes:
    """The kept octets as a record of a pcap file."""
    octets = bytes.fromhex(text(view.get("octets")))
    at, length = view.get("unix_nanoseconds"), view.get("length")
    if not isinstance(at, int) or not isinstance(length, int):
        raise ControlError("failed", "the daemon's answer is no packet", "are mip and mipd of the same version?")
    seconds, nanoseconds = divmod(at, 1_000_000_000)
    return PACKET_HEADER.pack(seconds, nanoseconds, len(octets), length) + octets


def line(view: Row) -> str:
    """As tcpdump has it, and the tunnel behind it."""
    octets = bytes.fromhex(text(view.get("octets")))
    number = view.get("protocol")
    source, destination = text(view.get("source")), text(view.get("destination"))
    if number in WITH_PORTS and (ports := _ports(octets)) is not None:
        source, destination = f"{source}:{ports[0]}", f"{destination}:{ports[1]}"
    protocol = PROTOCOLS.get(number, f"protocol {number}") if isinstance(number, int) else "-"
    where = f"{text(view.get('direction'))} {text(view.get('local'))} > {text(view.get('remote'))}"
    if view.get("direction") == "out of":
        where = f"out of {text(view.get('remote'))} > {text(view.get('local'))}"
    return (
        f"{text(view.get('time'))[11:26]} {source} > {destination} {protocol} {text(view.get('length'))} "
        f"{where} {text(view.get('encapsulation'))}"
    )


def _ports(octets: bytes) -> tuple[int, int] | None:
    """Those of a packet's first fragment."""
    start = (octets[0] & 0xF) * 4 if octets else 0
    if len(octets) < max(start, 20) + 4 or int.from_bytes(octets[6:8]) & OFFSET_MASK:
        return None
    return int.from_bytes(octets[start : start + 2]), int.from_bytes(octets[start + 2 : start + 4])
