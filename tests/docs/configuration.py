"""Tables of every setting of the three files: default and allowed values from the models, the meaning from here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from workers.config.operator_file import Operator, TierOptions
from workers.config.repository_file import RepositoryFile
from workers.config.settings import PREFIX, Settings

ENVIRONMENT = {
    "github_app_id": "The App's identity; `pennyfix setup` writes it.",
    "github_private_key": "Signs the App's requests to GitHub.",
    "github_webhook_secret": "Deliveries must be signed with it. Without one the receiver does not start.",
    "github_client_id": "Sign-in to the dashboard with GitHub.",
    "github_client_secret": "Sign-in to the dashboard with GitHub.",
    "github_token": "Only for `pennyfix resolve` on private repositories, without a GitHub App.",
    "github_api_url": "Which GitHub: github.com or an Enterprise Server.",
    "github_api_version": "The version of GitHub's REST API that is asked for.",
    "home": "Where the database, mirrors, environments, memory and logs are kept.",
    "database_url": "Where jobs and money are recorded. PostgreSQL is needed for workers on more than one machine.",
    "redis_url": "What carries wake-ups to the workers.",
    "config": "Where the operator's file is, if not in the state folder or in Pennyfix's own folder; without one its defaults "
    "hold.",
    "sandbox": "Where untrusted commands run. `auto` takes docker where it works, else bubblewrap.",
    "host": "The receiver's address.",
    "port": "The receiver's port.",
    "public_url": "The receiver's address from outside: for links in comments, sign-in and the webhook.",
    "operators": "Who may see the operator's page and stop all spending.",
    "workers": "How many jobs one worker process works on at the same time.",
    "lease_seconds": "How long a job stays with a worker that has fallen silent, before another takes it.",
    "job_seconds": "The longest that one job may take.",
    "job_attempts": "After so many workers died on a job it is given up.",
    "delivery_days": "How long deliveries are remembered. Not in effect yet: the sweeper keeps them 30 days.",
    "log_level": "The least important lines that are logged.",
    "log_json": "Whether log lines are JSON objects, for a log collector.",
}

OPERATOR = {
    "prompts": "Prompts of your own, by the names of the built-in files; those you leave out stay built in.",
    "tiers.name": "What this tier is called in bills, commands and `[roles]`.",
    "tiers.model": "The model that is asked.",
    "tiers.attempts": "How often this tier may try one issue.",
    "tiers.solver": "How it makes a patch: `repair` in one answer, `agent` in many turns with a shell.",
    "tiers.api_base": "A server of your own instead of the provider's.",
    "tiers.api_key_env": "Which variable holds the key; left out: the provider's usual one.",
    "tiers.temperature": "How varied the answers are; left out: the provider's default.",
    "tiers.reasoning_effort": "For models that think before they answer.",
    "tiers.max_output_tokens": "The longest answer. The worst case of a call is reserved with it.",
    "tiers.max_turns": "How many turns the agent may take in one attempt.",
    "tiers.timeout_seconds": "How long one call may take that does not stream; long answers do.",
    "tiers.silence_seconds": "How long a streaming answer may be silent, without a word or a ping, before it is given up. "
    "Models that think are silent for long.",
    "tiers.fallback_models": "Who answers in the tier's place while its model does not: models of other providers or "
    "regions, asked at once, each with its own price from the table. The bill names who answered.",
    "tiers.on_outage": "What happens while nobody of the tier answers: the job waits and is taken up again, or the next, "
    "dearer tier steps in.",
    "tiers.outage_minutes": 'How long an outage must have lasted before the next tier steps in (`on_outage = "next"`).',
    "tiers.provider": "What else the provider wants with every call (`api_version`, `vertex_project`, `aws_region_name`, …); "
    "`base_model` names the model behind an alias, for its price.",
    "tiers.images": "Whether this model is shown the issue's images: PNG, JPEG, GIF and WebP on GitHub's own addresses, "
    "four of up to 4 MB each. Without it, and for other images, the text says that there was one.",
    "tiers.family": "Models of one family err alike: a rejected patch, or a test that is doubted, goes to another family.",
    "tiers.input_usd_per_million": "USD per million input tokens, where litellm's table has no price or a wrong one.",
    "tiers.output_usd_per_million": "USD per million output tokens.",
    "tiers.cached_input_usd_per_million": "USD per million input tokens that the provider had cached.",
    "roles.tester": "Who writes the reproduction test. Where its `solver` is the agent, it corrects a test that is refused by "
    "running it in the sandbox.",
    "roles.judge": "Who orders and compares answers in the strategies that draw several.",
    "roles.writer": "Reserved for writing texts; nothing asks it yet.",
    "roles.setup": "Who proposes a set-up, where `[setup_model]` is enabled.",
    "setup_model.enabled": "Whether a model is asked when no set-up that the repository's files suggest gives a healthy "
    "suite. It reads README, CI files and the failing log, and proposes commands, which run in the sandbox as every set-up "
    "does. What works is remembered.",
    "setup_model.usd": "What it may cost, out of what the labeled issue has.",
    "setup_model.turns": "How many answers it may give.",
    "roles.tests": "How many tests are written from one issue. Several vote, as far as the money allows it.",
    "roles.more_tests": "One test can be wrong. When it rejects patches of two models, further ones are written, by another "
    "family where the tiers have one, and most of them decide. A retry that was told what the only one says is judged by a "
    "second one, too, while ten times the first one's cost is left. `0` switches both off.",
    "limits.monthly_usd": "What all repositories together may spend in a calendar month (UTC).",
    "limits.installation_monthly_usd": "What all repositories of one account may spend in a month.",
    "limits.repository_monthly_usd": "What one repository may spend in a month; it may ask for less.",
    "limits.issue_usd": "What one issue may cost; a repository may ask for less.",
    "limits.quote_above_usd": "Above this estimate somebody must approve before anything is spent.",
    "limits.follow_up_rounds": "Ends a ping-pong of reviews, failing checks and commits on one pull request.",
    "limits.follow_up_usd": "The same by money.",
    "sandbox.image": "The image of the docker sandbox, and of its environments.",
    "sandbox.cpus": "Processors of one sandbox.",
    "sandbox.memory": "Memory of one sandbox, in MiB.",
    "sandbox.pids": "Processes and threads of one sandbox.",
    "sandbox.disk": "What one sandbox may write, in MiB.",
    "sandbox.runtime": "Another container runtime.",
    "sandbox.setup_seconds": "How long installing a repository's dependencies may take.",
    "sandbox.lifetime_seconds": "After this a sandbox is removed, whatever it is doing.",
    "sandbox.allowed_hosts": "What a set-up may reach instead of the public package registries. Those are only "
    "read, also when they are listed here; any other host gets a tunnel, through which a set-up may send anything.",
    "cascade.resolved_issue_usd": "The default strategy stops when a further attempt costs more than it promises.",
    "cascade.theta": "The threshold of `self-test-cascade`.",
}

REPOSITORY = {
    "label": "Which label starts a job.",
    "budget.monthly_usd": "What this repository may spend in a month, up to the operator's limit.",
    "budget.issue_usd": "What one issue may cost, up to the operator's limit.",
    "strategy": "Which strategy solves the issues here; [all names](strategies.md).",
    "accept": "The evidence that a pull request needs: a new test that fails before and passes after "
    "(`reproduction`), no broken test (`regression`), or none (`any`).",
    "unverified": "What happens to a patch with less evidence than that: a draft that says so, or nothing.",
    "doubtful": "What happens at the end to a rejected patch that fails only the test written from the issue and breaks no "
    "other: a folded diff in the comment, nothing, or a draft. It never counts as resolved.",
    "setup": "How the dependencies are installed; left out: found from the repository's own files.",
    "test": "How the tests are run; `{junit}` becomes the path of the report. Left out: found by convention.",
    "image": "The image in which this repository is installed and tested (docker only).",
    "base": "The branch that is worked on.",
    "paths.deny": "Files that a patch may not touch.",
    "paths.allow": "Files that a patch may touch although CI systems, editors, hooks or agents act on them by themselves.",
    "draft": "Whether every pull request is opened as a draft.",
    "quote_above_usd": "Above this estimate somebody with write access must approve first.",
}

DEFAULTS = {
    "home": "`~/.local/state/pennyfix`",
    "database_url": "SQLite in the state folder",
    "redis_url": "an embedded broker in the state folder",
    "tiers.name": "needed",
    "tiers.model": "needed",
    "tiers.input_usd_per_million": "litellm's price",
    "tiers.output_usd_per_million": "litellm's price",
    "tiers.cached_input_usd_per_million": "litellm's price",
    "tiers.max_output_tokens": "the model's",
    "roles.tester": "the cheapest tier",
    "roles.judge": "the cheapest tier",
    "roles.writer": "the cheapest tier",
    "roles.setup": "the cheapest tier",
    "sandbox.allowed_hosts": "the public package registries",
    "budget.monthly_usd": "the operator's",
    "budget.issue_usd": "the operator's",
    "setup": "found",
    "test": "found",
    "image": "the operator's",
    "base": "the default branch",
}
"""Defaults that a reader would not understand from their value."""


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted name; a section gives its own settings."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=False)
        if isinstance(default, BaseModel):
            yield from fields(type(default), f"{prefix}{name}.")
        elif name == "tiers":
            yield from fields(TierOptions, "tiers.")
        else:
            yield f"{prefix}{name}", field


def default_of(name: str, field: FieldInfo) -> str:
    """The default as a reader would write it."""
    if name in DEFAULTS:
        return DEFAULTS[name]
    value: Any = field.get_default(call_default_factory=False)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.normalize() if isinstance(value, Decimal) and value % 1 else value}`"


def row(shown: str, name: str, field: FieldInfo, meaning: str) -> str:
    """One row: setting, default, allowed values, meaning."""
    allowed = (field.description or "").replace("|", "\\|").replace("<", "&lt;").replace("*.", "\\*.")
    return f"| `{shown}` | {default_of(name, field)} | {allowed} | {meaning} |"


HEAD = "| setting | default | allowed | meaning |\n|---|---|---|---|"


def environment_table() -> str:
    rows = [row(f"{PREFIX}{name.upper()}", name, field, ENVIRONMENT[name]) for name, field in fields(Settings)]
    return "\n".join([HEAD, *rows])


def operator_tables() -> str:
    """One table for each section, in the file's order."""
    sections: dict[str, list[str]] = {}
    for name, field in fields(Operator):
        section, _, key = name.rpartition(".")
        sections.setdefault(section, []).append(row(key, name, field, OPERATOR[name]))
    order: list[str] = [
        s for s in ("", "tiers", "roles", "setup_model", "limits", "cascade", "sandbox") if s in sections
    ]
    order += [s for s in sections if s not in order]
    titles = {"": "### At the top of the file", "tiers": "### `[[tiers]]`"}
    return "\n\n".join(f"{titles.get(s, f'### `[{s}]`')}\n\n" + "\n".join([HEAD, *sections[s]]) for s in order)


def repository_table() -> str:
    rows = [row(name, name, field, REPOSITORY[name]) for name, field in fields(RepositoryFile)]
    return "\n".join([HEAD, *rows])
