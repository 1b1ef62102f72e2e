from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pytest

from strategies.models.provider_errors import judge, redact, words
from strategies.models.wire.http_exchange import Exchange


def failed(status: int, message: str = "trouble", **headers: str) -> Exception:
    error = RuntimeError(message)
    error.status_code = status  # type: ignore[attr-defined]  # as provider libraries do
    error.response = SimpleNamespace(headers={k.replace("_", "-"): v for k, v in headers.items()})  # type: ignore[attr-defined]  # likewise
    return error


def caused(by: Exception) -> Exception:
    error = RuntimeError("wrapped")
    error.__cause__ = by
    return error


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 521, 522, 523, 529, 599])
def test_overload_is_tried_again_and_not_charged(status: int) -> None:
    trouble = judge(failed(status))
    assert (trouble.again, trouble.uncertain) == (True, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (504, ""),
        (504, "upstream request timeout"),
        (524, "<html>A timeout occurred</html>"),
        (520, ""),
        (499, "client closed request"),
        (598, ""),
        (408, '{"error":{"message":"Your request timed out"}}'),
        (408, '{"error":{"message":"The operation was timeout."}}'),
        (500, '{"error":{"message":"litellm.Timeout: APITimeoutError - Request timed out"}}'),
        (502, "upstream prematurely closed connection while reading response header from upstream"),
        (503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination"),
        (503, '{"error":"Model is busy, unable to get response in less than 60 seconds"}'),
    ],
)
def test_a_gateway_that_gave_up_waiting_is_a_lost_answer(status: int, body: str) -> None:
    exchange = Exchange(status=status, raw=bytearray(body.encode()), ended=True)
    for trouble in (judge(failed(status, body)), judge(failed(status, body), exchanges=[exchange])):
        assert (trouble.again, trouble.uncertain, trouble.lost, trouble.status) == (False, True, True, status)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (408, "408 Request Time-out"),
        (502, "<html>502 Bad Gateway</html>"),
        (500, '{"error":{"message":"The server had an error while processing your request"}}'),
        (503, "upstream connect error or disconnect/reset before headers. reset reason: connection timeout"),
        (503, "The model is overloaded. Please try again later."),
    ],
)
def test_what_the_provider_itself_refuses_is_not_charged(status: int, body: str) -> None:
    trouble = judge(failed(status, body))
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


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, '{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}', "quota"),
        (402, '{"error":{"message":"Insufficient Balance"}}', "quota"),
        (400, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing", "quota"),
        (400, "You have reached your specified API usage limits. You will regain access on 2026-12-01", "quota"),
        (403, "Your team abc has either used all available credits or reached its monthly spending limit.", "quota"),
        (402, "This request requires more credits, or fewer max_tokens. You requested up to 16000 tokens", "quota"),
        (400, '{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing."}', "quota"),
        (429, '{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}', "quota"),
        (429, '{"error":{"type":"exceeded_current_quota_error","message":"Your account is suspended"}}', "quota"),
        (429, '{"error":{"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota. Please retry in 34.1s.","details":[{"retryDelay":"34s"}]}}', ""),
        (429, '{"error":{"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota. Please retry in 34.1s.","details":[{"quotaId":"GenerateRequestsPerDayPerProject"}]}}', "quota"),
        (429, "Rate limit reached for gpt in organization o on tokens per min (TPM): Limit 30000, Used 25000, Requested 9000. Please try again in 8s.", ""),
        (429, "Request too large for gpt in organization o on tokens per min (TPM): Limit 30000, Requested 39000.", "too_large"),
        (413, '{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 19231"}}', "too_large"),
        (413, "<html>413 Request Entity Too Large</html>", "too_large"),
        (413, '{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}', "too_large"),
        (400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", "overflow"),
        (400, '{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}}', "overflow"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", "overflow"),
        (400, "Input is too long for requested model.", "overflow"),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", "overflow"),
        (400, '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}', "overflow"),
        (400, "Range of input length should be [1, 129024]", "overflow"),
        (400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", "overflow"),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Input is too long", "overflow"),
        (429, '{"error":{"message":"Request exceeds rate limit of 60 requests/min"}}', ""),
        (429, "This request exceeds the number of concurrent requests", ""),
        (400, "Request size exceeds 10 MB", "too_large"),
        (400, '{"message":"prompt exceeds the allowed content policy limit"}', ""),
        (400, "The input exceeds the safety limit", ""),
        (429, '{"message":"You are using a Trial key, which is limited to 1000 API calls / month."}', "quota"),
        (429, '{"message":"You are using a Trial key, which is limited to 10 API calls / minute."}', ""),
        (429, '{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits"}}', "quota"),
        (429, '{"error":{"message":"Rate limit exceeded: free-models-per-min."}}', ""),
        (403, '{"error":{"message":"Key limit exceeded (monthly limit). Manage it in the settings"}}', "quota"),
        (400, "Budget has been exceeded! Current cost: 5.1, Max budget: 5.0", "quota"),
        (400, "This request requires more credits, or fewer max_tokens. You can only afford 4000", "quota"),
        (429, "Too many requests", ""),
        (429, "", ""),
        (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', ""),
        (503, "upstream connect error", ""),
        (401, "Incorrect API key provided", ""),
        (404, "The model does not exist", ""),
        (400, "Invalid value for role", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_helped_by_trying_again_is_told_apart_from_overload(status: int, body: str, kind: str) -> None:
    one = Exchange(status=status, raw=bytearray(body.encode()), ended=True)
    trouble = judge(RuntimeError("whatever"), exchanges=[one])
    assert trouble.kind == kind
    assert trouble.again == (not kind and status in (429, 503, 529))
    assert (trouble.uncertain, trouble.status) == (False, status)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error":{"message":"no","code":"bad"}}', "no (bad)"),
        ('[{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}]', "no (INVALID_ARGUMENT)"),
        ('{"message":"no"}', "no"),
        ('{"error":"no"}', "no"),
        ('{"detail":[{"loc":["body","x"],"msg":"Extra inputs"}]}', "Extra inputs at body.x"),
        (
            '{"error":{"message":"Provider returned error","metadata":{"raw":"{\\"error\\":{\\"message\\":\\"too hot\\"}}"}}}',
            "too hot",
        ),
        ("<html>no</html>", ""),
        ("upstream down", "upstream down"),
        ("", ""),
    ],
)
def test_the_providers_own_words_are_found(body: str, said: str) -> None:
    assert words(body) == said


def test_what_was_answered_lost_or_never_sent_decides_what_was_charged() -> None:
    error = RuntimeError("the library's words")
    answered = Exchange(
        status=200, raw=bytearray(b'{"usage": {"prompt_tokens": 5, "completion_tokens": 1}}'), ended=True
    )
    broken = judge(error, exchanges=[answered])
    assert (broken.uncertain, broken.lost, broken.again) == (True, True, False)
    assert broken.reported is not None
    assert broken.reported.usage.input_tokens == 5
    refused = Exchange(status=500, ended=True)
    assert judge(error, exchanges=[answered, refused]).uncertain
    lost = judge(error, exchanges=[Exchange()])
    assert (lost.uncertain, lost.lost) == (True, True)
    nowhere = judge(error, exchanges=[Exchange(unreached=True)])
    assert (nowhere.uncertain, nowhere.again) == (False, True)
    unsent = judge(error, exchanges=[])
    assert (unsent.uncertain, unsent.again) == (False, False)
    token = Exchange(asks=False, status=200, raw=bytearray(b'{"access_token": "x"}'), ended=True)
    assert not judge(error, exchanges=[token, refused]).uncertain
