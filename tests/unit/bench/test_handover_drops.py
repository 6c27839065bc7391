"""Counters of drops, from files as the kernel writes them."""

from pathlib import Path

from bench.handover.drops import grown, idle_percent, kernel, links, machine, namespace, of_daemon
from bench.handover.kernel_trace import count

SNMP = """\
Ip: Forwarding DefaultTTL InReceives InAddrErrors OutNoRoutes
Ip: 1 64 1000 3 2
Udp: InDatagrams NoPorts RcvbufErrors
Udp: 500 1 7
"""
NETSTAT = """\
TcpExt: SyncookiesSent IPReversePathFilter
TcpExt: 9 4
IpExt: InNoRoutes InOctets
IpExt: 5 12345
"""
DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0     0       0    0    0    0     0     0          0
  eth0:     100      10    1    2    3     0          0         0      200      20    4    5    6     0     7          0
"""
RAW = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   4: 00000000:0004 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 12
  94: 00000000:005E 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 1
"""


def test_kernel_counters_that_tell_of_a_drop() -> None:
    assert dict(kernel(SNMP)) == {
        "kernel.Ip.InAddrErrors": 3,
        "kernel.Ip.OutNoRoutes": 2,
        "kernel.Udp.NoPorts": 1,
        "kernel.Udp.RcvbufErrors": 7,
    }
    assert dict(kernel(NETSTAT)) == {"kernel.TcpExt.IPReversePathFilter": 4, "kernel.IpExt.InNoRoutes": 5}


def test_what_a_daemon_dropped() -> None:
    packets = {"encapsulated_packets": 9, "dropped_no_binding": 4, "icmp_errors_sent": 1}
    assert of_daemon({"packets": packets, "discarded": {"replayed": 2}}) == {"no_binding": 4, "message.replayed": 2}


def test_counters_of_links() -> None:
    found = {name: count for name, count in links(DEV) if count}
    assert found == {
        "eth0.rx_errors": 1,
        "eth0.rx_drop": 2,
        "eth0.rx_fifo": 3,
        "eth0.tx_errors": 4,
        "eth0.tx_drop": 5,
        "eth0.tx_fifo": 6,
        "eth0.tx_carrier": 7,
    }


def test_a_namespace_has_all_of_them(tmp_path: Path) -> None:
    for name, text in {"snmp": SNMP, "netstat": NETSTAT, "dev": DEV, "raw": RAW, "udp": "head\n"}.items():
        (tmp_path / name).write_text(text)
    found = dict(namespace(tmp_path))
    assert (found["sockets.raw"], found["sockets.udp"]) == (13, 0)
    assert found["kernel.IpExt.InNoRoutes"] == 5


def test_what_the_machine_shares(tmp_path: Path) -> None:
    (tmp_path / "softnet_stat").write_text("00000010 00000002 00000000\n00000011 0000000a 00000001\n")
    (tmp_path / "stat").mkdir()
    (tmp_path / "stat/arp_cache").write_text("entries unresolved_discards table_fulls\n01 10 0\n01 01 2\n")
    assert machine(tmp_path) == {
        "machine.softnet_dropped": 12,
        "neighbours.unresolved_discards": 17,
        "neighbours.table_fulls": 2,
    }


def test_only_what_grew_is_told() -> None:
    before = {"a": 1, "b": 2, "gone": 4, "anew": 9, "empty": 3}
    assert grown(before, {"a": 1, "b": 5, "new": 2, "anew": 4, "empty": 0}) == {"anew": 4, "b": 3, "new": 2}


def test_idle_time() -> None:
    assert idle_percent("cpu 10 0 10 100 0 0 0 0 0 0\n", "cpu 30 0 20 130 20 0 10 10 5 0\n") == 30.0


def test_what_the_kernel_s_trace_tells() -> None:
    place = "skbaddr=000000001 rx_sk=0000000000000000 protocol=2048 location=ip_rcv_finish_core+0x1d/0x5a0 reason:"
    lines = [
        "# tracer: nop\n",
        f"  python-77 [000] d..2. 12.5: kfree_skb: {place} IP_RPFILTER\n",
        f"  python-77 [001] d..2. 12.6: kfree_skb: {place} IP_RPFILTER\n",
        f"  python-77 [001] d..2. 12.7: kfree_skb: {place} NO_SOCKET\n",
        f"  python-77 [001] d..2. 12.8: kfree_skb: {place} SOCKET_FILTER\n".replace("ip_rcv_finish_core", "raw_rcv"),
    ]
    assert count(lines) == {"trace.IP_RPFILTER@ip_rcv_finish_core": 2, "trace.NO_SOCKET@ip_rcv_finish_core": 1}
