"""`pennyfix doctor`: everything that must be right for a labeled issue to become a pull request, looked at for real.

Each line is a check of its own in `workers/checks`; here is only their order, and what waits for what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from workers.config.settings import Settings, load_settings
from workers.doctor.broker import broker, workers
from workers.doctor.check import Check, Ground, Options, Outcome, skipped
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

Look = Callable[[Ground], list[Check]]


def _github(ground: Ground) -> list[Check]:
    settings = ground.settings
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
            *deliveries(api, datetime.now(UTC), redeliver=ground.options.redeliver),
        ]


def _broker(ground: Ground) -> list[Check]:
    found = broker(ground.settings)
    if found[0].outcome is not Outcome.OK:
        return [*found, skipped("workers", "nobody can be asked without a broker")]
    return [*found, *workers(ground.settings)]


LOOKS: dict[str, Look] = {
    "disk": lambda ground: disk(ground.settings),
    "database": lambda ground: database(ground.settings),
    "broker": _broker,
    "github": _github,
    "webhook": lambda ground: webhook(ground.settings),
    "sandbox": sandbox,
    "models": models,
}
"""What can be asked for by name (`--only`), in the order in which it is looked at."""


def examine(
    options: Options,
    *,
    only: tuple[str, ...] = (),
    load: Callable[[], Settings] = load_settings,
    looks: dict[str, Look] = LOOKS,
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
    ground = Ground(settings, operator, options)
    for name in only or looks:
        yield from looks[name](ground)


def failed(checks: list[Check]) -> bool:
    """Whether anything is wrong: the exit code."""
    return any(check.outcome is Outcome.FAIL for check in checks)
