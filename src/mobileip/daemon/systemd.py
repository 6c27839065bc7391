"""Tells the service manager how we are (sd_notify(3)); nothing happens where there is none."""

import os
import socket


def notify(*lines: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target:
        try:
            target.connect("\0" + address[1:] if address.startswith("@") else address)
            target.send("\n".join(lines).encode())
        except OSError:
            return  # a manager that does not listen is no reason to end
