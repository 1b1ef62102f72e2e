"""Each setting of all three files refuses an impossible value in words; a new setting without a case here fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from workers.config.errors import ConfigError, ConfigProblem
from workers.config.operator_file import Operator, parse_operator
from workers.config.repository_file import RepositoryFile, parse_repository_file
from workers.config.settings import PREFIX, Settings, load_settings

ANY_TEXT = "any text is possible, so nothing can be refused"

ENVIRONMENT = {
    "github_app_id": "-1",
    "github_private_key": "not a key",
    "github_api_url": "ftp://example.org",
    "github_api_version": "yesterday",
    "database_url": "mysql://example.org/x",
    "redis_url": "http://example.org",
    "config": "/nowhere/pennyfix.toml",
    "sandbox": "vm",
    "port": "70000",
    "public_url": "ftp://example.org",
    "operators": "not a login",
    "workers": "0",
    "lease_seconds": "0",
    "job_seconds": "1",
    "job_attempts": "0",
    "delivery_days": "1",
    "log_level": "loud",
    "log_json": "maybe",
}
FREE_IN_THE_ENVIRONMENT = {
    "github_webhook_secret": ANY_TEXT,
    "github_client_id": ANY_TEXT,
    "github_client_secret": ANY_TEXT,
    "github_token": ANY_TEXT,
    "home": "any path is possible; it is made where it is not there",
    "host": "the system says whether it can listen there",
}

OPERATOR = {
    "tiers.name": '"Not A Name"',
    "tiers.model": '""',
    "tiers.attempts": "0",
    "tiers.solver": '"magic"',
    "tiers.api_base": '"ftp://x"',
    "tiers.api_key_env": '"sk-1234"',
    "tiers.temperature": "3",
    "tiers.reasoning_effort": '"lots"',
    "tiers.max_output_tokens": "1",
    "tiers.max_turns": "0",
    "tiers.timeout_seconds": "0",
    "tiers.silence_seconds": "0",
    "tiers.fallback_models": '"one/model"',
    "tiers.on_outage": '"panic"',
    "tiers.outage_minutes": "-1",
    "tiers.provider": '{ api_key = "sk-1234" }',
    "tiers.images": '"yes"',
    "tiers.family": f'"{"x" * 61}"',
    "tiers.input_usd_per_million": "-1",
    "tiers.output_usd_per_million": "-1",
    "tiers.cached_input_usd_per_million": "-1",
    "roles.tester": '"nobody"',
    "roles.judge": '"nobody"',
    "roles.writer": '"nobody"',
    "roles.setup": '"nobody"',
    "setup_model.enabled": '"sometimes"',
    "setup_model.usd": "-1",
    "setup_model.turns": "0",
    "roles.tests": "2",
    "roles.more_tests": "1",
    "limits.monthly_usd": "-1",
    "limits.installation_monthly_usd": "-1",
    "limits.repository_monthly_usd": "-1",
    "limits.issue_usd": "-1",
    "limits.quote_above_usd": "-1",
    "limits.follow_up_rounds": "-1",
    "limits.follow_up_usd": "-1",
    "sandbox.image": '""',
    "sandbox.cpus": "0",
    "sandbox.memory": '"lots"',
    "sandbox.pids": "1",
    "sandbox.disk": "-1",
    "sandbox.runtime": '"run sc"',
    "sandbox.setup_seconds": "0",
    "sandbox.lifetime_seconds": "0",
    "sandbox.allowed_hosts": '"one.example.org"',
    "cascade.resolved_issue_usd": "0",
    "cascade.theta": "2",
    "prompts": "3",
}

REPOSITORY = {
    "label": "''",
    "budget.monthly_usd": "-1",
    "budget.issue_usd": "-1",
    "strategy": "casade",
    "accept": "all",
    "unverified": "open",
    "doubtful": "push",
    "setup": "pip install .",
    "test": "[pytest]",
    "image": "'-v /:/host'",
    "base": "'a..b'",
    "paths.deny": "['../x']",
    "paths.allow": "['../x']",
    "draft": "yes",
    "quote_above_usd": "-1",
}


def fields(model: type[BaseModel], *, sections: dict[str, type[BaseModel]]) -> set[str]:
    """Every key that can be written, a section's with its name before it."""
    found = set()
    for name in model.model_fields:
        section = sections.get(name)
        found |= {f"{name}.{key}" for key in section.model_fields} if section else {name}
    return found


def in_words(problem: ConfigProblem) -> bool:
    """Whether a person can act on it: what is wrong, what would be right, and what to write."""
    return bool(problem.message and problem.allowed and problem.fix)


def test_every_variable_of_the_environment_has_a_case() -> None:
    assert set(ENVIRONMENT) | set(FREE_IN_THE_ENVIRONMENT) == set(Settings.model_fields)
    assert not set(ENVIRONMENT) & set(FREE_IN_THE_ENVIRONMENT)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_an_impossible_variable_is_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", ENVIRONMENT[name])
    with pytest.raises(ConfigError) as caught:
        load_settings(None)
    (problem,) = caught.value.problems
    assert problem.key == f"{PREFIX}{name.upper()}"
    assert in_words(problem)


def test_every_key_of_the_operators_file_has_a_case() -> None:
    first = Operator()
    sections = {n: type(getattr(first, n)) for n in ("roles", "setup_model", "limits", "sandbox", "cascade")}
    assert set(OPERATOR) == fields(Operator, sections={"tiers": type(first.tiers[0]), **sections})


@pytest.mark.parametrize("key", OPERATOR)
def test_an_impossible_value_in_the_operators_file_is_refused(key: str) -> None:
    section, _, name = key.rpartition(".")
    if section == "tiers":
        rest = {"name": '"b"', "model": '"x/b"', name: OPERATOR[key]}
        if name.endswith("_usd_per_million"):
            rest = {"input_usd_per_million": "1", "output_usd_per_million": "1"} | rest
        lines = ["[[tiers]]", 'name = "a"', 'model = "x/a"', "[[tiers]]", *(f"{k} = {v}" for k, v in rest.items())]
        shown = f"tiers[1].{name}"
    else:
        lines = [*([f"[{section}]"] if section else []), f"{name} = {OPERATOR[key]}"]
        shown = key
    with pytest.raises(ConfigError) as caught:
        parse_operator("\n".join(lines) + "\n")
    (problem,) = caught.value.problems
    shown += ".api_key" if name == "provider" else ""
    assert (problem.key, problem.line) == (shown, lines.index(f"{name} = {OPERATOR[key]}") + 1)
    assert in_words(problem)


def test_every_key_of_the_repositorys_file_has_a_case() -> None:
    first = RepositoryFile()
    assert set(REPOSITORY) == fields(
        RepositoryFile, sections={"budget": type(first.budget), "paths": type(first.paths)}
    )


@pytest.mark.parametrize("key", REPOSITORY)
def test_an_impossible_value_in_the_repositorys_file_is_refused(key: str) -> None:
    section, _, name = key.rpartition(".")
    lines = [*([f"{section}:"] if section else []), f"{'  ' if section else ''}{name}: {REPOSITORY[key]}"]
    with pytest.raises(ConfigError) as caught:
        parse_repository_file("\n".join(lines) + "\n", strategies=("cascade", "weak"))
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, len(lines))
    assert in_words(problem)
