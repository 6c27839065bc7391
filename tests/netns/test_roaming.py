"""Real daemons, real packets: a mobile node moves, and stays reachable at its home address."""

import pytest
from tests.support.roaming import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    arp_of,
    counters,
    eventually,
    go,
    icmp_types,
    reachable,
    registration,
    roaming,
)

from mobileip.lab.laboratory import Lab
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, decode_ipv4

pytestmark = pytest.mark.netns

REDIRECT = 5

MOVES = ["foreign1", "foreign2", "visited", "foreign1", "home", "visited", "home"]


def link_address(lab: Lab, node: str) -> bytes:
    with lab.inside(node):
        text = lab.run(node, "cat", "/proc/net/dev", check=True).stdout
    assert "eth0" in text
    return bytes.fromhex(lab.run(node, "ip", "-br", "link", "show", "eth0").stdout.split()[2].replace(":", ""))


@pytest.mark.parametrize("rp_filter", [0, 1, 2])
def test_each_move_and_no_arp_on_visited_links(rp_filter: int) -> None:
    with roaming("roaming", f"rp{rp_filter}", rp_filter=rp_filter) as lab:
        mine = link_address(lab, "mn")
        visited_links = [("fa1", "eth1"), ("fa2", "eth1"), ("visited", "eth1")]
        capture = lab.capture(*visited_links)
        tunnels = [(node, "mip0") for node in ("ha", "fa1", "fa2", "mn")]
        inside = lab.capture(*tunnels)
        for network in MOVES:
            go(lab, network)
            assert registration(lab)["care_of"] == CARE_OF[network]
            assert reachable(lab), f"from the correspondent, in {network}"
            assert reachable(lab, source="host"), f"from a host of the home network, in {network}"
            assert reachable(lab, CORRESPONDENT, source="mn"), f"from the node, in {network}"
            source = lab.run("mn", "ip", "-o", "route", "get", CORRESPONDENT).stdout
            assert f"src {HOME_ADDRESS}" in source, f"unbound programs use the home address in {network}"
        capture.close()
        inside.close()
        assert {(f.place.node, f.place.interface) for f in capture.frames} == set(visited_links), "each was in use"
        # RFC 5944 §4.6: no ARP request by the node away from home, and no answer for its home address by anyone.
        assert arp_of(capture.frames, mine) == []
        home = bytes(int(part) for part in HOME_ADDRESS.split("."))
        about_home = [
            f for f in capture.frames if f.ether_type == 0x0806 and home in (f.payload[14:18], f.payload[24:28])
        ]
        assert about_home == []
        # An agent that forwards out of the link where a packet came in would send redirects, if its kernel were let.
        assert REDIRECT not in icmp_types(capture.frames)
        # A tunnel device has no link-layer header: a frame there is a packet.
        packets_inside = [decode_ipv4(f.octets) for f in inside.frames if f.octets[0] >> 4 == 4]
        assert {f.place.node for f in inside.frames} >= {"ha", "mn"}, "the tunnel's ends were in use"
        assert REDIRECT not in {p.payload[0] for p in packets_inside if p.protocol == PROTOCOL_ICMP and p.payload}


def test_silent_replug_between_agents_and_to_a_network_without() -> None:
    with roaming("roaming", "silent") as lab:
        go(lab, "foreign1")
        go(lab, "foreign2", silent=True)
        assert reachable(lab)
        go(lab, "foreign1", silent=True)
        assert reachable(lab)


def test_home_agent_killed_and_restarted_has_its_nodes_back_at_their_next_renewal() -> None:
    settings = {"mn": {"mobile_node": {"requested_lifetime": 6}}}
    with roaming("minimal", "hakill", settings=settings) as lab:
        go(lab, "foreign1")
        lab.daemon("ha").kill()
        lab.daemon("ha").start()
        eventually(lambda: lab.daemon("ha").ask("bindings"), "the binding is there again")
        assert reachable(lab)


def test_foreign_agent_reboots_and_its_visitor_registers_again() -> None:
    with roaming("minimal", "fakill") as lab:
        go(lab, "foreign1")
        lab.daemon("fa1").kill()
        lab.daemon("fa1").start()
        eventually(lambda: lab.daemon("fa1").ask("visitors"), "the visitor is there again")
        eventually(lambda: reachable(lab), "the node answers")


def test_a_flapping_link_ends_registered() -> None:
    with roaming("minimal", "flap") as lab:
        go(lab, "foreign1")
        for _ in range(8):
            lab.unplug("mn")
            back = lab.plug("mn")
        lab.events("mn").wait_for("registered", after=back, care_of="foreign_agent")
        assert reachable(lab)
        assert len(lab.daemon("ha").ask("bindings")) == 1


def test_a_wrong_key_registers_nothing_and_is_told() -> None:
    with Lab("minimal", name="wrongkey", daemons=False) as lab:
        key = lab.daemon("mn").folder / f"{HOME_ADDRESS}.key"
        key.write_text("00" * 16)
        lab.start_daemons()
        move = lab.move("mn", "foreign1")
        lab.events("mn").wait_for("registration_sent", after=move.started, care_of_address="192.0.2.6")
        refused = ("discarded_bad_authenticator", "denied_131")
        eventually(lambda: any(counters(lab, "ha", "home_agent").get(name) for name in refused), "the refusal counts")
        assert lab.daemon("ha").ask("bindings") == []
        assert lab.daemon("fa1").ask("visitors") == []
        assert not registration(lab)["registered"]


def test_a_replayed_request_changes_nothing() -> None:
    with roaming("minimal", "replay") as lab:
        capture = lab.capture(("ha", "eth0"))
        go(lab, "foreign1")
        go(lab, "home")
        capture.close()
        requests = [f.payload[28:] for f in capture.frames if not f.outgoing and f.payload[28:29] == b"\x01"]
        assert requests, "the relayed request was captured"
        assert lab.daemon("ha").ask("bindings") == []
        code = (
            "import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('192.0.2.6',0));"
            "s.sendto(bytes.fromhex(sys.argv[1]),('10.1.0.1',434));s.settimeout(5);print(s.recv(999)[1])"
        )
        answer = lab.run("fa1", "python3", "-c", code, requests[0].hex()).stdout
        assert answer.strip() == "133", "registration Identification mismatch"
        assert lab.daemon("ha").ask("bindings") == []
        assert reachable(lab), "the node is at home, undisturbed"


def test_two_nodes_at_one_foreign_agent_with_one_care_of_address() -> None:
    with roaming("two-nodes", "two") as lab:
        go(lab, "foreign1", node="mn1")
        go(lab, "foreign1", node="mn2")
        visitors = lab.daemon("fa1").ask("visitors")
        assert {v["home_address"] for v in visitors} == {"10.1.0.10", "10.1.0.11"}
        assert len({v["care_of_address"] for v in visitors}) == 1
        assert reachable(lab, "10.1.0.10")
        assert reachable(lab, "10.1.0.11")
        assert reachable(lab, "10.1.0.11", source="mn1")
        go(lab, "home", node="mn1")
        assert reachable(lab, "10.1.0.11", source="mn1"), "one at home, one away"
        assert reachable(lab, "10.1.0.10", source="mn2")


def test_home_agent_and_foreign_agent_in_one_daemon() -> None:
    with roaming("router", "router") as lab:
        node = next(name for name, entry in lab.topology.nodes.items() if len(entry.roles) == 2)
        for network in ("foreign1", "home", "foreign1"):
            go(lab, network)
            assert reachable(lab), f"in {network}"
        status = lab.daemon(node).ask("status")
        assert (status["bindings"], status["visitors"]) == (1, 1)
        counted = lab.daemon(node).ask("traffic")["packets"]
        assert counted.get("encapsulated_packets", 0) == 0, "its own visitor gets its packets straight"


def test_a_virtual_home_network() -> None:
    with Lab("virtual", name="virtual") as lab:
        away = next(n for n in ("foreign1", "foreign2") if n in lab.topology.networks)
        move = lab.move("mn", away)
        lab.events("mn").wait_for("registered", after=move.started, care_of="foreign_agent")
        assert reachable(lab)


def test_at_home_it_asks_by_arp_as_any_host_there_does() -> None:
    with roaming("minimal", "asks") as lab:
        mine, home = link_address(lab, "mn"), bytes(int(part) for part in HOME_ADDRESS.split("."))
        capture = lab.capture(("mn", "eth0"))
        lab.run("mn", "ip", "neighbour", "flush", "dev", "eth0")
        assert reachable(lab, CORRESPONDENT, source="mn")
        capture.close()
        asked = [arp for arp in arp_of(capture.frames, mine) if arp[7] == 1]
        assert asked
        assert {arp[14:18] for arp in asked} == {home}


def test_redirects_are_not_obeyed() -> None:
    with roaming("roaming", "redirect") as lab:
        go(lab, "visited")
        assert lab.run("mn", "cat", "/proc/sys/net/ipv4/conf/eth0/accept_redirects").stdout.strip() == "0"
        assert lab.run("mn", "cat", "/proc/sys/net/ipv4/conf/all/accept_redirects").stdout.strip() == "0"
        code = (
            "from scapy.all import *;import sys;conf.verb=0;"
            "send(IP(src='203.0.113.1',dst=sys.argv[1])/ICMP(type=5,code=1,gw='203.0.113.77')"
            "/IP(src=sys.argv[1],dst='198.51.100.10')/UDP(sport=1,dport=2))"
        )
        lab.run("visited", "python", "-c", code, str(registration(lab)["care_of_address"]))
        assert "203.0.113.77" not in lab.run("mn", "ip", "route", "get", CORRESPONDENT, "mark", "0x4d49").stdout
        assert reachable(lab)
