"""Purpose: the rules of the RFCs: an event and the time go in, one list of outputs comes out.
Knows: registration, agent discovery, visitors, bindings; its whole vocabulary is events.py, outputs.py and notices.py.
Never: I/O, a clock, a log line, randomness; and home, foreign and mobile never import one another.
Grows by: a check in a validity.py, a row in the mobile node's state table, an event and an output for outside help.
Tests: conversations (given an event, expect outputs), properties (forged input changes nothing), state tables."""
