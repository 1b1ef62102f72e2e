from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from sandbox import transfer
from sandbox.errors import SandboxUnavailable
from sandbox.result import Ended, ExecResult


def here(argv: Sequence[str], stdin: IO[bytes] | bytes, timeout: float, cap: int) -> ExecResult:
    """Runs on this machine what would run in a sandbox."""
    given = stdin if isinstance(stdin, bytes) else stdin.read()
    done = subprocess.run(list(argv), input=given, capture_output=True, check=False)
    return ExecResult(Ended.EXIT, done.returncode, done.stdout[:cap], done.stderr, 0.0)


@pytest.mark.parametrize("content", [b"", b"one\ntwo\n", b"12\nno newline", bytes(range(256)) * 40])
def test_a_file_is_read_as_it_is(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert transfer.read(here, str(tmp_path), "a", 20_000) == content


@pytest.mark.parametrize("arrived", [b"", b"1", b"11", b"11\n", b"11\nhello", b"11\nhello world and more", b"x\nhello"])
def test_a_read_that_was_cut_short_is_trouble_of_ours(arrived: bytes) -> None:
    def stalled(argv: Sequence[str], stdin: IO[bytes] | bytes, timeout: float, cap: int) -> ExecResult:
        return ExecResult(Ended.EXIT, 0, arrived, b"", 0.0)

    with pytest.raises(SandboxUnavailable, match="cut short"):
        transfer.read(stalled, "/checkout", "report.xml", 1_000)


def test_what_is_no_file_or_too_large_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(FileNotFoundError):
        transfer.read(here, str(tmp_path), "b", 10)
    with pytest.raises(ValueError, match="larger than 4"):
        transfer.read(here, str(tmp_path), "a", 4)
