import pytest

from mobileip.linux.errors import DeviceUnavailable, MachineError, NoSuchInterface, PermissionMissing, PortOccupied


@pytest.mark.parametrize("kind", [PermissionMissing, PortOccupied, DeviceUnavailable, NoSuchInterface])
def test_an_operator_gets_one_line_and_a_hint(kind: type[MachineError]) -> None:
    error = kind("UDP port 434 is in use", "is another daemon running?")
    assert isinstance(error, MachineError)
    assert (str(error), error.hint) == ("UDP port 434 is in use", "is another daemon running?")


def test_where_nothing_can_be_done_there_is_no_hint() -> None:
    assert MachineError("lost").hint == ""
