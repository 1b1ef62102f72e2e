"""The commands `pennyfix study run`, `report` and `replay`: compare strategies and models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from workers.cli.console import Json, ProgressBar, check_strategy, command_settings, emit, names, print_table, say

study = typer.Typer(no_args_is_help=True, help="Compare strategies and models: cost against resolution.")


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
    from strategies.study.running.run import run_study
    from workers.cli.study_setup import StudyOptions, closing_text, study_plan, study_tasks
    from workers.config.operator_file import load_operator
    from workers.usd import parse_usd

    settings = command_settings()
    for name in names(strategies):
        check_strategy(name)
    found = study_tasks(tasks, corpus=corpus, only=names(only))
    options = StudyOptions(
        strategies=[STRATEGY] if record_plans else names(strategies),
        models=names(models) or (["scripted"] if corpus else ["configured"]),
        out=out,
        max_usd=parse_usd(max_usd),
        issue_usd=parse_usd(issue_usd) if issue_usd else None,
        parallel=parallel,
        sandbox=sandbox,
        mirrors=mirrors,
    )
    plan = study_plan(settings, load_operator(settings.config), found, options)
    record = partial(record_one, k=record_plans, sizes=(2, 4)) if record_plans else None
    with SpendingBar() as show_progress:
        result = run_study(plan, show_progress, record)
    emit(
        {"capped": result.capped, "missing": len(result.missing), "spent_usd": result.progress.spent}
    ) if as_json else say(closing_text(result, out, recording=bool(record_plans)))
    raise typer.Exit(1 if result.capped else 0)


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
    from strategies.study.reporting.rendering import render_paper, render_study

    if (paper is None) == (folder is None and compare is None):
        raise typer.BadParameter("give a study's folder, or --paper, and not both")
    found = render_paper(paper) if paper else render_study(folder, compare)
    for path, text in ((html, found.page), (svg, found.svg)):
        if path and text:
            path.write_text(text, encoding="utf-8")
    if as_json:
        emit(found.figures)
        return
    for table in found.tables:
        print_table(table)
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
    from strategies.study.replaying.search import ChainSearchOptions, search_chains
    from strategies.study.reporting.output import replay_json
    from strategies.study.reporting.replay_report import replay_page, rows

    recorded = load_outcomes(outcomes)
    verifier: Verifier = RecordedTests.of(recorded, tests_of) if tests_of else Rates(false_accept, false_reject)
    verifier_text = (
        f"patches are judged by the recorded tests of {tests_of}"
        if tests_of
        else f"a verifier with {false_accept:.0%} false accepts and {false_reject:.0%} false rejects"
    )
    compared = rows(recorded, names(chain), verifier)
    found = None
    if search:
        options = ChainSearchOptions(strong or names(chain)[-1], names(models))
        with ProgressBar("searching chains") as show_progress:
            found = search_chains(recorded, verifier, options, show_progress)
    if html:
        html.write_text(replay_page(recorded, compared, verifier_text, found), encoding="utf-8")
    if as_json:
        emit(replay_json(compared, found))
        return
    from strategies.study.reporting.guidelines import search_sentences
    from strategies.study.reporting.replay_report import table

    say(f"{len(recorded.issues)} issues; {verifier_text}.")
    print_table(table(compared))
    for sentence in search_sentences(found) if found else ():
        say(f"- {sentence}")
    if html:
        say(f"The page is at {html}.")


def _replay_plans(folder: Path, html: Path | None, *, as_json: bool) -> None:
    """Search the plans of the self-test cascade on a recording (`pennyfix study run … --record-plans 3`)."""
    from strategies.study.replaying.plans import search_plans
    from strategies.study.reporting.plan_report import plans_json, plans_page, plans_sentences, plans_table
    from strategies.study.running.plan_record import load_runs

    runs = load_runs(folder)
    with ProgressBar("replaying plans") as show_progress:
        found = search_plans(runs, progress=show_progress)
    if html:
        html.write_text(plans_page(found), encoding="utf-8")
    if as_json:
        emit(plans_json(found))
        return
    print_table(plans_table(found))
    for sentence in plans_sentences(found):
        say(f"- {sentence}")
    if html:
        say(f"The page is at {html}.")
