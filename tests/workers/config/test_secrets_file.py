from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from workers.config.secrets_file import check_writable, set_lines, write_private

BEFORE = """# mine, keep
ANTHROPIC_API_KEY=sk-1   # a remark

export PENNYFIX_GITHUB_APP_ID=7
PENNYFIX_GITHUB_PRIVATE_KEY="-----BEGIN
two
-----END"
LAST=x"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    set_lines(tmp_path / ".env", {"A": "1", "B": "two words"})
    assert (tmp_path / ".env").read_text() == "A=1\nB='two words'\n"
    assert mode(tmp_path / ".env") == 0o600


def test_only_the_asked_for_lines_change(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(BEFORE)
    path.chmod(0o644)
    set_lines(path, {"PENNYFIX_GITHUB_APP_ID": "8", "PENNYFIX_GITHUB_PRIVATE_KEY": "/k.pem", "NEW": "n"})
    assert path.read_text() == (
        "# mine, keep\nANTHROPIC_API_KEY=sk-1   # a remark\n\nPENNYFIX_GITHUB_APP_ID=8\n"
        "PENNYFIX_GITHUB_PRIVATE_KEY=/k.pem\nLAST=x\nNEW=n\n"
    )
    assert mode(path) == 0o600


@pytest.mark.parametrize("value", ["", "plain", "it's", 'say "x"', "a\\b", "a#b", " lead", "$HOME ${X}", "ü"])
def test_every_value_is_read_back_as_it_was(tmp_path: Path, value: str) -> None:
    set_lines(tmp_path / ".env", {"V": value})
    assert dotenv_values(tmp_path / ".env", interpolate=False)["V"] == value


@pytest.mark.parametrize(("name", "value"), [("V", "a\nEVIL=1"), ("V", "a\0b"), ("a b", "x"), ("", "x")])
def test_what_would_be_more_than_one_line_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ValueError, match="cannot be written as one line"):
        set_lines(tmp_path / ".env", {name: value})
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")
    set_lines(tmp_path / ".env", {"B": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=1\nB=2\n"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["key.pem"]


def test_the_probe_makes_the_folder_and_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / ".env")
    assert mode(tmp_path / "new") == 0o700
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        check_writable(tmp_path / "file" / ".env")
