"""Purpose: the engine that needs no help from the kernel: every packet passes through Python.
Knows: every form of tunnel both ways, RFC 2003's errors, fragments, trains of segments, counters.
Never: a socket; packets come in by calls and leave by the PacketPort.
Grows by: an outcome in outcome.py and its case in engine.py; an encapsulation beside tunnels.py.
Tests: tests/unit/dataplane/userspace, tests/property/test_dataplane_path.py."""
