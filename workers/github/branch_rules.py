"""Whether what a job makes could be published, asked before any money is spent: branch names, rulesets, base. Pure.

Only what certainly refuses is told; what nobody can see beforehand is met when it happens, and the fix is kept then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.config.errors import ConfigProblem
from workers.config.validation import nearest
from workers.github.types import BranchRule, RemoteCommit

RETRY = "then comment `/autofix retry`"


@dataclass(frozen=True, slots=True)
class BranchFacts:
    """What GitHub says of our branch's name: the commit it points at (None: it is not there), the branches that begin
    with its first part, and the rules that hold for it."""

    branch: str
    tip: RemoteCommit | None = None
    neighbours: Sequence[str] = ()
    rules: Sequence[BranchRule] = ()


def publish_problem(facts: BranchFacts, message: str) -> tuple[str, str] | None:
    """Why a commit with this message could not be published on our branch, and what to do; None when nothing is known
    to be in the way."""
    for other in facts.neighbours:
        if facts.branch.startswith(f"{other}/") or other.startswith(f"{facts.branch}/"):
            why = f"there is a branch `{other}`, beside which git cannot have `{facts.branch}`"
            return f"{why}.", f"Rename or delete `{other}`, {RETRY}."
    for rule in facts.rules:
        if why := _refused(rule, facts, message):
            allow = f"Let this App bypass the ruleset, or leave `{facts.branch.partition('/')[0]}/**` out of it"
            return f"the ruleset “{rule.ruleset}” {why}.", f"{allow}, {RETRY}."
    return None


def _refused(rule: BranchRule, facts: BranchFacts, message: str) -> str:
    """What a rule refuses, in words; "" when it does not stand in the way."""
    new = facts.tip is None
    match rule.kind:
        case "creation" if new:
            return f"lets nobody create the branch `{facts.branch}`"
        case "update" if not new:
            return f"lets nobody update the branch `{facts.branch}`"
        case "non_fast_forward" if not new:
            return f"forbids force pushes, and `{facts.branch}` holds an earlier try of mine"
        case "pull_request":
            return f"wants each change of `{facts.branch}` itself to come by a pull request"
        case "required_status_checks" if not (new and rule.parameters.get("do_not_enforce_on_create")):
            return f"wants checks to pass before `{facts.branch}` may be pushed"
        case "branch_name_pattern" if not fits(rule, facts.branch):
            return f"allows no branch that is called `{facts.branch}`"
        case "commit_message_pattern" if not fits(rule, message):
            return f"allows no commit message such as “{message.partition(chr(10))[0]}”"
    return ""


def fits(rule: BranchRule, text: str) -> bool:
    """Whether a text is as a pattern rule wants it; a pattern that Python cannot read refuses nothing.

    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets#metadata-restrictions
    """
    pattern = str(rule.parameters.get("pattern") or "")
    match rule.parameters.get("operator"):
        case "starts_with":
            found = text.startswith(pattern)
        case "ends_with":
            found = text.rstrip().endswith(pattern)
        case "contains":
            found = pattern in text
        case "regex":
            try:
                found = re.search(pattern, text, re.MULTILINE) is not None
            except re.error:
                return True
        case _:
            return True
    return found is not bool(rule.parameters.get("negate"))


def no_base(base: str, written: int, branches: Sequence[str]) -> ConfigProblem:
    """The base branch is gone. `written` is its line in the repository's file, 0 where the file says none."""
    near = nearest(base, branches) or next(iter(branches), "main")
    key = "base" if written else ""
    what = "names a branch that is not there" if written else "the default branch has no commit"
    fix = f"write `base: {near}`" if written else "push a first commit"
    return ConfigProblem(written, key, what, fix, repr(base))
