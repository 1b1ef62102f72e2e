"""What is known to refuse a branch of ours before any money is spent, and what is not."""

from __future__ import annotations

import pytest

from workers.github.branch_rules import BranchFacts, fits, no_base, publish_problem
from workers.github.types import BranchRule, RemoteCommit

BRANCH = "autofix/issue-1"
TIP = RemoteCommit("abc", "tree", "Fix #1: x", ())
MESSAGE = "Fix #1: Rounding is wrong\n\nA test written from the issue fails before.\n\nPennyfix-Job: 0\n"


def rule(kind: str, **parameters: object) -> BranchRule:
    return BranchRule(kind, "ours only", parameters)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (BranchFacts(BRANCH, neighbours=("autofix",)), "there is a branch `autofix`"),
        (BranchFacts(BRANCH, neighbours=("autofix/issue-1/notes",)), "`autofix/issue-1/notes`"),
        (BranchFacts(BRANCH, rules=(rule("creation"),)), "lets nobody create"),
        (BranchFacts(BRANCH, TIP, rules=(rule("update"),)), "lets nobody update"),
        (BranchFacts(BRANCH, TIP, rules=(rule("non_fast_forward"),)), "forbids force pushes"),
        (BranchFacts(BRANCH, rules=(rule("pull_request"),)), "by a pull request"),
        (BranchFacts(BRANCH, rules=(rule("required_status_checks"),)), "wants checks to pass"),
        (BranchFacts(BRANCH, TIP, rules=(rule("required_status_checks", do_not_enforce_on_create=True),)), "checks"),
        (
            BranchFacts(BRANCH, rules=(rule("branch_name_pattern", operator="starts_with", pattern="feature/"),)),
            "called",
        ),
        (
            BranchFacts(BRANCH, rules=(rule("commit_message_pattern", operator="regex", pattern=r"^JIRA-\d+"),)),
            "Fix #1",
        ),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(facts: BranchFacts, says: str) -> None:
    found = publish_problem(facts, MESSAGE)
    assert found is not None
    assert says in found[0]
    assert found[1].endswith("then comment `/autofix retry`.")
    assert ("ruleset “ours only”" in found[0]) == bool(facts.rules)


@pytest.mark.parametrize(
    "facts",
    [
        BranchFacts(BRANCH),
        BranchFacts(BRANCH, TIP, ("autofix/issue-1", "autofix/issue-10", "autofix-old", "autofixes/x")),
        BranchFacts(BRANCH, TIP, rules=(rule("creation"),)),
        BranchFacts(BRANCH, rules=(rule("update"), rule("non_fast_forward"), rule("deletion"))),
        BranchFacts(
            BRANCH, rules=(rule("required_signatures"), rule("required_linear_history"))
        ),  # GitHub signs for an App
        BranchFacts(BRANCH, rules=(rule("required_status_checks", do_not_enforce_on_create=True),)),
        BranchFacts(BRANCH, rules=(rule("branch_name_pattern", operator="starts_with", pattern="autofix/"),)),
        BranchFacts(BRANCH, rules=(rule("commit_message_pattern", operator="contains", pattern="#1"),)),
        BranchFacts(BRANCH, rules=(rule("a rule of next year"),)),
    ],
)
def test_what_does_not_certainly_refuse_lets_it_start(facts: BranchFacts) -> None:
    assert publish_problem(facts, MESSAGE) is None


@pytest.mark.parametrize(
    ("operator", "pattern", "negate", "fit"),
    [
        ("starts_with", "Fix", False, True),
        ("starts_with", "Fix", True, False),
        ("ends_with", "Job: 0", False, True),
        ("contains", "wrong", False, True),
        ("contains", "WIP", True, True),
        ("regex", r"^Fix #\d+", False, True),
        ("regex", r"(?<name", False, True),  # not Python's: not our business
        ("regex", r"(?<name", True, True),
        ("sounds_like", "x", False, True),
    ],
)
def test_patterns_are_read_as_github_documents_them(operator: str, pattern: str, negate: bool, fit: bool) -> None:
    assert fits(rule("commit_message_pattern", operator=operator, pattern=pattern, negate=negate), MESSAGE) is fit


def test_a_base_branch_that_is_gone_is_told_with_its_line_and_the_nearest_one() -> None:
    problem = no_base("develp", 3, ("main", "develop"))
    assert (problem.line, problem.key, problem.fix) == (3, "base", "write `base: develop`")
    assert no_base("main", 0, ()).fix == "push a first commit"
