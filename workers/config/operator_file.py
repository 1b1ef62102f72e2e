"""The operator's file `pennyfix.toml`: tiers, roles, limits, sandbox. Without a file the defaults below hold.

It never says anything about one repository; that is `.github/autofix.yml` (`workers.config.repository_file`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from workers.config.errors import ConfigError, ConfigProblem
from workers.config.providers import PARAMETERS, parameter_problem
from workers.config.toml_lines import lines_of_keys
from workers.config.validation import Checked, Usd, amount, check, nearest

Lines = Callable[[tuple[str | int, ...]], int]
MEMORY = re.compile(r"(\d+)\s*([mg])(?:i?b)?", re.IGNORECASE)
HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?", re.IGNORECASE)
NAME = r"^[a-z0-9][a-z0-9_.-]{0,39}$"


def _mebibytes(value: object) -> int:
    if isinstance(value, str) and (found := MEMORY.fullmatch(value.strip())):
        value = int(found[1]) * (1024 if found[2].lower() == "g" else 1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is not a size")  # noqa: TRY004  # pydantic turns a ValueError into a problem
    if not 64 <= value <= 1_048_576:  # noqa: PLR2004  # 64 MiB to 1 TiB
        raise ValueError("is outside 64 MiB – 1 TiB")
    return value


def _ratio(value: object) -> float:
    return float(amount(value))


def _plain(value: object) -> object:
    """A value of the file as a provider takes it: its decimals are floats."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, str | int | float | bool):
        raise ValueError("is neither text, a number, true, false, a list nor a table")  # noqa: TRY004  # see above
    return value


def _worth(value: object) -> Decimal:
    if not (usd := amount(value)) > 0:
        raise ValueError("is not above 0, so that no attempt would ever be worth its money")
    return usd


Mebibytes = Annotated[int, BeforeValidator(_mebibytes)]
Folder = Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) and value else value)]
Plain = Annotated[Any, BeforeValidator(_plain)]
Ratio = Annotated[float, BeforeValidator(_ratio)]


class TierOptions(Checked):
    """One `[[tiers]]` table. Prices in USD per million tokens; None = litellm's table."""

    name: str = Field(pattern=NAME, description="lower-case letters, digits, - _ .", examples=['"weak"'])
    model: str = Field(
        min_length=1, max_length=200, description="a litellm model, usually PROVIDER/MODEL",
        examples=['"anthropic/claude-haiku-5-5"'],
    )  # fmt: skip
    attempts: int = Field(1, ge=1, le=20, description="a whole number, 1–20", examples=["2"])
    solver: Literal["repair", "agent"] | None = Field(
        None,
        description='"repair" or "agent"; left out: the agent where the model has tools and the cap affords it',
        examples=['"repair"'],
    )
    api_base: str = Field(
        "", description="an http(s) address of an OpenAI-compatible server", examples=['"http://localhost:8001/v1"']
    )
    api_key_env: str = Field(
        "", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", description="the NAME of a variable that holds the key",
        examples=['"ANTHROPIC_API_KEY"'],
    )  # fmt: skip
    temperature: Ratio | None = Field(None, ge=0, le=2, description="a number, 0–2", examples=["0.2"])
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = Field(
        None, description='"none", "minimal", "low", "medium", "high" or "xhigh"', examples=['"low"']
    )
    max_output_tokens: int | None = Field(
        None, ge=256, le=1_000_000, description="a whole number, 256–1000000", examples=["16000"]
    )
    max_turns: int = Field(40, ge=1, le=500, description="a whole number of agent turns, 1–500", examples=["40"])
    timeout_seconds: Ratio = Field(600.0, ge=1, le=7200, description="seconds for one call, 1–7200", examples=["600"])
    silence_seconds: Ratio = Field(600.0, ge=1, le=7200, description="seconds, 1–7200", examples=["600"])
    fallback_models: tuple[str, ...] = Field(
        (), description="a list of litellm models, in order", examples=['["openrouter/anthropic/claude-haiku-5.5"]']
    )
    on_outage: Literal["wait", "next"] = Field("wait", description='"wait" or "next"', examples=['"next"'])
    outage_minutes: Ratio = Field(30.0, ge=0, le=10_080, description="minutes, 0–10080", examples=["30"])
    images: bool = Field(
        False, description="true or false: whether this model, which must be able to see, is shown an issue's images",
        examples=["true"],
    )  # fmt: skip
    family: str = Field(
        "", max_length=60, description="text; left out: derived from the model's name", examples=['"claude"']
    )
    provider: Mapping[str, Plain] = Field(
        {},
        description="[tiers.provider]: the provider's own parameters, as litellm names them; no secrets",
        examples=['{ api_version = "2024-10-21" }'],
    )
    input_usd_per_million: Usd | None = Field(None, description="USD, 0 or more", examples=["0.10"])
    output_usd_per_million: Usd | None = Field(None, description="USD, 0 or more", examples=["0.50"])
    cached_input_usd_per_million: Usd | None = Field(None, description="USD, 0 or more", examples=["0.01"])

    @field_validator("api_base")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", value):
            raise ValueError("is not an http(s) address without a password")
        return value.rstrip("/")

    @field_validator("fallback_models", mode="before")
    @classmethod
    def _models(cls, value: object) -> object:
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise ValueError("is not a list of models")
        return tuple(value)

    @model_validator(mode="after")
    def _prices(self) -> Self:
        given = (self.input_usd_per_million is not None, self.output_usd_per_million is not None)
        if any(given) != all(given) or (self.cached_input_usd_per_million is not None and not all(given)):
            raise ValueError("needs both `input_usd_per_million` and `output_usd_per_million`, or none of the prices")
        return self


class Roles(Checked):
    """Which tier does the side jobs, by the tier's name. "" = the cheapest."""

    tester: str = Field("", description="the name of a tier: who writes the reproduction test", examples=['"weak"'])
    judge: str = Field("", description="the name of a tier: who routes and compares", examples=['"weak"'])
    writer: str = Field("", description="the name of a tier: who writes texts", examples=['"weak"'])
    setup: str = Field("", description="the name of a tier: who proposes a set-up", examples=['"weak"'])
    tests: Literal[1, 3, 5, 7] = Field(
        1, description="1, 3, 5 or 7: how many tests are written from an issue; most of them must pass", examples=["3"]
    )
    more_tests: Literal[0, 2, 4] = Field(
        2,
        description="0, 2 or 4: how many tests are written, and vote, when two models are rejected by the only one",
        examples=["2"],
    )


ROLES = ("tester", "judge", "writer", "setup")


class SetupModelOptions(Checked):
    """The set-up model: the last rung of the set-up ladder, charged to the labeled issue."""

    enabled: bool = Field(
        False,
        description="true or false: whether a model may propose a set-up when nothing else gives a healthy suite",
        examples=["true"],
    )
    usd: Usd = Field(Decimal("0.20"), description="USD for one issue, 0 or more", examples=["0.50"])
    turns: int = Field(12, ge=1, le=100, description="a whole number, 1–100: its answers for one issue", examples=["6"])


class SpendingLimits(Checked):
    """USD. Effective = the least of what the operator and the repository's file say."""

    monthly_usd: Usd = Field(Decimal(500), description="USD a month for all repositories, 0 or more", examples=["500"])
    installation_monthly_usd: Usd | None = Field(
        None, description="USD a month for one installation (account), 0 or more", examples=["200"]
    )
    repository_monthly_usd: Usd = Field(
        Decimal(50), description="USD a month for one repository, 0 or more", examples=["50"]
    )
    issue_usd: Usd = Field(Decimal(2), description="USD for one issue, 0 or more", examples=["2"])
    quote_above_usd: Usd | None = Field(
        None, description="USD, 0 or more: an issue quoted above it waits for `/autofix approve`", examples=["1"]
    )
    follow_up_rounds: int = Field(
        5,
        ge=0,
        le=100,
        description="a whole number, 0–100: reviews and failing checks answered on one pull request before a person "
        "must say `/autofix …`",
        examples=["5"],
    )
    follow_up_usd: Usd | None = Field(
        None, description="USD, 0 or more: the same breaker by what those rounds have cost", examples=["1"]
    )


class SandboxOptions(Checked):
    """Bounds of one sandbox. Memory and disk in MiB."""

    image: str = Field(
        "pennyfix/sandbox", min_length=1, max_length=300, description="a Docker image", examples=['"pennyfix/sandbox"']
    )
    cpus: Ratio = Field(2.0, gt=0, le=256, description="processors, more than 0", examples=["2"])
    memory: Mebibytes = Field(
        4096, description='MiB as a whole number, or text such as "512m", "4g"', examples=['"4g"']
    )
    pids: int = Field(512, ge=16, le=1_000_000, description="processes and threads, 16 or more", examples=["512"])
    disk: Mebibytes = Field(4096, description='MiB as a whole number, or text such as "512m", "4g"', examples=['"4g"'])
    runtime: str = Field(
        "", pattern=r"^[A-Za-z0-9_.-]*$", description='a Docker runtime, e.g. "runsc" for gVisor', examples=['"runsc"']
    )
    setup_seconds: Ratio = Field(1200.0, ge=10, le=86400, description="seconds, 10–86400", examples=["1200"])
    lifetime_seconds: Ratio = Field(7200.0, ge=60, le=86400, description="seconds, 60–86400", examples=["7200"])
    allowed_hosts: tuple[str, ...] | None = Field(
        None,
        description="host names that set-up may reach, also *.example.org",
        examples=['["packages.example.org"]'],
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ValueError("is not a list of texts")
        bad = [v for v in value if not HOST.fullmatch(v)]
        if bad:
            raise ValueError(f"contains what is not a host name: {bad[0]!r}")
        return tuple(v.lower() for v in value)


class CascadeSettings(Checked):
    """How the default strategy weighs money against hope."""

    resolved_issue_usd: Annotated[Decimal, BeforeValidator(_worth)] = Field(
        Decimal(2), description="USD that a resolved issue is worth to you, above 0", examples=["2.0"]
    )
    theta: Ratio = Field(
        0.5, ge=0, le=1, description="the self-test score that counts as agreement, 0–1", examples=["0.5"]
    )


DEFAULT_TIERS = (
    TierOptions(name="weak", model="anthropic/claude-haiku-5-5", attempts=2),
    TierOptions(name="strong", model="anthropic/claude-opus-5-5"),
)


class Operator(Checked):
    """The whole file. `tiers` are cheapest first; a role left out is the cheapest tier's."""

    tiers: tuple[TierOptions, ...] = Field(
        DEFAULT_TIERS,
        description="two or more [[tiers]], cheapest first",
        json_schema_extra={"fix": "add another [[tiers]] table with `name` and `model`"},
    )
    roles: Roles = Field(Roles(), description="[roles]: tester, judge, writer, setup")
    setup_model: SetupModelOptions = Field(SetupModelOptions(), description="[setup_model]")
    limits: SpendingLimits = Field(SpendingLimits(), description="[limits]: amounts in USD")
    sandbox: SandboxOptions = Field(SandboxOptions(), description="[sandbox]: image and bounds")
    cascade: CascadeSettings = Field(CascadeSettings(), description="[cascade]")
    prompts: Folder | None = Field(
        None, description="a folder with prompt files (NAME.md) instead of the built-in ones", examples=['"prompts"']
    )

    @field_validator("tiers", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        if not isinstance(value, list):
            raise ValueError("is not a list of tables")  # noqa: TRY004  # pydantic turns a ValueError into a problem
        if len(value) < 2:  # noqa: PLR2004  # one cheap, one dear
            raise ValueError("has fewer than two tiers")
        return tuple(value)

    def tier(self, role: Literal["tester", "judge", "writer", "setup"]) -> TierOptions:
        """The tier that plays a role."""
        name: str = getattr(self.roles, role) or self.tiers[0].name
        return next(t for t in self.tiers if t.name == name)


def load_operator(path: Path | None) -> Operator:
    """Read the file, or the defaults without one. Raises ConfigError with every problem."""
    if path is None:
        return Operator()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "set `PENNYFIX_CONFIG` to a readable UTF-8 file"
        raise ConfigError(str(path), (ConfigProblem(0, "", f"cannot be read: {error}", fix),)) from None
    operator = parse_operator(text, source=str(path))
    if operator.prompts is None:
        return operator
    folder = path.parent / operator.prompts.expanduser()
    if not folder.is_dir():
        line = next((n for n, one in enumerate(text.splitlines(), 1) if re.match(r"\s*prompts\s*=", one)), 0)
        fix = "give the path of a folder, absolute or from this file's own folder"
        problem = ConfigProblem(line, "prompts", "is not a folder", fix, repr(str(operator.prompts)))
        raise ConfigError(str(path), (problem,))
    return operator.model_copy(update={"prompts": folder})


def parse_operator(text: str, *, source: str = "pennyfix.toml") -> Operator:
    """Raises ConfigError with every problem, each with its line."""
    try:
        tree = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise ConfigError(source, (ConfigProblem(line, "", f"is not TOML: {error}", "correct this line"),)) from None
    lines = lines_of_keys(text)

    def line_of(key: tuple[str | int, ...]) -> int:
        return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), 0)

    try:
        operator = check(Operator, tree, source=source, line_of=line_of, written="{key} = {value}")
    except ConfigError as error:
        raise ConfigError(source, tuple(_of_provider(p) for p in error.problems)) from None
    problems = [*_names(operator, line_of), *_role_names(operator, line_of), *_parameters(operator, line_of)]
    if problems:
        raise ConfigError(source, tuple(problems))
    return operator


def _names(operator: Operator, line_of: Lines) -> list[ConfigProblem]:
    names = [t.name for t in operator.tiers]
    return [
        ConfigProblem(
            line_of(("tiers", i, "name")),
            f"tiers[{i}].name",
            "is used twice",
            "give each tier its own name",
            repr(name),
        )
        for i, name in enumerate(names)
        if name in names[:i]
    ]


def _of_provider(problem: ConfigProblem) -> ConfigProblem:
    """An unknown key of a tier that is a provider's parameter is told where it goes."""
    name = problem.key.rpartition(".")[2]
    if re.fullmatch(r"tiers\[\d+\]\.\w+", problem.key) and name in PARAMETERS and "not a known key" in problem.message:
        return replace(problem, fix=f"write it under `[tiers.provider]`: `{name} = {problem.value}`")
    return problem


def _parameters(operator: Operator, line_of: Lines) -> list[ConfigProblem]:
    """What no `[tiers.provider]` may hold."""
    return [
        ConfigProblem(
            line_of(("tiers", i, "provider", name)), f"tiers[{i}].provider.{name}", problem[0], problem[1],
            allowed="the provider's own parameters, without secrets",
        )
        for i, tier in enumerate(operator.tiers)
        for name, value in tier.provider.items()
        if (problem := parameter_problem(name, value)) is not None
    ]  # fmt: skip


def _role_names(operator: Operator, line_of: Lines) -> list[ConfigProblem]:
    names = [t.name for t in operator.tiers]
    return [
        ConfigProblem(
            line_of(("roles", role)), f"roles.{role}", "names no tier",
            f'write `{role} = "{nearest(name, names) or names[0]}"`', repr(name), ", ".join(dict.fromkeys(names)),
        )
        for role in ROLES
        if (name := getattr(operator.roles, role)) and name not in names
    ]  # fmt: skip
