"""A real DHCP server (dnsmasq) and a real client (dhcpcd) for networks without an agent.

dhcpcd watches the carrier by itself and drops its lease when the carrier goes; it was measured to take 10 ms from
carrier to address. It runs in a mount namespace of its own: nothing of it reaches the machine's files.
"""

from pathlib import Path

from mobileip.lab.netns import path
from mobileip.lab.topology import DhcpServer, Interface

# Its files go to a memory of their own, so that neither another dhcpcd nor resolv.conf of the machine is met.
_OWN_FILES = "mount -t tmpfs tmpfs /run && mkdir -p /var/lib/dhcpcd && mount -t tmpfs tmpfs /var/lib/dhcpcd"


def client_command(namespace: str, interface: str) -> list[str]:
    """A client that waits for carrier on `interface`, in the foreground."""
    # RFC 5944 §4.6: "MUST NOT transmit any broadcast ARP Request or ARP Reply messages" on a visited link: noarp.
    dhcpcd = "dhcpcd --nobackground --debug --config /dev/null --noarp --noipv4ll --ipv4only --nodelay"
    become = f'{_OWN_FILES} && exec {dhcpcd} --option subnet_mask,routers --script /bin/true "$1"'
    return ["nsenter", f"--net={path(namespace)}", "unshare", "--mount", "sh", "-c", become, "sh", interface]


def server_command(namespace: str, interface: Interface, server: DhcpServer, leases: Path) -> list[str]:
    """`--no-ping`: dnsmasq would wait three seconds before it offers an address."""
    if interface.address is None:
        raise ValueError(f"the DHCP server's interface {server.interface} has no address")
    netmask = interface.address.netmask
    return [
        "nsenter",
        f"--net={path(namespace)}",
        "dnsmasq",
        "--no-daemon",  # in the foreground, and no change of user, which a user namespace does not allow
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--port=0",
        f"--interface={server.interface}",
        "--bind-interfaces",
        "--no-ping",
        "--dhcp-authoritative",
        f"--dhcp-range={server.first},{server.last},{netmask},{server.lease}",
        f"--dhcp-option=option:router,{interface.address.ip}",
        f"--dhcp-leasefile={leases}",
        "--log-dhcp",
    ]


def server_listens(pid: int) -> bool:
    """Has the DHCP server of this process id bound its port 67?"""
    try:
        table = Path(f"/proc/{pid}/net/udp").read_text()
    except OSError:
        return False
    return any(line.split()[1].endswith(":0043") for line in table.splitlines()[1:])
