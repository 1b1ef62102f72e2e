"""Images on the wire: to a model that may see them, counted in its reservation, and left out where they are refused."""

from __future__ import annotations

from dataclasses import replace

from strategies.issue import IssueImage
from strategies.models.chat_format import to_wire
from strategies.models.litellm_model import open_model
from strategies.models.model import Message, Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.tokens import PER_IMAGE, Known, bound_prompt
from tests.fakes.openai_server import OpenAIServer, Reply

IMAGE = IssueImage("image/png", b"\x89PNG\r\n\x1a\npixels")
PLAIN = Prompt(
    (Message("system", "s"), Message("user", "files", cache=True), Message("user", "rules")),
    "repair",
    max_output_tokens=300,
)
SHOWN = replace(
    PLAIN, messages=(PLAIN.messages[0], replace(PLAIN.messages[1], images=(IMAGE, IMAGE)), PLAIN.messages[2])
)
URL = "data:image/png;base64,iVBORw0KGgpwaXhlbHM="


def kinds(content: object) -> list[str]:
    return [part["type"] for part in content] if isinstance(content, list) else ["text"]


def test_images_stand_before_the_text_and_the_mark_behind_both() -> None:
    marked = to_wire(SHOWN, marks=frozenset({1}))
    assert [kinds(one["content"]) for one in marked] == [["text"], ["image_url", "image_url", "text"], ["text"]]
    assert "cache_control" in marked[1]["content"][-1]
    _, merged = to_wire(SHOWN, marks=None)
    assert kinds(merged["content"]) == ["image_url", "image_url", "text", "text"]
    assert merged["content"][0]["image_url"]["url"] == URL
    assert [one["content"] for one in to_wire(PLAIN, marks=None)] == ["s", "files\n\nrules"]


def test_an_image_is_reserved_for_and_another_image_is_another_prompt() -> None:
    assert bound_prompt(SHOWN) == bound_prompt(PLAIN) + 2 * PER_IMAGE
    known = Known()
    known.learn(PLAIN, 5)
    assert known.bound(SHOWN) > PER_IMAGE


def spec(url: str, name: str, *, images: bool) -> ModelSpec:
    from decimal import Decimal

    return ModelSpec(
        f"openai/{name}", api_base=url, api_key="k", input_usd_per_million=Decimal(1), output_usd_per_million=Decimal(1),
        images=images,
    )  # fmt: skip


def test_only_a_model_that_is_allowed_to_sees_them_and_is_counted_for_them() -> None:
    with OpenAIServer([Reply("ready")]) as server:
        blind, seeing = (open_model(spec(server.url, name, images=name == "seeing")) for name in ("blind", "seeing"))
        assert seeing.count(SHOWN) == blind.count(SHOWN) + 2 * PER_IMAGE
        for model in (blind, seeing):
            model.complete(SHOWN)
    assert [URL in str(request) for request in server.requests] == [False, True]


def test_a_provider_that_refuses_images_is_asked_again_without_them_and_from_then_on() -> None:
    refusal = Reply(status=400, error="Invalid content type. image_url is only supported by certain models.")
    with OpenAIServer([refusal, Reply("ready")]) as server:
        model = open_model(spec(server.url, "surprise", images=True))
        assert model.complete(SHOWN).text == "ready"
        assert model.complete(SHOWN).text == "ready"
    assert [URL in str(request) for request in server.requests] == [True, False, False]
