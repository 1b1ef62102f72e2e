"""`pennyfix demo`: from label to pull request on this machine, with no account, key or network.

It starts a stand-in GitHub and two scripted models, then the real `pennyfix up` as its own process, labels four
issues, shows what happens, and ends with what Pennyfix wrote on GitHub. Nothing in `up` knows that this is a demo.
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

from deploy.demo.progress import IssueProgress, read_progress
from deploy.demo.setup import UP_COMMAND, DemoSetup
from workers.jobs.job import State

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from deploy.demo.github.rest import Traffic

TIMEOUT_SECONDS = 240.0  # seconds until everything must have ended; one to two minutes are usual
START_SECONDS = 120.0  # until the receiver must answer; a few are usual
STOP_SECONDS = 20.0  # seconds that `up` gets to stop before the next signal
POLL_SECONDS = 0.3  # seconds between two polls
LOG_LINES = 15
STEP_CHARACTERS = 90  # characters of a step that are shown
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")  # https://spec.commonmark.org/0.31.2/#backslash-escapes
HIDDEN = re.compile(r"<!--.*?-->\n?", re.DOTALL)
STATE_LABELS = {None: "labeled", State.OPENED: "pull request", State.OVER_BUDGET: "over budget"}
STATE_STYLES = {State.OPENED: "green", State.DECLINED: "yellow", State.OVER_BUDGET: "magenta", State.FAILED: "red"}


class DemoBroken(Exception):
    """Pennyfix did not start or stopped by itself; the message has the end of its log."""


def run(
    home: Path | None,
    console: Console,
    *,
    keep: bool = False,
    sandbox: str = "",
    timeout: float = TIMEOUT_SECONDS,
    command: tuple[str, ...] = UP_COMMAND,
    observer: Callable[[Traffic], None] | None = None,
) -> int:
    """Run the demo below `home` (None: a temporary folder). Returns 0, or 1 if an issue ended in an unexpected state.

    With `keep` the stand-in's pages are served until Ctrl-C. `sandbox` names a backend; "" takes docker or
    bubblewrap where they work, else plain processes (the demo's code is its own, so that is safe here).
    `observer` sees all REST traffic.
    """
    with _folder(home) as folder, DemoSetup(folder, command=command, observer=observer) as demo:
        chosen = sandbox or best_sandbox(folder / "state")
        console.print(f"stand-in GitHub  {demo.github.url}")
        console.print(f"scripted models  {', '.join(demo.models.models)}")
        console.print(f"sandbox          {chosen}{' (no isolation)' if chosen == 'process' else ''}")
        try:
            with _up(demo, chosen) as alive:
                _wait_until_ready(demo, alive)
                console.print(f"Pennyfix         http://127.0.0.1:{demo.port}\n")
                demo.label()
                ended = _follow(demo, console, alive, timeout)
        except DemoBroken as broken:
            console.print(f"[bold red]The demo could not be played.[/] {broken}", highlight=False)
            return 1
        print_outcome(demo, ended, console)
        good = _judge(demo, ended, console)
        if keep:
            with suppress(KeyboardInterrupt):
                console.print(f"\nRead it all at {demo.github.url} (Ctrl-C ends it).")
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


def _follow(demo: DemoSetup, console: Console, alive: Callable[[], bool], timeout: float) -> tuple[IssueProgress, ...]:
    """Show the issues until all have ended, Pennyfix is gone, or `timeout` seconds are over."""
    from rich.live import Live

    from workers.db.database import open_database

    opened = open_database(f"sqlite:///{demo.home / 'state' / 'pennyfix.db'}")
    id_of = lambda full_name: demo.github.repository(full_name).id
    end = time.monotonic() + timeout
    printed: dict[str, str] = {}
    with closing(opened) as database, Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            now = read_progress(database, demo.issues, id_of)
            if console.is_terminal:
                live.update(table(now), refresh=True)
            else:
                _lines(now, printed, console)
            if all(p.ended for p in now) or time.monotonic() > end:
                break
            if not alive():
                raise DemoBroken(f"Pennyfix stopped by itself.\n{log_end(demo)}")
            time.sleep(POLL_SECONDS)
    if not console.is_terminal:
        console.print(table(now))
    _settle(demo, end)
    return now


def _settle(demo: DemoSetup, end: float) -> None:
    """A job ends a moment before its last requests to GitHub: wait until the stand-in gets no more of them."""
    before, quiet = -1, 0
    while quiet < 4 and time.monotonic() < end + 10:  # noqa: PLR2004 - polls in a row without a request
        used = demo.github.rest.used
        quiet = quiet + 1 if used == before else 0
        before = used
        time.sleep(POLL_SECONDS)


def _lines(now: tuple[IssueProgress, ...], printed: dict[str, str], console: Console) -> None:
    """Without a terminal: one line whenever something changes."""
    for p in now:
        line = f"{p.issue.repository}#{p.issue.number}  {state_label(p)}  ${p.usd:.6f}  {shortened(p.step)}"
        if printed.get(p.issue.script) != line:
            printed[p.issue.script] = line
            console.print(line, markup=False, highlight=False)


def shortened(step: str) -> str:
    """The beginning of a step."""
    return step if len(step) <= STEP_CHARACTERS else step[: STEP_CHARACTERS - 1] + "…"


def state_label(p: IssueProgress) -> str:
    """The state for people."""
    return STATE_LABELS.get(p.state) or str(p.state)


def table(now: tuple[IssueProgress, ...]) -> Table:
    """The issues as a table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, expand=False)
    for name in ("issue", "state", "step", "cost in USD"):
        shown.add_column(name, justify="right" if name.startswith("cost") else "left", overflow="fold")
    for p in now:
        name = f"{p.issue.repository}#{p.issue.number} {p.issue.script}"
        state = Text(state_label(p), style=STATE_STYLES.get(p.state or State.QUEUED, ""))
        shown.add_row(name, state, Text(shortened((p.reason if p.ended else "") or p.step)), f"{p.usd:.6f}")
    return shown


def print_outcome(demo: DemoSetup, ended: tuple[IssueProgress, ...], console: Console) -> None:
    """Print what Pennyfix wrote on GitHub: the pull request, or where there is none its last comment."""
    for p in ended:
        case = p.issue
        issue = demo.github.issue(case.repository, case.number)
        console.rule(f"{case.repository}#{case.number} {issue.title}")
        pulls = [it for it in demo.github.pulls(case.repository) if it.number == p.pull_request]
        for pull in pulls:
            place = f"{demo.github.url}/{case.repository}/pull/{pull.number}"
            console.print(f"{pull.title}\n{place}\n\n{plain_text(pull.body)}", markup=False, highlight=False)
            _diff(demo, case.repository, pull.number, console)
        if not pulls:
            own = [r for r in issue.comments if r.author.type == "Bot"]
            place = f"{demo.github.url}/{case.repository}/issues/{case.number}"
            text = plain_text(own[-1].body) if own else "(no comment)"
            console.print(f"{place}\n\n{text}", markup=False, highlight=False)


def _diff(demo: DemoSetup, repository: str, number: int, console: Console) -> None:
    """The change of a pull request."""
    repo = demo.github.repository(repository)
    pull = repo.issues[number].pull
    for change in repo.objects.changes(pull.base_sha, pull.head_sha) if pull else ():
        text = f"\n--- {change.path} ({change.status})\n{change.patch}"
        console.print(text, markup=False, highlight=False)


def plain_text(markdown: str) -> str:
    """Markdown as text for a terminal: hidden comments, escapes and the tags of collapsed parts left out."""
    text = re.sub(r"</?(details|summary|sub)[^>]*>", "", HIDDEN.sub("", markdown))
    text = unescape(ESCAPED.sub(r"\1", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _judge(demo: DemoSetup, ended: tuple[IssueProgress, ...], console: Console) -> bool:
    """Print the final state of each issue beside the expected one; True if all are as expected."""
    console.rule("result")
    for p in ended:
        verdict = (
            "[green]as expected[/]"
            if p.as_expected
            else f"[bold red]expected {STATE_LABELS.get(p.issue.ends, p.issue.ends)}[/]"
        )
        place = f"{p.issue.repository}#{p.issue.number}"
        console.print(f"{place}: {p.issue.meaning} → {state_label(p)}, {verdict}", highlight=False)
    spent = sum(p.usd for p in ended)
    console.print(f"{len(demo.models.calls)} model calls, {spent:.6f} USD at the demo's prices", highlight=False)
    good = all(p.as_expected for p in ended)
    if not good:
        console.print(log_end(demo), markup=False, highlight=False)
    return good


def log_end(demo: DemoSetup) -> str:
    """The last lines of every log, for people."""
    logs = [demo.home / "up.log", *sorted((demo.home / "state" / "logs").glob("*.log"))]
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
def _up(demo: DemoSetup, sandbox: str) -> Iterator[Callable[[], bool]]:
    """The real `pennyfix up`, stopped at the end as a person stops it."""
    environment = demo.environment | {"PENNYFIX_SANDBOX": sandbox}
    with (demo.home / "up.log").open("wb") as log:
        process = subprocess.Popen(
            demo.command, env=environment, cwd=demo.home, stdout=log, stderr=log, start_new_session=True
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
                process.wait(STOP_SECONDS)


def _wait_until_ready(demo: DemoSetup, alive: Callable[[], bool]) -> None:
    """Until the receiver answers. Raises DemoBroken when Pennyfix ends, or after START_SECONDS."""
    import httpx

    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and alive():
        with suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{demo.port}/healthz", trust_env=False, timeout=2).is_success:
                return
        time.sleep(POLL_SECONDS)
    raise DemoBroken(f"Pennyfix did not start.\n{log_end(demo)}")
