"""What the machine may refuse at start-up.

Exception
└── MachineError      one clear line for the operator, with a hint
    ├── PermissionMissing   a capability or a right is missing (exit code 6)
    ├── PortOccupied        UDP port 434 is in use
    ├── DeviceUnavailable   no TUN device, or another daemon holds it
    ├── NoSuchInterface     a link that is not there (now)
    ├── BpfUnavailable      no BPF programs here: a right, a library or the system call is missing
    └── BpfRefused          the kernel does not take this BPF program or table
"""


class MachineError(Exception):
    """Something that we need of the machine is not to be had; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PermissionMissing(MachineError):
    pass


class PortOccupied(MachineError):
    pass


class DeviceUnavailable(MachineError):
    pass


class NoSuchInterface(MachineError):
    pass


class BpfUnavailable(MachineError):
    pass


class BpfRefused(MachineError):
    pass
