"""The receiver from outside: does it answer at the public address, take what is signed and refuse what is not?"""

from __future__ import annotations

import hmac
import json
import uuid

import httpx

from workers.config.settings import Settings
from workers.doctor.check import DoctorCheck, fail, ok, skipped, warn
from workers.github.manifest import WEBHOOK_PATH

NAME = "receiver"
LOCAL = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound


def webhook(settings: Settings, timeout: float = 10.0) -> list[DoctorCheck]:
    """A signed ping must be taken (200), an unsigned and a wrongly signed one refused (401)."""
    if not settings.webhook_secrets:
        return [skipped(NAME, "without a webhook secret the receiver does not start")]
    base = settings.public_url or f"http://{LOCAL.get(settings.host, settings.host)}:{settings.port}"
    url = base + WEBHOOK_PATH
    body = json.dumps({"zen": "pennyfix doctor"}).encode()
    try:
        with httpx.Client(timeout=timeout) as client:
            taken = [_post(client, url, body, _sign(secret, body)) for secret in settings.webhook_secrets]
            refused = [_post(client, url, body, ""), _post(client, url, body, _sign("not the secret", body))]
    except httpx.HTTPError as error:
        fix = "start it with `pennyfix up`"
        if settings.public_url:
            fix += f"; then let {settings.public_url} lead to {settings.host}:{settings.port} (reverse proxy or tunnel)"
        return [fail(NAME, f"{url} does not answer: {type(error).__name__}: {error}", fix)]
    wrong = sorted({status for status in taken if status != 200})  # noqa: PLR2004 - HTTP
    if wrong:
        fix = (
            "restart `pennyfix up` so that it knows PENNYFIX_GITHUB_WEBHOOK_SECRET; let the proxy pass bodies unchanged"
        )
        return [fail(NAME, f"{url} answers a signed ping with {', '.join(map(str, wrong))} instead of 200", fix)]
    accepted = sorted({status for status in refused if status != 401})  # noqa: PLR2004 - HTTP
    if accepted:
        fix = "something else answers there: let the proxy lead to `pennyfix up`"
        return [fail(NAME, f"{url} answers an unsigned ping with {', '.join(map(str, accepted))} instead of 401", fix)]
    if not settings.public_url:
        fix = "set PENNYFIX_PUBLIC_URL to the address that GitHub uses"
        return [warn(NAME, f"{url} takes signed deliveries only; GitHub's way here was not tried", fix)]
    return [ok(NAME, f"{url} takes signed deliveries only")]


def _sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def _post(client: httpx.Client, url: str, body: bytes, signature: str) -> int:
    headers = {"Content-Type": "application/json", "X-GitHub-Event": "ping", "X-GitHub-Delivery": str(uuid.uuid4())}
    if signature:
        headers["X-Hub-Signature-256"] = signature
    return client.post(url, content=body, headers=headers).status_code
