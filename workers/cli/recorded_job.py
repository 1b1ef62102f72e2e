"""A job once more, from what was recorded of it: the same issue, base commit, strategy and tiers; and what differs.

What is not recorded is taken from now: keys and addresses of models, their prices, the prompts' words, Pennyfix itself.
So whoever repeats is told where now is not then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from strategies.issue import Issue
from strategies.judge import Accept
from strategies.registry import STRATEGIES
from workers.cli.operator_actions import ActionRefused
from workers.config.operator_file import ROLES, Operator, TierOptions
from workers.config.settings import Settings
from workers.jobs.job import Kind
from workers.jobs.timeline import kept_issue
from workers.views.job_report import find_job, versions_of

KEPT = ("solver", "attempts", "temperature", "reasoning_effort", "max_output_tokens", "max_turns", "family")
"""What is recorded of a tier besides its model, under the operator's file's own names."""


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """What is needed to run a job again. `versions` is what ran then."""

    job: int
    repository: str
    issue: Issue
    strategy: str
    base: str
    accept: Accept
    operator: Operator
    versions: Mapping[str, Any]


def load_recorded_job(session: Session, operator: Operator, job_id: int) -> RecordedJob:
    """The job as it was. Raises NoSuchJob; ActionRefused for one that cannot be repeated from what is recorded."""
    job = find_job(session, job_id)
    if job.kind is Kind.FOLLOW_UP:
        raise ActionRefused(f"job {job_id} followed up on a pull request; only work on an issue itself can be repeated")
    versions, issue = versions_of(session, job_id), kept_issue(session, job_id)
    if versions is None or issue is None or not job.base_commit:
        raise ActionRefused(f"job {job_id} asked no model, or an older Pennyfix did not record enough to repeat it")
    if versions["strategy"] not in STRATEGIES:
        raise ActionRefused(
            f"job {job_id} ran the strategy {versions['strategy']!r}, which this Pennyfix does not have"
        )
    return RecordedJob(
        job=job_id,
        repository=job.repository,
        issue=issue,
        strategy=versions["strategy"],
        base=job.base_commit,
        accept=cast("Accept", versions["accept"]),
        operator=operator_as_recorded(operator, versions),
        versions=versions,
    )


def operator_as_recorded(operator: Operator, versions: Mapping[str, Any]) -> Operator:
    """The operator's file with the tiers, roles and cascade that were recorded."""
    tiers = tuple(_tier(operator, name, kept) for name, kept in versions["tiers"].items())
    parameters = versions.get("parameters", {})
    cascade = {
        "resolved_issue_usd": parameters.get("resolved_issue_usd"),
        "theta": parameters.get("plan", {}).get("theta"),
    }
    known = operator.cascade.model_dump() | {k: v for k, v in cascade.items() if v is not None}
    tests = {"tests": parameters["tests"]} if "tests" in parameters else {}
    roles = {role: name for role, name in versions.get("roles", {}).items() if role in ROLES}
    return operator.model_copy(
        update={
            "tiers": tiers,
            "roles": operator.roles.model_copy(update=roles | tests),
            "cascade": operator.cascade.model_copy(
                update={"resolved_issue_usd": Decimal(str(known["resolved_issue_usd"])), "theta": float(known["theta"])}
            ),
        }
    )


def _tier(operator: Operator, name: str, kept: Mapping[str, Any]) -> TierOptions:
    """The recorded tier, with the address, key and price of today's tier of the same model where there is one."""
    same = [t for t in operator.tiers if t.model == kept["model"]]
    now = next((t for t in same if t.name == name), same[0] if same else None)
    base = now or TierOptions(name=name, model=kept["model"])
    return base.model_copy(update={"name": name, **{key: kept[key] for key in KEPT if key in kept}})


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Every recorded value that is another now, a sentence each."""
    one, two = _flat(then), _flat(now)
    return tuple(
        f"{name}: {_said(one.get(name))} then, {_said(two.get(name))} now"
        for name in sorted(one.keys() | two.keys())
        if one.get(name) != two.get(name)
    )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat |= _flat(inner, f"{name}.{key}" if name else str(key))
        return flat
    return {name: value}


def _said(value: Any) -> str:
    return "nothing" if value is None else str(value)


def clone_url(settings: Settings, repository: str) -> str:
    """Where a repository (`owner/name`) is cloned from."""
    api = urlsplit(settings.github_api_url)
    host = "github.com" if api.hostname == "api.github.com" else api.netloc
    return f"{api.scheme}://{host}/{repository}"
