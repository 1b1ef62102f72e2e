"""A wrong key or name is said before anything is set up, by asking the server; the model only where that is open."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from strategies.models.in_memory_meter import CapMeter
from strategies.models.model import Model, ModelRefused, ModelUnavailable
from strategies.models.model_lookup import LookUp
from strategies.models.model_spec import ModelSpec
from tests.fakes.model import ScriptedModel
from workers.config.operator_file import parse_operator
from workers.solving.model_check import check_models

TOML = """
[[tiers]]
name = "weak"
model = "openai/local"
api_base = "http://localhost:1/v1"
api_key_env = "MY_KEY"
[[tiers]]
name = "strong"
model = "anthropic/claude-opus-5-5"
"""


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status_code = status


def refusing(status: int, kind: type[ModelRefused | ModelUnavailable] = ModelRefused) -> Callable[[ModelSpec], Model]:
    class Refusing(ScriptedModel):
        def complete(self, prompt: object) -> object:  # type: ignore[override]  # it never answers
            raise kind("no such model") from _Status(status)

    return lambda spec: Refusing([], name=spec.model)  # type: ignore[return-value]  # see above


def check(found: LookUp, open_model: Callable[[ModelSpec], Model], meter: CapMeter | None = None) -> None:
    check_models(
        parse_operator(TOML), meter or CapMeter(Decimal(2)), open_model, lambda _m, _v: "k", lambda _s, _p: found
    )


def answering(spec: ModelSpec) -> Model:
    return ScriptedModel(["ready"], name=spec.model)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (LookUp("api.example", refused="401: bad key"), r"tier 'weak': api.example does not take the key \(401: bad key\); correct MY_KEY"),
        (LookUp("localhost:1", unreachable="refused"), "nothing answers at localhost:1.*start the server"),
    ],
)  # fmt: skip
def test_what_the_server_says_is_told_without_a_call(found: LookUp, said: str) -> None:
    meter = CapMeter(Decimal(2))
    with pytest.raises(ModelRefused, match=said):
        check(found, answering, meter)
    assert meter.charges == []


def test_a_listed_model_is_not_called() -> None:
    meter = CapMeter(Decimal(2))
    check(LookUp("h", names=("local", "claude-opus-5-5")), answering, meter)
    assert meter.charges == []


def test_a_model_that_is_not_listed_is_asked_one_word_on_the_issues_money() -> None:
    meter = CapMeter(Decimal(2))
    check(LookUp("h", names=("other",)), answering, meter)
    assert [(c.tier, c.purpose) for c in meter.charges] == [("weak", "doctor"), ("strong", "doctor")]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_name_that_is_not_served_is_told_with_those_that_are(status: int) -> None:
    with pytest.raises(ModelRefused, match="no such model; it serves locale; correct `model`"):
        check(LookUp("h", names=("locale", "zzz")), refusing(status))


@pytest.mark.parametrize("status", [400, 429, 500])
def test_trouble_that_says_nothing_of_key_or_name_stops_nothing(status: int) -> None:
    check(LookUp(), refusing(status))
    check(LookUp(), refusing(404, ModelUnavailable))
