"""Purpose: real daemons in network namespaces: topologies as data, wires, moves, traffic, the demo.
Knows: iproute2, namespaces, TAP wires, dnsmasq and dhcpcd, the daemon's program and the control API.
Never: tells a daemon that something moved; touches a process, file or namespace that a lab did not make.
Grows by: a TOML file in topologies/; a program in traffic/; a method of `laboratory.Lab`, which tests use too.
Tests: tests/unit/lab (data, plans, lanes, pcap, drawings), tests/netns/test_lab_*.py (wires, moves, DHCP, cleaning)."""
