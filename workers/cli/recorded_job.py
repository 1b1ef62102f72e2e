"""A recorded job loaded to be run again: the same issue, base commit, strategy and tiers.

What is not recorded is taken from today's configuration: keys, addresses and prices of models, the prompts' text,
Pennyfix itself. `differences` lists what has changed since.
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

RECORDED_FIELDS = ("solver", "attempts", "temperature", "reasoning_effort", "max_output_tokens", "max_turns", "family")
"""What is recorded of a tier besides its model, under the operator's file's own names."""


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """A job as recorded, ready to be run again. `versions` names the models, prompts and options that ran."""

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
    tiers = tuple(_tier(operator, name, recorded) for name, recorded in versions["tiers"].items())
    parameters = versions.get("parameters", {})
    cascade = {
        "resolved_issue_usd": parameters.get("resolved_issue_usd"),
        "theta": parameters.get("plan", {}).get("theta"),
    }
    values = operator.cascade.model_dump() | {k: v for k, v in cascade.items() if v is not None}
    tests = {name: parameters.get(name, 0) for name in ("tests", "more_tests")} if "tests" in parameters else {}
    roles = {role: name for role, name in versions.get("roles", {}).items() if role in ROLES}
    return operator.model_copy(
        update={
            "tiers": tiers,
            "roles": operator.roles.model_copy(update=roles | tests),
            "cascade": operator.cascade.model_copy(
                update={
                    "resolved_issue_usd": Decimal(str(values["resolved_issue_usd"])),
                    "theta": float(values["theta"]),
                }
            ),
        }
    )


def _tier(operator: Operator, name: str, recorded: Mapping[str, Any]) -> TierOptions:
    """The recorded tier, with the address, key and price of today's tier of the same model where there is one."""
    same_model = [t for t in operator.tiers if t.model == recorded["model"]]
    today = next((t for t in same_model if t.name == name), same_model[0] if same_model else None)
    base = today or TierOptions(name=name, model=recorded["model"])
    return base.model_copy(update={"name": name, **{key: recorded[key] for key in RECORDED_FIELDS if key in recorded}})


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Each recorded value that has changed since, as `name: old then, new now`."""
    old, new = _flat(then), _flat(now)
    return tuple(
        f"{name}: {_value_text(old.get(name))} then, {_value_text(new.get(name))} now"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat |= _flat(inner, f"{name}.{key}" if name else str(key))
        return flat
    return {name: value}


def _value_text(value: Any) -> str:
    return "nothing" if value is None else str(value)


def clone_url(settings: Settings, repository: str) -> str:
    """The URL that a repository (`owner/name`) is cloned from, on the host whose API is configured."""
    api = urlsplit(settings.github_api_url)
    host = "github.com" if api.hostname == "api.github.com" else api.netloc
    return f"{api.scheme}://{host}/{repository}"
