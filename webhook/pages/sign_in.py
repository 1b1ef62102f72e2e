"""GitHub's side of signing in: where the browser is sent, and what a person's token can see. Async, over httpx.

The web flow of a GitHub App with PKCE:
https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
The token is asked only for `/user` and the repositories of installations that the person can reach.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

SECONDS = 10.0
PAGE = 100
MOST_PAGES = 100  # of 100 entries, in one list
AT_ONCE = 6


class SignInFailed(Exception):
    """GitHub refused or did not answer; the message is for people."""


class TokenRefused(SignInFailed):
    """The person's token is not accepted (any more): sign in again."""


@dataclass(frozen=True, slots=True)
class GitHubUser:
    """Who signed in. `sights` maps ids of installed repositories they can see to whether they administer them."""

    github_id: int
    login: str
    sights: dict[int, bool]


@dataclass(frozen=True, slots=True)
class GitHubSignIn:
    """`web_url` is where people see GitHub, `api_url` its REST root. `transport` is for tests."""

    web_url: str
    api_url: str
    api_version: str
    client_id: str
    client_secret: str
    transport: httpx.AsyncBaseTransport | None = None

    def authorize_url(self, *, state: str, verifier: str, redirect_uri: str) -> str:
        """Where the browser goes. `verifier` stays here, GitHub gets its SHA-256 (RFC 7636)."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.web_url}/login/oauth/authorize?{urlencode(query)}"

    async def token(self, *, code: str, verifier: str, redirect_uri: str) -> str:
        """The person's token for a code. Raises SignInFailed."""
        fields = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        async with self._client() as client:
            answer = await _ask(
                client, "POST", f"{self.web_url}/login/oauth/access_token", data=fields,
                headers={"Accept": "application/json"},
            )  # fmt: skip
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise SignInFailed("GitHub did not accept this sign-in (its code was used before, or is too old).")
        return token

    async def person(self, token: str) -> GitHubUser:
        """Who the token belongs to and what they can see. Raises SignInFailed, TokenRefused."""
        async with self._client(token) as client:
            user, sights = await asyncio.gather(_ask(client, "GET", f"{self.api_url}/user"), self._sights(client))
        return GitHubUser(int(user["id"]), str(user["login"]), sights)

    async def sights(self, token: str) -> dict[int, bool]:
        """What the person can see now. Raises SignInFailed, TokenRefused."""
        async with self._client(token) as client:
            return await self._sights(client)

    async def _sights(self, client: httpx.AsyncClient) -> dict[int, bool]:
        installations = await self._list(client, "/user/installations", "installations")
        auth = asyncio.Semaphore(AT_ONCE)

        async def of(installation: int) -> list[dict[str, Any]]:
            async with auth:
                return await self._list(client, f"/user/installations/{installation}/repositories", "repositories")

        lists = await asyncio.gather(*(of(int(i["id"])) for i in installations if not i.get("suspended_at")))
        return {int(r["id"]): bool((r.get("permissions") or {}).get("admin")) for found in lists for r in found}

    async def _list(self, client: httpx.AsyncClient, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, MOST_PAGES + 1):
            answer = await _ask(client, "GET", f"{self.api_url}{path}?per_page={PAGE}&page={page}")
            entries = answer.get(key) or []
            found += entries
            if len(entries) < PAGE:
                break
        return found

    def _client(self, token: str = "") -> httpx.AsyncClient:  # no token is no password
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "pennyfix"}
        if token:
            headers |= {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": self.api_version}
        return httpx.AsyncClient(headers=headers, timeout=SECONDS, transport=self.transport)


async def _ask(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        answer = await client.request(method, url, **more)
    except httpx.HTTPError as error:
        raise SignInFailed(f"GitHub could not be reached ({type(error).__name__}); try again in a minute.") from error
    if answer.status_code == 401:  # noqa: PLR2004  # Unauthorized
        raise TokenRefused("GitHub does not accept this sign-in any more.")
    try:
        body = answer.raise_for_status().json()
    except (httpx.HTTPStatusError, ValueError) as error:
        raise SignInFailed(f"GitHub answered {answer.status_code}; try again in a minute.") from error
    if not isinstance(body, dict):
        raise SignInFailed("GitHub answered something unexpected; try again in a minute.")
    return body
