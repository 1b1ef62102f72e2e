"""How much of a follow-up call's prompt a provider can have cached: the identical beginning of an earlier prompt.

Strategies are really run on one task whose repository is padded to a usual size, with scripted models that never
solve it, so that every strategy makes all its calls. A follow-up call is one of a purpose (repair, reproduction, plan …)
that the same model was asked for before on the same issue: another purpose is another conversation with other rules at
its beginning. The share is identical prefix ÷ all input of these calls; beside it stands that of all later calls, in
which the tester's first call counts as well: it begins as the solver's does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.backends import BackendOptions, choose
from strategies.models.meter import Meter
from strategies.strategy import Role
from strategies.study.running.run import StudyPlan, run_study
from strategies.study.running.scripted import ScriptedModel, common_prefix_length, scripted_tiers
from strategies.study.tasks.corpus import load_corpus
from strategies.tier import Tier
from tests.bench.row import Row

AIM, AIM_OF_ALL = 0.70, 0.80
DEFAULT = "cascade"
TASK = "recent-pages"
STRATEGIES_SHOWN = ("cascade", "strong-first", "weak-first", "majority", "self-test-cascade", "plan", "best-of-n")


@dataclass(frozen=True, slots=True)
class Shares:
    """`follow_up`: of calls of a purpose that the same model was asked for before; `later`: of all but its first."""

    follow_up: float
    later: float
    calls: int


def shares(models: list[ScriptedModel]) -> Shares:
    """Identical prefix ÷ all input, for both meanings of a later call."""
    same = {True: 0, False: 0}
    total = {True: 0, False: 0}
    calls = 0
    for model in models:
        for number, prompt in enumerate(model.prompts[1:], 1):
            follows = model.purposes[number] in model.purposes[:number]
            same[follows] += max(common_prefix_length(prompt, earlier) for earlier in model.prompts[:number])
            total[follows] += len(prompt)
            calls += follows
    everything = sum(total.values())
    return Shares(
        same[True] / total[True] if total[True] else 0.0,
        sum(same.values()) / everything if everything else 0.0,
        calls,
    )


def padded(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The repository with more modules that speak of the same things, so that a prompt has a usual length."""
    more = {}
    for n in range(12):
        lines = [f'"""Pages of shelf {n}: what the cache holds, and which page is read."""', ""]
        for k in range(30):
            lines += [
                f"def page_{k}_of_shelf_{n}(cache, key):",
                f'    """The page `key` of row {k} as the cache has it."""',
                f"    return cache.get(('shelf', {n}, {k}, key))",
                "",
            ]
        more[f"reader/shelf_{n}.py"] = "\n".join(lines).encode()
    return {**files, **more}


def measure(names: tuple[str, ...] = STRATEGIES_SHOWN) -> dict[str, Shares]:
    """Strategy → its shares."""
    scripted = next(s for s in load_corpus() if s.task.id == TASK)
    wrong = scripted.script.answers["weak"][:1]
    script = replace(scripted.script, answers={"weak": wrong, "strong": wrong})
    task = replace(scripted.task, files=padded(scripted.task.files))
    found = {}
    with TemporaryDirectory() as folder:
        home = Path(folder)
        backend = choose("process", BackendOptions(home=home))
        for name in names:
            models: list[ScriptedModel] = []

            def tiers(
                meter: Meter, models: list[ScriptedModel] = models
            ) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
                made, roles = scripted_tiers([script], meter)
                models += [t.model.model for t in made]  # type: ignore[misc]  # scripted tiers hold scripted models
                return made, roles

            plan = StudyPlan([task], [name], tiers, backend, home, home / name, "bench", Decimal(99), Decimal(99))
            run_study(replace(plan, resolved_usd=Decimal(50)))
            found[name] = shares(models)
    return found


def run() -> list[Row]:
    logging.disable(logging.WARNING)
    try:
        measured = measure()
    finally:
        logging.disable(logging.NOTSET)
    default = measured[DEFAULT]
    whole = Row(
        f"cacheable share of all calls but a model's first, the tester's among them: {DEFAULT}",
        round(default.later, 3),
        "",
        aim=f">= {AIM_OF_ALL:.0%}",
        ok=default.later >= AIM_OF_ALL,
    )
    return [
        whole,
        *_rows(measured),
    ]


def _rows(measured: Mapping[str, Shares]) -> list[Row]:
    return [
        Row(
            f"cacheable share of {s.calls} follow-up calls: {name}",
            round(s.follow_up, 3),
            "",
            peer=f"all calls but a model's first: {s.later:.3f}",
            ratio=s.follow_up / s.later if s.later else None,
            aim=f">= {AIM:.0%}",
            ok=s.follow_up >= AIM or not s.calls,
        )
        for name, s in measured.items()
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
