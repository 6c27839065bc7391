"""Purpose: what agents want done with packets, as values, without a word about how.
Knows: addresses, prefixes, tunnels, interfaces by name; the names of all drops.
Never: an engine, a kernel, a clock, a message format.
Grows by: a wish in model.py (mypy then lists every engine that lacks it), a name in drop_reason.py.
Tests: tests/unit/forwarding; laws of apply and change_to by hypothesis."""
