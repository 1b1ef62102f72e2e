"""All pages of a process, put together: what `webhook.serve` adds to the receiver."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from webhook.pages.auth import auth_routes
from webhook.pages.job import events_of, job_routes
from webhook.pages.operator import operator_routes
from webhook.pages.overview import overview_routes
from webhook.pages.repository import repository_routes
from webhook.pages.static import static_files
from webhook.pages.visitor import gate_of
from workers.processes.context import Context


def pages(context: Context) -> Sequence[APIRouter]:
    """The routers."""
    gate = gate_of(context)
    return (
        static_files(),
        auth_routes(gate),
        overview_routes(gate),
        repository_routes(gate),
        job_routes(gate, events_of(context)),
        operator_routes(gate),
    )
