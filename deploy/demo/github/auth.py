"""Authentication and permissions: the App's JWT, tokens and their permissions, checked as GitHub checks them."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any

import jwt

from deploy.demo.github.request import RequestRefused, not_found
from deploy.demo.github.state import DemoRepository, DemoToken, World, now

LEVELS = {"read": 1, "write": 2, "admin": 3}
LONGEST = 600  # seconds an App's JWT may be valid
SKEW = 60  # seconds a clock may be off


def check_app(world: World, authorization: str) -> None:
    """Verify an App's JWT (RS256, issuer, at most ten minutes). Raises RequestRefused 401 in GitHub's words."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise RequestRefused(401, "A JSON web token could not be decoded")
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_iss": False}
    try:
        claims = jwt.decode(text, world.app.public_key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError as error:
        raise RequestRefused(401, "A JSON web token could not be decoded") from error
    if str(claims.get("iss")) not in (str(world.app.id), world.app.client_id):
        raise RequestRefused(401, "'Issuer' claim ('iss') must be the App's id or client id")
    clock, exp, iat = time.time(), claims.get("exp"), claims.get("iat")
    if not isinstance(exp, int | float) or exp < clock:
        message = "must be a numeric value representing the future time at which the assertion expires"
        raise RequestRefused(401, f"'Expiration time' claim ('exp') {message}")
    if exp > clock + LONGEST + SKEW:
        raise RequestRefused(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(iat, int | float) or iat > clock + SKEW:
        raise RequestRefused(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )


def find_token(world: World, authorization: str) -> DemoToken:
    """The token of a header (`Bearer`, `token`, or git's `Basic x-access-token:…`). Raises RequestRefused 401."""
    scheme, _, text = authorization.partition(" ")
    if not text:
        raise RequestRefused(401, "Requires authentication")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError) as error:
            raise RequestRefused(401, "Bad credentials") from error
    token = world.tokens.get(text)
    if token is None or token.expires <= now():
        raise RequestRefused(401, "Bad credentials")
    if token.person is None and token.installation not in world.installations:
        raise RequestRefused(401, "Bad credentials")
    return token


def visible_repository(world: World, token: DemoToken, owner: str, name: str) -> DemoRepository:
    """The repository, if the token can see it. Raises RequestRefused 404 otherwise, as if it did not exist."""
    repo = world.repository(owner, name)
    if repo is None:
        raise not_found()
    if token.person is not None:
        if repo.private and repo.permission(token.person.login) == "none":
            raise not_found()
        return repo
    installation = world.installations[token.installation]
    if installation.suspended:
        raise RequestRefused(403, "This installation has been suspended")
    if repo.id not in installation.repositories or (
        token.repositories is not None and repo.id not in token.repositories
    ):
        raise not_found()
    return repo


def public_repository(world: World, params: Mapping[str, str]) -> DemoRepository | None:
    """The public repository that a request is about: anybody may read it without a token."""
    repo = world.repository(params.get("owner", ""), params.get("repo", ""))
    return repo if repo is not None and not repo.private else None


def require_permission(token: DemoToken, repo: DemoRepository, needs: str, method: str) -> None:
    """One of the `needs` (`issues:read|pull_requests:read`) must be granted. Raises RequestRefused 403."""
    if token.person is not None:
        enough = repo.permission(token.person.login) in (
            ("write", "admin") if method != "GET" else ("read", "write", "admin")
        )
    else:
        wanted = (need.split(":") for need in needs.split("|"))
        enough = any(LEVELS[level] <= LEVELS.get(token.permissions.get(name, ""), 0) for name, level in wanted)
    if not enough:
        raise RequestRefused(403, "Resource not accessible by integration")
    if repo.archived and method != "GET":
        raise RequestRefused(403, "Repository was archived so is read-only.")
