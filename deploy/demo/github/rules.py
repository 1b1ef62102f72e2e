"""Rulesets: what the API tells of them, and the one that refuses new branches.

https://docs.github.com/en/rest/repos/rules
"""

from __future__ import annotations

import re
from typing import Any

from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, not_found
from deploy.demo.github.state import DemoRepository, DemoRuleset

R = "/repos/{owner}/{repo}"


def of_branch(repository: DemoRepository, branch: str) -> list[DemoRuleset]:
    """The rulesets that hold for a branch of this name."""
    return [ruleset for ruleset in repository.rulesets if re.fullmatch(ruleset.pattern, branch)]


def check_creation(repository: DemoRepository, branch: str) -> None:
    """Raise RequestRefused when a rule lets nobody create it."""
    for ruleset in of_branch(repository, branch):
        if ruleset.bypass != "always" and any(kind == "creation" for kind, _ in ruleset.rules):
            raise RequestRefused(
                422, "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n"
            )


def list_rules(request: ApiRequest) -> Reply:
    """The active rules for a branch's name, each with the ruleset it is of."""
    found: list[dict[str, Any]] = []
    for ruleset in of_branch(request.repo, request.params["branch"]):
        source = {"ruleset_source_type": "Repository", "ruleset_source": request.repo.full_name}
        origin = source | {"ruleset_id": ruleset.id}
        for kind, parameters in ruleset.rules:
            found.append({"type": kind} | ({"parameters": parameters} if parameters else {}) | origin)
    return Reply(found)


def get_ruleset(request: ApiRequest) -> Reply:
    """One ruleset, and whether who asks may bypass it."""
    for ruleset in request.repo.rulesets:
        if str(ruleset.id) == request.params["ruleset_id"]:
            shape = {"id": ruleset.id, "name": ruleset.name, "target": "branch", "enforcement": "active"}
            shape |= {"source_type": "Repository", "source": request.repo.full_name}
            return Reply(shape | {"current_user_can_bypass": ruleset.bypass})
    raise not_found()


OPERATIONS = (
    Operation("GET", f"{R}/rules/branches/{{branch}}", "metadata:read", list_rules),
    Operation("GET", f"{R}/rulesets/{{ruleset_id}}", "metadata:read", get_ruleset),
)
