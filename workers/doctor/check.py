"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from workers.config.operator_file import Operator
from workers.config.settings import Settings


class Outcome(StrEnum):
    """`skipped` could not be looked at, or was not asked for; only `fail` is a no."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is the line that repairs it: a command, a variable to set, or a place to click."""

    name: str
    outcome: Outcome
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for: real calls to the models, real requests for redelivery."""

    call_models: bool = False
    redeliver: bool = False


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks look at. `operator` None: its file cannot be used, which is a check of its own."""

    settings: Settings
    operator: Operator | None
    options: Options = field(default_factory=Options)


def ok(name: str, detail: str = "") -> Check:
    """As it must be."""
    return Check(name, Outcome.OK, detail)


def warn(name: str, detail: str, fix: str) -> Check:
    """It works, but somebody should know."""
    return Check(name, Outcome.WARN, detail, fix)


def fail(name: str, detail: str, fix: str) -> Check:
    """It does not work."""
    return Check(name, Outcome.FAIL, detail, fix)


def skipped(name: str, detail: str, fix: str = "") -> Check:
    """Not looked at."""
    return Check(name, Outcome.SKIPPED, detail, fix)
