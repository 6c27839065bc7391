"""Purpose: programs and tables in the kernel: loaded, attached, replaced, read and run on trial.
Knows: bpf(2) by its octets, libbpf.so.1, tcx links and a bpffs, cls_bpf by netlink.
Never: what a record of a table means (dataplane/ebpf), nor anything that others attached.
Grows by: a command of bpf(2) in syscall.py; one file for one way to the kernel.
Tests: real programs on real links in network namespaces (tests/netns/test_linux_bpf_*.py)."""
