from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pytest

from strategies.models.provider_errors import judge, redact


def failed(status: int, message: str = "trouble", **headers: str) -> Exception:
    error = RuntimeError(message)
    error.status_code = status  # type: ignore[attr-defined]  # as provider libraries do
    error.response = SimpleNamespace(headers={k.replace("_", "-"): v for k, v in headers.items()})  # type: ignore[attr-defined]  # likewise
    return error


def caused(by: Exception) -> Exception:
    error = RuntimeError("wrapped")
    error.__cause__ = by
    return error


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529, 599])
def test_overload_is_tried_again_and_not_charged(status: int) -> None:
    trouble = judge(failed(status))
    assert (trouble.again, trouble.uncertain) == (True, False)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_bad_request_is_final_and_not_charged(status: int) -> None:
    trouble = judge(failed(status))
    assert (trouble.again, trouble.uncertain) == (False, False)


def test_an_account_without_credit_is_final() -> None:
    assert not judge(failed(429, "You exceeded your current quota (insufficient_quota)")).again


@pytest.mark.parametrize(
    ("error", "again", "uncertain"),
    [
        (httpx.ConnectError("refused"), True, False),
        (httpx.ConnectTimeout("slow"), True, False),
        (httpx.ReadTimeout("slow"), False, True),
        (httpx.RemoteProtocolError("hung up"), False, True),
        (ValueError("what is this"), False, True),
    ],
)
def test_a_connection_that_never_stood_is_free_and_one_that_broke_is_not(
    error: Exception, again: bool, uncertain: bool
) -> None:
    for one in (error, caused(error)):
        trouble = judge(one)
        assert (trouble.again, trouble.uncertain) == (again, uncertain)


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    assert judge(failed(429, retry_after="12")).wait == 12
    assert judge(failed(429, retry_after="soon")).wait is None
    later = judge(failed(503, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))).wait
    assert later is not None
    assert 50 < later <= 60


@pytest.mark.parametrize(
    "text",
    [
        "key sk-proj-abcdef123456 is wrong",
        "Authorization: Bearer abc.def-ghi",
        "token ghs_" + "a" * 40,
        "sk-***********abcd",
        "mine: hunter2hunter2",
    ],
)
def test_keys_never_reach_a_message(text: str) -> None:
    secret = text.rsplit(maxsplit=1)[-1] if "mine" in text else ""
    cleaned = redact(text, secret)
    assert "[redacted]" in cleaned
    assert not any(part in cleaned for part in ("abcdef", "abc.def", "aaaa", "hunter2", "abcd"))
