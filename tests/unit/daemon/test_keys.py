"""Key files: forms, and who may read them."""

import os
from pathlib import Path

import pytest
from tests.support.configuration import key_file

from mobileip.daemon.keys import KeyFileError, generate_key, looks_like_key, read_key


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("00ff", b"\x00\xff"),
        (" 00ff\n", b"\x00\xff"),
        ("hex:00ff", b"\x00\xff"),
        ("base64:AP8=", b"\x00\xff"),
        ("text:a secret", b"a secret"),
        ("text:a:b", b"a:b"),
    ],
)
def test_forms(content: str, key: bytes, tmp_path: Path) -> None:
    assert read_key(key_file(tmp_path, content)) == key


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the key is empty"),
        ("text:", "the key is empty"),
        ("0g", "not hex"),
        ("base64:!", "not base64"),
        ("rot13:abc", "unknown form"),
    ],
)
def test_what_is_no_key(content: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=complaint):
        read_key(key_file(tmp_path, content))


@pytest.mark.parametrize("content", ["correct:horse", "horse correct", "hex:horse", "base64:horse", "00:11:ho:rse"])
def test_no_part_of_a_key_is_repeated(content: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError) as caught:
        read_key(key_file(tmp_path, content))
    said = str(caught.value).removeprefix(str(tmp_path))
    assert "horse" not in said
    assert "correct" not in said
    assert "00" not in said


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o610])
def test_a_file_that_others_may_use_is_refused(mode: int, tmp_path: Path) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(KeyFileError, match=f"others may read it .mode {mode:04o}.: chmod 600"):
        read_key(path)


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(tmp_path)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    real = Path.stat

    def of_somebody(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        status = list(real(self, follow_symlinks=follow_symlinks))
        status[4] = owner + 2
        return os.stat_result(status)

    monkeypatch.setattr(Path, "stat", of_somebody)
    with pytest.raises(KeyFileError, match=f"belongs to user {owner + 2}"):
        read_key(path)


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        read_key(tmp_path / "nothing")
    with pytest.raises(KeyFileError, match="not a regular file"):
        read_key(tmp_path)
    with pytest.raises(KeyFileError, match="not a regular file"):
        read_key(Path("/dev/zero"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(KeyFileError, match="not a regular file"):
        read_key(pipe)
    with pytest.raises(KeyFileError, match="no file can have this name"):
        read_key(tmp_path / "a\0b")
    binary = key_file(tmp_path)
    binary.write_bytes(b"\xff\xff")
    with pytest.raises(KeyFileError, match="not text"):
        read_key(binary)


@pytest.mark.parametrize(
    ("text", "is_key"),
    [("00" * 16, True), ("text:hunter2", True), ("base64:AP8=", True), ("mn.key", False), ("keys/00ff", False)],
)
def test_what_looks_like_a_key(text: str, is_key: bool) -> None:
    assert looks_like_key(text) is is_key


def test_a_generated_key_is_read_back_and_never_the_same(tmp_path: Path) -> None:
    keys = {generate_key() for _ in range(3)}
    assert len(keys) == 3
    for key in keys:
        assert len(read_key(key_file(tmp_path, key))) == 16
