"""Purpose: how a wish about packets becomes forwarding on a machine.
Knows: kernel objects and packets as values, what each wish needs (plan.py), how to compare (reconcile.py).
Never: a system call, a clock, a protocol decision; the machine is behind ports.
Grows by: a folder for each engine; a case in plan.py for each wish.
Tests: tests/unit/dataplane, tests/property/test_dataplane_*; scapy judges octets in tests/interop."""
