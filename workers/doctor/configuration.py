"""The environment, `.env` and `pennyfix.toml`: which are used, can they be, and does every variable mean something?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from strategies.prompts.prompt import PromptError, PromptFolder
from workers.config.errors import ConfigError
from workers.config.operator_file import Operator, load_operator
from workers.config.places import ENV_FILE, OPERATOR_FILE, Places
from workers.config.settings import Settings, load_settings, own_places, unknown_variables
from workers.doctor.check import DoctorCheck, fail, ok, warn

ENVIRONMENT, FILE, SECRETS = "environment", "operator's file", "secrets"


def environment(
    load: Callable[[], Settings] = load_settings, places: Callable[[], Places] = own_places
) -> tuple[Settings | None, list[DoctorCheck]]:
    """The settings, None when they cannot be used."""
    try:
        settings = load()
    except ConfigError as error:
        return None, [fail(ENVIRONMENT, f"{p.key} {p.message}", p.fix) for p in error.problems]
    odd = [warn(ENVIRONMENT, f"{p.key} {p.message}", p.fix) for p in unknown_variables()]
    read = Places(settings.home, places().own).env_files()
    odd += _not_read(settings, read)
    files = ", ".join(map(str, read)) or f"no {ENV_FILE}"
    return settings, odd or [ok(ENVIRONMENT, f"state folder {settings.home}; {files}")]


def _not_read(settings: Settings, read: Sequence[Path]) -> list[DoctorCheck]:
    """Files of ours in the current folder, which somebody may expect to be used."""
    here = (Path.cwd() / ENV_FILE, Path.cwd() / OPERATOR_FILE)
    return [
        warn(
            ENVIRONMENT,
            f"{path} is not read: settings never come from the current folder",
            f"if you wrote it, move what it says to {settings.home / path.name}; it may be somebody else's",
        )
        for path in here
        if path.is_file() and path not in read and path != settings.config and path.parent != settings.home
    ]


def operator_file(settings: Settings) -> tuple[Operator | None, list[DoctorCheck]]:
    """The operator's file, None when it cannot be used."""
    try:
        operator = load_operator(settings.config)
    except ConfigError as error:
        return None, [
            fail(FILE, f"{error.source}{f' line {p.line}' if p.line else ''}: `{p.key}` {p.message}", p.fix)
            for p in error.problems
        ]
    try:
        own = PromptFolder(operator.prompts).check()
    except PromptError as error:
        return operator, [fail(FILE, str(error), "correct the file, or take `prompts` out of pennyfix.toml")]
    where = (
        str(settings.config) if settings.config else f"none (no {OPERATOR_FILE} in {settings.home}), the defaults hold"
    )
    tiers = ", ".join(f"{t.name} {t.model}" for t in operator.tiers)
    prompts = f"; own prompts: {', '.join(own)}" if own else ""
    return operator, [ok(FILE, f"{where}; tiers: {tiers}{prompts}")]


def secrets(settings: Settings, places: Callable[[], Places] = own_places) -> list[DoctorCheck]:
    """Whether what a worker and the receiver need is there, and hidden from other users."""
    found: list[DoctorCheck] = []
    for require in (settings.require_app, settings.require_webhook_secret):
        try:
            require()
        except ConfigError as error:
            found += [fail(SECRETS, f"{p.key} {p.message}", p.fix) for p in error.problems]
    for path in (*Places(settings.home, places().own).env_files(), *sorted(settings.home.glob("*.pem"))):
        if path.is_file() and path.stat().st_mode & 0o077:
            found.append(fail(SECRETS, f"other users of this machine can read {path}", f"chmod 600 {path}"))
    if settings.home.is_dir() and settings.home.stat().st_mode & 0o077:
        detail = f"other users of this machine can look into {settings.home}"
        found.append(warn(SECRETS, detail, f"chmod 700 {settings.home}"))
    return found or [ok(SECRETS, "the App's key and the webhook's secret are there")]
