"""Purpose: the counter: the published language between a daemon and everything outside it.
Knows: schema, server and client of the HTTP API on a Unix socket.
Never: an inner type; daemon/views.py translates, so that outside programs never drag the daemon in.
Grows by: a Struct in schema.py, a route in server.py, a method in client.py.
Tests: round trips over a real socket; the schema only ever gains fields."""
