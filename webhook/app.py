"""Puts the receiver together. Importing it loads neither litellm, docker, strategies nor sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from webhook.health import health
from webhook.metrics import Metrics
from webhook.pages.errors import install_errors
from webhook.receive import receiver
from webhook.triage import TriageContext
from webhook.waker import Waker
from webhook.writer import Writer
from workers.config.settings import Settings
from workers.db.database import Database
from workers.db.readiness import database_answers
from workers.deliveries.trigger_labels import TriggerLabels
from workers.views.metrics import gauges


def create_app(
    settings: Settings,
    database: Database,
    publish: Callable[[str, str | int], None],
    *,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The ASGI application. `publish(kind, id)` sends a wake-up ("job" or "delivery") and may fail.

    `routers` are pages that others add. Raises ConfigError without a webhook secret.
    """
    settings.require_webhook_secret()
    metrics = Metrics()
    waker = Waker(publish)
    writer = Writer(database, waker.wake, waker.published)
    labels = TriggerLabels(database)
    context = TriageContext(settings.github_app_id, labels.look_up)
    quick_context = TriageContext(settings.github_app_id, labels.cached)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with waker, writer:
            yield

    app = FastAPI(title="Pennyfix", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.include_router(receiver(settings.webhook_secrets, context, quick_context, writer, metrics))
    app.include_router(
        health(
            {"database": lambda: database_answers(database)},
            lambda: metrics.text(waker.failures) + gauges(database),
        )
    )
    for router in routers:
        app.include_router(router)
    install_errors(app)
    return app
