"""Purpose: one value for every numbered extension, one file for each family (RFC 5944 §1.8-§1.11).
Knows: each RFC's layout, and the rule for numbers that we do not know.
Never: whether an extension is wanted or believed, or in which order it belongs: that is the agents'.
Grows by: a file, a row in registry.py, a row in numbers.py.
Tests: tests/unit/wire/extensions, tests/interop/test_wire_tshark*.py."""
