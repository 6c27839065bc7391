"""Socket buffers larger than net.core.rmem_max and wmem_max allow: a burst is to be late rather than lost."""

import contextlib
import socket

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


def enlarge(target: socket.socket, *, receive: int = 0, send: int = 0) -> None:
    """Asks for buffers of so many octets (0 = leave it); beyond the system's limit where CAP_NET_ADMIN allows it."""
    for size, plain, forced in (
        (receive, socket.SO_RCVBUF, SO_RCVBUFFORCE),
        (send, socket.SO_SNDBUF, SO_SNDBUFFORCE),
    ):
        if size:
            target.setsockopt(socket.SOL_SOCKET, plain, size)
            with contextlib.suppress(PermissionError):
                target.setsockopt(socket.SOL_SOCKET, forced, size)
