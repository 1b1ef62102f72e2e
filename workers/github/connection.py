"""One client per job: the installation token, every request, and the traps of githubkit 0.16.

This and `workers.github.client` are the only githubkit door. No HTTP cache (it drops the timeout), no automatic
retries (they sleep for an hour and repeat POSTs), no response models (stricter than servers are), no
temporary clients (they are collected while used). It knows no endpoint but those of the token.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from workers.github.types import (
    CredentialsRefused,
    InstallationGone,
    Missing,
    RateLimited,
    Refused,
    Unprocessable,
    Unreachable,
)

PERMISSIONS: Mapping[str, str] = {
    "metadata": "read",
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "checks": "write",
}
"""What a job asks for; `checks` is left out again when the installation has not granted it."""

PAGES = 10
"""Pages of 100 that a listing reads at most."""

SECONDARY_WAIT = timedelta(seconds=60)
"""https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit"""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Where GitHub's API is, and the App that asks. `private_key` is PEM text."""

    api_url: str
    api_version: str
    app_id: str
    private_key: str


@dataclass(frozen=True, slots=True)
class RepositoryAccess:
    """The repository that is asked about, and what its token may do.

    `repository` is owner/name; `repository_id` limits the token. With a `given_token` ("" asks anonymously) nothing is
    minted or revoked.
    """

    installation_id: int
    repository_id: int
    repository: str
    permissions: Mapping[str, str] = field(default_factory=lambda: PERMISSIONS)
    given_token: str | None = None


class Connection:
    """Requests to one repository. Use with `with`: leaving it revokes the token.

    `write_interval` seconds lie between two writes (GitHub asks for at least one). Every method raises `ForgeError`.
    """

    def __init__(
        self,
        app: AppCredentials,
        access: RepositoryAccess,
        *,
        write_interval: float = 1.0,
        timeout: float = 30.0,
        read_retries: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.repository = access.repository
        self.repository_id = access.repository_id
        self.installation_id = access.installation_id
        self.app_id = app.app_id
        self._api_url = app.api_url.rstrip("/")
        self._version = app.api_version
        self._private_key = app.private_key
        self._permissions = dict(access.permissions)
        self._given = access.given_token
        self._granted: Mapping[str, str] = {}
        self._write_interval = write_interval
        self._timeout = timeout
        self._read_retries = read_retries
        self._sleep = sleep
        self._clock = clock
        self._token = ""
        self._client: Any = None
        self._wrote_at = 0.0
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.revoke()

    # -- the token -------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        """The installation token (minted on first use). It stays in the worker, never in a sandbox."""
        with self._lock:
            if self._client is None:
                self._mint()
            return self._token

    @property
    def may_write_checks(self) -> bool:
        """True when the installation granted `checks: write`."""
        self.token  # noqa: B018 - minting learns what was granted
        return self._granted.get("checks") == "write"

    def revoke(self) -> None:
        """Take the token back (it would live for an hour). Safe to call twice; never raises."""
        with self._lock:
            if self._token and self._client is not None and self._given is None:
                with contextlib.suppress(Refused, Unreachable, RateLimited):  # it expires within the hour anyway
                    self._send(self._client, "DELETE", "/installation/token")
            self._forget()

    def _forget(self) -> None:
        self._token, self._client = "", None

    def _open(self, auth: object) -> Any:
        import githubkit
        from githubkit.cache import MemCacheStrategy

        return githubkit.GitHub(
            auth,
            base_url=self._api_url,
            user_agent="pennyfix",
            timeout=self._timeout,
            http_cache=False,
            auto_retry=False,
            cache_strategy=MemCacheStrategy(),  # its keys hold no base URL: share nothing between hosts
        )

    def _mint(self) -> None:
        import githubkit

        if self._given is not None:
            self._token, self._client = self._given, self._open(self._given or None)
            return
        app = self._open(githubkit.AppAuthStrategy(self.app_id, self._private_key))
        wanted = dict(self._permissions)
        path = f"/app/installations/{self.installation_id}/access_tokens"
        try:
            answer = self._mint_with(app, path, wanted)
        except Unprocessable:  # a permission that this installation has not granted: do without check runs
            wanted.pop("checks", None)
            answer = self._mint_with(app, path, wanted)
        self._token = str(answer["token"])
        self._granted = answer.get("permissions") or wanted
        self._client = self._open(self._token)

    def _mint_with(self, app: Any, path: str, permissions: Mapping[str, str]) -> Any:
        body = {"repository_ids": [self.repository_id], "permissions": permissions}
        for last in (False, True):
            try:
                return self._send(app, "POST", path, json=body)
            except Unreachable:  # minting twice only makes a second token that expires
                if last:
                    raise
                self._sleep(1.0)
            except Refused as error:
                if error.status == 401:  # noqa: PLR2004 - HTTP
                    raise CredentialsRefused(
                        f"GitHub refused the App's credentials ({error.message}): check PENNYFIX_GITHUB_APP_ID "
                        f"({self.app_id}), PENNYFIX_GITHUB_PRIVATE_KEY and this machine's clock"
                    ) from error
                if error.status in (403, 404):
                    raise InstallationGone(f"installation {self.installation_id}: {error.message}") from error
                raise
        raise AssertionError("unreachable")

    # -- requests --------------------------------------------------------------------------------------------

    def _send(self, client: Any, method: str, path: str, *, json: object = None, params: object = None) -> Any:
        """One request and its JSON (None when there is no content). Raises ForgeError."""
        from githubkit.exception import GitHubException

        try:
            response = client.request(
                method,
                path,
                json=json,
                params=params,
                headers={"X-GitHub-Api-Version": self._version, "Accept": "application/vnd.github+json"},
            )
        except GitHubException as error:
            raise self._meaning(error) from error
        return response.json() if response.content else None

    def _meaning(self, error: BaseException) -> Exception:
        """What a githubkit error means; RequestError may wrap another one (seen when a token is minted)."""
        import httpx
        from githubkit.exception import RateLimitExceeded, RequestError, RequestFailed

        if isinstance(error, RateLimitExceeded):
            return RateLimited(self._clock() + max(error.retry_after, timedelta(seconds=1)), "rate limit of GitHub")
        if isinstance(error, RequestFailed):
            return self._refusal(error.response)
        if isinstance(error, RequestError):
            inner: BaseException = error.exc
            if isinstance(inner, RequestError):
                return self._meaning(inner)
            if isinstance(inner, httpx.HTTPError):
                return Unreachable(f"GitHub at {self._api_url} does not answer: {type(inner).__name__}: {inner}")
            if isinstance(inner, ValueError | TypeError) or "Key" in type(inner).__name__:
                return CredentialsRefused(f"PENNYFIX_GITHUB_PRIVATE_KEY is no usable RSA key: {inner}")
        return Unreachable(f"GitHub at {self._api_url}: {type(error).__name__}: {error}")

    def _refusal(self, response: Any) -> Exception:
        status = int(response.status_code)
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        answer = answer if isinstance(answer, dict) else {}
        message = str(answer.get("message") or "no reason given")
        details = answer.get("errors")
        if isinstance(details, list) and details:
            said = (d.get("message") or d.get("code") or d if isinstance(d, dict) else d for d in details)
            message += " (" + "; ".join(str(s) for s in said) + ")"
        if status == 429 or (status == 403 and "rate limit" in message.lower()):  # noqa: PLR2004 - HTTP
            return RateLimited(self._clock() + SECONDARY_WAIT, message)
        if status >= 500:  # noqa: PLR2004 - HTTP
            return Unreachable(f"GitHub answered {status}: {message}")
        if status in (404, 410):
            return Missing(status, message)
        if status == 422:  # noqa: PLR2004 - HTTP
            return Unprocessable(status, message)
        return Refused(status, message)

    def _call(self, method: str, path: str, *, json: object = None, params: object = None, repeatable: bool) -> Any:
        """A request with the job's token: a 401 mints a new one once; only what is `repeatable` is repeated."""
        tries = 1 + (self._read_retries if repeatable else 0)
        renewed = False
        while True:
            self.token  # noqa: B018 - mints when there is none
            client = self._client
            try:
                return self._send(client, method, path, json=json, params=params)
            except Unreachable:
                tries -= 1
                if tries <= 0:
                    raise
                self._sleep(0.5 * 2 ** (self._read_retries - tries))
            except Refused as error:
                if error.status != 401 or renewed:  # noqa: PLR2004 - HTTP
                    raise
                renewed = True
                self._forget()

    def get(self, path: str, **params: object) -> Any:
        """Read; tried again on network trouble and 5xx."""
        return self._call("GET", path, params=params or None, repeatable=True)

    def write(self, method: str, path: str, body: object = None, *, repeatable: bool | None = None) -> Any:
        """Write, at least `write_interval` seconds after the write before. PATCH, PUT and DELETE may be repeated."""
        with self._lock:
            wait = self._wrote_at + self._write_interval - time.monotonic()
            if wait > 0:
                self._sleep(wait)
            try:
                again = method != "POST" if repeatable is None else repeatable
                return self._call(method, path, json=body, repeatable=again)
            finally:
                self._wrote_at = time.monotonic()

    def pages(self, path: str, key: str | None = None, **params: object) -> Iterator[Any]:
        """All items of a listing (at most 1,000)."""
        for page in range(1, PAGES + 1):
            answer = self.get(path, per_page=100, page=page, **params)
            items = answer[key] if key else answer
            yield from items
            if len(items) < 100:  # noqa: PLR2004 - the page size above
                return
