"""`pennyfix resolve` without a GitHub: an issue's file, a checkout, a quote, and the whole resolution."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from deploy.demo.models import answer, read_scripts
from deploy.demo.setup import AUTOFIX_YML, PENNYFIX_TOML, project_files
from sandbox.errors import MirrorError
from strategies.models.model import Completion, Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.prompts.prompt import BUILT_IN, load
from strategies.step import Step
from tests.fakes.model import ScriptedModel
from tests.fakes.origin import Origin
from workers.cli.local_issue import IssueUnreadable, read_issue_file
from workers.cli.local_resolution import LocalRequest, open_local, quote_local, resolve_local
from workers.config.errors import ConfigError
from workers.config.operator_file import Operator, parse_operator
from workers.config.settings import Settings, load_settings

SCRIPT = next(s for s in read_scripts() if s.name == "weight")


def no_key(_model: str, _variable: str) -> str:
    """One that a scripted model does not look at."""
    return "none"


def scripted(spec: ModelSpec) -> ScriptedModel:
    def say(prompt: Prompt) -> str:
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        return answer((SCRIPT,), spec.model, messages)[0]

    price = Price(spec.input_usd_per_million or Decimal(1), spec.output_usd_per_million or Decimal(1))
    return ScriptedModel(say, name=spec.model, price=price)


@pytest.fixture
def operator() -> Operator:
    return parse_operator(PENNYFIX_TOML.format(api_base="http://127.0.0.1:1/v1"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "no.env", home=tmp_path / "home", sandbox="process")


def issue_file(folder: Path, text: str) -> Path:
    path = folder / "issue.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_first_line_of_an_issue_file_is_its_title(tmp_path: Path) -> None:
    issue = read_issue_file(issue_file(tmp_path, "\ufeff# Rounding is wrong\n\nVery <!-- hidden --> much."))
    assert (issue.title, issue.body, issue.number) == ("Rounding is wrong", "Very  much.", 0)


@pytest.mark.parametrize("content", [b"", b"   \n", b"\x00\x01\x02"])
def test_a_file_without_words_is_refused_with_the_fix(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "issue.md"
    path.write_bytes(content)
    with pytest.raises(IssueUnreadable, match="first line is the title"):
        read_issue_file(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IssueUnreadable, match="cannot be read"):
        read_issue_file(tmp_path / "nothing.md")


def test_a_dry_run_quotes_without_a_call(operator: Operator, tmp_path: Path) -> None:
    issue = read_issue_file(issue_file(tmp_path, f"{SCRIPT.title}\n\n{SCRIPT.body}"))
    quote = quote_local(issue, operator=operator, opener=scripted, key_of=no_key)
    assert Decimal(0) < quote.low < quote.high
    assert [t.tier for t in quote.tiers] == ["weak", "strong"]


def test_a_folder_that_is_no_repository_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(MirrorError):
        open_local(str(tmp_path / "nowhere"), settings.home)


def test_a_broken_file_of_the_checkout_is_reported(settings: Settings, operator: Operator, tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit({".github/autofix.yml": "budgit: 5\n"})
    issue = read_issue_file(issue_file(tmp_path, "Title"))
    with pytest.raises(ConfigError, match="budgit"):
        resolve_local(
            LocalRequest(str(origin.path), issue), settings=settings, operator=operator, opener=scripted, key_of=no_key
        )


@pytest.mark.slow
def test_a_local_checkout_is_resolved_by_the_same_code(settings: Settings, operator: Operator, tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit({**{p: c.decode() for p, c in project_files().items()}, ".github/autofix.yml": AUTOFIX_YML})
    issue = read_issue_file(issue_file(tmp_path, f"{SCRIPT.title}\n\n{SCRIPT.body}"))
    said: list[Step] = []
    result = resolve_local(
        LocalRequest(str(origin.path), issue),
        settings=settings,
        operator=operator,
        say=said.append,
        opener=scripted,
        key_of=no_key,
    )
    assert result.accepted, result.resolution.reason
    assert result.diff.startswith("diff --git")
    assert result.bill.total == sum((c.usd or Decimal(0) for c in result.charges), Decimal(0))
    assert {"environment", "baseline", "attempt", "verdict"} <= {s.kind for s in said}


@pytest.mark.slow
def test_the_operators_own_prompts_are_used_by_solver_and_tester_alike(
    settings: Settings, operator: Operator, tmp_path: Path
) -> None:
    words = tmp_path / "words"
    words.mkdir()
    for name in ("repair-rules", "reproduction-rules"):
        text = (BUILT_IN / f"{name}.md").read_text(encoding="utf-8")
        (words / f"{name}.md").write_text(f"{text}\nHouse rule of {name}.", encoding="utf-8")
    origin = Origin(tmp_path / "origin")
    origin.commit({**{p: c.decode() for p, c in project_files().items()}, ".github/autofix.yml": AUTOFIX_YML})
    asked: dict[str, str] = {}

    def listening(spec: ModelSpec) -> ScriptedModel:
        model = scripted(spec)
        own = model.complete

        def complete(prompt: Prompt) -> Completion:
            asked[prompt.purpose] = "\n".join(m.content for m in prompt.messages)
            return own(prompt)

        model.complete = complete  # type: ignore[method-assign]  # a listener, not another answer
        return model

    issue = read_issue_file(issue_file(tmp_path, f"{SCRIPT.title}\n\n{SCRIPT.body}"))
    mine = operator.model_copy(update={"prompts": words})
    result = resolve_local(
        LocalRequest(str(origin.path), issue), settings=settings, operator=mine, opener=listening, key_of=no_key
    )
    assert "House rule of repair-rules." in asked["repair"]
    assert "House rule of reproduction-rules." in asked["reproduction"]
    changed = {n for n, d in result.solved.versions.prompts.items() if d != load(n).digest}
    assert changed == {"repair-rules", "reproduction-rules"}


def test_without_any_tests_an_agent_has_no_sandbox_to_work_in_and_repairs(settings: Settings, tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit({"greeting.txt": "helo\n", ".github/autofix.yml": "accept: any\n"})
    edit = "greeting.txt\n<<<<<<< SEARCH\nhelo\n=======\nhello\n>>>>>>> REPLACE\n"
    tiers = "".join(f'[[tiers]]\nname = "{n}"\nmodel = "x/{n}"\nsolver = "agent"\n' for n in ("weak", "strong"))
    issue = read_issue_file(issue_file(tmp_path, "helo in greeting.txt should be hello"))
    result = resolve_local(
        LocalRequest(str(origin.path), issue),
        settings=settings,
        operator=parse_operator(tiers),
        opener=lambda spec: ScriptedModel([edit], name=spec.model, supports_tools=True),
        key_of=lambda _model, _variable: "key",
    )
    assert [t.attempt.solver for t in result.resolution.attempts] == ["repair"]
    assert "+hello" in result.diff
