"""The broker that carries wake-ups, and whether workers are alive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from workers.beats import alive
from workers.broker import answers, socket_path
from workers.checks.check import Check, fail, ok, skipped, warn
from workers.database import open_database
from workers.settings import Settings

NAME, WORKERS = "broker", "workers"
SECONDS = 5.0


def broker(settings: Settings) -> list[Check]:
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


def workers(settings: Settings) -> list[Check]:
    """Who was heard of in the last two minutes."""
    url = make_url(settings.database_url)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
        return [skipped(WORKERS, "there is no database yet")]
    opened = open_database(settings.database_url)
    try:
        with opened.read() as session:
            found = alive(session, datetime.now(UTC))
    except SQLAlchemyError:
        return [skipped(WORKERS, "the database does not answer")]
    finally:
        opened.close()
    if not found:
        return [warn(WORKERS, "none was heard of in the last two minutes", "pennyfix up, or `pennyfix worker`")]
    busy = sum(w.job_id is not None for w in found)
    return [ok(WORKERS, f"{len(found)} alive, {busy} at a job")]
