"""Purpose: programs that run in a lab's nodes and note what arrives, each line with CLOCK_BOOTTIME.
Knows: plain sockets; the home address like any other address.
Never: binds to an interface or picks a source address: that is what the lab shall show.
Grows by: one program in one file, started by `Lab.spawn`.
Tests: tests/unit/lab/traffic, and every use in the namespace tests."""
