"""What the environment says (prefix `PENNYFIX_`, also from `.env`). The only file that reads `os.environ`.

Loading touches nothing outside: the state folder is made by whoever needs it. What a verb needs beyond the
defaults it asks for by `require_app` or `require_webhook_secret`, which raise ConfigError. Which files are read is said
in `workers.config.places`; the current folder is none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.config.errors import ConfigError, ConfigProblem
from workers.config.places import ENV_FILE, Places, inside
from workers.config.providers import SECRET_ENDINGS, needs_of, provider_of
from workers.config.validation import nearest, shown
from workers.redact import know_secrets

PREFIX = "PENNYFIX_"
SOURCE = "the environment (or .env)"
LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?", re.ASCII)
PATHS = frozenset({f"{PREFIX}HOME", f"{PREFIX}CONFIG", f"{PREFIX}GITHUB_PRIVATE_KEY", "GOOGLE_APPLICATION_CREDENTIALS"})
"""Variables whose value is a path."""
_WORKED_ON: set[Path] = set()
"""The checkouts that this process works on: no key and no address is read from them either."""
KUBERNETES_PORT = "Kubernetes sets this for a Service named pennyfix; set `enableServiceLinks: false` in the pod"


class Settings(BaseSettings):
    """One field per variable; `.env.example` lists the same names (a test compares them)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    github_app_id: int = Field(0, ge=0, description="the App's numeric id", examples=["123456"])
    github_private_key: SecretStr = Field(
        SecretStr(""), description="the App's RSA private key: PEM text or the path of a .pem file",
        examples=["/etc/pennyfix/app.pem"],
    )  # fmt: skip
    github_webhook_secret: SecretStr = Field(
        SecretStr(""), description="the webhook's secret; two, separated by a comma, while rotating",
        examples=["<openssl rand -hex 32>"],
    )  # fmt: skip
    github_client_id: str = Field("", description="the App's client id (dashboard sign-in)", examples=["Iv23li…"])
    github_client_secret: SecretStr = Field(
        SecretStr(""), description="the App's client secret (dashboard sign-in)", examples=["<from the App's page>"]
    )
    github_token: SecretStr = Field(
        SecretStr(""), description="a person's token: `pennyfix resolve` reads issues of private repositories with it",
        examples=["github_pat_…"],
    )  # fmt: skip
    github_api_url: str = Field(
        "https://api.github.com", description="https://api.github.com, or https://HOST/api/v3 for GHES",
        examples=["https://api.github.com"],
    )  # fmt: skip
    github_api_version: str = Field(
        "2022-11-28", pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2022-11-28"],
        description="a date, the X-GitHub-Api-Version (2022-11-28 is known to GHES too)",
    )  # fmt: skip
    home: Path = Field(
        default_factory=lambda: _state_folder(),  # defined below
        description="the state folder (database, mirrors, environments, logs)", examples=["/var/lib/pennyfix"],
    )  # fmt: skip
    database_url: str = Field(
        "", description="sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        examples=["postgresql+psycopg://pennyfix:…@localhost/pennyfix"],
    )  # fmt: skip
    redis_url: str | None = Field(
        None, description="redis://, rediss:// or redis+socket://; empty starts the embedded one",
        examples=["redis://localhost:6379/0"],
    )  # fmt: skip
    config: Path | None = Field(
        None, description="the path of an existing pennyfix.toml, instead of the one in the state folder",
        examples=["/etc/pennyfix/pennyfix.toml"],
    )  # fmt: skip
    sandbox: Literal["auto", "docker", "bubblewrap", "process"] = Field(
        "auto", description="auto, docker, bubblewrap, process (process isolates nothing)", examples=["auto"]
    )
    host: str = Field("127.0.0.1", min_length=1, description="the address to listen on", examples=["0.0.0.0"])  # noqa: S104  # an example in a message
    port: int = Field(8000, ge=0, le=65535, description="a port, 1–65535 (0 lets the system choose)", examples=["8000"])
    public_url: str = Field(
        "", description="https://… where people and GitHub reach the receiver", examples=["https://fix.example.org"]
    )
    operators: str = Field(
        "", description="GitHub logins, separated by commas, who may use the operator's page; empty: nobody",
        examples=["ada,grace"],
    )  # fmt: skip
    workers: int = Field(2, ge=1, le=64, description="jobs at once in one worker, 1–64", examples=["2"])
    lease_seconds: float = Field(
        120, ge=1, le=3600, allow_inf_nan=False, examples=["120"],
        description="1–3600 seconds a job stays with a worker that gives no sign of life",
    )  # fmt: skip
    job_seconds: float = Field(
        7200, ge=60, le=86400, allow_inf_nan=False, description="60–86400 seconds one job may take", examples=["7200"]
    )
    job_attempts: int = Field(3, ge=1, le=20, description="how often a crashed job is taken up, 1–20", examples=["3"])
    delivery_days: int = Field(
        30, ge=7, le=3650, description="days deliveries are remembered (replay defence), 7–3650", examples=["30"]
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning, error", examples=["info"]
    )
    log_json: bool = Field(default=False, description="true or false (one JSON object per line)", examples=["true"])

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        home = Path(values.get("home") or cls.model_fields["home"].get_default(call_default_factory=True)).expanduser()
        home = home.absolute()
        return {"database_url": f"sqlite:///{home / 'pennyfix.db'}", **values, "home": home}

    @field_validator("github_private_key")
    @classmethod
    def _pem(cls, value: SecretStr) -> SecretStr:
        return SecretStr(_private_key(value.get_secret_value()))

    @field_validator("github_api_url", "public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("is not an http(s) address")
        if parts.username or parts.password:
            raise ValueError("contains a password")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError("is neither SQLite nor PostgreSQL")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value and not value.startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError("is not a Redis address")
        return value or None

    @field_validator("operators")
    @classmethod
    def _logins(cls, value: str) -> str:
        for login in filter(None, (part.strip() for part in value.split(","))):
            if not LOGIN.fullmatch(login):
                raise ValueError(f"contains {shown(login)}, which is not a GitHub login")
        return value

    @field_validator("config")
    @classmethod
    def _config(cls, value: Path | None) -> Path | None:
        if value is not None and not value.expanduser().is_file():
            raise ValueError("is not a file")
        return value.expanduser().absolute() if value is not None else None

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets a delivery may be signed with; several while rotating."""
        parts = (p.strip() for p in self.github_webhook_secret.get_secret_value().split(","))
        return tuple(p for p in parts if p)

    @property
    def operator_logins(self) -> frozenset[str]:
        """Who may use the operator's page, in lower case (GitHub's logins do not differ by case)."""
        return frozenset(login.strip().lower() for login in self.operators.split(",") if login.strip())

    @property
    def github_web_url(self) -> str:
        """Where people see GitHub: https://github.com, or the GHES host."""
        parts = urlsplit(self.github_api_url)
        host = parts.netloc
        return "https://github.com" if host == "api.github.com" else f"{parts.scheme}://{host}"

    def require_app(self) -> None:
        """Raise ConfigError unless the App's id and private key are there."""
        self._require("github_app_id", "github_private_key")

    def require_webhook_secret(self) -> None:
        """Raise ConfigError unless a webhook secret is there: no secret, no start."""
        self._require("github_webhook_secret")
        if not self.webhook_secrets:
            raise ConfigError(SOURCE, (_missing("github_webhook_secret"),))

    def _require(self, *names: str) -> None:
        plain = {n: v.get_secret_value() if isinstance(v := getattr(self, n), SecretStr) else v for n in names}
        problems = tuple(_missing(n) for n, v in plain.items() if not v)
        if problems:
            raise ConfigError(SOURCE, problems)


def load_settings(
    env_file: Path | None = None,
    *,
    tree: Path | None = None,
    places: Places | None = None,
    config: Path | None = None,
    **given: Any,
) -> Settings:
    """Read the environment and the `.env` of each of `places` (or only `env_file`). `given` wins, by field name.

    `tree` is a checkout that is about to be worked on: what lies in it is not read, and a variable that points into it
    is refused; `config` is what the command line says, which may lie anywhere. The settings' `config` is the operator's
    file that is used, None without one. From then on `environment_value` and `provider_key` leave the checkout out too.
    Raises ConfigError.
    """
    if tree is not None:
        _WORKED_ON.add(tree)
    places = places or own_places(*([] if tree is None else [tree]))
    if "home" in given:
        places = Places(Path(given["home"]), places.own)
    places = places.outside(tree)
    lines = _dotenv(env_file) if env_file is not None else _lines(places)
    values: dict[str, Any] = {
        n: v for n in Settings.model_fields if (v := lines.get(PREFIX + n.upper())) and not _said(n)
    }
    values |= given | ({"config": config} if config is not None else {})
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigError(SOURCE, tuple(_problem(e) for e in error.errors(include_url=False))) from None
    know_secrets(_secrets(settings))
    if tree is not None:
        _refuse_own(settings, tree, named=config is not None)
    if settings.config is None and env_file is None:
        found = Places(settings.home, places.own).outside(tree).operator_file()
        return settings.model_copy(update={"config": found})
    return settings


def _secrets(settings: Settings) -> list[str]:
    """The values that no text of ours may hold; of several in one setting also each alone."""
    fields = (getattr(settings, name) for name in Settings.model_fields)
    values = [v.get_secret_value() for v in fields if isinstance(v, SecretStr)]
    return [*values, *(part for v in values for part in v.split(","))]


def own_places(*trees: Path) -> Places:
    """The state folder, as the environment and Pennyfix's own `.env` name it, and Pennyfix's own folder; of both, what
    lies in none of `trees`, the checkouts that are worked on."""
    own = Path(__file__).resolve().parents[2]
    home = environ_value("PENNYFIX_HOME")
    if not home and not any(inside(own, tree) for tree in trees):
        home = _dotenv(own / ENV_FILE).get("PENNYFIX_HOME", "")
    places = Places(Path(home).expanduser().absolute() if home else _state_folder(), own)
    for tree in trees:
        places = places.outside(tree)
    return places


def environ_value(name: str) -> str:
    """One variable of the environment alone; "" when unset."""
    return os.environ.get(name, "")


def environment_value(name: str, env_file: Path | None = None) -> str:
    """One variable that a file names (`api_key_env`), from the environment or the `.env` files that settings are read
    from; "" when unset."""
    value = environ_value(name)
    if not value:
        value = (_dotenv(env_file) if env_file is not None else _lines(own_places(*_WORKED_ON))).get(name, "")
    if name.lower().endswith(SECRET_ENDINGS):
        know_secrets([value])
    return value


def _said(field: str) -> bool:
    """Whether the environment itself has a value for it."""
    return any(name.upper() == PREFIX + field.upper() and value for name, value in os.environ.items())


def _lines(places: Places) -> dict[str, str]:
    """The lines of all `.env` files, the state folder's above Pennyfix's own. A relative path is relative to its file,
    not to the current folder, which may be anybody's checkout."""
    lines: dict[str, str] = {}
    for path in places.env_files():
        for name, value in _dotenv(path).items():
            lines.setdefault(name, _from_file(name, value, path.parent))
    return lines


def _from_file(name: str, value: str, folder: Path) -> str:
    is_path = name in PATHS and "-----BEGIN" not in value
    return str(folder / Path(value).expanduser()) if is_path else value


def _refuse_own(settings: Settings, tree: Path, *, named: bool) -> None:
    """Raise ConfigError for a file of ours that lies in the tree: whoever wrote the tree would say what is run. An
    operator's file that is `named` on the command line is the operator's will, a state folder there is not."""
    pointed = {"home": settings.home} | ({} if named else {"config": settings.config})
    problems = tuple(
        ConfigProblem(
            0, f"{PREFIX}{name.upper()}", "lies in the checkout that is worked on, whose settings are not ours",
            "move it out, or say `--config PATH`" if name == "config" else "choose a folder outside",
            shown(str(path)),
        )
        for name, path in pointed.items()
        if path is not None and inside(path, tree)
    )  # fmt: skip
    if problems:
        raise ConfigError(SOURCE, problems)


def _state_folder() -> Path:
    """`$XDG_STATE_HOME/pennyfix`; a relative one is ignored, as the XDG base directory specification asks."""
    state = Path(environ_value("XDG_STATE_HOME") or "~/.local/state").expanduser()
    return (state if state.is_absolute() else Path("~/.local/state").expanduser()) / "pennyfix"


def provider_key(model: str, api_key_env: str = "") -> str:
    """The key for a litellm model: the named variable's, else that of the provider's own; "" when unset."""
    names = (api_key_env,) if api_key_env else needs_of(provider_of(model)).keys
    key = next((value for name in names if (value := environment_value(name))), "")
    know_secrets([key])
    return key


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for a process of ours: this one's, with `extra` on top."""
    return {**os.environ, **extra}


def unknown_variables() -> tuple[ConfigProblem, ...]:
    """Variables with our prefix that mean nothing, probably misspelt (for `doctor`; no error: Kubernetes sets some)."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(
        n for n in os.environ if n.startswith(PREFIX) and n not in known and not n.startswith(PREFIX + "TEST_")
    )
    return tuple(
        ConfigProblem(
            0, name, "is not a known variable", f"write `{meant}`" if (meant := nearest(name, known)) else "unset it"
        )
        for name in unknown
    )


def _private_key(text: str) -> str:
    r"""PEM text from PEM text (also with literal `\n`) or from a path. Raises ValueError in words, without the key."""
    if not text:
        return ""
    if "-----BEGIN" not in text:
        try:
            text = Path(text).expanduser().read_text(encoding="ascii")
        except (OSError, ValueError):
            raise ValueError("is neither PEM text nor the path of a readable PEM file") from None
    text = text.replace("\\n", "\n").strip() + "\n"
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError):
        raise ValueError("is not a usable PEM private key (damaged, encrypted or of another kind)") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("is not an RSA key, which GitHub Apps use")  # noqa: TRY004  # pydantic turns ValueError into a problem
    return text


def _missing(name: str) -> ConfigProblem:
    field = Settings.model_fields[name]
    variable = PREFIX + name.upper()
    return ConfigProblem(
        0, variable, "is not set", f"set `{variable}`, or run `pennyfix setup`", "", field.description or ""
    )


def _problem(entry: Mapping[str, Any]) -> ConfigProblem:
    name = str(entry["loc"][0])
    field = Settings.model_fields[name]
    variable = PREFIX + name.upper()
    secret = field.annotation is SecretStr or name in ("database_url", "redis_url")
    message = (
        str(entry["msg"]).removeprefix("Value error, ") if entry["type"] == "value_error" else "cannot have this value"
    )
    value = entry["input"]
    fix = f"set `{variable}={field.examples[0]}`" if field.examples else "unset it"
    if name == "port" and isinstance(value, str) and "://" in value:
        fix = KUBERNETES_PORT
    return ConfigProblem(0, variable, message, fix, "" if secret else shown(str(value)), field.description or "")


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    return {k: v for k, v in dotenv_values(path).items() if v} if path.is_file() else {}
