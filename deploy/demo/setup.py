"""Sets the demo up: a stand-in GitHub with two repositories, scripted models, and the settings of `pennyfix up`."""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.demo.github import StandIn
from deploy.demo.github.rest import Traffic
from deploy.demo.github.state import Permission
from deploy.demo.models import ScriptedModels, read_scripts
from workers.config.settings import child_environment
from workers.jobs.job import State

PROJECT = Path(__file__).parent / "project"
ROOT = Path(__file__).parent.parent.parent
OWNER, PERSON = "demo", "ada"
AUTOFIX_YML = "label: autofix\nstrategy: cascade\nunverified: decline\n"
TIGHT_BUDGET = "budget: {issue_usd: 0.02}\n"  # enough for the weak model, not for one call to the strong one
THINKING_SECONDS = {"demo-weak": 0.3, "demo-strong": 0.8}  # seconds
UP_COMMAND = (sys.executable, "-c", "from pennyfix import main; main()", "up")
PENNYFIX_TOML = """\
[[tiers]]
name = "weak"
model = "openai/demo-weak"
api_base = "{api_base}"
api_key_env = "DEMO_MODEL_KEY"
attempts = 2
max_output_tokens = 4000
input_usd_per_million = 0.10
output_usd_per_million = 0.50
cached_input_usd_per_million = 0.01

[[tiers]]
name = "strong"
model = "openai/demo-strong"
api_base = "{api_base}"
api_key_env = "DEMO_MODEL_KEY"
max_output_tokens = 4000
input_usd_per_million = 4
output_usd_per_million = 20
cached_input_usd_per_million = 0.20

[roles]
tester = "weak"

[cascade]
resolved_issue_usd = 0.5

[limits]
monthly_usd = 20
repository_monthly_usd = 5
issue_usd = 1
"""


@dataclass(frozen=True, slots=True)
class DemoCase:
    """One issue of the demo: its script, where it is opened, and the job state it must end in."""

    script: str
    repository: str
    number: int
    ends: State
    meaning: str


# The script's name, the repository, the job state it must end in, and what that shows.
DEMO_CASES = (
    ("weight", "demo/parcel", State.OPENED, "the weak model solves it"),
    ("arrival", "demo/parcel", State.OPENED, "the weak model fails, the strong one solves it"),
    ("split", "demo/parcel", State.DECLINED, "nobody solves it"),
    ("tracking", "demo/tight", State.OVER_BUDGET, "its budget does not reach for the strong model"),
)


def project_files() -> dict[str, bytes]:
    """The demo's project by repository path."""
    found = (p for p in sorted(PROJECT.rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(PROJECT).as_posix(): p.read_bytes() for p in found}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DemoSetup:
    """The stand-ins of one demo, started below `home` and stopped with `with`.

    `environment` holds the environment variables for `command`, the real `pennyfix up`.
    """

    def __init__(
        self,
        home: Path,
        *,
        thinking: Mapping[str, float] = THINKING_SECONDS,
        command: tuple[str, ...] = UP_COMMAND,
        observer: Callable[[Traffic], None] | None = None,
    ) -> None:
        self.home = home
        self.command = command
        self.port = free_port()
        secret = secrets.token_hex(16)
        hook = f"http://127.0.0.1:{self.port}/webhooks/github"
        self.github = StandIn(home / "github", webhook_url=hook, webhook_secret=secret, observer=observer)
        self.models = ScriptedModels(seconds=dict(thinking), key=secrets.token_hex(8))
        self.issues: tuple[DemoCase, ...] = ()
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        state = self.home / "state"
        state.mkdir(parents=True, exist_ok=True)
        api_base = self.models.start()
        self.github.start()
        files = project_files()
        people: dict[str, Permission] = {PERSON: "write"}
        self.github.add_repository("demo/parcel", {**files, ".github/autofix.yml": AUTOFIX_YML}, people=people)
        self.github.add_repository(
            "demo/tight", {**files, ".github/autofix.yml": AUTOFIX_YML + TIGHT_BUDGET}, people=people
        )
        self.issues = tuple(self._open(*act) for act in DEMO_CASES)
        config, key = self.home / "pennyfix.toml", self.home / "app.pem"
        config.write_text(PENNYFIX_TOML.format(api_base=api_base), encoding="utf-8")
        key.write_text(self.github.private_key, encoding="ascii")
        key.chmod(0o600)
        self.environment = self._environment(state, config, key)
        return self

    def __exit__(self, *_: object) -> None:
        self.github.stop()
        self.models.stop()

    def label(self) -> None:
        """Ada labels the four issues."""
        for case in self.issues:
            self.github.label(case.repository, case.number, "autofix", by=PERSON)

    def _open(self, name: str, repository: str, ends: State, meaning: str) -> DemoCase:
        script = next(s for s in read_scripts() if s.name == name)
        number = self.github.open_issue(repository, script.title, script.body, by=PERSON)
        return DemoCase(name, repository, number, ends, meaning)

    def _environment(self, state: Path, config: Path, key: Path) -> dict[str, str]:
        own = {k: v for k, v in child_environment().items() if not k.startswith("PENNYFIX_")}
        paths = [str(ROOT), *filter(None, [own.get("PYTHONPATH", "")])]
        local = "127.0.0.1,localhost"
        return own | {
            "PENNYFIX_HOME": str(state),
            "PENNYFIX_CONFIG": str(config),
            "PENNYFIX_GITHUB_APP_ID": str(self.github.app.id),
            "PENNYFIX_GITHUB_PRIVATE_KEY": str(key),
            "PENNYFIX_GITHUB_WEBHOOK_SECRET": self.github.app.webhook_secret,
            "PENNYFIX_GITHUB_CLIENT_ID": self.github.app.client_id,
            "PENNYFIX_GITHUB_CLIENT_SECRET": self.github.app.client_secret,
            "PENNYFIX_GITHUB_API_URL": self.github.api_url,
            "PENNYFIX_PORT": str(self.port),
            "PENNYFIX_WORKERS": "2",
            "DEMO_MODEL_KEY": self.models.key,
            "NO_PROXY": local,
            "no_proxy": local,
            "PYTHONPATH": ":".join(paths),
            "PYTHONUNBUFFERED": "1",
        }
