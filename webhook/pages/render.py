"""From a template to a response: what every page shares, and the headers that keep it to itself.

The policy allows our own files and nothing else: no inline script or style, no frame, no third party.
https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from webhook.pages import filters
from webhook.pages.static import address

TEMPLATES = Path(__file__).parent.parent / "templates"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
HSTS = "max-age=31536000"
AnyResponse = TypeVar("AnyResponse", bound=Response)


@cache
def environment() -> Environment:
    """The templates, compiled once per process; everything is escaped unless a template says otherwise."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for word in ("usd", "estimate", "percent", "count", "when", "took", "state", "diff_lines"):
        made.filters[word] = getattr(filters, word)
    made.globals["static"] = address
    return made


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The rendered template with the guarding headers."""
    values.setdefault("visitor", None)
    return guarded(HTMLResponse(environment().get_template(template).render(**values), status))


def guarded(response: AnyResponse, *, https: bool = False) -> AnyResponse:
    """With the headers; with HSTS where the site is reached by https only."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if https:
        response.headers["strict-transport-security"] = HSTS
    return response
