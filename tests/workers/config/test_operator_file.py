from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from workers.config.errors import ConfigError, ConfigProblem
from workers.config.operator_file import Operator, load_operator, parse_operator

ROOT = Path(__file__).parents[3]
TIERS = '[[tiers]]\nname = "a"\nmodel = "x/a"\n[[tiers]]\nname = "b"\nmodel = "x/b"\n'  # six lines


def problems(text: str) -> tuple[ConfigProblem, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_operator(text)
    return caught.value.problems


def test_without_a_file_the_defaults_hold() -> None:
    operator = load_operator(None)
    assert [(t.name, t.model, t.attempts) for t in operator.tiers] == [
        ("weak", "anthropic/claude-haiku-5-5", 2),
        ("strong", "anthropic/claude-opus-5-5", 1),
    ]
    assert operator.tier("tester").name == "weak"
    limits = operator.limits
    assert (limits.monthly_usd, limits.repository_monthly_usd, limits.issue_usd) == (
        Decimal(500),
        Decimal(50),
        Decimal(2),
    )


def test_the_example_file_means_the_defaults() -> None:
    example = load_operator(ROOT / "pennyfix.toml.example")
    assert example.tiers == Operator().tiers
    assert (example.limits, example.sandbox, example.cascade) == (
        Operator().limits,
        Operator().sandbox,
        Operator().cascade,
    )


def test_every_key_stands_in_the_example_file() -> None:
    text = (ROOT / "pennyfix.toml.example").read_text()
    operator = Operator()
    for section in (operator.tiers[0], operator.roles, operator.limits, operator.sandbox, operator.cascade):
        for key in type(section).model_fields:
            assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), key


def test_a_providers_parameter_among_a_tiers_keys_is_told_where_it_goes() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_operator(TIERS + 'api_version = "2024-10-21"\n')
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("tiers[1].api_version", 7)
    assert problem.fix == "write it under `[tiers.provider]`: `api_version = '2024-10-21'`"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('api_key = "sk-1"', "write `api_key_env` of the tier"),
        ('azure_ad_token = "x"', "set the provider's variable"),
        ('mock_response = "ready"', "remove it"),
        ("temperature = 0.2", "write `temperature` of the tier"),
    ],
)
def test_what_no_providers_table_may_hold_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_operator(f"{TIERS}[tiers.provider]\n{line}\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (8, f"tiers[1].provider.{line.partition(' ')[0]}")
    assert said in problem.fix
    assert "sk-1" not in str(caught.value)


def test_a_providers_table_is_taken_as_it_is_with_plain_numbers() -> None:
    table = '[tiers.provider]\napi_version = "2024-10-21"\ntop_k = 0.5\nextra_headers = { "X-A" = "b" }\n'
    held = parse_operator(TIERS + table).tiers[1].provider
    assert held == {"api_version": "2024-10-21", "top_k": 0.5, "extra_headers": {"X-A": "b"}}
    assert isinstance(held["top_k"], float)


def test_money_is_exact() -> None:
    assert parse_operator("[limits]\nissue_usd = 0.1\n").limits.issue_usd == Decimal("0.1")


def test_sizes_may_be_written_as_people_do() -> None:
    assert parse_operator('[sandbox]\nmemory = "4g"\ndisk = 512\n').sandbox.memory == 4096


@pytest.mark.parametrize(
    ("text", "line", "key", "said", "allowed"),
    [
        ('[sandbox]\nimage = "x"\nmemry = 1\n', 3, "sandbox.memry", "not a known key", "memory"),
        ("[limits]\n\nissue_usd = -1\n", 3, "limits.issue_usd", "negative", "0 or more"),
        ("[limits]\nissue_usd = nan\n", 2, "limits.issue_usd", "finite", "0 or more"),
        ("[limits]\nissue_usd = inf\n", 2, "limits.issue_usd", "finite", "0 or more"),
        ('[limits]\nissue_usd = "2"\n', 2, "limits.issue_usd", "not a number", "0 or more"),
        ("limits = {issue_usd = true}\n", 1, "limits.issue_usd", "not a number", "0 or more"),
        (TIERS + 'solver = "magic"\n', 7, "tiers[1].solver", "cannot have", '"agent"'),
        (TIERS + "attempts = 0\n", 7, "tiers[1].attempts", "cannot have", "1–20"),
        (TIERS + "attempts = 1.5\n", 7, "tiers[1].attempts", "", "whole number"),
        (TIERS + "temperature = 3\n", 7, "tiers[1].temperature", "", "0–2"),
        (TIERS + 'api_base = "ftp://x"\n', 7, "tiers[1].api_base", "not an http(s) address", "OpenAI-compatible"),
        (TIERS + 'api_key_env = "sk-1234"\n', 7, "tiers[1].api_key_env", "cannot have", "NAME"),
        (TIERS + "[roles]\ntests = 2\n", 8, "roles.tests", "cannot have", "1, 3, 5 or 7"),
        (TIERS + '[roles]\ntester = "c"\n', 8, "roles.tester", "names no tier", "a, b"),
        ('[[tiers]]\nname = "a"\nmodel = "x"\n', 1, "tiers", "fewer than two", "two or more"),
        (TIERS.replace('name = "b"', 'name = "a"'), 5, "tiers[1].name", "used twice", ""),
        (TIERS + "input_usd_per_million = 1\n", 4, "tiers[1]", "needs both", ""),
        ('[sandbox]\nmemory = "lots"\n', 2, "sandbox.memory", "not a size", "4g"),
        (
            '[sandbox]\nallowed_hosts = ["https://packages.example.org"]\n',
            2,
            "sandbox.allowed_hosts",
            "not a host name",
            "host names",
        ),
        ("[limits\n", 1, "", "not TOML", ""),
        ("a = 1\na = 2\n", 2, "", "not TOML", ""),
        ("[cascade]\nresolved_issue_usd = 0\n", 2, "cascade.resolved_issue_usd", "not above 0", "above 0"),
        ("[cascade]\nresolved_issue_usd = -1\n", 2, "cascade.resolved_issue_usd", "negative", "above 0"),
        ("[cascade]\ntheta = 2\n", 2, "cascade.theta", "", "0–1"),
    ],
)
def test_a_fault_is_reported_with_line_key_and_allowed_values(
    text: str, line: int, key: str, said: str, allowed: str
) -> None:
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, key)
    assert said in problem.message
    assert allowed in problem.allowed
    assert problem.fix


def test_a_missing_model_is_reported_at_its_tier() -> None:
    (problem,) = problems(TIERS.replace('model = "x/b"\n', ""))
    assert (problem.line, problem.key, problem.message) == (4, "tiers[1].model", "is missing")


def test_all_faults_are_reported_at_once_in_order() -> None:
    found = problems('[limits]\nissue_usd = -1\nmonthly = 3\n[sandbox]\npids = "x"\n')
    assert [(p.line, p.key) for p in found] == [(2, "limits.issue_usd"), (3, "limits.monthly"), (5, "sandbox.pids")]
    assert "monthly_usd" in found[1].fix


def test_lines_are_right_after_a_multiline_string() -> None:
    found = problems('[sandbox]\nimage = """\npids = 3\n"""\npids = 1\n')
    assert [p.line for p in found if p.key == "sandbox.pids"] == [5]


def test_an_unreadable_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_operator(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_operator(tmp_path / "latin.toml")


def test_the_prompts_folder_is_found_from_the_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "p.toml").write_text('prompts = "words"\n')
    assert load_operator(tmp_path / "p.toml").prompts == tmp_path / "words"


def test_a_prompts_folder_that_is_not_there_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('# mine\nprompts = "nowhere"\n')
    with pytest.raises(ConfigError) as caught:
        load_operator(tmp_path / "p.toml")
    [problem] = caught.value.problems
    assert (problem.line, problem.key, problem.value) == (2, "prompts", "'nowhere'")
