"""`/healthz` (the process answers), `/readyz` (it can do its work), `/metrics`."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.to_thread
import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

SECONDS = 3.0
Checks = dict[str, Callable[[], None]]
log = structlog.get_logger()


def health(checks: Checks, metrics: Callable[[], str]) -> APIRouter:
    """`checks` raise when something is amiss; what they raise is logged, not shown to strangers."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> Response:
        found = {name: await _works(name, check) for name, check in checks.items()}
        return JSONResponse(
            {n: "ok" if ok else "unavailable" for n, ok in found.items()}, 200 if all(found.values()) else 503
        )

    @router.get("/metrics")
    async def page() -> Response:
        return PlainTextResponse(await anyio.to_thread.run_sync(metrics), media_type="text/plain; version=0.0.4")

    return router


async def _works(name: str, check: Callable[[], None]) -> bool:
    try:
        with anyio.fail_after(SECONDS):
            await anyio.to_thread.run_sync(check, abandon_on_cancel=True)
    except Exception as error:  # noqa: BLE001  # whatever it is, the answer is "unavailable"
        log.warning("not ready", what=name, error=str(error)[:300])
        return False
    return True
