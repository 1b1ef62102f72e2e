"""Tables of the strategies: names from the registry, what each does and where it comes from, and when to choose it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from strategies.registry import STRATEGIES
from strategies.strategy import Strategy

SWE = "arXiv 2505.20182"


@dataclass(frozen=True, slots=True)
class Described:
    """One strategy for people who choose. `source` is a paper, "" for our own."""

    does: str
    choose: str
    source: str = SWE


@dataclass(frozen=True, slots=True)
class Group:
    """Strategies that share an idea."""

    title: str
    idea: str
    names: tuple[str, ...]


GROUPS = (
    Group(
        "Cascades",
        "the cheap model first, a dearer one only when executed tests demand it",
        ("cascade", "self-test-cascade"),
    ),
    Group(
        "One model",
        "a single tier, once or several times, with a choice among its answers",
        ("weak", "strong", "best-of-n", "majority", "clustering", "universal"),
    ),
    Group(
        "Context from the strong model",
        "the strong model reads and explains, the weak model writes the patch",
        (
            "repo-summary", "repo-structure", "repo-qa", "few-shot-1-random", "few-shot-5-random",
            "few-shot-1-similar", "few-shot-5-similar", "plan", "issue-qa",
        ),
    ),
    Group(
        "Fixed orders",
        "weak and strong attempts in an order that is set beforehand",
        ("strong-once", "strong-first", "weak-first", "prompt-reduction"),
    ),
    Group("Routers", "one judgment chooses the model for this issue", ("weak-router", "strong-router")),
)  # fmt: skip

DESCRIBED: dict[str, Described] = {
    "cascade": Described(
        "Takes the step of greatest expected value (retry, another tier, accept, stop), with executed tests as the gate, "
        "and hands what was learned to the next tier.",
        "Always, unless you have a reason. It is the default.",
        "ours, from weak-first of arXiv 2505.20182",
    ),
    "self-test-cascade": Described(
        "Each tier answers k times and writes k tests; it is believed when both agree enough, else the next tier is asked.",
        "When the repository's own tests cover little, and several cheap samples cost less than one dear call.",
        "arXiv 2405.15842",
    ),
    "weak": Described(
        "The cheapest tier alone, as often as it is set to try.",
        "When money matters more than the rate, or to have the lower end to compare with.",
    ),
    "strong": Described(
        "The dearest tier alone, as often as it is set to try.",
        "When an issue is known to be hard, or to have the upper end to compare with.",
    ),
    "best-of-n": Described(
        "Up to 5 answers of the weak tier, one at a time, until executed tests accept one.",
        "When the tests are good and the weak model often is nearly right.",
    ),
    "majority": Described(
        "5 answers of the weak tier; those with the same syntax tree vote for the order in which they are judged.",
        "When few tests exist and the issue has one obvious fix.",
    ),
    "clustering": Described(
        "5 answers of the weak tier, grouped by similarity; the largest group is judged first.",
        "As `majority`, when right answers differ in detail.",
    ),
    "universal": Described(
        "5 answers of the weak tier; a model chooses among them before they are judged.",
        "As `majority`, when answers hardly ever agree in form.",
        "arXiv 2311.17311, as compared in arXiv 2505.20182",
    ),
    "repo-summary": Described(
        "The strong model summarizes the repository once per commit; the weak model solves with that summary.",
        "For a repository with many issues: one dear call serves all of them.",
    ),
    "repo-structure": Described(
        "As `repo-summary`, with a description of the folders and what belongs where.",
        "For a large repository in which the weak model looks in the wrong place.",
    ),
    "repo-qa": Described(
        "As `repo-summary`, with questions about the repository and their answers.",
        "For a repository with conventions that its files do not say.",
    ),
    "few-shot-1-random": Described(
        "The weak model sees 1 merged change of the same repository, chosen at random.",
        "To compare with: the smallest help that costs no strong call.",
    ),
    "few-shot-5-random": Described(
        "As above with 5 merged changes.", "To compare with, or when the house style is what goes wrong."
    ),
    "few-shot-1-similar": Described(
        "The weak model sees the merged change most similar to the issue.",
        "For a repository whose issues resemble each other.",
    ),
    "few-shot-5-similar": Described(
        "As above with the 5 most similar changes.",
        "As `few-shot-1-similar`, when the weak model has a long context and cached input is cheap.",
    ),
    "plan": Described(
        "The strong model writes a plan for the issue, without a patch; the weak model carries it out.",
        "When the weak model edits well and reasons badly.",
    ),
    "issue-qa": Described(
        "The strong model asks and answers questions about the issue; the weak model solves with them.",
        "As `plan`, when issues are vague rather than hard.",
    ),
    "strong-once": Described(
        "One attempt by the strong tier.", "When you want the strong model's answer and no second bill."
    ),
    "strong-first": Described(
        "One strong attempt, then up to 10 weak ones that see it.",
        "When the strong model is usually nearly right and its attempt costs as much as ten weak ones.",
    ),
    "weak-first": Described(
        "5 weak attempts, then one strong.",
        "When you want a fixed order instead of the default's expected values.",
    ),
    "prompt-reduction": Described(
        "The weak model names the lines that matter; the strong model edits exactly those, verbatim.",
        "When files are long and the strong model's input is what costs.",
    ),
    "weak-router": Described(
        "The weak model judges which tier gets the issue, or asks its author one question.",
        "When issues differ much in difficulty and judging must cost nearly nothing.",
    ),
    "strong-router": Described(
        "As `weak-router`, with the strong model as the judge.",
        "When a wrong choice of model costs more than one short strong call.",
    ),
}


def module_of(strategy: Strategy) -> str:
    """The file that says most about a strategy: that of its context source where it has one, else its own."""
    source = getattr(strategy, "source", None)
    name = type(source).__module__ if type(source).__module__.startswith("strategies.") else type(strategy).__module__
    return name.replace(".", "/") + ".py"


def sources_in(path: str) -> set[str]:
    """The papers that a file's docstrings name."""
    module = sys.modules[path.removesuffix(".py").replace("/", ".")]
    classes = [c.__doc__ or "" for c in vars(module).values() if getattr(c, "__module__", "") == module.__name__]
    return set(re.findall(r"\d{4}\.\d{5}", "\n".join([module.__doc__ or "", *classes])))


def strategy_tables() -> str:
    """A table per group: name, what it does, when to choose it, source, file."""
    parts = []
    for group in GROUPS:
        rows = ["| name | what it does | when to choose it | source | file |", "|---|---|---|---|---|"]
        for name in group.names:
            it, path = DESCRIBED[name], module_of(STRATEGIES[name]())
            file = f"[`{path}`](../{path})"
            rows.append(f"| `{name}` | {it.does} | {it.choose} | {it.source} | {file} |")
        idea = group.idea[0].upper() + group.idea[1:]
        parts.append(f"## {group.title}\n\n{idea}.\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def strategy_groups() -> str:
    """A row per group for a reader who only wants to know what there is."""
    rows = ["| idea | strategies |", "|---|---|"]
    for group in GROUPS:
        names = ", ".join(f"`{name}`" for name in group.names)
        rows.append(f"| **{group.title}**: {group.idea} | {names} |")
    return "\n".join(rows)
