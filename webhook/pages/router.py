"""All pages of a process, put together: what `webhook.serve` adds to the receiver."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from webhook.pages.auth import auth_routes
from webhook.pages.job import job_routes, live_events_of
from webhook.pages.operator import operator_routes
from webhook.pages.overview import overview_routes
from webhook.pages.repository import repository_routes
from webhook.pages.static import static_files
from webhook.pages.visitor import make_authenticator
from workers.processes.context import Context


def pages(context: Context) -> Sequence[APIRouter]:
    """The routers."""
    auth = make_authenticator(context)
    return (
        static_files(),
        auth_routes(auth),
        overview_routes(auth),
        repository_routes(auth),
        job_routes(auth, live_events_of(context)),
        operator_routes(auth),
    )
