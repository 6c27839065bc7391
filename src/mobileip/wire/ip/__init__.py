"""Purpose: IPv4, UDP and ICMP headers with their checksums, and tunnels: what lies under Mobile IP on the wire.
Knows: RFC 791, 768, 792, 1071, 1624, 2003, 2004, 2784, 2890.
Never: sockets, routes, policy, and no object per packet where the data path calls.
Grows by: a file for each protocol or encapsulation.
Tests: tests/unit/wire/ip, tests/interop/test_wire_scapy.py."""
