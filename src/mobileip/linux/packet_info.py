"""Which interface a datagram came in by, or is to leave by (ip(7))."""

IP_PKTINFO = 8
"""The socket option, and the type of ancillary data with a struct in_pktinfo."""
