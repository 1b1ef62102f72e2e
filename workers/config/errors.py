"""What is wrong with a configuration, in words a person can act on: where, what it says, what it may say, the fix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One fault. `line` counts from 1 (0 = no line, as in an environment variable); `value` is empty for a secret."""

    line: int
    key: str
    message: str
    fix: str
    value: str = ""
    allowed: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        value = f" (it says {self.value})" if self.value else ""
        allowed = f" Allowed: {self.allowed.rstrip('.')}." if self.allowed else ""
        name = f"`{self.key}`: " if self.key else ""
        return f"{where}{name}{self.message.rstrip('.')}{value}.{allowed} Fix: {self.fix.rstrip('.')}."


class ConfigError(Exception):
    """A configuration cannot be used. Carries every problem found, not only the first. `source` names file or place."""

    def __init__(self, source: str, problems: tuple[ConfigProblem, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join([f"{source} cannot be used:", *(f"- {p}" for p in problems)]))
