"""`pennyfix demo`: from label to pull request on this machine, with no account, key or network.

It starts a stand-in GitHub and two scripted models, then the real `pennyfix up` as its own process, labels four
issues, shows what happens, and ends with what was said on GitHub. Nothing in `up` knows that this is a demo.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.stage import UP, Stage
from deploy.demo.watching import IssueProgress, look
from workers.jobs.job import State

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from deploy.demo.github.rest import Traffic

PATIENCE = 240.0  # seconds until everything must have ended; one to two minutes are usual
STOP = 20.0  # seconds `up` gets to stop before it is hurried
LOOK = 0.3  # seconds between looks
LOG_LINES = 15
STEP = 90  # characters of a step that are shown
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")  # https://spec.commonmark.org/0.31.2/#backslash-escapes
HIDDEN = re.compile(r"<!--.*?-->\n?", re.DOTALL)
WORDS = {None: "labeled", State.OPENED: "pull request", State.OVER_BUDGET: "over budget"}
STYLES = {State.OPENED: "green", State.DECLINED: "yellow", State.OVER_BUDGET: "magenta", State.FAILED: "red"}


class DemoBroken(Exception):
    """Pennyfix did not start or stopped by itself; the message has the end of its log."""


def run(
    home: Path | None,
    console: Console,
    *,
    keep: bool = False,
    sandbox: str = "",
    patience: float = PATIENCE,
    command: tuple[str, ...] = UP,
    observer: Callable[[Traffic], None] | None = None,
) -> int:
    """Play the demo below `home` (None: a temporary folder). Returns 0, or 1 if an issue ended otherwise than it must.

    With `keep` the stand-in's pages are served until Ctrl-C. `sandbox` names a backend; "" takes docker or
    bubblewrap where they work, else plain processes (the demo's code is its own, so that is safe here).
    `observer` sees all REST traffic.
    """
    with _folder(home) as folder, Stage(folder, command=command, observer=observer) as stage:
        chosen = sandbox or best_sandbox(folder / "state")
        console.print(f"stand-in GitHub  {stage.github.url}")
        console.print(f"scripted models  {', '.join(stage.models.models)}")
        console.print(f"sandbox          {chosen}{' (no isolation)' if chosen == 'process' else ''}")
        try:
            with _up(stage, chosen) as alive:
                _wait_until_ready(stage, alive)
                console.print(f"Pennyfix         http://127.0.0.1:{stage.port}\n")
                stage.label()
                ended = _follow(stage, console, alive, patience)
        except DemoBroken as broken:
            console.print(f"[bold red]The demo could not be played.[/] {broken}", highlight=False)
            return 1
        tell(stage, ended, console)
        good = _judge(stage, ended, console)
        if keep:
            with suppress(KeyboardInterrupt):
                console.print(f"\nRead it all at {stage.github.url} (Ctrl-C ends it).")
                while True:
                    time.sleep(1)
        return 0 if good else 1


def best_sandbox(home: Path) -> str:
    """Docker or bubblewrap if one really starts here, else process."""
    from sandbox.backends import AUTO, BackendOptions, choose
    from sandbox.errors import SandboxUnavailable

    home.mkdir(parents=True, exist_ok=True)
    for name in AUTO:
        with suppress(SandboxUnavailable):
            return choose("docker" if name == "docker" else "bubblewrap", BackendOptions(home)).name
    return "process"


def _follow(stage: Stage, console: Console, alive: Callable[[], bool], patience: float) -> tuple[IssueProgress, ...]:
    """Show the issues until all have ended, Pennyfix is gone, or `patience` seconds are over."""
    from rich.live import Live

    from workers.db.database import open_database

    opened = open_database(f"sqlite:///{stage.home / 'state' / 'pennyfix.db'}")
    id_of = lambda full_name: stage.github.repository(full_name).id
    end = time.monotonic() + patience
    told: dict[str, str] = {}
    with closing(opened) as database, Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            now = look(database, stage.scenes, id_of)
            if console.is_terminal:
                live.update(table(now), refresh=True)
            else:
                _lines(now, told, console)
            if all(p.ended for p in now) or time.monotonic() > end:
                break
            if not alive():
                raise DemoBroken(f"Pennyfix stopped by itself.\n{log_end(stage)}")
            time.sleep(LOOK)
    if not console.is_terminal:
        console.print(table(now))
    _settle(stage, end)
    return now


def _settle(stage: Stage, end: float) -> None:
    """A job has ended a moment before GitHub has heard all of it: wait until nothing changes there any more."""
    before, quiet = -1, 0
    while quiet < 4 and time.monotonic() < end + 10:  # noqa: PLR2004 - looks in a row without a change
        used = stage.github.rest.used
        quiet = quiet + 1 if used == before else 0
        before = used
        time.sleep(LOOK)


def _lines(now: tuple[IssueProgress, ...], told: dict[str, str], console: Console) -> None:
    """Without a terminal: one line whenever something changes."""
    for p in now:
        line = f"{p.scene.repository}#{p.scene.number}  {word(p)}  ${p.usd:.6f}  {brief(p.step)}"
        if told.get(p.scene.script) != line:
            told[p.scene.script] = line
            console.print(line, markup=False, highlight=False)


def brief(step: str) -> str:
    """The beginning of a step."""
    return step if len(step) <= STEP else step[: STEP - 1] + "…"


def word(p: IssueProgress) -> str:
    """The state for people."""
    return WORDS.get(p.state) or str(p.state)


def table(now: tuple[IssueProgress, ...]) -> Table:
    """The issues as a table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, expand=False)
    for name in ("issue", "state", "step", "cost in USD"):
        shown.add_column(name, justify="right" if name.startswith("cost") else "left", overflow="fold")
    for p in now:
        name = f"{p.scene.repository}#{p.scene.number} {p.scene.script}"
        state = Text(word(p), style=STYLES.get(p.state or State.QUEUED, ""))
        shown.add_row(name, state, Text(brief((p.reason if p.ended else "") or p.step)), f"{p.usd:.6f}")
    return shown


def tell(stage: Stage, ended: tuple[IssueProgress, ...], console: Console) -> None:
    """What was said on GitHub, as text: pull requests whole, and the last comment where there is none."""
    for p in ended:
        scene = p.scene
        issue = stage.github.issue(scene.repository, scene.number)
        console.rule(f"{scene.repository}#{scene.number} {issue.title}")
        pulls = [it for it in stage.github.pulls(scene.repository) if it.number == p.pull_request]
        for pull in pulls:
            place = f"{stage.github.url}/{scene.repository}/pull/{pull.number}"
            console.print(f"{pull.title}\n{place}\n\n{visible(pull.body)}", markup=False, highlight=False)
            _diff(stage, scene.repository, pull.number, console)
        if not pulls:
            own = [r for r in issue.remarks if r.author.type == "Bot"]
            place = f"{stage.github.url}/{scene.repository}/issues/{scene.number}"
            said = visible(own[-1].body) if own else "(nothing was said)"
            console.print(f"{place}\n\n{said}", markup=False, highlight=False)


def _diff(stage: Stage, repository: str, number: int, console: Console) -> None:
    """The change of a pull request."""
    repo = stage.github.repository(repository)
    pull = repo.issues[number].pull
    for change in repo.objects.changes(pull.base_sha, pull.head_sha) if pull else ():
        text = f"\n--- {change.path} ({change.status})\n{change.patch}"
        console.print(text, markup=False, highlight=False)


def visible(markdown: str) -> str:
    """Markdown as text for a terminal: hidden comments, escapes and the tags of collapsed parts left out."""
    text = re.sub(r"</?(details|summary|sub)[^>]*>", "", HIDDEN.sub("", markdown))
    text = unescape(ESCAPED.sub(r"\1", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _judge(stage: Stage, ended: tuple[IssueProgress, ...], console: Console) -> bool:
    """Say how it ended against how it must."""
    console.rule("so")
    for p in ended:
        verdict = (
            "[green]as it must[/]" if p.as_expected else f"[bold red]must be {WORDS.get(p.scene.ends, p.scene.ends)}[/]"
        )
        place = f"{p.scene.repository}#{p.scene.number}"
        console.print(f"{place}: {p.scene.meaning} → {word(p)}, {verdict}", highlight=False)
    spent = sum(p.usd for p in ended)
    console.print(f"{len(stage.models.calls)} model calls, {spent:.6f} USD at the demo's prices", highlight=False)
    good = all(p.as_expected for p in ended)
    if not good:
        console.print(log_end(stage), markup=False, highlight=False)
    return good


def log_end(stage: Stage) -> str:
    """The last lines of every log, for people."""
    logs = [stage.home / "up.log", *sorted((stage.home / "state" / "logs").glob("*.log"))]
    parts = []
    for path in logs:
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
            parts.append(f"{path.name}:\n" + "\n".join(f"  {line}" for line in lines))
    return "\n".join(parts)


@contextmanager
def _folder(home: Path | None) -> Iterator[Path]:
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        yield home.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="pennyfix-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _up(stage: Stage, sandbox: str) -> Iterator[Callable[[], bool]]:
    """The real `pennyfix up`, stopped at the end as a person stops it."""
    environment = stage.environment | {"PENNYFIX_SANDBOX": sandbox}
    with (stage.home / "up.log").open("wb") as log:
        process = subprocess.Popen(
            stage.command, env=environment, cwd=stage.home, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield lambda: process.poll() is None
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP)


def _wait_until_ready(stage: Stage, alive: Callable[[], bool]) -> None:
    """Until the receiver answers. Raises DemoBroken when Pennyfix ends, or after a minute."""
    import httpx

    end = time.monotonic() + 60
    while time.monotonic() < end and alive():
        with suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{stage.port}/healthz", trust_env=False, timeout=2).is_success:
                return
        time.sleep(LOOK)
    raise DemoBroken(f"Pennyfix did not start.\n{log_end(stage)}")
