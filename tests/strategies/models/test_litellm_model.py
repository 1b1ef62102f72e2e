"""The door to models, opened for real: litellm over HTTP against a server of our own."""

from __future__ import annotations

import socket
import subprocess
import sys
from decimal import Decimal

import pytest

from strategies.models.asking import ask
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Metered
from strategies.models.model import Message, Model, ModelRefused, ModelUnavailable, Prompt, Tool, ToolCall
from strategies.models.model_spec import ModelSpec
from strategies.models.usage import Usage
from tests.fakes.openai_server import OpenAIServer, Reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello"), Message("user", "Again")), "repair")
SECRET = "sk-test-0123456789abcdef"


class Clock:
    """Counts the seconds that would have been slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def model_at(url: str, clock: Clock | None = None, timeout: float = 20.0, tools: bool = False) -> Model:
    spec = ModelSpec(
        "openai/mine",
        api_base=url,
        api_key=SECRET,
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        cached_input_usd_per_million=Decimal("0.2"),
        timeout=timeout,
        supports_tools=tools,
        max_output_tokens=500,
    )
    return open_model(spec, sleep=clock or Clock())


def test_an_answer_comes_back_with_its_usage() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 900}}
    with OpenAIServer([Reply("hi", usage=usage)]) as server:
        completion = model_at(server.url).complete(PROMPT)
    assert (completion.text, completion.finish) == ("hi", "stop")
    assert completion.usage == Usage(1000, 900, 7)
    request = server.requests[0]
    assert request["model"] == "mine"
    assert request["max_tokens"] == 500
    assert [m["role"] for m in request["messages"]] == ["system", "user"]
    assert request["messages"][1]["content"] == "Hello\n\nAgain"
    assert server.keys == [f"Bearer {SECRET}"]


def test_the_bill_of_a_metered_call_is_exact_and_within_its_reservation() -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 500, "prompt_tokens_details": {"cached_tokens": 30}}
    with OpenAIServer([Reply("hi", usage=usage)]) as server:
        meter = CapMeter(Decimal(1))
        Metered(model_at(server.url), meter, "weak").complete(PROMPT)
    (charge,) = meter.charges
    assert charge.usd == Decimal("0.005026")
    assert charge.usd <= charge.worst_usd


def test_a_cut_off_answer_and_a_filtered_one_say_so() -> None:
    with OpenAIServer([Reply("par", finish="length"), Reply("", finish="content_filter")]) as server:
        model = model_at(server.url)
        assert [model.complete(PROMPT).finish for _ in range(2)] == ["length", "refusal"]


def test_thoughts_in_the_text_are_no_part_of_the_answer_and_one_that_is_cut_off_leaves_nothing() -> None:
    said = ["I see. <think>a draft</think>ready", "a draft</think>ready", "<think>a draft", "[THINK]x[/THINK]ready"]
    with OpenAIServer([Reply(one) for one in said]) as server:
        model = model_at(server.url)
        answers = [model.complete(PROMPT) for _ in said]
    assert [a.text for a in answers] == ["ready", "ready", "", "ready"]
    assert [a.finish for a in answers] == ["stop", "stop", "length", "stop"]


def test_tool_calls_go_there_and_back() -> None:
    call = {"id": "c9", "type": "function", "function": {"name": "shell", "arguments": '{"command": "ls"}'}}
    tool = Tool("shell", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
    with OpenAIServer([Reply(None, tool_calls=[call], finish="tool_calls"), Reply("done")]) as server:
        model = model_at(server.url, tools=True)
        first = model.complete(Prompt(PROMPT.messages, "agent", (tool,)))
        assert first.tool_calls == (ToolCall("c9", "shell", '{"command": "ls"}'),)
        assert first.finish == "tool_calls"
        said = (Message("assistant", "", first.tool_calls), Message("tool", "a.py", tool_call_id="c9"))
        model.complete(Prompt(PROMPT.messages + said, "agent", (tool,)))
    assert server.requests[0]["tools"][0]["function"]["name"] == "shell"
    assert server.requests[1]["messages"][-1] == {"role": "tool", "tool_call_id": "c9", "content": "a.py"}
    assert server.requests[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"] == '{"command": "ls"}'


def test_a_wrong_key_is_refused_at_once_with_the_providers_words_and_without_the_key() -> None:
    clock = Clock()
    with OpenAIServer([Reply(status=401, error=f"Incorrect API key provided: {SECRET}")]) as server:
        with pytest.raises(ModelRefused, match="Incorrect API key") as caught:
            model_at(server.url, clock).complete(PROMPT)
        assert SECRET not in str(caught.value)
        assert not caught.value.uncertain
        assert len(server.requests) == 1
    assert clock.slept == []


def test_a_rate_limit_is_waited_out_as_long_as_the_provider_says() -> None:
    clock = Clock()
    with OpenAIServer([Reply(status=429, headers={"retry-after": "7"}), Reply(status=503), Reply("ok")]) as server:
        assert model_at(server.url, clock).complete(PROMPT).text == "ok"
        assert len(server.requests) == 3
    assert clock.slept[0] == 7
    assert 0 < clock.slept[1] <= 4


def test_a_provider_that_wants_an_hour_is_unavailable() -> None:
    clock = Clock()
    with OpenAIServer([Reply(status=429, headers={"retry-after": "3600"})]) as server:
        with pytest.raises(ModelUnavailable):
            model_at(server.url, clock).complete(PROMPT)
        assert len(server.requests) == 1
    assert clock.slept == []


def test_a_server_that_is_down_for_good_is_unavailable_and_not_charged() -> None:
    with OpenAIServer([Reply(status=500)]) as server:
        meter = CapMeter(Decimal(1))
        with pytest.raises(ModelUnavailable, match="made-up trouble") as caught:
            Metered(model_at(server.url), meter, "weak").complete(PROMPT)
        assert len(server.requests) == 5
    assert not caught.value.uncertain
    assert (meter.left(), meter.charges) == (Decimal(1), [])


@pytest.mark.parametrize("lost", [Reply(delay=3.0), Reply(drop=True)])
def test_a_lost_answer_is_uncertain_and_charged_at_its_worst(lost: Reply) -> None:
    with OpenAIServer([lost]) as server:
        meter = CapMeter(Decimal(1))
        with pytest.raises(ModelUnavailable) as caught:
            Metered(model_at(server.url, timeout=0.5), meter, "weak").complete(PROMPT)
        assert len(server.requests) == 1
    assert caught.value.uncertain
    (charge,) = meter.charges
    assert charge.usd is None
    assert meter.spent == charge.worst_usd > 0


def test_a_lost_answer_is_asked_for_again_under_a_reservation_of_its_own() -> None:
    with OpenAIServer([Reply(drop=True), Reply("back")]) as server:
        meter = CapMeter(Decimal(1))
        assert ask(Metered(model_at(server.url), meter, "weak"), PROMPT).text == "back"
    assert len(meter.charges) == 2


def test_a_refused_connection_is_not_charged() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clock = Clock()
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        model_at(f"http://127.0.0.1:{port}/v1", clock).complete(PROMPT)
    assert not caught.value.uncertain
    assert len(clock.slept) == 4


def test_missing_usage_is_unknown_and_not_zero() -> None:
    with OpenAIServer([Reply("hi", usage=None)]) as server:
        meter = CapMeter(Decimal(1))
        completion = Metered(model_at(server.url), meter, "weak").complete(PROMPT)
    assert completion.usage is None
    assert meter.charges[0].usd is None
    assert meter.spent == meter.charges[0].worst_usd


def test_an_answer_without_a_choice_is_an_error_that_may_have_cost() -> None:
    with OpenAIServer([Reply(choices=False)]) as server, pytest.raises((ModelRefused, ModelUnavailable)) as caught:
        model_at(server.url).complete(PROMPT)
    assert caught.value.uncertain


def test_undecodable_text_can_be_sent() -> None:
    with OpenAIServer([Reply("ok")]) as server:
        model_at(server.url).complete(Prompt((Message("user", "caf\udce9"),), "repair"))
    assert server.requests[0]["messages"][0]["content"] == "caf\ufffd"


def test_what_the_provider_counted_bounds_the_next_prompt_closely() -> None:
    long = Message("user", "words " * 5000)
    with OpenAIServer([Reply("hi", usage={"prompt_tokens": 5100, "completion_tokens": 1})]) as server:
        model = model_at(server.url)
        assert model.count(Prompt((long,), "repair")) >= 30_000
        model.complete(Prompt((long, Message("user", "one")), "repair"))
        assert 5_100 <= model.count(Prompt((long, Message("user", "another question")), "repair")) < 5_300


def test_an_unknown_model_is_refused_with_a_way_out() -> None:
    with pytest.raises(ModelRefused, match="input_usd_per_million"):
        open_model(ModelSpec("openai/no-such-model"))


def test_a_name_without_a_provider_is_refused_with_an_example() -> None:
    with pytest.raises(ModelRefused, match="provider/name"):
        open_model(ModelSpec("nonsense", input_usd_per_million=Decimal(1), output_usd_per_million=Decimal(1)))


def test_opening_a_model_asks_no_network() -> None:
    program = """
import socket
def refuse(*a, **k):
    raise SystemExit(f"network asked: {a}")
socket.getaddrinfo = socket.create_connection = refuse
from strategies.models.litellm_model import open_model
from strategies.models.model_spec import ModelSpec
assert open_model(ModelSpec("anthropic/claude-haiku-5-5")).name
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_default_models_are_in_the_table() -> None:
    weak = open_model(ModelSpec("anthropic/claude-haiku-5-5"))
    strong = open_model(ModelSpec("anthropic/claude-opus-5-5"))
    assert (weak.price.input, weak.price.output, weak.price.cached_input) == (
        Decimal("0.1"),
        Decimal("0.5"),
        Decimal("0.01"),
    )
    assert (strong.price.input, strong.price.output, strong.price.cached_input) == (
        Decimal(4),
        Decimal(20),
        Decimal("0.2"),
    )
    assert weak.supports_tools
    assert strong.max_output_tokens == 16_000
