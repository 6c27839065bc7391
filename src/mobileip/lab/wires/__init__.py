"""Purpose: lines with delay, rate and loss between namespaces, where the kernel has no netem.
Knows: TAP devices, a queue of frames with the time at which each is due.
Never: looks into a frame.
Grows by: a field of `topology.Wire` that a lane obeys (jitter, reordering).
Tests: tests/unit/lab/wires, tests/netns/test_lab_wires.py."""
