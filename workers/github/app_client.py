"""The App speaking for itself: who it is, where its webhooks go, which deliveries failed, and how it is born.

A job never uses this (that is `workers.github.client`, with a token for one repository). Plain requests with the App's
signed identity; every answer is read tolerantly. The receiver imports this, so it loads nothing heavy.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import quote

import httpx

from workers.config.settings import Settings
from workers.github.types import CredentialsRefused, ForgeError, Missing, RateLimited, Refused, Unreachable

PAGES = 50
"""Pages of 100 deliveries that are read at most."""
LIFE = 540
"""Seconds that a signed identity is valid: GitHub takes at most ten minutes, and clocks differ."""


@dataclass(frozen=True, slots=True)
class AppView:
    """The App as GitHub has it."""

    id: int
    slug: str
    name: str
    html_url: str
    permissions: Mapping[str, str]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """One attempt of GitHub to deliver. A redelivery has the `guid` of the first attempt and an `id` of its own."""

    id: int
    guid: str
    event: str
    delivered_at: datetime
    status: str
    status_code: int

    @property
    def arrived(self) -> bool:
        """Whether the receiver answered 2xx."""
        return 200 <= self.status_code < 300  # noqa: PLR2004 - HTTP


@dataclass(frozen=True, slots=True)
class MadeApp:
    """What a manifest became. Everything secret stays out of `repr`."""

    id: int
    slug: str
    html_url: str
    client_id: str
    pem: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    client_secret: str = field(repr=False)


class AppApi:
    """Requests as the App. Use with `with`. Every method raises ForgeError."""

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        app_id: int = 0,
        private_key: str = "",
        timeout: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._app_id = app_id
        self._private_key = private_key
        self._clock = clock
        self._http = httpx.Client(
            timeout=timeout,
            headers={
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": api_version,
                "User-Agent": "pennyfix",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # -- about itself ----------------------------------------------------------------------------------------

    def app(self) -> AppView:
        """Who this is. Raises CredentialsRefused when id and key do not fit."""
        answer = self._ask("GET", "/app").json()
        return AppView(
            id=int(answer["id"]),
            slug=str(answer.get("slug") or ""),
            name=str(answer.get("name") or ""),
            html_url=str(answer.get("html_url") or ""),
            permissions=dict(answer.get("permissions") or {}),
            events=tuple(answer.get("events") or ()),
        )

    def hook_url(self) -> str:
        """Where GitHub delivers to, "" when no address is set."""
        return str(self._ask("GET", "/app/hook/config").json().get("url") or "")

    def server_time(self) -> datetime | None:
        """What GitHub's clock says (to a second), None when it does not say. Needs no credentials."""
        try:
            response = self._http.get(f"{self._api_url}/")
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        try:
            return parsedate_to_datetime(response.headers["date"])
        except (KeyError, ValueError):
            return None

    # -- deliveries ------------------------------------------------------------------------------------------

    def deliveries(self, since: datetime) -> Iterator[SentDelivery]:
        """Attempts since then, newest first.

        https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        path = "/app/hook/deliveries?per_page=100"
        for _ in range(PAGES):
            response = self._ask("GET", path)
            for item in response.json():
                one = _delivery(item)
                if one.delivered_at < since:
                    return
                yield one
            following = re.search(r"[?&]cursor=([^&>]+)", response.links.get("next", {}).get("url", ""))
            if following is None:
                return
            path = f"/app/hook/deliveries?per_page=100&cursor={following[1]}"

    def redeliver(self, delivery_id: int) -> None:
        """Ask for one delivery once more, under the same guid."""
        self._ask("POST", f"/app/hook/deliveries/{delivery_id}/attempts")

    # -- birth -----------------------------------------------------------------------------------------------

    def convert(self, code: str) -> MadeApp:
        """The App that a manifest became; a code works once, within an hour. Raises Missing for any other.

        https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest
        """
        answer = self._send("POST", f"/app-manifests/{quote(code, safe='')}/conversions", {}).json()
        try:
            return MadeApp(
                id=int(answer["id"]),
                slug=str(answer["slug"]),
                html_url=str(answer["html_url"]),
                client_id=str(answer["client_id"]),
                pem=str(answer["pem"]),
                webhook_secret=str(answer["webhook_secret"] or ""),
                client_secret=str(answer["client_secret"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ForgeError(f"GitHub's answer to the manifest is not complete: {error}") from error

    # -- requests --------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str) -> httpx.Response:
        try:
            return self._send(method, path, {"Authorization": f"Bearer {self._identity()}"})
        except Refused as error:
            if error.status != 401 and not (error.status == 404 and path == "/app"):  # noqa: PLR2004 - HTTP
                raise
            raise CredentialsRefused(
                f"GitHub refused the App's identity ({error.message}): App id {self._app_id}, its private key and "
                "this machine's clock must fit"
            ) from error

    def _send(self, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
        try:
            response = self._http.request(method, self._api_url + path, headers=headers)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_success:
            return response
        raise _refusal(response)

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        return Unreachable(f"GitHub at {self._api_url} does not answer: {type(error).__name__}: {error}")

    def _identity(self) -> str:
        """A JSON Web Token signed with RS256 (RFC 7519), as GitHub wants it from an App."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self._private_key.encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise CredentialsRefused("the private key is not an RSA key")
        now = int(self._clock())
        claims = {"iat": now - 60, "exp": now - 60 + LIFE, "iss": str(self._app_id)}
        signed = f"{_url64(json.dumps({'alg': 'RS256', 'typ': 'JWT'}))}.{_url64(json.dumps(claims))}"
        return f"{signed}.{_url64(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def app_api(settings: Settings, timeout: float = 15.0) -> AppApi:
    """Requests as the configured App. Raises ConfigError without id and key."""
    settings.require_app()
    return AppApi(
        api_url=settings.github_api_url,
        api_version=settings.github_api_version,
        app_id=settings.github_app_id,
        private_key=settings.github_private_key.get_secret_value(),
        timeout=timeout,
    )


def _url64(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _delivery(item: Mapping[str, Any]) -> SentDelivery:
    return SentDelivery(
        id=int(item["id"]),
        guid=str(item["guid"]),
        event=str(item.get("event") or ""),
        delivered_at=datetime.fromisoformat(str(item["delivered_at"])).astimezone(UTC),
        status=str(item.get("status") or ""),
        status_code=int(item.get("status_code") or 0),
    )


def _refusal(response: httpx.Response) -> ForgeError:
    try:
        message = str(response.json().get("message") or "no reason given")
    except (ValueError, AttributeError):
        message = "no reason given"
    status = response.status_code
    if status == 429 or (status == 403 and "rate limit" in message.lower()):  # noqa: PLR2004 - HTTP
        return RateLimited(datetime.now(UTC) + timedelta(minutes=1), message)
    if status >= 500:  # noqa: PLR2004 - HTTP
        return Unreachable(f"GitHub answered {status}: {message}")
    return (Missing if status in (404, 410) else Refused)(status, message)
