"""`pennyfix doctor`: everything that must be right for a labeled issue to become a pull request, looked at for real.

Each check has a file of its own beside this one; here is their order, and which check needs which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from workers.config.settings import Settings, load_settings
from workers.doctor.broker import broker, workers
from workers.doctor.check import CheckContext, CheckOutcome, DoctorCheck, DoctorOptions, skipped
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

CheckGroup = Callable[[CheckContext], list[DoctorCheck]]


def _github(context: CheckContext) -> list[DoctorCheck]:
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


def _broker(context: CheckContext) -> list[DoctorCheck]:
    found = broker(context.settings)
    if found[0].outcome is not CheckOutcome.OK:
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
"""The groups that `--only` names, in the order in which they run."""


def run_checks(
    options: DoctorOptions,
    *,
    only: tuple[str, ...] = (),
    load: Callable[[], Settings] = load_settings,
    groups: dict[str, CheckGroup] = CHECKS,
) -> Iterator[DoctorCheck]:
    """Every check as it is done. The configuration always comes first; without it nothing else can be checked."""
    settings, found = environment(load)
    yield from found
    if settings is None:
        yield from (skipped(name, "the environment cannot be used") for name in only or groups)
        return
    operator, found = operator_file(settings)
    yield from found
    yield from secrets(settings)
    context = CheckContext(settings, operator, options)
    for name in only or groups:
        yield from groups[name](context)


def failed(checks: list[DoctorCheck]) -> bool:
    """Whether anything is wrong: the exit code."""
    return any(check.outcome is CheckOutcome.FAIL for check in checks)
