from __future__ import annotations

import base64
import io
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog

from workers import logging as log
from workers.config.settings import load_settings
from workers.redact import STRUCK, KnownSecrets, redact, redact_event

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
    "npm_" + "aB3" * 12,
    "pypi-AgEIcHlwaS5vcmc" + "C" * 60,
    "glpat-" + "x" * 20,
    "gldt-" + "x" * 20,
    "glrt-" + "x" * 20,
    "xoxb-123456789012-123456789012-" + "a" * 24,
    "xapp-1-A01234567-" + "1" * 13,
    "A" * 52 + "JQQJ99" + "B" * 26,
    "b" * 33 + "AzFuAbCdEf==",
    "ABSK" + "x" * 60,
    "sk_live_" + "x" * 24,
    "dckr_pat_" + "x" * 27,
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
        ("git clone https://abcdef0123456789@git.example.org/a/b", "abcdef0123456789"),
        ("https://sOmeToken@github.com/a/b.git", "sOmeToken"),
        ("MISTRAL_API_KEY=aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2d4", "aB3dE5gH"),
        ('{"api-key": "0123456789abcdef0123456789abcdef"}', "0123456789abcdef"),
        ("AZURE_OPENAI_KEY: 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
        ("SecretAccessKey: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
        ("AccountKey=abcdefabcdefabcdef==;Endpoint=x", "abcdefabcdef"),
        ("//registry.npmjs.org/:_authToken=0a1b2c3d-4e5f-6789", "0a1b2c3d"),
        ("https://x.blob.core.windows.net/c?sv=1&sig=Ab%2FCdEfGhIjKl", "CdEfGhIjKl"),
    ],
)
def test_what_is_named_as_a_secret_is_struck_out(text: str, gone: str) -> None:
    assert gone not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "a plain line",
        "https://github.com/a/b/pull/7",
        "ssh://git@github.com/a/b",
        "https://x.org/@ada/y",
        "glance-at-this-sentence",
        "pypi-publish",
        "npm_config_registry=https://x",
        "max_tokens: 40000",
        "a sigma = 1234567",
        "sha " + "a" * 40,
        "sk-8",
        "token count: 512",
        "ghs_short",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert redact(text) == text


KEY = 'a/b+c d"9\\x-und ähnlich'


@pytest.mark.parametrize(
    "written",
    [KEY, quote(KEY, safe=""), quote_plus(KEY), json.dumps(KEY), repr(KEY), base64.b64encode(KEY.encode()).decode()],
)
def test_a_configured_secret_is_struck_out_by_its_value_however_it_is_written(written: str) -> None:
    known = KnownSecrets()
    known.add([KEY, "short", ""])
    assert known.strike(f"a provider said: <{written}> is not valid").count(STRUCK) == 1
    assert "hnlich" not in known.strike(f"x{written}y")
    assert known.strike("a short word") == "a short word"
    known.add(["another-one"])
    assert known.strike(f"{KEY} another-one") == f"{STRUCK} {STRUCK}"


def test_the_settings_of_a_process_are_known_and_struck_from_an_exception_s_whole_chain(tmp_path: Path) -> None:
    key = "plain words of a key 4711"
    load_settings(home=tmp_path, github_webhook_secret=f"{key},the next one")
    error = RuntimeError("no answer")
    error.__cause__ = ValueError(f"401: {key}")
    told = "".join(traceback.format_exception(error))
    assert key in told
    assert key not in redact(told)
    assert "RuntimeError: no answer" in redact(told)


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
