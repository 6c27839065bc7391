"""Runs in the guest: the programs that are shipped, loaded and attached to a link there; what came of it, as JSON."""

import json
import socket
import subprocess
from pathlib import Path

from mobileip.linux.bpf.attachment import Attachments
from mobileip.linux.bpf.clsact import Direction, TrafficControl
from mobileip.linux.bpf.programs import DECAP_ETHERNET, ENCAP, LoadedPrograms

LINK = "fast0"


def main() -> None:
    for module in ("sch_ingress", "cls_bpf"):
        subprocess.run(["modprobe", "-d", "/run/modules", module], check=True)
    subprocess.run(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "fast1"], check=True)
    index = socket.if_nametoindex(LINK)
    run = Path("/run/fast_path")
    run.mkdir()
    programs = LoadedPrograms()
    attachments = Attachments(run, LINK, Path("/sys/fs/bpf"))
    for direction, name in ((Direction.EGRESS, ENCAP), (Direction.INGRESS, DECAP_ETHERNET)):
        attachments.attach(index, direction, programs.program(name), name)
    control = TrafficControl()
    there = [each.name for direction in Direction for each in control.filters(index, direction) if each.is_ours]
    print(json.dumps({"method": attachments.method, "filters": sorted(there), "by_mark": programs.by_mark}))


if __name__ == "__main__":
    main()
