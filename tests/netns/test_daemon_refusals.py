"""A daemon that can't start says why in one line, ends with the code for it, and leaves the machine as it was."""

import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.machine import picture, refused

from mobileip.lab.laboratory import Lab

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

FAILED, USAGE, FORBIDDEN, CONFIGURATION = 1, 2, 6, 7

IN_A_MOUNT_NAMESPACE = ("unshare", "--mount", "sh", "-ec")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("minimal", name="test-refuse", daemons=False, settings={"ha": {"daemon": {"engine": "auto"}}}) as made:
        yield made


@pytest.fixture
def running(lab: Lab) -> Iterator[Lab]:
    lab.daemon("ha").start()
    yield lab
    lab.daemon("ha").stop()


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.startswith("mipd: ")
    return text


WRONG = """
[daemon]
tunnel_mtu = 12
log_level = "loud"

[home_agent]
address = "10.1.0.300"
home_network = "10.1.0.0/24"
maximum_lifetme = 600
mobile_node = [{ home_address = "10.9.0.10", spi = 3, key_file = "nowhere.key" }]

[foreign_agent]
links = "eth1"
"""


def test_every_error_of_a_configuration_is_told_with_its_key(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    done = refused(lab, "ha", "--config", str(file))
    assert done.returncode == CONFIGURATION
    keys = {line.removeprefix(f"mipd: {file}: ").split(": ")[0] for line in done.stderr.splitlines()}
    assert keys == {
        "daemon.tunnel_mtu",
        "daemon.log_level",
        "home_agent.address",
        "home_agent.maximum_lifetme",
        "home_agent.mobile_node[0].spi",
        "home_agent.mobile_node[0].key_file",
        "home_agent.mobile_node[0].home_address",
        "foreign_agent.links",
        "foreign_agent.care_of_address",
    }
    assert "did you mean maximum_lifetime?" in done.stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(None, "No such file or directory"), ("[home_agent", "not TOML"), ("", "no role"), ("\0", "not TOML")],
)
def test_a_file_that_is_no_configuration(lab: Lab, tmp_path: Path, text: str | None, complaint: str) -> None:
    file = tmp_path / "mipd.toml"
    if text is not None:
        file.write_text(text)
    done = refused(lab, "ha", "--config", str(file))
    assert done.returncode == CONFIGURATION
    assert complaint in one_line(done.stderr)


def test_a_key_that_others_can_read_is_refused(lab: Lab) -> None:
    key = lab.daemon("ha").folder / "10.1.0.10.key"
    key.chmod(0o644)
    done = refused(lab, "ha")
    key.chmod(0o600)
    assert done.returncode == CONFIGURATION
    assert "others may read it" in one_line(done.stderr)


def test_a_wrong_command_line(lab: Lab) -> None:
    before = picture(lab, "ha")
    done = lab.run("ha", *lab.daemon("ha").command[:3], check=False)
    assert done.returncode == USAGE
    assert "--config" in done.stderr
    assert "Traceback" not in done.stderr
    assert picture(lab, "ha") == before


@pytest.mark.parametrize("capability", ["net_admin", "net_raw", "net_bind_service"])
def test_a_capability_that_is_missing(lab: Lab, capability: str) -> None:
    without = ("setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}")
    done = refused(lab, "ha", prefix=without)
    assert done.returncode == FORBIDDEN
    assert one_line(done.stderr).startswith(f"mipd: missing: CAP_{capability.upper()} (")


def test_the_udp_port_is_taken_by_another_program(lab: Lab) -> None:
    with lab.inside("ha"), closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", 434))
        done = refused(lab, "ha")
    assert done.returncode == FAILED
    assert "UDP port 434 is in use" in one_line(done.stderr)


def test_a_second_daemon_with_the_same_run_directory(running: Lab) -> None:
    process = running.daemon("ha").process
    assert process is not None
    done = refused(running, "ha")
    assert done.returncode == FAILED
    assert f"a daemon is running already (process {process.pid}," in one_line(done.stderr)
    assert running.daemon("ha").ask("status")["pid"] == process.pid, "the first one is undisturbed"


def test_a_second_daemon_with_the_same_device(running: Lab, tmp_path: Path) -> None:
    done = refused(running, "ha", "--run-dir", str(tmp_path))
    assert done.returncode == FAILED
    assert "the device mip0 is held by another process" in one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []
    assert running.daemon("ha").ask("status")["roles"] == ["home_agent"]


def test_a_second_daemon_with_another_device(running: Lab, tmp_path: Path) -> None:
    own = running.daemon("ha").folder / "other.toml"
    own.write_text(running.daemon("ha").configuration.read_text().replace("[daemon]", '[daemon]\ndevice = "mip1"'))
    done = refused(running, "ha", "--config", str(own), "--run-dir", str(tmp_path))
    assert done.returncode == FAILED
    assert "UDP port 434 is in use (is another Mobile IP daemon running here?)" in one_line(done.stderr)


def test_no_tun_device(lab: Lab) -> None:
    hide = (*IN_A_MOUNT_NAMESPACE, 'mount -t tmpfs tmpfs /dev/net; exec "$@"', "sh")
    done = refused(lab, "ha", prefix=hide)
    assert done.returncode == FAILED
    assert "no TUN device: /dev/net/tun is missing" in one_line(done.stderr)


def test_a_tun_device_without_a_driver_behind_it(lab: Lab) -> None:
    fake = (*IN_A_MOUNT_NAMESPACE, 'mount --bind /dev/null /dev/net/tun; exec "$@"', "sh")
    done = refused(lab, "ha", prefix=fake)
    assert done.returncode == FAILED
    assert "can't make the device mip0" in one_line(done.stderr)


def test_a_run_directory_that_is_a_file(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "run"
    file.write_text("mine\n")
    done = refused(lab, "ha", "--run-dir", str(file))
    assert done.returncode == FAILED
    assert f"can't use the run directory {file}" in one_line(done.stderr)
    assert file.read_text() == "mine\n"


def test_a_run_directory_that_is_read_only(lab: Lab, tmp_path: Path) -> None:
    read_only = (*IN_A_MOUNT_NAMESPACE, f'mount -t tmpfs -o ro tmpfs {tmp_path}; exec "$@"', "sh")
    done = refused(lab, "ha", "--run-dir", str(tmp_path), prefix=read_only)
    assert done.returncode == FAILED
    assert "Read-only file system" in one_line(done.stderr)


def test_a_control_socket_that_another_program_listens_on(lab: Lab) -> None:
    path = lab.daemon("ha").socket
    path.parent.mkdir(exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as other:
        other.bind(str(path))
        other.listen()
        done = refused(lab, "ha")
        assert stat.S_ISSOCK(path.stat().st_mode), "it is still there"
    path.unlink()
    assert done.returncode == FAILED
    assert f"the control socket {path} is in use by another program" in one_line(done.stderr)


def test_something_else_in_the_place_of_the_control_socket(lab: Lab) -> None:
    path = lab.daemon("ha").socket
    path.mkdir(parents=True)
    done = refused(lab, "ha")
    path.rmdir()
    assert done.returncode == FAILED
    assert f"can't make the control socket {path}: something else is there" in one_line(done.stderr)


def test_a_run_directory_whose_name_is_too_long_for_a_socket(lab: Lab, tmp_path: Path) -> None:
    done = refused(lab, "ha", "--run-dir", str(tmp_path / ("long" * 30)))
    assert done.returncode == FAILED
    assert "the path of the control socket is too long" in one_line(done.stderr)


def test_after_all_these_refusals_a_daemon_starts(lab: Lab) -> None:
    lab.daemon("ha").start()
    assert lab.daemon("ha").ask("status")["roles"] == ["home_agent"]
    lab.daemon("ha").stop()
