"""`mip doctor` on real machines: it says why nothing works, its commands mend it, and a daemon that opens the firewall
leaves nothing behind.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.roaming import HOME_ADDRESS, counters, eventually, go, reachable, roaming

from mobileip.lab.laboratory import Lab

pytestmark = pytest.mark.netns

CLOSED = """
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
  }
}
"""
"""What many machines have: answers come in, and nothing else does."""

MASQUERADE = """
table ip nat {
  chain postrouting {
    type nat hook postrouting priority 100;
    oifname "eth0" masquerade
  }
}
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with roaming("minimal", "doctor") as made:
        yield made


def mip(lab: Lab, node: str, *words: str) -> "subprocess.CompletedProcess[str]":
    run_dir = str(lab.daemon(node).run_dir)
    return lab.run(node, sys.executable, "-m", "mobileip.cli.main", "--run-dir", run_dir, *words, check=False)


def findings(lab: Lab, node: str, verdict: str, check: str) -> list[dict[str, Any]]:
    found = json.loads(mip(lab, node, "doctor", "--json").stdout)["findings"]
    return [finding for finding in found if finding["verdict"] == verdict and finding["check"] == check]


def load(lab: Lab, node: str, ruleset: str) -> None:
    subprocess.run(
        ["nsenter", f"--net=/run/netns/{lab.run(node, 'ip', 'netns', 'identify').stdout.strip()}", "nft", "-f", "-"],
        input=ruleset.encode(),
        check=True,
    )


def ruleset(lab: Lab, node: str) -> str:
    return str(lab.run(node, "nft", "-s", "list", "ruleset").stdout)


def allow_opening(lab: Lab, node: str) -> None:
    file = lab.daemon(node).configuration
    table, key = "[daemon]\n", "open_firewall = true\n"
    text = file.read_text()
    file.write_text(text.replace(table, table + key) if table in text else table + key + text)


def test_a_machine_that_is_fine(lab: Lab) -> None:
    for node in ("ha", "fa1", "mn"):
        done = mip(lab, node, "doctor")
        assert done.returncode == 0, done.stdout
        assert "warning" not in done.stdout


def test_a_firewall_stands_in_the_way_until_its_rules_are_added_as_told(lab: Lab) -> None:
    load(lab, "ha", CLOSED)
    lab.move("mn", "foreign1")
    sent = counters(lab, "mn", "mobile_node")["requests_sent"]
    told = findings(lab, "ha", "problem", "firewall")
    assert "chain inet filter input (its policy) drops UDP port 434" in told[0]["found"]
    assert mip(lab, "ha", "doctor").returncode == 1
    eventually(lambda: counters(lab, "mn", "mobile_node")["requests_sent"] >= sent + 2, "requests without an answer")
    view = lab.daemon("mn").ask("registration")
    assert not (view["registered"] and view["care_of"] == "foreign_agent"), view
    for finding in told:
        lab.run("ha", *finding["advice"].split())
    lab.events("mn").wait_for("registered", care_of="foreign_agent")
    assert mip(lab, "ha", "doctor").returncode == 0
    assert reachable(lab)


def test_the_daemon_opens_the_firewall_where_it_may_and_closes_it_again(lab: Lab) -> None:
    for node in ("ha", "fa1"):
        lab.daemon(node).stop()
        load(lab, node, CLOSED)
        allow_opening(lab, node)
    before = {node: ruleset(lab, node) for node in ("ha", "fa1")}
    for node in ("ha", "fa1"):
        lab.daemon(node).start()
    go(lab, "foreign1")
    eventually(lambda: reachable(lab), "packets through two firewalls")
    assert reachable(lab, source="cn")
    for node in ("ha", "fa1"):
        opened = lab.daemon(node).ask("status")["firewall"]
        assert "inet filter input: udp dport 434 accept" in opened
        assert ruleset(lab, node).count('comment "mobileip"') == len(opened)
        text = mip(lab, node, "status").stdout
        assert "opened by us: inet filter input: udp dport 434 accept" in text
        assert "opened by the daemon" in mip(lab, node, "doctor").stdout
        lab.daemon(node).tell("stop")
        eventually(lambda node=node: lab.daemon(node).process is None, "the end")
        assert ruleset(lab, node) == before[node]
        assert "firewall_opened" in lab.daemon(node).log.read_text()
        assert "firewall_closed" in lab.daemon(node).log.read_text()


def test_what_a_daemon_left_in_the_firewall_is_adopted_or_goes(lab: Lab) -> None:
    lab.daemon("ha").stop()
    load(lab, "ha", CLOSED)
    before = ruleset(lab, "ha")
    allow_opening(lab, "ha")
    lab.daemon("ha").start()
    opened = ruleset(lab, "ha")
    assert opened != before
    for how in (signal.SIGKILL, signal.SIGTERM):
        lab.daemon("ha").end(how)
        assert ruleset(lab, "ha") == opened
        lab.daemon("ha").start()
        assert ruleset(lab, "ha") == opened
    lab.daemon("ha").kill()
    file = lab.daemon("ha").configuration
    file.write_text(file.read_text().replace("open_firewall = true", "open_firewall = false"))
    lab.daemon("ha").start()
    assert ruleset(lab, "ha") == before


def test_what_nobody_adopts_is_swept(lab: Lab) -> None:
    lab.daemon("ha").stop()
    load(lab, "ha", CLOSED)
    before = ruleset(lab, "ha")
    allow_opening(lab, "ha")
    lab.daemon("ha").start(environment={"MIP_ADOPTION_SECONDS": "0.1"})
    lab.daemon("ha").terminate()
    eventually(lambda: ruleset(lab, "ha") == before, "the sweeper")


def test_rules_that_others_flushed_are_missed(lab: Lab) -> None:
    lab.daemon("ha").stop()
    load(lab, "ha", CLOSED)
    allow_opening(lab, "ha")
    lab.daemon("ha").start()
    load(lab, "ha", f"flush ruleset\n{CLOSED}")
    assert any("are gone" in finding["found"] for finding in findings(lab, "ha", "warning", "firewall"))
    assert findings(lab, "ha", "problem", "firewall")


def test_masquerading_is_found_at_a_foreign_agent_and_its_own_network_may_have_it(lab: Lab) -> None:
    load(lab, "fa1", MASQUERADE)
    (told,) = findings(lab, "fa1", "problem", "NAT")
    assert "what visitors on eth1 send" in told["found"], "its tunnels bear the address of eth0 already"
    load(lab, "fa1", "flush ruleset\n" + MASQUERADE.replace("oifname", "ip saddr 10.2.1.0/24 oifname"))
    assert not findings(lab, "fa1", "problem", "NAT")


def test_a_narrow_path_and_a_strict_filter_are_told(lab: Lab) -> None:
    go(lab, "foreign1")
    assert reachable(lab)
    lab.run("ha", "ip", "link", "set", "eth0", "mtu", "1200")
    lab.run("ha", "sysctl", "-qw", "net.ipv4.conf.mip0.rp_filter=1")
    lab.run("ha", "sysctl", "-qw", "net.ipv4.conf.eth1.rp_filter=1")

    def narrow() -> bool:
        return any("the path takes 1200" in finding["found"] for finding in findings(lab, "ha", "warning", "path MTU"))

    eventually(narrow, "the narrow path")
    told = findings(lab, "ha", "problem", "rp_filter")
    for finding in told:
        lab.run("ha", *finding["advice"].partition(" (")[0].split())
    assert told
    assert not findings(lab, "ha", "problem", "rp_filter")
    assert reachable(lab, HOME_ADDRESS)


def test_without_a_daemon_it_says_so_and_looks_at_what_it_can(lab: Lab) -> None:
    lab.daemon("fa1").stop()
    load(lab, "fa1", CLOSED)
    alone = mip(lab, "fa1", "doctor")
    assert alone.returncode == 0
    assert "no daemon answers" in alone.stdout
    told = mip(lab, "fa1", "doctor", "--config", str(lab.daemon("fa1").configuration))
    assert told.returncode == 1
    assert "drops protocol 4 (IP-in-IP)" in told.stdout
