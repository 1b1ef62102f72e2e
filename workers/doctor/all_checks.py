"""`pennyfix doctor`: everything that must be right for a labeled issue to become a pull request, looked at for real.

Each line is a check of its own in `workers/checks`; here is only their order, and what waits for what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from workers.config.settings import Settings, load_settings
from workers.doctor.broker import broker, workers
from workers.doctor.check import Check, CheckContext, Options, Outcome, skipped
from workers.doctor.clock import clock
from workers.doctor.configuration import environment, operator_file, secrets
from workers.doctor.database import database
from workers.doctor.deliveries import deliveries
from workers.doctor.disk import disk
from workers.doctor.github_app import app
from workers.doctor.models import models
from workers.doctor.sandbox import sandbox
from workers.doctor.webhook import webhook
from workers.github.app_client import AppApi

CheckGroup = Callable[[CheckContext], list[Check]]


def _github(context: CheckContext) -> list[Check]:
    settings = context.settings
    with AppApi(
        api_url=settings.github_api_url,
        api_version=settings.github_api_version,
        app_id=settings.github_app_id,
        private_key=settings.github_private_key.get_secret_value(),
    ) as api:
        found = clock(api)
        if not (settings.github_app_id and settings.github_private_key.get_secret_value()):
            return [*found, skipped("GitHub App", "there is no App yet", "pennyfix setup")]
        return [
            *app(settings, api),
            *found,
            *deliveries(api, datetime.now(UTC), redeliver=context.options.redeliver),
        ]


def _broker(context: CheckContext) -> list[Check]:
    found = broker(context.settings)
    if found[0].outcome is not Outcome.OK:
        return [*found, skipped("workers", "nobody can be asked without a broker")]
    return [*found, *workers(context.settings)]


CHECKS: dict[str, CheckGroup] = {
    "disk": lambda context: disk(context.settings),
    "database": lambda context: database(context.settings),
    "broker": _broker,
    "github": _github,
    "webhook": lambda context: webhook(context.settings),
    "sandbox": sandbox,
    "models": models,
}
"""What can be asked for by name (`--only`), in the order in which it is looked at."""


def run_checks(
    options: Options,
    *,
    only: tuple[str, ...] = (),
    load: Callable[[], Settings] = load_settings,
    looks: dict[str, CheckGroup] = CHECKS,
) -> Iterator[Check]:
    """Every check as it is done. The configuration always comes first; without it nothing else can be looked at."""
    settings, found = environment(load)
    yield from found
    if settings is None:
        yield from (skipped(name, "the environment cannot be used") for name in only or looks)
        return
    operator, found = operator_file(settings)
    yield from found
    yield from secrets(settings)
    context = CheckContext(settings, operator, options)
    for name in only or looks:
        yield from looks[name](context)


def failed(checks: list[Check]) -> bool:
    """Whether anything is wrong: the exit code."""
    return any(check.outcome is Outcome.FAIL for check in checks)
