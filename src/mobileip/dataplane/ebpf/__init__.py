"""Purpose: the fast path: what wishes mean for the programs that forward in the kernel (bpf/).
Knows: the layout of the programs' tables, which packets they may take; user space's tables are the truth.
Never: a system call; the programs are behind `ports.Programs`. Never a packet: those that come up are userspace's.
Grows by: a field in layout.py and bpf/shared.h (a test compares them); a case in compile.py for a wish.
Tests: tests/unit/dataplane/ebpf; both paths give the same octets: tests/property/test_dataplane_fast_path.py."""
