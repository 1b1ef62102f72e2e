"""The command line: the front door, one verb per process or task.

Every verb parses, calls one function that does the work, and prints. Heavy libraries are imported by the verb that
needs them, so that `pennyfix --help` answers at once. Exit codes: 0 done, 1 the answer is no (not accepted, a check
failed, an issue of the demo ended differently), 2 bad input, 3 something that is needed is not there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="pennyfix",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Resolves labeled GitHub issues at the lowest cost that still earns a merge.",
    epilog="Start with [bold]pennyfix demo[/] (no account, no key), then [bold]pennyfix setup[/] and "
    "[bold]pennyfix up[/]. Settings are environment variables that start with PENNYFIX_, or lines of .env.",
)
study = typer.Typer(no_args_is_help=True, help="Compare strategies and models: cost against resolution.")
app.add_typer(study, name="study")
budget = typer.Typer(no_args_is_help=True, help="What each repository may spend a month, and what it has spent.")
app.add_typer(budget, name="budget")
jobs = typer.Typer(no_args_is_help=True, help="What is being worked on, what came of it, and what exactly ran.")
app.add_typer(jobs, name="jobs")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def say(text: str = "") -> None:
    """One line for people, on standard output."""
    print(text)


def emit(value: Any) -> None:
    """JSON on standard output; amounts of money are strings, so that nothing is rounded."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def names(text: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def up() -> None:
    """Run everything on this machine: broker, receiver, workers and sweeper in one process tree.

    Says where everything is, restarts what dies, and stops gracefully on Ctrl-C (twice to hurry).
    """
    from workers.config.settings import load_settings
    from workers.processes.up import up as run

    run(load_settings(), say)


@app.command()
def serve() -> None:
    """Run only the receiver and the pages (needs PENNYFIX_REDIS_URL or a running `pennyfix up` for the wake-ups)."""
    from webhook.serve import serve as run
    from workers.config.settings import load_settings

    run(load_settings())


@app.command()
def worker(
    name: Annotated[str, typer.Option(help="Names this worker in logs and on the operator's page.")] = "",
) -> None:
    """Run only a worker with its sweeper; start as many as you like, on as many machines (PostgreSQL and Redis)."""
    import socket

    from workers.config.settings import load_settings
    from workers.processes.sweep import beside
    from workers.processes.worker import work

    settings = load_settings()
    with beside(settings):
        work(settings, name=name or f"worker@{socket.gethostname()}")


@app.command()
def resolve(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_URL", help="A checkout here, or a repository's URL.")] = "",
    issue: Annotated[str, typer.Option(help="A file (its first line is the title), or a number.")] = "",
    strategy: Annotated[str, typer.Option(help="A strategy (default: the repository's, else cascade).")] = "",
    max_usd: Annotated[str, typer.Option(help="Spend at most this on the issue, in USD.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only quote the cost; no model is called.")] = False,
    as_job: Annotated[
        int | None,
        typer.Option("--as-job", min=1, metavar="ID", help="Repeat a job: its issue, commit, strategy and tiers."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Resolve one issue without GitHub App: prints the diff, the evidence and the bill. Nothing is published.

    Takes the committed state of the checkout. Exit code 0 only if the patch earned what the repository accepts.
    With --as-job nothing else is needed; it tells at the end what is not as it was (a prompt, a price, a version).
    """
    from workers.cli.local_issue import find_issue
    from workers.cli.local_resolution import quote_local, resolve_local
    from workers.cli.recorded_job import differences, load_recorded_job, web_address
    from workers.cli.resolve_output import quote_json, quote_lines, result_json, result_lines
    from workers.config.operator_file import load_operator
    from workers.config.settings import load_settings
    from workers.usd import parse_usd

    settings = load_settings()
    operator = load_operator(settings.config)
    cap = parse_usd(max_usd) if max_usd else None
    _known_strategy(strategy)
    then = None
    if as_job:
        with Desk() as (context, _), context.database.read() as session:
            then = load_recorded_job(session, operator, as_job)
        operator, strategy = then.operator, strategy or then.strategy
        where = where or web_address(settings, then.repository)
    elif not (where and issue):
        raise typer.BadParameter("give PATH_OR_URL and --issue, or --as-job ID")
    found = find_issue(settings, where, issue) if issue or then is None else then.issue
    if dry_run:
        quote = quote_local(found, operator=operator)
        emit(quote_json(quote)) if as_json else say("\n".join(quote_lines(quote)))
        return
    with LiveSteps() as step:
        result = resolve_local(
            where,
            found,
            settings=settings,
            operator=operator,
            strategy=strategy,
            say=step,
            cap=cap,
            token=settings.github_token.get_secret_value(),
            base=then.base if then else "",
            accept=then.accept if then else None,
        )
    differs = differences(then.versions, result.solved.versions.json()) if then else ()
    if as_json:
        emit(result_json(result) | ({"as_job": as_job, "differs": list(differs)} if then else {}))
    else:
        say("\n".join(result_lines(result)))
    if then and not as_json:
        say("\n".join(f"differs    {d}" for d in differs) or f"everything recorded of job {as_job} is as it was")
    raise typer.Exit(0 if result.accepted else 1)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Serve the stand-in's pages at the end (always on a terminal).")] = False,
    sandbox: Annotated[str, typer.Option(help="docker, bubblewrap or process (default: the best here).")] = "",
) -> None:
    """From label to pull request on this machine, without account or key: a stand-in GitHub and scripted models."""
    from rich.console import Console

    from deploy.demo.demo import run

    raise typer.Exit(run(None, Console(), keep=keep or sys.stdout.isatty(), sandbox=sandbox))


@app.command()
def setup(
    organization: Annotated[str, typer.Option(help="Register the App for this organization, not for yourself.")] = "",
    public_url: Annotated[
        str, typer.Option(help="https://… where GitHub reaches this machine (default: PENNYFIX_PUBLIC_URL).")
    ] = "",
    name: Annotated[str, typer.Option(help="The App's name on GitHub, at most 34 characters.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the local page (0: any).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Make another App although one is configured.")] = False,
    as_json: Json = False,
) -> None:
    """Make the GitHub App: a local page takes its manifest to GitHub, and its keys come back into .env (mode 0600).

    GitHub must reach this machine at --public-url: a reverse proxy or, for development, a tunnel that leaves bytes
    unchanged (cloudflared tunnel --url http://127.0.0.1:8000; tailscale funnel 8000; ngrok http 8000). Relays that
    re-write the JSON break its signature. What is delivered while nothing runs, `pennyfix up` asks for again.
    """
    from dataclasses import asdict

    from webhook.setup.run import SetupOptions, run_setup
    from workers.config.settings import load_settings

    answers = SetupOptions(organization=organization, name=name, public_url=public_url, port=port, force=force)
    made = run_setup(load_settings(), answers, (lambda line: print(line, file=sys.stderr)) if as_json else say)
    if made is None:
        raise typer.Exit(1)
    if as_json:
        secret = ("pem", "webhook_secret", "client_secret")
        emit({k: v for k, v in asdict(made).items() if k not in secret})


@app.command()
def doctor(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Look only at: disk, database, broker, github, webhook, sandbox, models (repeatable)."),
    ] = None,
    call_models: Annotated[
        bool, typer.Option("--call-models", help="Really ask each model one word, and say what it cost.")
    ] = False,
    redeliver: Annotated[
        bool, typer.Option("--redeliver", help="Ask GitHub for the deliveries that were missed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check everything a labeled issue needs on its way, and print for each failure the line that fixes it.

    Exit code 1 when something failed. Spends nothing without --call-models; changes nothing without --redeliver.
    """
    from dataclasses import asdict

    from rich.console import Console

    from workers.cli.tables import print_check, print_verdict
    from workers.doctor.all_checks import CHECKS, failed, run_checks
    from workers.doctor.check import DoctorOptions

    unknown = [n for n in only or () if n not in CHECKS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(CHECKS)}", param_hint="--only")
    console = Console(soft_wrap=True)
    found = []
    for check in run_checks(DoctorOptions(call_models, redeliver), only=tuple(only or ())):
        found.append(check)
        if not as_json:
            print_check(console, check)
    if as_json:
        emit({"ok": not failed(found), "checks": [asdict(check) for check in found]})
    else:
        print_verdict(console, found)
    raise typer.Exit(1 if failed(found) else 0)


Repository = Annotated[str, typer.Argument(metavar="OWNER/NAME")]


@budget.command("list")
def budget_list(as_json: Json = False) -> None:
    """Every repository's month: spent, budget, forecast, and who says so."""
    from workers.billing.budget_reports import budget_lines
    from workers.cli.tables import budget_json, print_budgets

    with Desk() as (context, console):
        with context.database.read() as session:
            lines = budget_lines(session, context.limits, context.clock())
        emit([budget_json(line) for line in lines]) if as_json else print_budgets(console, lines)


@budget.command("show")
def budget_show(repository: Repository, as_json: Json = False) -> None:
    """One repository's month: bar, forecast, by tier and model, by issue."""
    from dataclasses import asdict

    from workers.billing import spending_reports
    from workers.billing.budget_reports import budget_line, find_repository
    from workers.cli.tables import budget_json, print_budget

    with Desk() as (context, console):
        with context.database.read() as session:
            row = find_repository(session, repository)
            line = budget_line(session, row, context.limits, context.clock())
            by_model = spending_reports.by_tier_model(session, line.month, repository_id=row.id)
            by_issue = spending_reports.by_issue(session, row.id, line.month)
        if as_json:
            tables = {"by_model": [asdict(b) for b in by_model], "by_issue": [asdict(b) for b in by_issue]}
            emit({**budget_json(line), **tables})
        else:
            print_budget(console, line, by_model, by_issue)


@budget.command("set", context_settings={"ignore_unknown_options": True})  # so that -5 is answered as an amount
def budget_set(
    repository: Repository,
    amount: Annotated[str, typer.Argument(metavar="USD", help="Like 50 or 12.50; `file` to go back to the file's.")],
    as_json: Json = False,
) -> None:
    """Set a repository's month in USD. Jobs that waited for money go on, oldest first. The change is audited."""
    from dataclasses import asdict

    from workers.cli.operator_actions import change_budget, cli_actor
    from workers.usd import show_usd

    with Desk() as (context, _):
        changed = change_budget(context, repository, amount, actor=cli_actor())
    if as_json:
        emit(asdict(changed))
        return
    say(f"{changed.repository}: {show_usd(changed.before.month)} → {show_usd(changed.after.month)} a month")
    if changed.resumed:
        say(f"These jobs go on: {', '.join(map(str, changed.resumed))}")


JobId = Annotated[int, typer.Argument(metavar="ID", min=1)]


@jobs.command("list")
def jobs_list(
    state: Annotated[str, typer.Option(help="queued, running, opened, declined, failed, cancelled, over_budget.")] = "",
    repository: Annotated[str, typer.Option(metavar="OWNER/NAME", help="Only this repository's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """The newest jobs, with state, pull request and cost."""
    from workers.billing.budget_reports import find_repository
    from workers.cli.tables import job_line_json, print_jobs
    from workers.jobs.job import State
    from workers.views.job_report import list_jobs

    if state and state not in list(State):
        raise typer.BadParameter(f"{state!r} is not one of {', '.join(State)}", param_hint="--state")
    with Desk() as (context, console):
        with context.database.read() as session:
            whose = find_repository(session, repository).id if repository else None
            lines = list_jobs(session, state=State(state) if state else None, repository_id=whose, limit=limit)
        emit([job_line_json(line) for line in lines]) if as_json else print_jobs(console, lines)


@jobs.command("show")
def jobs_show(
    job_id: JobId,
    diffs: Annotated[bool, typer.Option(help="Also print each attempt's diff.")] = True,
    as_json: Json = False,
) -> None:
    """What exactly produced this patch: strategy, tiers, models and prices, prompts, attempts, every call."""
    from workers.cli.tables import job_json, print_job
    from workers.views.job_report import job_report

    with Desk() as (context, console):
        with context.database.read() as session:
            report = job_report(session, job_id)
        emit(job_json(report)) if as_json else print_job(console, report, diffs=diffs)


@jobs.command("cancel")
def jobs_cancel(job_id: JobId, as_json: Json = False) -> None:
    """Stop a job that waits or runs; a running one ends after the call it is in."""
    from dataclasses import asdict

    from workers.cli.operator_actions import cancel_job, cli_actor

    with Desk() as (context, _):
        job = cancel_job(context, job_id, actor=cli_actor())
    said = "is asked to stop" if job.state.active else f"is {job.state}"
    emit(asdict(job)) if as_json else say(f"job {job.id} {said}")


@jobs.command("retry")
def jobs_retry(
    job_id: JobId,
    strategy: Annotated[str, typer.Option(help="Another strategy (default: the same).")] = "",
    as_json: Json = False,
) -> None:
    """Run an ended job again as a new one, in the name of the person who asked at first."""
    from dataclasses import asdict

    from workers.cli.operator_actions import cli_actor, retry_job

    _known_strategy(strategy)
    with Desk() as (context, _):
        job = retry_job(context, job_id, actor=cli_actor(), strategy=strategy)
    emit(asdict(job)) if as_json else say(f"job {job.id} is queued for {job.repository}#{job.issue}")


class Desk:
    """The database and a console for one command; the database is closed afterwards."""

    def __enter__(self) -> tuple[Any, Any]:
        from rich.console import Console

        from workers.config.settings import load_settings
        from workers.processes.celery_app import publisher
        from workers.processes.context import open_context

        settings = load_settings()
        self.context = open_context(settings, publisher(settings))
        return self.context, Console()

    def __exit__(self, *error: object) -> None:
        self.context.database.close()


def _known_strategy(name: str) -> None:
    from strategies.registry import STRATEGIES

    if name and name not in STRATEGIES:
        raise typer.BadParameter(
            f"{name!r} is no strategy; allowed are {', '.join(STRATEGIES)}", param_hint="--strategy"
        )


@study.command("run")
def study_run(
    tasks: Annotated[Path | None, typer.Argument(help="A JSONL file in SWE-bench's fields, or a task folder.")] = None,
    corpus: Annotated[bool, typer.Option("--corpus", help="The corpus that Pennyfix ships with.")] = False,
    strategies: Annotated[str, typer.Option(help="Strategies, separated by commas.")] = "weak,strong,cascade",
    models: Annotated[
        str, typer.Option(help="litellm models, cheapest first; or configured (pennyfix.toml), or scripted.")
    ] = "",
    parallel: Annotated[int, typer.Option(min=1, help="How many issues at once.")] = 2,
    max_usd: Annotated[str, typer.Option(help="The whole study spends at most this, in USD.")] = "10",
    issue_usd: Annotated[str, typer.Option(help="One issue under one strategy at most this, in USD.")] = "",
    out: Annotated[Path, typer.Option(help="Where records are kept; an interrupted study goes on there.")] = Path(
        "study"
    ),
    sandbox: Annotated[str, typer.Option(help="auto, docker, bubblewrap or process (isolates nothing).")] = "",
    mirrors: Annotated[str, typer.Option(help="A URL or absolute path with {repo} in it (default: GitHub).")] = "",
    only: Annotated[str, typer.Option(help="Only these tasks, separated by commas.")] = "",
    record_plans: Annotated[
        int,
        typer.Option(min=0, max=10, help="Record so many answers and self-tests per tier, to search plans."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Run strategies over tasks; hidden tests judge what they publish. Run it again to go on.

    Example: pennyfix study run --corpus --strategies weak,strong,cascade (scripted models, no key, no network).
    """
    from functools import partial

    from strategies.study.running.plan_record import STRATEGY, record_one
    from strategies.study.running.run import run
    from workers.cli.study_setup import plan_of, tasks_of, words_of
    from workers.config.operator_file import load_operator
    from workers.config.settings import load_settings
    from workers.usd import parse_usd

    settings = load_settings()
    for name in names(strategies):
        _known_strategy(name)
    found, scripts = tasks_of(tasks, corpus=corpus, only=names(only))
    plan = plan_of(
        settings,
        load_operator(settings.config),
        found,
        scripts,
        strategies=[STRATEGY] if record_plans else names(strategies),
        models=names(models) or (["scripted"] if corpus else ["configured"]),
        out=out,
        max_usd=parse_usd(max_usd),
        issue_usd=parse_usd(issue_usd) if issue_usd else None,
        parallel=parallel,
        sandbox=sandbox,
        mirrors=mirrors,
    )
    with SpendingBar() as step:
        ran = run(plan, step, partial(record_one, k=record_plans, sizes=(2, 4)) if record_plans else None)
    emit({"capped": ran.capped, "missing": len(ran.missing), "spent_usd": ran.progress.spent}) if as_json else say(
        words_of(ran, out, recording=bool(record_plans))
    )
    raise typer.Exit(1 if ran.capped else 0)


@study.command("report")
def study_report(
    folder: Annotated[Path | None, typer.Argument(help="Where `study run` keeps its records.")] = None,
    paper: Annotated[Path | None, typer.Option(help="Instead: redraw the literature's table from this CSV.")] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option(help="Two of STRATEGY or FOLDER:STRATEGY, on the same tasks.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the chart to this file.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the chart alone to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Cost against resolution: table, chart and guidelines, always beside their references.

    Example: pennyfix study report study --html report.html --compare cascade strong
    """
    from strategies.study.reporting.shown import shown, shown_paper

    if (paper is None) == (folder is None and compare is None):
        raise typer.BadParameter("give a study's folder, or --paper, and not both")
    found = shown_paper(paper) if paper else shown(folder, compare)
    for path, text in ((html, found.page), (svg, found.svg)):
        if path and text:
            path.write_text(text, encoding="utf-8")
    if as_json:
        emit(found.figures)
        return
    for table in found.tables:
        _print_table(table)
    for sentence in found.sentences:
        say(f"- {sentence}")
    for path in filter(None, (html, svg if found.svg else None)):
        say(f"Written: {path}")


class SpendingBar:
    """The study's progress with the money: spent, and projected for all of it."""

    def __enter__(self) -> Callable[[Any], None]:
        self.bar = ProgressBar("starting")
        self.bar.__enter__()
        line = self.bar.bar.task_ids[0]
        return lambda p: self.bar.bar.update(
            line,
            completed=p.done,
            total=p.total,
            description=f"{p.done} of {p.total}, {p.resolved} resolved, ${p.spent:.4f} of about ${p.projected:.4f}",
        )

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)


@study.command("replay")
def study_replay(
    outcomes: Annotated[
        Path, typer.Argument(exists=True, help="CSV of recorded outcomes, or a folder of recorded plans.")
    ],
    chain: Annotated[str, typer.Option(help="Models in the order they are tried, separated by commas.")] = "",
    false_accept: Annotated[float, typer.Option(help="How often a wrong patch is accepted, 0 to 1.")] = 0.0,
    false_reject: Annotated[float, typer.Option(help="How often a right patch is rejected, 0 to 1.")] = 0.0,
    tests_of: Annotated[str, typer.Option(help="Instead of rates: this model's recorded tests decide.")] = "",
    search: Annotated[bool, typer.Option("--search", help="Also search all chains, with cross-validation.")] = False,
    strong: Annotated[str, typer.Option(help="The strong model to match in the search (default: last in chain).")] = "",
    models: Annotated[str, typer.Option(help="Models the search may use, separated by commas (default: all).")] = "",
    html: Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Replay recorded outcomes under a chain of models and a verifier that errs.

    Example: pennyfix study replay outcomes.csv --chain DeepSeek-V4-Pro,MiniMax-M3,claude-opus-4-8
    --false-accept 0.1 --false-reject 0.1 --search
    """
    if outcomes.is_dir():
        _replay_plans(outcomes, html, as_json=as_json)
        return
    if not chain:
        raise typer.BadParameter("name the models in the order they are tried", param_hint="--chain")
    from strategies.study.replaying.outcomes import load_outcomes
    from strategies.study.replaying.replay import Rates, RecordedTests, Verifier
    from strategies.study.replaying.search import search as search_chains
    from strategies.study.reporting.output import replay_json
    from strategies.study.reporting.replay_report import replay_page, rows

    recorded = load_outcomes(outcomes)
    verifier: Verifier = RecordedTests.of(recorded, tests_of) if tests_of else Rates(false_accept, false_reject)
    words = (
        f"patches are judged by the recorded tests of {tests_of}"
        if tests_of
        else f"a verifier with {false_accept:.0%} false accepts and {false_reject:.0%} false rejects"
    )
    compared = rows(recorded, names(chain), verifier)
    found = None
    if search:
        with ProgressBar("searching chains") as step:
            found = search_chains(
                recorded, verifier, strong=strong or names(chain)[-1], models=names(models), progress=step
            )
    if html:
        html.write_text(replay_page(recorded, compared, words, found), encoding="utf-8")
    if as_json:
        emit(replay_json(compared, found))
        return
    from strategies.study.reporting.guidelines import of_search
    from strategies.study.reporting.replay_report import table

    say(f"{len(recorded.issues)} issues, {words}.")
    _print_table(table(compared))
    for sentence in of_search(found) if found else ():
        say(f"- {sentence}")
    if html:
        say(f"The page is at {html}.")


def _replay_plans(folder: Path, html: Path | None, *, as_json: bool) -> None:
    """Search the plans of the self-test cascade on a recording (`pennyfix study run … --record-plans 3`)."""
    from strategies.study.replaying.plans import search_plans
    from strategies.study.reporting.plan_report import plans_json, plans_page, plans_sentences, plans_table
    from strategies.study.running.plan_record import load_runs

    runs = load_runs(folder)
    with ProgressBar("replaying plans") as step:
        found = search_plans(runs, progress=step)
    if html:
        html.write_text(plans_page(found), encoding="utf-8")
    if as_json:
        emit(plans_json(found))
        return
    _print_table(plans_table(found))
    for sentence in plans_sentences(found):
        say(f"- {sentence}")
    if html:
        say(f"The page is at {html}.")


def _print_table(shown: Any) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, caption=shown.caption, caption_justify="left")
    for i, name in enumerate(shown.head):
        grid.add_column(name, justify="left" if i in (0, *shown.texts) else "right", overflow="fold")
    for row, kind in zip(shown.rows, shown.kinds or [""] * len(shown.rows), strict=True):
        grid.add_row(*row, style={"best": "bold green", "reference": "dim"}.get(kind, ""))
    Console().print(grid)


class ProgressBar:
    """A progress bar on standard error, only where somebody watches."""

    def __init__(self, words: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self.bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self.words = words

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        line = self.bar.add_task(self.words)
        return lambda done, total: self.bar.update(line, completed=done, total=total)

    def __exit__(self, *error: object) -> None:
        self.bar.stop()


class LiveSteps:
    """Each step as a line on standard error, with the seconds since the start."""

    def __enter__(self) -> Callable[[Any], None]:
        import time

        began = time.monotonic()

        def tell(step: Any) -> None:
            print(f"{time.monotonic() - began:6.1f} s  {step.text.splitlines()[0][:200]}", file=sys.stderr, flush=True)

        return tell

    def __exit__(self, *error: object) -> None:
        sys.stderr.flush()


EXPECTED: dict[str, int] = {
    # error class by name (so that asking costs no import) → exit code; the message already names the fix
    "ConfigError": 2,
    "OutcomesError": 2,
    "TaskError": 2,
    "MoneyError": 2,
    "PromptError": 2,
    "UsageError": 2,
    "ModelRefused": 2,
    "OverBudget": 1,
    "ModelUnavailable": 3,
    "SandboxUnavailable": 3,
    "PreparationFailed": 3,
    "MirrorError": 3,
    "ForgeError": 3,
    "BrokerUnavailable": 3,
    "DatabaseUrlError": 2,
    "IssueUnreadable": 2,
    "NoSuchRepository": 2,
    "NoSuchJob": 2,
    "NotPossible": 1,
    "OperationalError": 3,
}


def explain(error: BaseException) -> tuple[str, int] | None:
    """What an expected error says to a person, and the exit code; None for one that should stay loud."""
    for kind in type(error).__mro__:
        if kind.__name__ in EXPECTED:
            return str(error), EXPECTED[kind.__name__]
    return None


def main() -> None:
    """Run the command line; expected errors become words and an exit code, all others stay loud."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the one place that decides what an exception means to a person
        explained = explain(error)
        if explained is None:
            raise
        print(f"pennyfix: {explained[0]}", file=sys.stderr)
        sys.exit(explained[1])
