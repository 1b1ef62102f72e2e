"""What a failed call means: again or never, whether it may have been charged, and what could help.

Decided by what went over the wire (`strategies.models.wire.http_exchange`), not by the library's error, whose status
may be made up. Not charged: a request that was never sent or never reached anybody, and any answer with an error
status of the provider's. Charged: everything that began with a success, and perhaps what was sent and never answered,
also where a gateway says that it gave up waiting: the model behind it may have worked to the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Literal

from strategies.models.usage import ReportedUsage
from strategies.models.wire.http_exchange import Exchange
from strategies.models.wire.raw_answer import loads, read_answer
from strategies.models.wire.retry_hints import asked_wait
from strategies.models.wire.usage_shapes import added, reported

_SECRETS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|AIza)[-_][A-Za-z0-9_\-*]{6,}|\bAIza[\w-]{20,}|gh[opsu]_[A-Za-z0-9._]{20,}"
    r"|github_pat_\w{20,}|(?i:bearer\s+)[\w.\-~+/*]{6,}=*"
)
_AGAIN = frozenset({408, 409, 425, 429})
_GAVE_UP = frozenset({460, 499, 504, 520, 524, 598})
"""Statuses of gateways that passed a request on and did not get the answer: 504 by RFC 9110; nginx's 499 and AWS's 460,
of a proxy behind which another one hung up; Cloudflare's 520 and 524; 598, a read timeout. Cloudflare's 521, 522 and
523 never reached the provider."""
_WAITED = re.compile(
    r"upstream (?:request |response |read )?time-?d?[ -]?out|gateway time-?out|deadline[ _]?exceeded"
    r"|(?:operation|generation|inference|model|upstream|backend|origin|completion|your request)\b[^.{}]{0,30}"
    r"\btime-?d?[ -]?out"
    r"|time-?d?[ -]?out (?:while )?(?:waiting|reading)|prematurely closed|(?:response|answer) in (?:time|less than)"
    r"|before headers\. reset reason: (?:connection termination|remote reset)|litellm\.Timeout",
    re.IGNORECASE,
)
"""The same in the words of gateways that send 408, 500, 502 or 503 for it."""
_UNREACHED = (
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "UnsupportedProtocol",
    "ConnectionRefusedError",
    "gaierror",
)
_BROKEN = (
    "ReadTimeout",
    "WriteTimeout",
    "ReadError",
    "WriteError",
    "RemoteProtocolError",
    "CloseError",
    "IncompleteRead",
)
_TIMEOUTS = ("Timeout", "APITimeoutError", "TimeoutException", "TimeoutError")
MESSAGE = 800
"""Characters of a provider's message that are kept."""

SAID = 20_000

Kind = Literal["", "quota", "too_large", "overflow"]

_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|fund)|billing_(?:hard_limit|not_active)|credit balance is too low"
    r"|exceeded_current_quota|(?:used|exhausted) all (?:of )?(?:your |the |its )?(?:available |monthly )?credits"
    r"|(?:out of|not enough|no|more|negative|run out of) credits?\b|(?:monthly|hard|account'?s?) spending limit"
    r"|reached (?:your|its|the) (?:\w+ )?(?:spending|usage|billing) limit|specified API usage limits"
    r"|arrearage|overdue.payment|requires? more credits|can only afford"
    r"|(?:key|spend(?:ing)?|credit|budget|billing) limit (?:is |was |has been )?(?:exceeded|reached)"
    r"|budget (?:is |was |has been )?exceeded"
    r"|payment required|account is not active|余额不足|欠费|exceeded your current quota|PerDay",
    re.IGNORECASE,
)
_OVERFLOW = re.compile(
    r"context[_ ]length[_ ]exceeded|maximum context length|context (?:window|limit|length|size)\b"
    r"|(?:prompt|input|request|conversation|messages?) (?:is |are |was )?too long|too many (?:input |prompt )?tokens"
    r"|reduce the length of the (?:messages|prompt|input)|input token count|exceed_context_size"
    r"|(?:prompt|input)\b.{0,60}\bexceeds?\b(?!.{0,60}\b(?:polic|safety|moderation|rate))"
    r".{0,60}\b(?:tokens?|limit|maximum|length)"
    r"|input length (?:and|should|exceeds)"
    r"|longer than the (?:model's )?(?:maximum|context)|range of input length",
    re.IGNORECASE | re.DOTALL,
)
_TOO_LARGE = re.compile(
    r"request too large|request_too_large|payload too large|entity too large|request (?:body |size )?(?:is )?too large"
    r"|request (?:size )?exceeds(?!.{0,60}(?:\brates?\b|quota|requests|concurren|/ ?min|per min))",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"(?:limit|calls|requests|tokens|free)\b[^.]{0,60}?(?:/ ?|\bper[ -]|-per-|\ba )(?:day|week|month)\b", re.IGNORECASE
)
"""A limit that holds for a day and more: without a time to wait for, waiting does not help."""
_LIMIT = re.compile(
    r"\blimit:?\s*(\d[\d,]*)\D{1,40}?(used:?\s*\d[\d,]*\D{1,20}?)?requested:?\s*(\d[\d,]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """`again`: trying again may help, after `wait` seconds if the provider said so; `lost`: sent, but no answer that
    can be used came. `kind`: an account without credit, a request beyond what the account may send at once, a prompt
    beyond what the model reads. `reported` is what an unreadable answer says that it used. `status` is the real one,
    None without an answer. `message` is redacted; `said` is the whole of what was said, for reading only."""

    message: str
    again: bool
    uncertain: bool
    wait: float | None = None
    lost: bool = False
    kind: Kind = ""
    reported: ReportedUsage | None = None
    status: int | None = None
    said: str = ""


def judge(error: BaseException, *secrets: str, exchanges: Sequence[Exchange] | None = None) -> Trouble:
    """What `error` means. `exchanges` are those of the call; None: they are not known, the error is all there is."""
    if exchanges is None:
        return _by_error(error, *secrets)
    asked = [one for one in exchanges if one.asks]
    if any(one.answered for one in asked):
        text = redact(f"the answer cannot be read: {_answered_words(asked) or _plain(error)}", *secrets)
        return Trouble(text, again=False, uncertain=True, lost=True, reported=reported_by(asked), status=200)
    if any(one.lost for one in asked):
        text = redact(f"no answer in time or connection lost: {_plain(error)}", *secrets)
        return Trouble(text, again=False, uncertain=True, lost=True)
    last = next((one for one in asked if one.status in _GAVE_UP), exchanges[-1] if exchanges else None)
    if last is None:
        return Trouble(redact(_plain(error), *secrets), again=False, uncertain=False, said=_plain(error)[:SAID])
    if last.status is None:
        return Trouble(redact(f"cannot be reached: {_plain(error)}", *secrets), again=True, uncertain=False)
    body = last.body().decode("utf-8", "replace")
    return by_status(last.status, body, dict(last.headers), words(body) or _plain(error), *secrets)


def _answered_words(exchanges: Sequence[Exchange]) -> str:
    """What an error says that came as a success, as gateways send it."""
    value = loads(exchanges[-1].body().decode("utf-8", "replace"))
    return words(json.dumps(value)) if isinstance(value, dict) and value.get("error") else ""


def by_status(status: int, body: str, headers: dict[str, str], said: str, *secrets: str) -> Trouble:
    """What an answer with an error status means."""
    message = redact(f"{said} (HTTP {status})", *secrets)
    wait = asked_wait(headers, body, datetime.now(UTC))
    kind = kind_of(status, body, wait)
    told = f"{said}\n{body}"[:SAID]
    if not kind and gave_up(status, told):
        text = f"a gateway gave up waiting: {message}"[:MESSAGE]
        return Trouble(text, again=False, uncertain=True, wait=wait, lost=True, status=status, said=told)
    again = not kind and (status in _AGAIN or status >= 500)  # noqa: PLR2004 - the server's fault
    return Trouble(message, again=again, uncertain=False, wait=wait, kind=kind, status=status, said=told)


def gave_up(status: int, said: str) -> bool:
    """Whether an error status is that of a gateway which no longer waited for the provider's answer."""
    return status in _GAVE_UP or (status in (408, 500, 502, 503) and bool(_WAITED.search(said)))


def kind_of(status: int, body: str, wait: float | None = None) -> Kind:
    """What an error status is about, where trying the same again cannot help. `wait` is what the provider asks for:
    Google says "exceeded your current quota" of a minute's limit, too, and then how long it lasts."""
    limit = _LIMIT.search(body)
    if limit and status in (400, 413, 429):
        return "too_large" if _whole(limit[3]) > _whole(limit[1]) else ""
    if status == 413 or (status in (400, 429) and _TOO_LARGE.search(body)):  # noqa: PLR2004 - content too large
        return "overflow" if _OVERFLOW.search(body) else "too_large"
    if status == 402:  # noqa: PLR2004 - payment required
        return "quota"
    if status in (400, 403, 429) and (found := _QUOTA.search(body)):
        passing = wait is not None and found[0].lower() == "exceeded your current quota" and "PerDay" not in body
        if not passing or "insufficient_quota" in body:
            return "quota"
        return ""
    if status == 429 and wait is None and _PERIOD.search(body):  # noqa: PLR2004 - too many requests
        return "quota"
    return "overflow" if status in (400, 422, 500) and _OVERFLOW.search(body) else ""


def reported_by(exchanges: Sequence[Exchange]) -> ReportedUsage | None:
    """What the answers of a call say that they used; None when one of them says nothing that can be read."""
    found = [reported(read_answer(one.body(), one.content_type)) for one in exchanges if one.asks and one.answered]
    known = [one for one in found if one is not None]
    return reduce(added, known) if known and len(known) == len(found) else None


def words(body: str) -> str:
    """The provider's own words in an error's body, with its code; "" for none that are meant for people."""
    value = loads(body)
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        text = body.strip()
        return "" if not text or text.startswith("<") else text[:MESSAGE]
    found = [text for one in _errors(value) if (text := _sentence(one))]
    codes = [str(c) for one in _errors(value) for key in ("code", "type", "status") if _is_code(c := one.get(key))]
    said = found[0] if found else json.dumps(value)[:MESSAGE]
    told = [code for code in dict.fromkeys(codes) if code not in said and code not in ("error", "None")]
    return f"{said} ({', '.join(told[:2])})" if told else said


def _is_code(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _errors(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The error objects of a body, the innermost first: gateways wrap the provider's."""
    for key in ("error", "errors", "detail"):
        inner = value.get(key)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                raw = one.get("metadata")
                upstream = loads(raw["raw"]) if isinstance(raw, dict) and isinstance(raw.get("raw"), str) else None
                if isinstance(upstream, dict):
                    yield from _errors(upstream)
                yield from _errors(one)
    yield value


def _sentence(one: dict[str, Any]) -> str:
    for key in ("message", "Message", "msg", "error", "detail", "error_description", "title"):
        text = one.get(key)
        if isinstance(text, str) and text.strip():
            place = one.get("loc")
            where = f" at {'.'.join(str(p) for p in place)}" if isinstance(place, list) else ""
            return text.strip() + where
    return ""


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def redact(text: str, *secrets: str) -> str:
    """`text` without keys, tokens and the given secrets, cut to a readable length."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[redacted]")
    return _SECRETS.sub("[redacted]", text)[:MESSAGE]


def _plain(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _by_error(error: BaseException, *secrets: str) -> Trouble:
    names = {type(e).__name__ for e in chain(error)}
    status = _status(error)
    message = redact(_plain(error), *secrets)
    if names & set(_UNREACHED):
        return Trouble(f"cannot be reached: {message}", again=True, uncertain=False)
    if names & set(_BROKEN) or names & set(_TIMEOUTS):
        return Trouble(f"no answer in time or connection lost: {message}", again=False, uncertain=True, lost=True)
    if status is not None and 400 <= status < 600:  # noqa: PLR2004 - HTTP's error classes
        return by_status(status, message, _headers(error), message, *secrets)
    return Trouble(message, again=False, uncertain=True)


def chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it was raised from or while handling."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [one.__cause__, one.__context__]


def _status(error: BaseException) -> int | None:
    for one in chain(error):
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _headers(error: BaseException) -> dict[str, str]:
    for one in chain(error):
        headers = getattr(getattr(one, "response", None), "headers", None) or getattr(one, "headers", None)
        if headers is not None and hasattr(headers, "items"):
            return {str(k): str(v) for k, v in headers.items()}
    return {}
