"""Where settings come from, and that a checkout which is worked on never says any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.config.errors import ConfigError
from workers.config.operator_file import load_operator
from workers.config.places import Places, checkout_of, inside
from workers.config.settings import PREFIX, environment_value, load_settings, own_places, provider_key

ROOT = Path(__file__).parents[3]
HOSTILE = "PENNYFIX_CONFIG=p.toml\nPENNYFIX_SANDBOX=process\nPENNYFIX_HOME=mine\nANTHROPIC_API_KEY=theirs\n"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state folder of a machine that has no variable of ours; the current folder is another."""
    for name in [n for n in os.environ if n.startswith(PREFIX) or n.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    folder = tmp_path / "xdg" / "pennyfix"
    folder.mkdir(parents=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def hostile(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".env").write_text(HOSTILE)
    for name in ("p.toml", "pennyfix.toml"):
        (folder / name).write_text(
            '[[tiers]]\nname = "a"\nmodel = "openai/a"\napi_base = "http://theirs.example"\n' * 2
        )
    return folder


def test_nothing_is_read_from_the_current_folder(state: Path, tmp_path: Path) -> None:
    hostile(tmp_path / "here")
    settings = load_settings()
    assert (settings.config, settings.sandbox, settings.home) == (None, "auto", state)
    assert environment_value("ANTHROPIC_API_KEY") == provider_key("anthropic/x") == ""


def test_the_operators_file_and_the_env_of_the_state_folder_are_used_unasked(state: Path) -> None:
    (state / "pennyfix.toml").write_text("[limits]\nissue_usd = 3\n")
    (state / ".env").write_text("PENNYFIX_SANDBOX=bubblewrap\nMY_KEY=mine\n")
    settings = load_settings()
    assert (settings.config, settings.sandbox) == (state / "pennyfix.toml", "bubblewrap")
    assert load_operator(settings.config).limits.issue_usd == 3
    assert environment_value("MY_KEY") == "mine"


def test_the_state_folder_stands_above_pennyfixs_own_and_a_named_file_above_both(state: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "pennyfix.toml").write_text("")
    (own / ".env").write_text("PENNYFIX_PORT=1\nPENNYFIX_HOST=own\n")
    assert load_settings(places=Places(state, own)).config == own / "pennyfix.toml"
    (state / "pennyfix.toml").write_text("")
    (state / ".env").write_text("PENNYFIX_PORT=2\n")
    settings = load_settings(places=Places(state, own))
    assert (settings.config, settings.port, settings.host) == (state / "pennyfix.toml", 2, "own")
    (tmp_path / "said.toml").write_text("")
    assert load_settings(places=Places(state, own), config=tmp_path / "said.toml").config == tmp_path / "said.toml"


def test_a_relative_path_in_an_env_file_is_relative_to_that_file(state: Path, tmp_path: Path) -> None:
    (state / "mine.toml").write_text("")
    (tmp_path / "here" / "mine.toml").write_text("[limits]\n")
    (state / ".env").write_text("PENNYFIX_CONFIG=mine.toml\n")
    assert load_settings().config == state / "mine.toml"


def test_a_relative_state_folder_of_the_desktop_is_ignored(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert load_settings().home == Path("~/.local/state/pennyfix").expanduser()


@pytest.mark.parametrize("variable", ["PENNYFIX_CONFIG", "PENNYFIX_HOME"])
@pytest.mark.parametrize("by", ["name", "link"])
def test_a_variable_that_points_into_the_checkout_is_refused(
    variable: str, by: str, monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path
) -> None:
    tree = hostile(tmp_path / "here")
    target = tree / "p.toml" if variable.endswith("CONFIG") else tree / "state"
    if by == "link":
        (tmp_path / "link").symlink_to(target)
        target = tmp_path / "link"
    monkeypatch.setenv(variable, str(target))
    with pytest.raises(ConfigError, match=rf"{variable}.*lies in the checkout") as caught:
        load_settings(tree=tree)
    assert caught.value.problems[0].fix
    load_settings()  # for commands that work on no checkout it is the operator's business


def test_a_file_of_the_checkout_can_be_said_on_the_command_line(state: Path, tmp_path: Path) -> None:
    tree = hostile(tmp_path / "here")
    assert load_settings(tree=tree, config=tree / "p.toml").config == tree / "p.toml"


def test_a_named_file_does_not_let_the_checkouts_state_folder_in(
    monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path
) -> None:
    tree = hostile(tmp_path / "here")
    (tree / ".pf").mkdir()
    (tree / ".pf" / ".env").write_text("OPENAI_BASE_URL=https://theirs.example\nOPENAI_API_KEY=theirs\n")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("PENNYFIX_HOME", str(tree / ".pf"))
    assert environment_value("OPENAI_BASE_URL")  # as long as nobody works on that checkout
    with pytest.raises(ConfigError, match=r"PENNYFIX_HOME.*lies in the checkout") as caught:
        load_settings(tree=tree, config=tree / "p.toml")
    assert len(caught.value.problems) == 1
    assert environment_value("OPENAI_BASE_URL") == provider_key("openai/x") == ""


def test_pennyfixs_own_folder_is_left_out_when_it_is_in_the_checkout(state: Path, tmp_path: Path) -> None:
    tree = hostile(tmp_path / "here")
    settings = load_settings(tree=tree, places=Places(state, tree / "venv"))
    assert (settings.config, settings.sandbox) == (None, "auto")
    assert Places(state, tree).outside(tree) == Places(state, None)
    assert own_places(ROOT) == own_places(tmp_path / "other", ROOT) == Places(state, None)


def test_a_checkout_is_found_from_inside_it(tmp_path: Path) -> None:
    tree = hostile(tmp_path / "tree")
    (tree / "a" / "b").mkdir(parents=True)
    assert checkout_of(str(tree / "a" / "b")) == tree
    assert [checkout_of(w) for w in ("https://github.com/o/r", "", str(tmp_path / "none"))] == [None] * 3
    assert (inside(tree, tree), inside(tmp_path, tree), inside(tmp_path / "tree-2", tree)) == (True, False, False)


def test_pennyfixs_own_folder_is_where_its_front_door_is() -> None:
    assert own_places().own == ROOT
    assert (ROOT / "pennyfix.py").is_file()


def test_litellm_reads_no_env_file_of_a_folder_above_it(tmp_path: Path) -> None:
    code = "import strategies.models.litellm_model as m, os; m._litellm(); print(os.environ.get('THEIRS', 'nothing'))"
    (tmp_path / "site").mkdir()
    (tmp_path / ".env").write_text("THEIRS=read\n")
    package = Path(
        subprocess.check_output(
            [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('litellm').origin)"], text=True
        ).strip()
    ).parent
    (tmp_path / "site" / "litellm").mkdir()
    for one in package.iterdir():
        (tmp_path / "site" / "litellm" / one.name).symlink_to(one)
    env = {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "nothing"
