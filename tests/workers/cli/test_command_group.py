from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pennyfix import app
from workers.cli.command_group import first


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (["resolve", ".", "--config", "p.toml"], ["--config", "p.toml", "resolve", "."]),
        (["--config=p.toml", "up"], ["--config=p.toml", "up"]),
        (["jobs", "list", "--config"], ["--config", "jobs", "list"]),
        (["budget", "set", "--", "--config", "x"], ["budget", "set", "--", "--config", "x"]),
        ([], []),
    ],
)
def test_the_shared_option_may_stand_anywhere(given: list[str], ordered: list[str]) -> None:
    assert first(given) == ordered


@pytest.mark.parametrize("place", ["before", "behind"])
def test_every_command_says_on_standard_error_which_file_it_uses(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PENNYFIX_HOME", str(tmp_path / "home"))
    said = ["--config", str(tmp_path / "mine.toml")]
    (tmp_path / "mine.toml").write_text("")
    words = [*said, "jobs", "list", "--json"] if place == "before" else ["jobs", "list", "--json", *said]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, done.stdout.strip()) == (0, "[]")
    assert f"settings: {tmp_path / 'mine.toml'}" in done.stderr
    assert "no pennyfix.toml" in CliRunner().invoke(app, ["jobs", "list"]).stderr
    (tmp_path / "home" / "pennyfix.toml").write_text("")
    assert str(tmp_path / "home" / "pennyfix.toml") in CliRunner().invoke(app, ["budget", "list"]).stderr


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["jobs", "list", "--config", str(tmp_path / "none.toml")])
    assert (done.exit_code, "does not exist" in done.output) == (2, True)


def test_doctor_looks_at_the_file_that_config_names(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("no_such_setting = 1\n")
    done = CliRunner().invoke(app, ["doctor", "--only", "disk", "--json", "--config", str(mine)])
    assert done.exit_code == 1
    assert "no_such_setting" in done.output
