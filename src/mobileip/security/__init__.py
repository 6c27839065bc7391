"""Purpose: who shares which key, whether octets are authentic, and whether a message is fresh.
Knows: mobility security associations, authenticators over octets, timestamps and nonces (RFC 5944 §5).
Never: what a registration means, I/O, a clock or chance: times and entropy come in with each call.
Grows by: an algorithm in authenticator.py with its vectors, a replay style in replay.py.
Tests: vectors, openssl as independent judge, both sides of the replay protection against each other."""
