"""Moves, DHCP and plain traffic of the lab, without any daemon of ours."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.eventually import eventually

from mobileip.lab import moves
from mobileip.lab.capture import Frame
from mobileip.lab.demo import measure
from mobileip.lab.errors import NO_SUCH_OBJECT, LabError
from mobileip.lab.laboratory import Lab

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

MAC = bytes.fromhex("020000000900")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("roaming", name="test-moves", daemons=False) as lab:
        yield lab


def carrier_changes(lab: Lab) -> int:
    (link,) = json.loads(lab.run("mn", "ip", "-j", "-s", "-s", "link", "show", "eth0").stdout)
    return int(link["stats64"]["tx"]["carrier_changes"])


def addresses(lab: Lab) -> list[str]:
    links = json.loads(lab.run("mn", "ip", "-j", "-4", "address", "show", "eth0").stdout)
    return [entry["local"] for link in links if link for entry in link.get("addr_info", [])]


def has_lease(lab: Lab) -> bool:
    return [address.rpartition(".")[0] for address in addresses(lab)] == ["203.0.113"]


def test_a_move_takes_the_carrier_away_and_brings_it_back(lab: Lab) -> None:
    lab.move("mn", "foreign1")
    before = carrier_changes(lab)
    moved = lab.move("mn", "foreign2")
    assert lab.where("mn") == "foreign2"
    assert moved.link_up - moved.started >= moves.GAP_SECONDS
    eventually(lambda: carrier_changes(lab) == before + 2)


def test_a_silent_move_changes_no_carrier(lab: Lab) -> None:
    lab.move("mn", "foreign1")
    eventually(lambda: "LOWER_UP" in lab.run("mn", "ip", "link", "show", "eth0").stdout)
    before = carrier_changes(lab)
    lab.move("mn", "foreign2", silent=True)
    assert lab.where("mn") == "foreign2"
    assert carrier_changes(lab) == before


def test_the_cable_is_in_the_network_where_it_was_plugged(lab: Lab) -> None:
    """A broadcast of the mobile node reaches the machines of that network, and of no other."""
    for network, there in (("foreign1", "fa1"), ("foreign2", "fa2"), ("home", "ha")):
        lab.move("mn", network, silent=True)
        places = [("fa1", "eth1"), ("fa2", "eth1"), ("ha", "eth1"), ("visited", "eth1")]
        with lab.capture(*places) as capture:
            lab.run("mn", "sh", "-c", "ip neigh flush all; ip address add 10.9.9.9/32 dev eth0")
            lab.run("mn", "ip", "route", "replace", "10.9.9.8", "dev", "eth0", "src", "10.9.9.9")
            lab.run("mn", "curl", "--silent", "--connect-timeout", "0.2", "http://10.9.9.8/", check=False)
            lab.run("mn", "ip", "address", "del", "10.9.9.9/32", "dev", "eth0")
        heard = {frame.place.node for frame in capture.frames if frame.source == MAC and frame.ether_type == 0x0806}
        assert heard == {there}


def test_unplugged_and_plugged_again(lab: Lab) -> None:
    lab.move("mn", "foreign1")
    lab.unplug("mn")
    assert lab.where("mn") is None
    assert "NO-CARRIER" in lab.run("mn", "ip", "link", "show", "eth0").stdout
    lab.plug("mn")
    assert lab.where("mn") == "foreign1"


@pytest.mark.parametrize(
    ("node", "network", "complaint"),
    [
        ("mn", "moon", "no such network: moon"),
        ("dog", "home", "no such node: dog"),
        ("cn", "home", "cn is not plugged into a switch"),
    ],
)
def test_what_does_not_exist_is_told(lab: Lab, node: str, network: str, complaint: str) -> None:
    with pytest.raises(LabError, match=complaint) as caught:
        lab.move(node, network)
    assert caught.value.code == NO_SUCH_OBJECT


def test_the_dhcp_client_follows_the_carrier_by_itself_and_sends_no_arp(lab: Lab) -> None:
    lab.move("mn", "foreign1")
    eventually(lambda: addresses(lab) == [])
    with lab.capture(("mn", "eth0")) as capture:
        lab.move("mn", "visited")
        eventually(lambda: has_lease(lab))
        routes = lab.run("mn", "ip", "route").stdout
        assert "default via 203.0.113.1 dev eth0" in routes
        lab.move("mn", "foreign1")
        eventually(lambda: addresses(lab) == [])
        lab.move("mn", "visited")
        eventually(lambda: has_lease(lab))
    sent = [frame for frame in capture.frames if frame.outgoing]
    assert [frame for frame in sent if frame.ether_type == 0x0806] == []
    assert {is_dhcp(frame) for frame in sent if frame.ether_type == 0x0800} == {True}


def is_dhcp(frame: Frame) -> bool:
    """From port 68 to port 67; IGMP has no ports and is no DHCP."""
    return frame.payload[9] == 17 and frame.payload[20:24] == bytes((0, 68, 0, 67))


def test_a_lease_leads_to_the_internet(lab: Lab) -> None:
    lab.move("mn", "visited")
    eventually(lambda: has_lease(lab))
    reached = lab.run("mn", "curl", "--silent", "--output", "-", "http://198.51.100.10:9/", check=False)
    assert reached.returncode == 7, "refused at once by the correspondent: packets go there and back"


def test_echoes_are_counted_and_timed(lab: Lab, tmp_path: Path) -> None:
    lab.move("mn", "visited")
    eventually(lambda: has_lease(lab))
    notes = (tmp_path / "sent", tmp_path / "received")
    lab.spawn("mn", "echo", sys.executable, "-m", "mobileip.lab.traffic.echo", "198.51.100.10", *map(str, notes), "100")
    eventually(lambda: len(measure.read(*notes).received) >= 10)
    flow = measure.read(*notes)
    assert flow.sources == {"198.51.100.10"}
    both_wires_and_back = 2 * (2 + 6) / 1e3
    assert all(at - flow.sent[number] >= both_wires_and_back for number, at in flow.received.items())


def test_the_machines_own_files_are_not_touched(lab: Lab) -> None:
    """The client's files live in a memory of its own."""
    watched = [Path("/etc/resolv.conf"), Path("/etc/hostname"), Path("/var/lib/dhcpcd"), Path("/run/dhcpcd")]
    before = [file.stat().st_mtime_ns for file in watched if file.exists()]
    lab.move("mn", "foreign1")
    eventually(lambda: addresses(lab) == [])
    lab.move("mn", "visited")
    eventually(lambda: has_lease(lab))
    (client,) = (process for process in lab.processes() if process.label == "mn.dhcpcd")
    assert Path(f"/proc/{client.pid}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
    assert [file.stat().st_mtime_ns for file in watched if file.exists()] == before
