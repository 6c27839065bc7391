"""Purpose: the home agent: judges Registration Requests, keeps mobility bindings, answers (RFC 5944 §3.8).
Knows: its mobile nodes and their associations, the binding list, the home link, gratuitous ARP (§4.6), revocation.
Never: foreign agents' or mobile nodes' state, packets, I/O, a clock. Grows by: a check in validity.py
(with its section, in the RFC's order), a field of a decision, one in reply_extensions.py. Tests: every
check both ways, their order, conversations, properties of law 1, 2 and 3.
"""
