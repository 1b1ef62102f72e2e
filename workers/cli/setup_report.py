"""The set-up ladder climbed for a maintainer: the work behind `pennyfix check`. No model is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.backend import Backend
from sandbox.recipe import Recipe
from sandbox.recipes.discovery import set_up_ladder
from sandbox.recipes.suggestion import LINE, became, missing, plain_line
from sandbox.recipes.trial import Trial, best
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestOutcome
from strategies.step import Step
from strategies.verification.setup_ladder import Climbed, NothingWorks, SetupClimb
from workers.config.repository_file import PATH, RepositoryFile
from workers.solving.issue_solver import found

SHOWN = 8
"""Tests or lines of a log that are named one by one."""


class FileNotWritten(Exception):
    """`.github/autofix.yml` cannot be written; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class SetUpCheck:
    """What came of a check.

    `kept` is the trial whose recipe is kept (None: no test passes by any), `lines` are those of
    `.github/autofix.yml` that say it and were run ("" where it has none), `configured` whether our file already
    says how to set up.
    """

    base: str
    looked: tuple[str, ...]
    trials: tuple[Trial, ...]
    kept: Trial | None
    lines: str
    configured: bool

    @property
    def complete(self) -> bool:
        """Whether the suite is healthy by what is kept: the exit code."""
        return self.kept is not None and self.kept.complete

    @property
    def state(self) -> str:
        """`complete`, `degraded` (judged by a part of the suite) or `nothing works`."""
        return "nothing works" if self.kept is None else "complete" if self.kept.complete else "degraded"


def check_set_up(
    workspace: Workspace,
    file: RepositoryFile,
    backend: Backend,
    *,
    say: Callable[[Step], None] = lambda _step: None,
    seen: Callable[[Trial], None] = lambda _trial: None,
) -> SetUpCheck:
    """Climb the whole ladder anew, whatever is remembered, and run the lines that are suggested.

    Raises SandboxUnavailable.
    """
    ladder = set_up_ladder(workspace, setup=file.setup, test=file.test, image=file.image)
    say(Step("environment", found(ladder.first, ladder.looked)))
    if not ladder.rungs:
        return SetUpCheck(workspace.base, ladder.looked, (), None, "", ladder.configured)
    climb = SetupClimb(backend, workspace.key, workspace, say, seen=seen)
    try:
        climbed: Climbed | None = climb.climb(ladder)
    except NothingWorks:
        climbed = None
    lines = ""
    if climbed is not None and not ladder.configured:
        say(Step("environment", "running the lines that say this set-up"))
        lines = climb.suggestion(climbed)
    return SetUpCheck(workspace.base, ladder.looked, tuple(climb.trials), best(climb.trials), lines, ladder.configured)


def trial_lines(trial: Trial, number: int) -> list[str]:
    """A trial for people: what it was and what became of it; where that was not well, its commands and its log."""
    told = f"{number:>3}. {trial.recipe.language}, by {trial.recipe.source}: {became(trial)}"
    if trial.complete:
        return [told]
    commands = [*trial.recipe.setup, *([trial.recipe.test] if trial.set_up else [])]
    out = [told, *(f"     $ {_short(plain_line(command) or command)}" for command in commands)]
    if trial.report is None:
        return out + [f"     | {line}" for line in (trial.log or trial.problem).strip().splitlines()]
    failing = [r for r in trial.report.results.values() if r.id in trial.report.failed and r.message.strip()]
    return out + [f"     | {r.id}: {_short(r.message.strip().splitlines()[-1].strip())}" for r in failing[:SHOWN]]


def _short(text: str) -> str:
    return text if len(text) <= LINE else f"{text[:LINE]} …"


def check_lines(check: SetUpCheck) -> list[str]:
    """How the check ended, and what to do next."""
    kept = check.kept
    if kept is None:
        out = ["Nothing works: no test passes by any set-up, so no patch of this repository could be judged."]
        out += [f"looked     {place}" for place in check.looked]
    elif kept.complete:
        out = [f"Complete: {counts(kept)}, set up by {kept.recipe.source}."]
    else:
        out = [f"Degraded: {counts(kept)}, set up by {kept.recipe.source}. Only tests that pass can judge a patch."]
        out += named("unread", list(kept.uncollected))
        report = kept.report
        out += named("failing", sorted(set(report.failed) - set(kept.uncollected)) if report else [])
    if not check.complete:
        out += [f"missing    {what}" for what in missing(check.trials)]
        out += [
            f"Next: say `setup:` and `test:` in {PATH} as you run them yourself (docs/configuration.md), commit it, "
            "and check again."
        ]
    if check.lines:
        out += [f"These lines of {PATH} say the same, and were run:", *(f"  {x}" for x in check.lines.splitlines())]
    return out


def counts(trial: Trial) -> str:
    """How many tests passed, failed and were skipped."""
    if trial.report is None:
        return "no test ran"
    skipped = len(trial.report.ids(TestOutcome.SKIPPED))
    return f"{trial.passed} tests pass, {len(trial.report.failed)} do not, {skipped} are skipped"


def named(what: str, tests: list[str]) -> list[str]:
    """Some of the tests by name, and how many more there are."""
    more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
    return [f"{what:<10} {', '.join(tests[:SHOWN])}{more}"] if tests else []


def check_json(check: SetUpCheck) -> dict[str, object]:
    """The check as values for JSON."""
    return {
        "base_commit": check.base,
        "state": check.state,
        "passed": check.kept.passed if check.kept else 0,
        "kept": _recipe_json(check.kept.recipe) if check.kept else None,
        "looked": list(check.looked),
        "missing": [] if check.complete else list(missing(check.trials)),
        "trials": [
            {"recipe": _recipe_json(t.recipe), "became": became(t), "complete": t.complete, "log": t.log or t.problem}
            for t in check.trials
        ],
        "lines": check.lines,
    }


def _recipe_json(recipe: Recipe) -> dict[str, object]:
    return {
        "language": recipe.language,
        "source": recipe.source,
        "setup": list(recipe.setup),
        "test": recipe.test,
        "image": recipe.image,
    }


def writable_place(checkout: Path) -> Path:
    """Where `.github/autofix.yml` is in a checkout that it may be written into.

    Raises FileNotWritten for a URL, and where a symbolic link would lead the writing elsewhere.
    """
    if not checkout.is_dir():
        raise FileNotWritten(f"--write needs a checkout on this machine, and {checkout} is no folder; clone it first")
    place = checkout / PATH
    for part in (place.parent, place):
        if part.is_symlink():
            raise FileNotWritten(f"{part} is a symbolic link, which is not followed; replace it by a real one")
    return place


def write_lines(place: Path, lines: str) -> None:
    """Add lines to the file, after what it already says. Raises FileNotWritten."""
    try:
        place.parent.mkdir(exist_ok=True)
        before = place.read_text(encoding="utf-8") if place.exists() else ""
        place.write_text(before + ("" if before.endswith("\n") or not before else "\n") + lines, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise FileNotWritten(f"{place} cannot be written: {error}; add the lines yourself") from error
