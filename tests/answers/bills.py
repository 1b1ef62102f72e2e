"""What answers are billed, through the real litellm against a server of our own that answers as the providers do."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from unittest.mock import patch

from strategies.models.circuit_breaker import CircuitBreakers
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Charge, Metered
from strategies.models.model import Message, Prompt
from strategies.models.model_spec import ModelSpec
from tests.answers.generated import billed, generate
from tests.answers.provider_streams import STREAMS, ProviderStream
from tests.answers.provider_usage import ANSWERS, ProviderAnswer
from tests.fakes.raw_server import RawReply, RawServer, json_reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair")
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_REGION_NAME": "us-east-1",
    "AZURE_API_VERSION": "2024-10-21",
}  # fmt: skip
"""What some providers' clients want to find in the environment."""


@dataclass(frozen=True)
class Row:
    """A provider's answer: what it costs, and what it was billed (None: as unknown)."""

    provider: str
    usd: Decimal
    billed: Decimal | None


@dataclass(frozen=True)
class Below:
    """A generated answer that was billed below the least that it costs."""

    what: str
    body: bytes
    least_usd: Decimal
    billed: Decimal


@contextmanager
def account() -> Iterator[None]:
    """The environment that some providers' clients want."""
    with patch.dict(os.environ, ACCOUNT):
        yield


def charged(server: RawServer, answer: ProviderAnswer | ProviderStream) -> tuple[str, Charge]:
    """The text that comes of a provider's answer, and its one charge. What streams was asked to."""
    streams = isinstance(answer, ProviderStream)
    server.answer = answer.reply if isinstance(answer, ProviderStream) else json_reply(answer.body)
    spec = ModelSpec(
        answer.model,
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        cached_input_usd_per_million=Decimal("0.2"),
        cache_write_usd_per_million=Decimal("2.5"),
        max_output_tokens=4_000 if streams else 500,
    )
    meter = CapMeter(Decimal(1))
    model = open_model(spec, sleep=lambda _: None, breakers=CircuitBreakers())
    completion = Metered(model, meter, "weak").complete(PROMPT)
    (charge,) = meter.charges
    return completion.text.strip(), charge


def table() -> list[Row]:
    """Every provider's answer with its bill."""
    with account(), RawServer(RawReply()) as server:
        whole = [Row(answer.provider, answer.usd, charged(server, answer)[1].usd) for answer in ANSWERS]
        streamed = [Row(f"{one.provider}, streamed", one.usd, charged(server, one)[1].usd) for one in STREAMS]
    return [*whole, *streamed]


def below_usage(number: int, seed: int = 10) -> tuple[int, list[Below]]:
    """How many generated answers were billed, and those of them that were billed too little. Raises what is no
    ModelError."""
    dice = random.Random(seed)
    found = []
    with RawServer(RawReply()) as server:
        for _ in range(number):
            answer = generate(dice)
            usd = billed(server, answer)
            if usd < answer.least_usd:
                found.append(Below(answer.what, answer.reply.body, answer.least_usd, usd))
    return number, found
