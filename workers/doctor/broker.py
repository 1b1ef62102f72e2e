"""The broker that carries wake-ups, and whether workers are alive."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import make_url

from workers.config.settings import Settings
from workers.doctor.check import DoctorCheck, fail, ok, skipped, warn
from workers.processes.broker import answers, socket_path

NAME, WORKERS = "broker", "workers"
SECONDS = 5.0
PING_SECONDS = 2.0


def broker(settings: Settings) -> list[DoctorCheck]:
    """One PING."""
    if settings.redis_url is None:
        path = socket_path(settings.home)
        if answers(path):
            return [ok(NAME, f"the embedded one answers at {path}")]
        return [warn(NAME, f"the embedded one does not run ({path})", "pennyfix up (starts it)")]
    from redis import Redis
    from redis.exceptions import RedisError

    shown = make_url(settings.redis_url).render_as_string(hide_password=True)
    url = settings.redis_url.replace("redis+socket://", "unix://", 1)
    try:
        client = Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
        try:
            client.ping()
        finally:
            client.close()
    except (RedisError, OSError, ValueError) as error:
        return [
            fail(
                NAME, f"{shown} does not answer: {error}", "start it, or unset PENNYFIX_REDIS_URL for the embedded one"
            )
        ]
    return [ok(NAME, f"{shown} answers")]


def workers(settings: Settings, ping: Callable[[], Collection[object]] | None = None) -> list[DoctorCheck]:
    """Who answers a ping over the broker."""
    try:
        found = (ping or _ping(settings))()
    except Exception as error:  # noqa: BLE001 - the broker's client raises many kinds of errors; the broker's own check says more
        return [skipped(WORKERS, f"the broker does not answer ({type(error).__name__})")]
    if not found:
        return [warn(WORKERS, f"none answered within {PING_SECONDS:.0f} seconds", "pennyfix up, or `pennyfix worker`")]
    return [ok(WORKERS, f"{len(found)} alive")]


def _ping(settings: Settings) -> Callable[[], Collection[object]]:
    def ask() -> Collection[object]:
        from workers.processes.celery_app import make_app

        with make_app(settings) as app:
            return list(app.control.ping(timeout=PING_SECONDS))

    return ask
