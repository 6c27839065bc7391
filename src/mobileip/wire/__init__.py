"""Purpose: octets <-> frozen values: Mobile IP messages, extensions, router discovery, the IP headers around them.
Knows: the formats of the RFCs, assigned numbers, checksums. Never: keys, time, policy, I/O.
Decode raises `DecodeError` and nothing else; encode raises ValueError for a value that has no octets.
Grows by: a file in extensions/ with a row in its registry.py and in numbers.py.
Tests: tests/unit/wire, tests/property/test_wire_*, tests/interop/test_wire_* (tshark, scapy), tests/fuzz."""
