"""`python -m webhook.serve PARENT`, and `serve()`: the receiver in uvicorn, one process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import APIRouter

from webhook.app import create_app
from webhook.pages.router import pages as dashboard
from workers import logging
from workers.config.settings import Settings, load_settings
from workers.parent import die_with_parent
from workers.processes.celery_app import publisher
from workers.processes.context import Context, open_context

Pages = Callable[[Context], Sequence[APIRouter]]
AT_ONCE = 1000


def serve(settings: Settings, *, pages: Pages = dashboard) -> None:
    """Receive deliveries and show the pages until SIGTERM or SIGINT. Raises ConfigError without a webhook secret."""
    settings.require_webhook_secret()
    logging.configure(settings, "receiver")
    context = open_context(settings, publisher(settings, loaded=True))
    sys.setswitchinterval(0.001)  # the writer's thread must not keep answers waiting for 5 ms a time
    app = create_app(
        settings,
        context.database,
        context.publish,
        routers=pages(context),
    )
    try:
        uvicorn.run(
            app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
            limit_concurrency=AT_ONCE, timeout_keep_alive=30, timeout_graceful_shutdown=10, proxy_headers=False,
        )  # fmt: skip
    finally:
        context.database.close()


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    serve(load_settings())
