"""The repository's file `.github/autofix.yml`: optional, read from the default branch, written by strangers.

It may ask for less than the operator allows, never for more (admission takes the least). Unknown keys,
wrong types and impossible values are all reported at once, with line and fix; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from pydantic import Field, field_validator

from sandbox.repository.executed_paths import denied_patterns
from workers.config.errors import ConfigError, ConfigProblem
from workers.config.validation import Checked, Path, Usd, check, nearest
from workers.config.yaml_lines import YamlProblem, read_yaml

PATH = ".github/autofix.yml"
LARGEST = 64 * 1024
COMMANDS = 50
LONGEST = 4000


class BudgetWish(Checked):
    """USD; None = the operator's."""

    monthly_usd: Usd | None = Field(None, description="USD a month, 0 or more", examples=["20"])
    issue_usd: Usd | None = Field(None, description="USD for one issue, 0 or more", examples=["1"])


class Paths(Checked):
    """Which files a patch may not touch."""

    deny: tuple[str, ...] = Field(
        (), description="a list of globs relative to the repository", examples=['["migrations/**"]']
    )

    allow: tuple[str, ...] = Field(
        (), description="a list of globs relative to the repository", examples=['[".devcontainer/**"]']
    )

    @property
    def denied(self) -> tuple[str, ...]:
        """All patterns that no patch may touch: `deny`, and what CI and editors execute unless `allow` names it."""
        return denied_patterns(self.allow, self.deny)

    @field_validator("deny", "allow", mode="before")
    @classmethod
    def _globs(cls, value: object) -> object:
        globs = _texts(value, longest=300, most=200)
        wrong = [g for g in globs if g.startswith("/") or ".." in g.split("/")]
        if wrong:
            raise ValueError(f"contains a path outside the repository: {wrong[0]!r}")
        return globs


class RepositoryFile(Checked):
    """The file's content; the defaults are those of a repository without one. Money in USD."""

    label: str = Field("autofix", description="text, 1–50 characters", examples=["autofix"])
    budget: BudgetWish = Field(
        BudgetWish(), description="monthly_usd, issue_usd", examples=["{monthly_usd: 20, issue_usd: 1}"]
    )
    strategy: str = Field("cascade", description="the name of a strategy", examples=["cascade"])
    accept: Literal["reproduction", "regression", "any"] = Field(
        "reproduction", description="reproduction, regression, any", examples=["reproduction"]
    )
    unverified: Literal["draft", "decline"] = Field("draft", description="draft, decline", examples=["draft"])
    doubtful: Literal["comment", "none", "draft"] = Field(
        "comment", description="comment, none, draft", examples=["comment"]
    )
    setup: tuple[str, ...] | None = Field(
        None, description="a list of commands, run with network", examples=['["pip install -e .[test]"]']
    )
    test: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST,
        description="one command, run without network",
        examples=['"pytest -q --junitxml={junit}"'],
    )
    image: str | None = Field(
        None, min_length=1, max_length=300, pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$",
        description="a Docker image or null", examples=["null"],
    )  # fmt: skip
    base: str | None = Field(
        None, description="the name of a branch, or null for the default branch", examples=["null"]
    )
    paths: Paths = Field(Paths(), description="deny, allow", examples=['{deny: ["migrations/**"]}'])
    draft: bool = Field(default=False, description="true or false", examples=["true"])
    quote_above_usd: Usd | None = Field(
        None, description="USD, 0 or more: an issue quoted above it waits for `/autofix approve`", examples=["0.50"]
    )

    @field_validator("label")
    @classmethod
    def _label(cls, value: str) -> str:
        if not value.strip() or len(value) > 50 or value != value.strip() or not value.isprintable():  # noqa: PLR2004  # GitHub's own maximum
            raise ValueError("is not a label's name")
        if value.lower().startswith("autofix:"):
            raise ValueError("begins with `autofix:`, which names our own state labels")
        return value

    @field_validator("setup", mode="before")
    @classmethod
    def _commands(cls, value: object) -> object:
        return None if value is None else _texts(value, longest=LONGEST, most=COMMANDS)

    @field_validator("base")
    @classmethod
    def _branch(cls, value: str | None) -> str | None:
        if value is None:
            return None
        odd = any(c in value for c in " ~^:?*[\\") or not value.isprintable()
        if (
            not value
            or odd
            or ".." in value
            or "@{" in value
            or value.startswith(("-", "/"))
            or value.endswith(("/", ".lock", "."))
        ):
            raise ValueError("is not a branch's name (git-check-ref-format)")
        return value


def parse_repository_file(text: str, *, strategies: Collection[str]) -> RepositoryFile:
    """Read the file's text; an empty one means the defaults. Raises ConfigError with every problem."""
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        problem = ConfigProblem(0, "", f"is larger than {LARGEST // 1024} KiB", "shorten it")
        raise ConfigError(PATH, (problem,))
    try:
        tree, lines = read_yaml(text)
    except YamlProblem as error:
        raise ConfigError(
            PATH, tuple(ConfigProblem(line, "", said, fix) for line, said, fix in error.problems)
        ) from None

    def line_of(path: Path) -> int:
        return next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 0)

    problems: list[ConfigProblem] = []
    file: RepositoryFile | None = None
    if not isinstance(tree, dict):
        allowed = ", ".join(sorted(RepositoryFile.model_fields))
        raise ConfigError(
            PATH, (ConfigProblem(1, "", "is not a list of `key: value` lines", "write `label: autofix`", "", allowed),)
        )
    try:
        file = check(RepositoryFile, tree, source=PATH, line_of=line_of)
    except ConfigError as error:
        problems.extend(error.problems)
    problems.extend(_unknown_strategy(tree, line_of(("strategy",)), strategies))
    if problems or file is None:
        raise ConfigError(PATH, tuple(sorted(problems, key=lambda p: p.line)))
    return file


def line_of_key(text: str, key: str) -> int:
    """On which line of a file that can be used a key stands, counted from 1; 0 when it is not written."""
    return read_yaml(text)[1].get((key,), 0)


def _unknown_strategy(tree: dict[str, Any], line: int, strategies: Collection[str]) -> list[ConfigProblem]:
    name = tree.get("strategy")
    if not isinstance(name, str) or name in strategies:
        return []
    meant = nearest(name, strategies) or "cascade"
    return [
        ConfigProblem(
            line,
            "strategy",
            "is not a known strategy",
            f"write `strategy: {meant}`",
            repr(name),
            ", ".join(sorted(strategies)),
        )
    ]


def _texts(value: object, *, longest: int, most: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("is not a list")  # noqa: TRY004  # pydantic turns a ValueError into a problem
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"contains what is not text: {item!r} (put it in quotes)")  # noqa: TRY004  # pydantic turns a ValueError into a problem
        if not item.strip() or len(item) > longest or "\0" in item:
            raise ValueError("contains an empty or over-long entry")
    if len(value) > most:
        raise ValueError(f"has more than {most} entries")
    return tuple(value)
