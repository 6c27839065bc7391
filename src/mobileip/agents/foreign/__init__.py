"""Purpose: the foreign agent: relays registrations, keeps the visitor list, says where visitors' packets go.
Knows: requests and replies in passing, pending registrations, visitors and their link-layer addresses.
Never: a home agent's or mobile node's decision; a visitor without an accepted reply to what it relayed.
Grows by: a check in one of the *validity.py, an extension of ours in relaying.py.
Tests: tests/unit/agents/foreign, tests/property/test_foreign_*.py."""
