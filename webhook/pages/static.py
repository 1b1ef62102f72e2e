"""Our own few files (`webhook/static`), held in memory and served under an address that changes with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent.parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Name → (content, type, digest)."""
    return {
        path.name: (content := path.read_bytes(), TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in TYPES
    }


def address(name: str) -> str:
    """Where a page finds the file. Raises KeyError for a name that is not ours."""
    return f"/static/{name}?v={_files()[name][2]}"


def static_files() -> APIRouter:
    """The one route; a name that is not in the folder is a 404, whatever it is made of."""
    router = APIRouter()

    @router.get("/static/{name}")
    async def file(request: Request, name: str) -> Response:
        found = _files().get(name)
        if found is None:
            raise HTTPException(404)
        content, kind, digest = found
        headers = {
            "cache-control": FOREVER if request.query_params.get("v") == digest else "no-cache",
            "etag": f'"{digest}"',
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    return router
