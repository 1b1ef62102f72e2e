"""All pages of a process, put together: what `webhook.serve` adds to the receiver."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from webhook.pages.auth import door
from webhook.pages.job import events_of, job
from webhook.pages.operator import operator
from webhook.pages.overview import first
from webhook.pages.repository import repository
from webhook.pages.static import static_files
from webhook.pages.visitor import gate_of
from workers.processes.context import Context


def pages(context: Context) -> Sequence[APIRouter]:
    """The routers."""
    gate = gate_of(context)
    return (static_files(), door(gate), first(gate), repository(gate), job(gate, events_of(context)), operator(gate))
