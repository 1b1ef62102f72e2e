"""What each provider's answer costs, through the real litellm against a server that answers as the provider does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.answers.bills import account, charged
from tests.answers.provider_streams import STREAMS, ProviderStream
from tests.answers.provider_usage import ANSWERS, ProviderAnswer
from tests.fakes.raw_server import RawReply, RawServer


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with account(), RawServer(RawReply()) as one:
        yield one


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: a.provider)
def test_the_bill_is_what_the_provider_charges(server: RawServer, answer: ProviderAnswer) -> None:
    text, charge = charged(server, answer)
    assert text == "hi"
    assert (charge.usage, charge.usd) == (answer.usage, answer.usd)


@pytest.mark.parametrize("answer", STREAMS, ids=lambda a: a.provider)
def test_a_streamed_answer_is_read_and_billed_the_same(server: RawServer, answer: ProviderStream) -> None:
    text, charge = charged(server, answer)
    assert text == "hello"
    assert (charge.usage, charge.usd) == (answer.usage, answer.usd)
