from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.config.errors import ConfigError, ConfigProblem
from workers.config.repository_file import RepositoryFile, parse_repository_file

STRATEGIES = ("cascade", "weak", "strong-first")
FULL = """\
label: autofix
budget: {monthly_usd: 20, issue_usd: 1.10}
strategy: weak
accept: regression
unverified: decline
doubtful: draft
setup: ["pip install -e .[test]"]          # with network
test: "pytest -q --junitxml={junit}"       # without network
image: python:3.12
base: release/1.x
paths: {deny: ["migrations/**"]}
draft: true
quote_above_usd: 0.5
"""


def parse(text: str) -> RepositoryFile:
    return parse_repository_file(text, strategies=STRATEGIES)


def problems(text: str) -> tuple[ConfigProblem, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.problems


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_means_the_defaults(text: str) -> None:
    assert parse(text) == RepositoryFile()


def test_every_field_is_read() -> None:
    file = parse(FULL)
    assert file.budget.issue_usd == Decimal("1.10")
    assert (file.strategy, file.accept, file.unverified, file.draft) == ("weak", "regression", "decline", True)
    assert file.doubtful == "draft"
    assert (file.setup, file.base, file.image) == (("pip install -e .[test]",), "release/1.x", "python:3.12")
    assert (file.paths.deny, file.quote_above_usd) == (("migrations/**",), Decimal("0.5"))
    assert all(f"{key}:" in FULL for key in RepositoryFile.model_fields)


@pytest.mark.parametrize(
    ("text", "line", "key", "said", "allowed"),
    [
        ("\nlable: x\n", 2, "lable", "not a known key", "label"),
        ("label: 3\n", 1, "label", "wrong type", "text"),
        ("label: 'autofix: mine'\n", 1, "label", "state labels", "text"),
        ("label: ''\n", 1, "label", "not a label", "text"),
        ("budget: 5\n", 1, "budget", "wrong type", "monthly_usd"),
        ("budget:\n  issue_usd: -1\n", 2, "budget.issue_usd", "negative", "0 or more"),
        ("budget:\n  issue_usd: .nan\n", 2, "budget.issue_usd", "finite", "0 or more"),
        ("budget:\n  issue_usd: .inf\n", 2, "budget.issue_usd", "finite", "0 or more"),
        ("budget:\n  issue_usd: 5 dollars\n", 2, "budget.issue_usd", "not a number", "0 or more"),
        ("budget:\n  issue_usd: yes\n", 2, "budget.issue_usd", "not a number", "0 or more"),
        ("strategy: casade\n", 1, "strategy", "not a known strategy", "cascade, strong-first, weak"),
        ("accept: all\n", 1, "accept", "cannot have", "reproduction, regression, any"),
        ("unverified: open\n", 1, "unverified", "cannot have", "draft, decline"),
        ("setup: pip install .\n", 1, "setup", "not a list", "list of commands"),
        ("setup:\n- pip\n- 3\n", 1, "setup", "not text", "list of commands"),
        ("test: [pytest]\n", 1, "test", "wrong type", "one command"),
        ("base: 'a..b'\n", 1, "base", "branch", "branch"),
        ("base: --upload-pack=x\n", 1, "base", "branch", "branch"),
        ("image: '-v /:/host'\n", 1, "image", "cannot have", "Docker image"),
        ("paths: {deny: ['../x']}\n", 1, "paths.deny", "outside", "globs"),
        ("draft: yes\n", 1, "draft", "wrong type", "true or false"),
        ("a: &x 1\nb: *x\n", 1, "", "anchor", ""),
        ("label: !!python/object:os.system x\n", 1, "", "tag", ""),
        ("label: a\nlabel: b\n", 2, "", "twice", ""),
        ("label: a\n---\nlabel: b\n", 2, "", "second document", ""),
        ("- label\n", 1, "", "key: value", "label"),
        ("label: [\n", 2, "", "not YAML", ""),
        ("label: a\n\tb: 1\n", 2, "", "not YAML", ""),
        ("label: \x07\n", 1, "", "character", ""),
        ("[" * 5000, 1, "", "nested", ""),
        ("label: " + "x" * 70000, 0, "", "larger than 64 KiB", ""),
    ],
)
def test_a_fault_is_reported_with_line_key_allowed_values_and_fix(
    text: str, line: int, key: str, said: str, allowed: str
) -> None:
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, key)
    assert said in problem.message
    assert allowed in problem.allowed
    assert problem.fix


def test_all_faults_are_reported_at_once() -> None:
    found = problems("label: 3\nstrategy: casade\nbudget:\n  issue_usd: -1\n  extra: 1\n")
    assert [p.line for p in found] == [1, 2, 4, 5]


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x]\n" + "\n".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(20)
    )
    assert problems(bomb)[0].message.startswith("uses an anchor")


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_ends_in_a_file_or_in_problems(text: str) -> None:
    try:
        found: object = parse(text)
    except ConfigError as error:
        found = error.problems
    assert found
