"""The result of one check of `pennyfix doctor`: its outcome, what was found, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from workers.config.operator_file import Operator
from workers.config.settings import Settings


class CheckOutcome(StrEnum):
    """`skipped` was not possible or not asked for; only `fail` makes the command fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """`fix` is the line that repairs it: a command, a variable to set, or a place to click."""

    name: str
    outcome: CheckOutcome
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """The options of `pennyfix doctor`: make real calls to the models, ask GitHub to redeliver."""

    call_models: bool = False
    redeliver: bool = False


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks look at. `operator` None: its file cannot be used, which is a check of its own."""

    settings: Settings
    operator: Operator | None
    options: DoctorOptions = field(default_factory=DoctorOptions)


def ok(name: str, detail: str = "") -> DoctorCheck:
    """As it must be."""
    return DoctorCheck(name, CheckOutcome.OK, detail)


def warn(name: str, detail: str, fix: str) -> DoctorCheck:
    """It works, but somebody should know."""
    return DoctorCheck(name, CheckOutcome.WARN, detail, fix)


def fail(name: str, detail: str, fix: str) -> DoctorCheck:
    """It does not work."""
    return DoctorCheck(name, CheckOutcome.FAIL, detail, fix)


def skipped(name: str, detail: str, fix: str = "") -> DoctorCheck:
    """Not looked at."""
    return DoctorCheck(name, CheckOutcome.SKIPPED, detail, fix)
