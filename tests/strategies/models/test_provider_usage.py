"""What each provider's answer costs, through the real litellm against a server that answers as the provider does."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Charge, Metered
from strategies.models.model import Message, Prompt
from strategies.models.model_spec import ModelSpec
from tests.answers.provider_usage import ANSWERS, ProviderAnswer
from tests.fakes.raw_server import RawReply, RawServer, json_reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair")


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(RawReply()) as one:
        yield one


@pytest.fixture(autouse=True)
def _accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_REGION_NAME", "us-east-1")
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")


def asked(server: RawServer, model: str) -> Charge:
    """The one charge of a call to `model`."""
    spec = ModelSpec(
        model,
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        cached_input_usd_per_million=Decimal("0.2"),
        cache_write_usd_per_million=Decimal("2.5"),
        max_output_tokens=500,
    )
    meter = CapMeter(Decimal(1))
    completion = Metered(open_model(spec, sleep=lambda _: None), meter, "weak").complete(PROMPT)
    assert completion.text.strip() == "hi"
    (charge,) = meter.charges
    return charge


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: a.provider)
def test_the_bill_is_what_the_provider_charges(server: RawServer, answer: ProviderAnswer) -> None:
    server.answer = json_reply(answer.body)
    charge = asked(server, answer.model)
    assert (charge.usage, charge.usd) == (answer.usage, answer.usd)
