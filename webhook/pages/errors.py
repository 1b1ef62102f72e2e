"""Errors as pages in the same style; a client that doesn't ask for HTML gets the plain answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException

from webhook.pages.csrf import Forged
from webhook.pages.render import guarded, page
from webhook.pages.sign_in import SignInFailed
from webhook.pages.visitor import SignedOut

STATUS_TEXTS = {
    400: ("That can't be read", "The address or the form isn't one of ours."),
    403: ("Not allowed", "You aren't allowed to do this."),
    404: ("Not found", "There's nothing here, or nothing that you can see."),
    405: ("Not possible here", "This address doesn't take such a request."),
}
ExceptionHandler = Callable[[Request, Exception], Awaitable[Response]]


class PageError(Exception):
    """Show a message page instead of the page that was requested: its HTTP status, a title and a sentence."""

    def __init__(self, status: int, title: str, text: str) -> None:
        self.status = status
        self.title = title
        self.text = text
        super().__init__(f"{status} {title}")


def not_found() -> PageError:
    """The same for what does not exist and for what is somebody else's."""
    return PageError(404, *STATUS_TEXTS[404])


def install_errors(app: FastAPI) -> None:
    """Answer these exceptions with pages."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(status: int, title: str, text: str) -> Response:
    return page("message.html", status, title=title, text=text)


async def _answer(_request: Request, error: Exception) -> Response:
    if not isinstance(error, PageError):
        raise error
    return _page(error.status, error.title, error.text)


async def _signed_out(request: Request, error: Exception) -> Response:
    if not isinstance(error, SignedOut):
        raise error
    if request.method not in ("GET", "HEAD") or not _wants_page(request):
        return _page(401, "Not signed in", "Your sign-in has ended. Sign in again, then repeat what you did.")
    return guarded(RedirectResponse(error.to, 303))


async def _forged(_request: Request, error: Exception) -> Response:
    return _page(403, "Nothing was changed", f"The form was refused: {error}.")


async def _github(_request: Request, error: Exception) -> Response:
    return _page(503, "GitHub didn't answer", f"{error} Nothing was changed.")


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if not _wants_page(request):
        return await http_exception_handler(request, error)
    response = _page(error.status_code, *STATUS_TEXTS.get(error.status_code, STATUS_TEXTS[400]))
    response.headers.update(error.headers or {})
    return response


async def _unreadable(request: Request, error: Exception) -> Response:
    """A path or query that is not what the route takes: on a page, nothing that exists."""
    if not isinstance(error, RequestValidationError):
        raise error
    if not _wants_page(request):
        return await request_validation_exception_handler(request, error)
    return _page(404, *STATUS_TEXTS[404])


async def _ours(request: Request, _error: Exception) -> Response:
    """An error of ours; starlette raises it again afterwards, so that it is logged."""
    if not _wants_page(request):
        return PlainTextResponse("Internal Server Error", 500)
    return _page(500, "Something went wrong", "This is an error on our side, and it was logged. Try again later.")


_ANSWERS: dict[type[Exception], ExceptionHandler] = {
    PageError: _answer,
    SignedOut: _signed_out,
    Forged: _forged,
    SignInFailed: _github,
    HTTPException: _http,
    RequestValidationError: _unreadable,
    Exception: _ours,
}
