"""The one door to language models: litellm, imported here and only when the first model is opened.

It refuses to meter (that is `strategies.models.meter`), to cache and to phone home: litellm's own retries, telemetry
and price download are off. Transient trouble is retried here; whatever may have been charged is not retried
under the same reservation but reported as uncertain (see `strategies.models.asking`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import tenacity

from strategies.models import tokens
from strategies.models.cache_marks import marked_places, smallest_prefix, wants_marks
from strategies.models.chat_format import calls_of, finish_of, to_wire, tools_to_wire
from strategies.models.circuit_breaker import CircuitBreaker, CircuitBreakers
from strategies.models.model import (
    Completion,
    Message,
    Model,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    QuotaExhausted,
)
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.price_table import entry, price_of
from strategies.models.provider_errors import Trouble, chain, judge, reported_by
from strategies.models.thoughts import without_thoughts
from strategies.models.usage import ReportedUsage
from strategies.models.wire.http_exchange import (
    CallRecord,
    Exchange,
    RecordingTransport,
    recorded,
    sending_client,
    watched,
)
from strategies.models.wire.learned_parameters import Habits, Sent, learn, room_for_output
from strategies.models.wire.raw_answer import loads

TRIES = 5
LONGEST_WAIT = 90.0
"""Seconds: a provider that wants more patience is unavailable for now."""
DEFAULT_OUTPUT = 16_000
UNKNOWN_OUTPUT = 8_192
"""Output tokens at most, where the operator says nothing: worst cases are reserved, so they must stay payable."""
THINKING = 8_000
"""Tokens that a model which thinks gets beside what a short answer is bounded to: thoughts count as output."""
STREAMED = 2_000
"""Output tokens above which an answer streams, so that a provider that hangs is noticed by its silence."""
CONNECT_SECONDS = 15.0
_OWN_SERVERS = frozenset({"anthropic", "custom_openai", "openai", "text-completion-openai"})
"""Protocols that servers of one's own speak."""
_UNREAD_STREAMS = frozenset({"cohere", "cohere_chat"})
"""Providers whose streams litellm cannot read: it takes the names of Cohere's events for the events themselves."""
WATCH_SECONDS = 2.0
LESSONS = 6
"""What may be learned of a model's parameters within one call; nothing is charged for a request that is refused."""
_LEARNS = frozenset({400, 404, 422, 501})
_BREAKERS = CircuitBreakers()
_HABITS: dict[tuple[str, str], Habits] = {}
_HABITS_LOCK = threading.Lock()


def _litellm() -> Any:
    """The library, quiet and offline. These variables are read at its import, and nowhere else."""
    for name in (
        "LITELLM_LOCAL_MODEL_COST_MAP",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS",
        "LITELLM_LOCAL_POLICY_TEMPLATES",
        "LITELLM_LOCAL_BLOG_POSTS",
        "LITELLM_LOCAL_AUTOROUTER_PRESETS",
    ):
        os.environ.setdefault(name, "True")  # the one exception: litellm has no other switch, and reads it at import
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # in any other mode its import reads a `.env` of a folder above it
    import litellm

    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)  # what goes wrong is told by errors, not twice
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True  # a model that takes no temperature is asked without
    if not isinstance(getattr(litellm, "sync_transport", None), RecordingTransport):
        _record_everything(litellm)
    return litellm


def _record_everything(litellm: Any) -> None:
    """Give litellm our transport by its own two settings: one for OpenAI's client, one for all of its others."""
    import httpx
    from litellm.llms.custom_httpx.http_handler import get_ssl_configuration

    transport = RecordingTransport(sending_client(get_ssl_configuration()))
    litellm.sync_transport = transport
    litellm.client_session = httpx.Client(transport=transport, follow_redirects=True)


def open_model(
    spec: ModelSpec,
    *,
    sleep: Callable[[float], None] = time.sleep,
    watch_seconds: float = WATCH_SECONDS,
    breakers: CircuitBreakers = _BREAKERS,
) -> Model:
    """The model that `spec` names, not yet called. `breakers` are shared by all models of a process.

    Raises ModelRefused for an unknown model, provider or price.
    """
    litellm = _litellm()
    price = price_of(spec, litellm.model_cost)
    try:
        _, provider, _, _ = litellm.get_llm_provider(spec.model, api_base=spec.api_base or None)
    except Exception as error:  # litellm raises its own BadRequestError, and others for odd names
        raise ModelRefused(
            f"model {spec.model!r} names no provider that litellm knows; write it as provider/name, "
            "for example anthropic/claude-haiku-5-5, or openai/NAME with api_base for a compatible server"
        ) from error
    row = dict(entry(spec.priced_as or spec.model, litellm.model_cost))
    waits = (breakers.of(str(provider), spec.api_base), breakers.of(str(provider), spec.api_base, spec.model))
    return LitellmModel(spec, price, str(provider), row, sleep, watch_seconds, waits)


class LitellmModel:
    """One model behind litellm; keeps `strategies.models.model.Model`."""

    def __init__(
        self,
        spec: ModelSpec,
        price: Price,
        provider: str,
        row: dict[str, object],
        sleep: Callable[[float], None],
        watch_seconds: float,
        breakers: tuple[CircuitBreaker, CircuitBreaker],
    ) -> None:
        self.name = spec.model
        self.price = price
        listed = row.get("max_output_tokens")
        most = min(listed, DEFAULT_OUTPUT) if isinstance(listed, int) and listed > 0 else UNKNOWN_OUTPUT
        self._most = spec.max_output_tokens or most
        known = bool(row.get("supports_function_calling"))
        self.supports_tools = known if spec.supports_tools is None else spec.supports_tools
        thinks = bool(row.get("supports_reasoning")) or spec.reasoning_effort not in (None, "none")
        self.thinking_tokens = THINKING if thinks else 0
        self._spec = spec
        self._provider = provider
        names = f"{spec.model} {spec.priced_as}".lower()
        self._marks = wants_marks(names, provider)
        self._smallest = smallest_prefix(names, row)
        self._known = tokens.Known()
        self._thoughts: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._sleep = sleep
        self._watch_seconds = watch_seconds
        self._breakers = breakers

    @property
    def max_output_tokens(self) -> int:
        """What the operator or the table allows, or less where the provider has refused that."""
        return min(self._most, self._habits.most_output or self._most)

    @property
    def _habits(self) -> Habits:
        return _HABITS.get((self._spec.model, self._spec.api_base), Habits())

    def count(self, prompt: Prompt) -> int:
        thoughts = sum(tokens.bound(str(kept)) for m in prompt.messages if (kept := self._thought(m)))
        return self._known.bound(self._seen(prompt)) + thoughts

    def _seen(self, prompt: Prompt) -> Prompt:
        """What this model is shown of a prompt: images only where the operator and its provider allow them."""
        if self._spec.images and self._habits.images:
            return prompt
        return replace(prompt, messages=tuple(replace(m, images=()) if m.images else m for m in prompt.messages))

    def complete(self, prompt: Prompt) -> Completion:
        started = time.monotonic()
        self._let_alone()
        try:
            completion = self._retrying()(self._call, prompt)
        except _Again as last:
            raise self._unavailable(last.trouble) from last
        if completion.reported and completion.reported.whole:
            self._known.learn(self._seen(prompt), completion.reported.usage.input_tokens)
        return replace(completion, seconds=time.monotonic() - started)

    def _let_alone(self) -> None:
        """Wait with all others for a provider that asks for it or does not answer. Raises ModelUnavailable."""
        wait = max(breaker.wait() for breaker in self._breakers)
        if 0 < wait <= LONGEST_WAIT:
            self._sleep(wait)
            wait = max(breaker.wait() for breaker in self._breakers)
        if wait > 0:
            since = self._breakers[0].outage()
            why = f"has not answered for {since:.0f} s" if since else "asks for patience"
            text = f"{self.name}: its provider {why} and is asked again in {wait:.0f} s"
            raise ModelUnavailable(text, wait=wait, outage=since)

    def _retrying(self) -> tenacity.Retrying:
        backoff = tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.trouble.wait if isinstance(error, _Again) else None
            return max(asked, 0.0) if asked is not None else backoff(state)

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= TRIES or wait(state) > LONGEST_WAIT

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again), stop=stop, wait=wait, sleep=self._sleep, reraise=True
        )

    def _call(self, prompt: Prompt) -> Completion:
        """One answer, after what the provider says of the parameters is learned."""
        limit = prompt.max_output_tokens or self.max_output_tokens
        for _ in range(LESSONS):
            habits = self._habits
            limit = min(limit, self.max_output_tokens)
            try:
                return self._asked(prompt, limit, habits)
            except _Lesson as lesson:
                if lesson.habits is not None:
                    self._learned(lesson.habits)
                    if self._spec.say is not None:
                        self._spec.say(f"{self.name}: {lesson.text} from now on, as its provider wants it")
                limit = lesson.limit or limit
        raise ModelRefused(f"{self.name}: its provider refuses every form of the request")

    def _asked(self, prompt: Prompt, limit: int, habits: Habits) -> Completion:
        """One request and its answer. Raises _Again, _Lesson or ModelError; or what `watch` raised."""
        stream = habits.stream and limit > STREAMED and self._provider not in _UNREAD_STREAMS
        options, sent = self._options(self._seen(prompt), limit, habits, stream=stream)
        record = CallRecord(timeout=self._timeout(stream=stream))
        try:
            with recorded(record), watched(record, self._spec.watch, self._watch_seconds):
                raw = self._streamed(options, record, habits) if stream else _litellm().completion(**options)
            completion = self._read(raw, reported_by(record.exchanges))
        except Exception as error:  # providers raise a zoo; one function says what each means
            if record.stopped is not None:
                raise record.stopped from None
            for one in chain(error):
                if type(one).__name__ == "SoftTimeLimitExceeded":
                    raise one from None  # the worker's own clock, which the library takes for a provider's error
            raise self._meaning(judge(error, self._spec.api_key, exchanges=record.exchanges), sent, habits) from error
        self._breakers[0].answered()
        self._breakers[1].answered()
        return completion

    def _options(self, prompt: Prompt, limit: int, habits: Habits, *, stream: bool) -> tuple[dict[str, Any], Sent]:
        """Litellm's arguments, and what of them a provider may refuse."""
        spec = self._spec
        effort = spec.reasoning_effort if habits.effort is None else habits.effort
        marks = marked_places(prompt, self._smallest) if self._marks and habits.marks else None
        keyless = spec.api_base and self._provider in _OWN_SERVERS  # the protocol wants a key, the server none
        options: dict[str, Any] = dict(spec.provider) | {
            "model": spec.model,
            "messages": self._messages(prompt, marks=marks, system=habits.system),
            "timeout": self._timeout(stream=stream),
            "num_retries": 0,
            "max_retries": 0,
            "api_key": spec.api_key or ("unset" if keyless else None),
        }
        if habits.output_name.startswith("extra:"):
            body = spec.provider.get("extra_body")
            own = dict(body) if isinstance(body, Mapping) else {}
            options["extra_body"] = own | {habits.output_name.removeprefix("extra:"): limit}
        else:
            options[habits.output_name] = limit
        if prompt.tools:
            options["tools"] = tools_to_wire(prompt.tools)
        if prompt.temperature is not None and habits.temperature:
            options["temperature"] = prompt.temperature
        if effort:
            options["reasoning_effort"] = effort
        if spec.api_base:
            options["api_base"] = spec.api_base
        if stream:
            options |= {"stream": True, "stream_options": {"include_usage": True}}
        sent = Sent(
            output=limit,
            temperature="temperature" in options,
            effort=effort or "",
            stream=stream,
            system=habits.system and any(m.role == "system" for m in prompt.messages),
            marks=bool(marks),
            images=any(m.images for m in prompt.messages),
        )
        return options, sent

    def _timeout(self, *, stream: bool) -> Any:
        import httpx

        return httpx.Timeout(self._spec.silence if stream else self._spec.timeout, connect=CONNECT_SECONDS)

    def _streamed(self, options: dict[str, Any], record: CallRecord, habits: Habits) -> Any:
        """The answer put together from its pieces. One that came whole all the same is read, not asked for again."""
        litellm = _litellm()
        raw, problem = None, Exception("the stream holds no answer")
        try:
            pieces = list(litellm.completion(**options))
            raw = litellm.stream_chunk_builder(pieces, messages=options["messages"])
        except Exception as error:  # noqa: BLE001 - raised again unless the answer came another way
            problem = error
        whole = _came_whole(record)
        if whole is not None and record.stopped is None:
            self._learned(replace(habits, stream=False))
            record.replay = whole
            plain = {name: value for name, value in options.items() if name not in ("stream", "stream_options")}
            return litellm.completion(**plain)
        reported = reported_by(record.exchanges)
        unread = raw is None or not raw.choices
        uncounted = reported is None and not unread
        unreadable = reported is not None and reported.whole and unread  # it came to its end, but not to us
        if uncounted or unreadable:
            self._learned(replace(habits, stream=False))
        if unread:
            raise problem
        return raw

    def _learned(self, habits: Habits) -> None:
        with _HABITS_LOCK:
            _HABITS[(self._spec.model, self._spec.api_base)] = habits

    def _meaning(self, trouble: Trouble, sent: Sent, habits: Habits) -> Exception:
        """What a failed request is to the caller; the breakers hear of it."""
        if (trouble.lost and trouble.status != 200) or (trouble.again and trouble.status != 429):  # noqa: PLR2004 - HTTP
            self._breakers[0].failed()
        elif trouble.status is not None:
            self._breakers[0].answered()
        if trouble.wait:
            self._breakers[1].hold(trouble.wait)
        if trouble.again:
            return _Again(trouble)
        told = not trouble.uncertain and trouble.kind != "quota"
        if told and (trouble.status is None or trouble.status in _LEARNS):
            room = room_for_output(sent, trouble.said)
            if room:
                return _Lesson(limit=room)
            lesson = None if room == 0 else learn(habits, sent, trouble.said)
            if lesson is not None and lesson[0] != habits:
                return _Lesson(*lesson)
        text = f"{self.name}: {trouble.message}"
        if trouble.kind == "quota":
            return QuotaExhausted(text)
        if trouble.kind:
            return PromptTooLong(text)
        if trouble.lost:
            return self._unavailable(trouble)
        return ModelRefused(text, uncertain=trouble.uncertain, reported=trouble.reported)

    def _unavailable(self, trouble: Trouble) -> ModelError:
        return ModelUnavailable(
            f"{self.name}: {trouble.message}",
            uncertain=trouble.uncertain,
            reported=trouble.reported,
            wait=max(trouble.wait or 0.0, *(breaker.wait() for breaker in self._breakers)),
            outage=self._breakers[0].outage(),
        )

    def _messages(self, prompt: Prompt, *, marks: frozenset[int] | None, system: bool) -> list[dict[str, Any]]:
        wire = to_wire(prompt, marks=marks, system=system)
        for one in wire:
            calls = one.get("tool_calls")
            if calls and (kept := self._thoughts.get(calls[0]["id"])):
                one.update(kept)
        return wire

    def _read(self, raw: Any, reported: ReportedUsage | None) -> Completion:
        """The answer as litellm gives it, with what the provider itself reported. Raises what unreadable ones raise."""
        message = raw.choices[0].message
        calls = calls_of(getattr(message, "tool_calls", None))
        content = getattr(message, "content", None)
        refusal = getattr(message, "refusal", None)
        said = content if isinstance(content, str) else str(refusal or "")
        self._remember(message, calls[0].id if calls else "")
        if reported is not None and not reported.usage.output_tokens and (said.strip() or calls):
            reported = None  # it says that it wrote nothing, beside what it wrote
        spoken = without_thoughts(said)
        finish = finish_of(getattr(raw.choices[0], "finish_reason", ""), calls, refusal)
        return Completion(
            text=spoken.text,
            usage=None if reported is None else reported.usage,
            finish="length" if spoken.cut_off and finish == "stop" else finish,
            seconds=0.0,
            tool_calls=calls,
            reported=reported,
        )

    def _remember(self, message: Any, call: str) -> None:
        """Keep a thinking model's thoughts for the turn that answers its tool call: such providers want them back."""
        field = "reasoning_content" if self._provider == "deepseek" else "thinking_blocks"
        thoughts = getattr(message, field, None)
        if call and thoughts and (self._marks or self._provider == "deepseek"):
            self._thoughts[call] = {field: thoughts}
            if len(self._thoughts) > 500:  # noqa: PLR2004 - longer than any conversation
                self._thoughts.popitem(last=False)

    def _thought(self, message: Message) -> dict[str, Any] | None:
        return self._thoughts.get(message.tool_calls[0].id) if message.tool_calls else None


def _came_whole(record: CallRecord) -> Exchange | None:
    """The exchange of an answer that came as one JSON body although it was to stream: some servers know no other way,
    and an error may come as a success."""
    last = next((one for one in reversed(record.exchanges) if one.answered), None)
    if last is None or not last.ended or "event-stream" in last.content_type or "eventstream" in last.content_type:
        return None
    return last if isinstance(loads(last.body().decode("utf-8", "replace")), dict) else None


class _Lesson(Exception):
    """A refusal that says how to ask: other habits from now on, or less room for this answer."""

    def __init__(self, habits: Habits | None = None, text: str = "", limit: int = 0) -> None:
        super().__init__(text)
        self.habits = habits
        self.text = text
        self.limit = limit


class _Again(Exception):
    """A transient error on its way to the retry."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
