"""`app.yml` as the manifest that GitHub takes: our permissions and events, the operator's addresses. Pure but for
reading the file.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from workers.config.errors import ConfigError, ConfigProblem

FILE = Path(__file__).parents[2] / "app.yml"
WEBHOOK_PATH = "/webhooks/github"
SIGNED_IN_PATH = "/auth/callback"
DONE_PATH = "/setup/done"
LONGEST_NAME = 34
"""Characters of an App's name that GitHub takes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `app.yml` asks for."""

    permissions: Mapping[str, str]
    events: tuple[str, ...]


def load_manifest(path: Path = FILE) -> dict[str, Any]:
    """The file as it is."""
    import yaml

    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(tree, dict):
        raise TypeError(f"{path} is not a GitHub App manifest")
    return tree


def wanted(tree: Mapping[str, Any]) -> Wanted:
    """Its permissions and events."""
    return Wanted(dict(tree["default_permissions"]), tuple(tree["default_events"]))


def manifest(tree: Mapping[str, Any], *, public_url: str, page_url: str, name: str = "") -> dict[str, Any]:
    """The manifest to post: webhooks and sign-in at `public_url`, the browser comes back to `page_url`."""
    public, page = public_url.rstrip("/"), page_url.rstrip("/")
    return {
        **tree,
        "name": name or tree["name"],
        "hook_attributes": {**tree["hook_attributes"], "url": public + WEBHOOK_PATH},
        "redirect_url": page + DONE_PATH,
        "callback_urls": [public + SIGNED_IN_PATH],
    }


def registration_url(web_url: str, state: str, organization: str = "") -> str:
    """Where the browser posts the manifest, on github.com or a GHES."""
    owner = f"/organizations/{quote(organization, safe='')}" if organization else ""
    return f"{web_url}{owner}/settings/apps/new?state={quote(state, safe='')}"


def check_addresses(web_url: str, public_url: str, name: str, organization: str) -> None:
    """Raise ConfigError for what GitHub would refuse, before anybody leaves for GitHub."""
    problems = [*_public(web_url, public_url), *_names(name, organization)]
    if problems:
        raise ConfigError("pennyfix setup", tuple(problems))


def _public(web_url: str, public_url: str) -> list[ConfigProblem]:
    key, allowed = (
        "--public-url",
        "the http(s) address where GitHub reaches this machine, without a path to the webhook",
    )
    if not public_url:
        return [ConfigProblem(0, key, "is missing (and PENNYFIX_PUBLIC_URL is not set)", TUNNEL, "", allowed)]
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        fix = "write it like https://fix.example.org"
        return [ConfigProblem(0, key, "is not a plain http(s) address", fix, repr(public_url), allowed)]
    if web_url == "https://github.com" and is_local(parts.hostname):
        return [ConfigProblem(0, key, "cannot be reached by github.com", TUNNEL, repr(public_url), allowed)]
    return []


def _names(name: str, organization: str) -> list[ConfigProblem]:
    found = []
    if len(name) > LONGEST_NAME or any(ord(c) < 32 for c in name):  # noqa: PLR2004 - control characters
        allowed = f"at most {LONGEST_NAME} characters on one line"
        found.append(ConfigProblem(0, "--name", "cannot be an App's name", "choose a shorter one", repr(name), allowed))
    if organization and not all(c.isascii() and (c.isalnum() or c in "-_") for c in organization):
        fix = "write the name that stands in the organization's address"
        allowed = "letters, digits and -"
        found.append(ConfigProblem(0, "--organization", "cannot be an organization", fix, repr(organization), allowed))
    return found


def is_local(host: str) -> bool:
    """Whether a host name or address certainly cannot be reached from the Internet."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host


TUNNEL = (
    "give the address of a reverse proxy or, for local development, of a tunnel that passes bytes on unchanged, "
    "started beforehand in another terminal: `cloudflared tunnel --url http://127.0.0.1:8000`, "
    "`tailscale funnel 8000` or `ngrok http 8000`; relays that re-write the JSON (smee.io's client) "
    "break its signature"
)
