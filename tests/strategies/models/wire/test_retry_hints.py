from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strategies.models.wire.retry_hints import asked_wait

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sun, 29 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360.0),
        (
            {
                "x-ratelimit-reset-requests": "8.64s", "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-tokens": "2m59.56s", "x-ratelimit-remaining-tokens": "0",
            },
            179.56,
        ),
        ({"x-ratelimit-reset-requests": "17ms", "x-ratelimit-reset-tokens": "1s"}, 0.017),
        (
            {
                "anthropic-ratelimit-requests-remaining": "49", "anthropic-ratelimit-requests-reset": "2026-11-29T12:00:01Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-29T12:00:42Z",
            },
            42.0,
        ),
        ({"X-RateLimit-Reset": "1795953630000", "X-RateLimit-Remaining": "0"}, 30.0),
        ({"x-ratelimit-reset": "1795953630"}, 30.0),
        ({"x-ratelimit-reset-tokens-minute": "22.5", "x-ratelimit-remaining-tokens-minute": "0"}, 22.5),
        ({"ratelimit": '"default";r=0;t=30'}, 30.0),
        ({"ratelimit": "limit=100, remaining=0, reset=31"}, 31.0),
        ({}, None),
    ],
)  # fmt: skip
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, "", NOW) == (None if seconds is None else pytest.approx(seconds, abs=0.01))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("Rate limit reached for m on TPM: Limit 1, Used 1, Requested 1. Please try again in 20s. Visit x", 20.0),
        ("Please try again in 1m26.4s.", 86.4),
        ("Please try again in 337ms.", 0.337),
        ("Please retry after 7 seconds.", 7.0),
        ("please try again after 1 seconds", 1.0),
        ("You exceeded your current quota. Please retry in 34.074824224s.", 34.07),
        ('{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}}', 34.0),
        ('{"retry_after": 12.5}', 12.5),
        ("try again in 2 hours", 7_200.0),
        ("try again later", None),
        ("", None),
    ],
)
def test_words(body: str, seconds: float | None) -> None:
    assert asked_wait({}, body, NOW) == (None if seconds is None else pytest.approx(seconds, abs=0.01))
