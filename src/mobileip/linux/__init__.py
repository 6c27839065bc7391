"""Purpose: the machine: the only room where a system call lives; implements dataplane.ports.
Knows: netlink by its octets (netlink_encode, netlink_decode), packet and raw sockets, TUN, sysctls, clocks.
Never: a protocol decision; what a message means is the agents' business.
Grows by: one file for one kind of system call, thin, typed, boring.
Tests: real sockets in network namespaces (tests/netns/test_linux_*), encoders against what `ip` shows."""
