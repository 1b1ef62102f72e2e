"""The one door to language models: litellm, imported here and only when the first model is opened.

It refuses to meter (that is `strategies.models.meter`), to cache and to phone home: litellm's own retries, telemetry
and price download are off. Transient trouble is retried here; whatever may have been charged is not retried
under the same reservation but reported as uncertain (see `strategies.models.asking`).
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import tenacity

from strategies.models import tokens
from strategies.models.chat_format import calls_of, finish_of, to_wire, tools_to_wire
from strategies.models.http_exchange import CallRecord, RecordingTransport, recorded
from strategies.models.model import Completion, Message, Model, ModelRefused, ModelUnavailable, Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.price_table import entry, price_of
from strategies.models.provider_errors import Trouble, judge, reported_by
from strategies.models.thoughts import without_thoughts
from strategies.models.usage import ReportedUsage

TRIES = 5
LONGEST_WAIT = 90.0
"""Seconds: a provider that wants more patience is unavailable for now."""
DEFAULT_OUTPUT = 16_000
UNKNOWN_OUTPUT = 8_192
"""Output tokens at most, where the operator says nothing: worst cases are reserved, so they must stay payable."""
CONNECT_SECONDS = 15.0
_OWN_SERVERS = frozenset({"anthropic", "custom_openai", "openai", "text-completion-openai"})
"""Protocols that servers of one's own speak."""


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

    client = httpx.Client(verify=get_ssl_configuration(), follow_redirects=False)  # each request has its own timeout
    transport = RecordingTransport(client)
    litellm.sync_transport = transport
    litellm.client_session = httpx.Client(transport=transport, follow_redirects=True)


def open_model(spec: ModelSpec, *, sleep: Callable[[float], None] = time.sleep) -> Model:
    """The model that `spec` names, not yet called. Raises ModelRefused for an unknown model, provider or price."""
    litellm = _litellm()
    price = price_of(spec, litellm.model_cost)
    try:
        _, provider, _, _ = litellm.get_llm_provider(spec.model, api_base=spec.api_base or None)
    except Exception as error:  # litellm raises its own BadRequestError, and others for odd names
        raise ModelRefused(
            f"model {spec.model!r} names no provider that litellm knows; write it as provider/name, "
            "for example anthropic/claude-haiku-5-5, or openai/NAME with api_base for a compatible server"
        ) from error
    return LitellmModel(
        spec, price, str(provider), dict(entry(spec.priced_as or spec.model, litellm.model_cost)), sleep
    )


class LitellmModel:
    """One model behind litellm; keeps `strategies.models.model.Model`."""

    def __init__(
        self, spec: ModelSpec, price: Price, provider: str, row: dict[str, object], sleep: Callable[[float], None]
    ) -> None:
        self.name = spec.model
        self.price = price
        listed = row.get("max_output_tokens")
        most = min(listed, DEFAULT_OUTPUT) if isinstance(listed, int) and listed > 0 else UNKNOWN_OUTPUT
        self.max_output_tokens = spec.max_output_tokens or most
        known = bool(row.get("supports_function_calling"))
        self.supports_tools = known if spec.supports_tools is None else spec.supports_tools
        self._spec = spec
        self._provider = provider
        self._marks = "claude" in spec.model.lower() or provider == "anthropic"
        self._known = tokens.Known()
        self._thoughts: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._sleep = sleep

    def count(self, prompt: Prompt) -> int:
        thoughts = sum(tokens.bound(str(kept)) for m in prompt.messages if (kept := self._thought(m)))
        return self._known.bound(prompt) + thoughts

    def complete(self, prompt: Prompt) -> Completion:
        started = time.monotonic()
        try:
            completion = self._retrying()(self._call, prompt)
        except _Again as last:
            raise ModelUnavailable(f"{self.name}: {last.trouble.message}") from last
        if completion.reported and completion.reported.whole:
            self._known.learn(prompt, completion.reported.usage.input_tokens)
        return replace(completion, seconds=time.monotonic() - started)

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
        import httpx

        litellm = _litellm()
        options: dict[str, Any] = dict(self._spec.provider)
        if prompt.tools:
            options["tools"] = tools_to_wire(prompt.tools)
        if prompt.temperature is not None:
            options["temperature"] = prompt.temperature
        if self._spec.reasoning_effort:
            options["reasoning_effort"] = self._spec.reasoning_effort
        if self._spec.api_base:
            options["api_base"] = self._spec.api_base
        keyless = self._spec.api_base and self._provider in _OWN_SERVERS  # the protocol wants a key, the server none
        key = self._spec.api_key or ("unset" if keyless else None)
        record = CallRecord(timeout=httpx.Timeout(self._spec.timeout, connect=CONNECT_SECONDS))
        try:
            with recorded(record):
                raw = litellm.completion(
                    model=self._spec.model,
                    messages=self._messages(prompt),
                    max_tokens=prompt.max_output_tokens or self.max_output_tokens,
                    timeout=record.timeout,
                    num_retries=0,
                    max_retries=0,
                    api_key=key,
                    **options,
                )
            return self._read(raw, reported_by(record.exchanges))
        except Exception as error:  # providers raise a zoo; one function says what each means
            trouble = judge(error, self._spec.api_key, exchanges=record.exchanges)
            if trouble.again:
                raise _Again(trouble) from error
            kind = ModelUnavailable if trouble.lost else ModelRefused
            text = f"{self.name}: {trouble.message}"
            raise kind(text, uncertain=trouble.uncertain, reported=trouble.reported) from error

    def _messages(self, prompt: Prompt) -> list[dict[str, Any]]:
        wire = to_wire(prompt, marks=self._marks)
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


class _Again(Exception):
    """A transient error on its way to the retry."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
