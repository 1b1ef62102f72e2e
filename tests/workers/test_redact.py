from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import structlog

from workers import logging as log
from workers.config.settings import load_settings
from workers.redact import STRUCK, redact, redact_event

LONG = "ghs_" + ("Ab9._-" * 90)[:520]
SECRETS = [
    "ghs_" + "a" * 36,
    LONG,
    "ghp_" + "B" * 36,
    "gho_" + "B" * 36,
    "ghu_" + "B" * 36,
    "ghr_" + "B" * 36,
    "github_pat_" + "11ABCDEFG0" * 8,
    "v1." + "0a" * 20,
    "sk-ant-api03-" + "x" * 40,
    "sk-proj-" + "x" * 40,
    "AIza" + "S" * 35,
    "gsk_" + "x" * 40,
    "AKIA" + "A" * 16,
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ncut off in the middle",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_struck_out_wherever_they_stand(secret: str) -> None:
    for text in (
        secret,
        f"cloning https://x-access-token:{secret}@github.com/a/b",
        f'{{"token": "{secret}"}}',
        f"a={secret}\n",
    ):
        out = redact(text)
        assert STRUCK in out
        assert secret[8:30] not in out


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("postgresql://pennyfix:hunter2@db/x", "hunter2"),
        ("Authorization: Bearer abcdefghijklmnop1234", "abcdefghijklmnop"),
        ("api_key=hunter2hunter2&x=1", "hunter2"),
        ('"client_secret": "hunter2hunter2"', "hunter2"),
    ],
)
def test_what_is_named_as_a_secret_is_struck_out(text: str, gone: str) -> None:
    assert gone not in redact(text)


@pytest.mark.parametrize(
    "text",
    ["a plain line", "https://github.com/a/b/pull/7", "sha " + "a" * 40, "sk-8", "token count: 512", "ghs_short"],
)
def test_plain_text_stays(text: str) -> None:
    assert redact(text) == text


def test_nested_values_and_exceptions_are_redacted() -> None:
    event = {"a": [{"b": (LONG, 3)}], "error": ValueError(LONG), "raw": LONG.encode(), "n": 7, "none": None}
    out = redact_event(None, "info", event)
    assert "ghs_" not in repr(out)
    assert (out["n"], out["none"]) == (7, None)


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_as_it_was")
@pytest.mark.parametrize("as_json", [True, False])
def test_no_log_line_carries_a_secret(as_json: bool, tmp_path: Path) -> None:
    out = io.StringIO()
    with redirect_stderr(out):
        log.configure(load_settings(home=tmp_path, log_json=as_json), "worker")
        structlog.get_logger().warning("ours", token=LONG, deep={"x": [LONG]})
        logging.getLogger("uvicorn.error").error("theirs %s", LONG)
        try:
            int(LONG)
        except ValueError:
            logging.getLogger("celery").exception("a traceback")
    text = out.getvalue()
    assert "ghs_" not in text
    for part in ("ours", "theirs", "a traceback", "ValueError", "worker"):
        assert part in text
    if as_json:
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["warning", "error", "error"]
