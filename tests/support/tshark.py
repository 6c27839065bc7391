"""tshark as a judge of octets: many packets in one run (its start takes a second), fields as tshark names them."""

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.support.pcap import write_pcap

Fields = dict[str, list[str]]
"""Field name -> values in the order of the packet."""


def dissect(path: Path, packets: Iterable[bytes], *layers: str) -> list[Fields]:
    """What tshark reads in each IPv4 packet; `path` is where the capture is kept. Checksums are verified.

    `layers`: those of whose fields the values are wanted.
    """
    assert shutil.which("tshark"), "tshark (Debian package tshark) is missing"
    write_pcap(path, packets)
    checks = [f"-o{protocol}.check_checksum:TRUE" for protocol in ("ip", "udp")]
    command = ["tshark", "-r", str(path), *checks, "-T", "json", "-J", " ".join((*layers, "_ws.malformed"))]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    records = json.loads(run.stdout, object_pairs_hook=_Pairs)
    return [_flat(record) for record in records]


class _Pairs(list[tuple[str, object]]):
    """A JSON object with all its keys: tshark repeats them."""


def _flat(record: object) -> Fields:
    fields: Fields = defaultdict(list)
    pending = [record]
    while pending:
        node = pending.pop()
        if not isinstance(node, _Pairs):
            continue
        for key, value in node:
            if isinstance(value, str):
                fields[key].append(value)
            elif key.startswith("_ws.malformed"):
                fields["malformed"].append(key)
        pending.extend(value for _, value in reversed(node))
    return dict(fields)
