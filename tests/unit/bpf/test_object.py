"""The object that is shipped is what the source says, and it is shipped."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "src/mobileip/linux/bpf/mobileip.bpf.o"


def names(file: Path, kinds: str = "FUNC|OBJECT") -> set[str]:
    """Of programs and global functions, and of tables."""
    said = subprocess.run(["llvm-readelf", "--symbols", file], capture_output=True, text=True, check=True).stdout
    return set(re.findall(rf"(?:{kinds}) +GLOBAL +\w+ +\d+ (\w+)", said))


@pytest.mark.oracle
def test_the_source_builds_the_object_that_is_shipped(tmp_path: Path) -> None:
    built = tmp_path / "built.o"
    subprocess.run([ROOT / "tools/bpf", built], check=True)
    compiler = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    if compiler == (ROOT / "bpf/COMPILER").read_text().strip():
        assert built.read_bytes() == SHIPPED.read_bytes(), "make bpf"
    assert names(built) == names(SHIPPED)
    assert {"mip_encap", "mip_decap_ethernet", "mip_decap_raw", "entries", "exits"} <= names(built)


@pytest.mark.oracle
def test_only_programs_are_global() -> None:
    """Of any other a verifier knows the context by the types of the kernel (BTF) alone."""
    assert names(SHIPPED, "FUNC") == {"mip_encap", "mip_decap_ethernet", "mip_decap_raw"}


def test_no_path_of_the_machine_that_compiled_it_is_in_the_object() -> None:
    assert not re.search(rb"\0/[a-z]+/[^\0]*\.[ch]\0", SHIPPED.read_bytes())


def test_a_wheel_has_the_object(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        assert opened.read("mobileip/linux/bpf/mobileip.bpf.o") == SHIPPED.read_bytes()
