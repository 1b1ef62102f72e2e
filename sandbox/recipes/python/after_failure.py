"""From what went wrong with one plan to the next: a package that is missing, a plugin that pytest asks for or stumbles
over, a pin of its time. Decided from the text of a failure; nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from sandbox.recipes.python.packages import DISTRIBUTIONS, FIXTURES, MARKS
from sandbox.recipes.python.plan import PythonPlan
from sandbox.recipes.python.suite import PLUGINS
from sandbox.recipes.trial import WORTH_A_CHANGE, Trial

PACKAGES = 12  # missing packages that one mending may add

_MISSING = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_][\w.]*)'?")
_SKIPPED = re.compile(
    r"could not import '([A-Za-z][\w.]*)'|[`'\"]?\b([A-Za-z][\w.]+)[`'\"]? (?:is |was )?not installed"
)
_FIXTURE = re.compile(r"fixture '(\w+)' not found")
_MARK = re.compile(r"(?:'(\w+)' not found in `markers`|Unknown pytest\.mark\.(\w+))")
_REQUIRED = re.compile(r"Missing required plugins: (.+)")
_UNKNOWN_FLAG = re.compile(r"unrecognized arguments?: (.+)")
_UNKNOWN_KEY = re.compile(r"Unknown config option: (\w+)")
_MINIMUM = re.compile(r"'minversion' requires pytest-([\d.]+)|requires pytest-([\d.]+), actual")
_STUMBLES = re.compile(
    r"(?:PluginValidationError|unknown hook) [^\n]*?'?(pytest_\w+|\w+)'?|"
    r"Plugin '?([\w.-]+)'?[^\n]*(?:could not be loaded|for hook)"
)
_MISMATCH = re.compile(r"import file mismatch")
_ASYNC = re.compile(r"async def functions are not natively supported")
_INTERNAL = re.compile(r"INTERNALERROR|pytest had an internal error")
_BUILD = re.compile(
    r"[Ff]ailed (?:to )?build|build backend|metadata-generation-failed|"
    r"error: command '\S*(?:gcc|cc|g\+\+|clang)|setup\.py|editable"
)


def mended(plan: PythonPlan, trial: Trial, own: Collection[str]) -> PythonPlan | None:
    """The next plan, or None when nothing in the failure tells what to do. `own` are the repository's own modules."""
    text = trial.text
    if not trial.set_up:
        return _installable(plan, text)
    if changed := _started(plan, trial, text):
        return changed
    if not plan.importlib and _MISMATCH.search(text):
        return replace(plan, importlib=True, told=(*plan.told, "with equal names apart"))
    missing = tuple(p for p in wanted(text, own) if p not in plan.packages)[:PACKAGES]
    if missing:
        return replace(plan, packages=(*plan.packages, *missing), told=(*plan.told, f"with {', '.join(missing)}"))
    return None


def unskipped(plan: PythonPlan, trial: Trial, own: Collection[str]) -> PythonPlan | None:
    """The next plan for a healthy suite of which a part is skipped because modules are missing; None when none is."""
    skipped = trial.report.skipped if trial.report is not None else frozenset()
    reasons = [trial.report.results[i].message for i in skipped] if trial.report is not None else []
    lacking = [r for r in reasons if _SKIPPED.search(r) or _MISSING.search(r)]
    if len(lacking) < max(2, (WORTH_A_CHANGE - 1) * trial.passed):
        return None
    names = [n for r in lacking for pair in _SKIPPED.findall(r) for n in pair if n]
    names += [n for r in lacking for n in _MISSING.findall(r)]
    tops = {n: n.split(".")[0] for n in names if n.split(".")[0] not in own}
    found = [DISTRIBUTIONS.get(n, DISTRIBUTIONS.get(top, top.replace("_", "-"))) for n, top in tops.items()]
    missing = tuple(p for p in dict.fromkeys(found) if p and p not in plan.packages)[:PACKAGES]
    if not missing:
        return None
    return replace(plan, packages=(*plan.packages, *missing), told=(*plan.told, f"with {', '.join(missing)}"))


def _installable(plan: PythonPlan, text: str) -> PythonPlan | None:
    """A set-up that failed: without the lock, then (where the build of the project failed) without the project."""
    if plan.lock:
        return replace(plan, lock=False, told=(*plan.told, "without its lock"))
    if plan.project and _BUILD.search(text):
        return replace(plan, project=False, told=(*plan.told, "from its sources, not installed"))
    return None


def _started(plan: PythonPlan, trial: Trial, text: str) -> PythonPlan | None:
    """Pytest did not get as far as the tests (exit code 3 or 4): another plugin, another version, or plainly."""
    if trial.report is not None:
        return None
    asked = [_name(p) for line in _REQUIRED.findall(text) for p in re.split(r"[,\s]+", line) if _name(p)]
    flags = [f for line in _UNKNOWN_FLAG.findall(text) for f in line.split() if f.startswith("-")]
    keys = _UNKNOWN_KEY.findall(text)
    asked += [name for word in (*flags, *keys) for pattern, name in PLUGINS if re.search(pattern, word)]
    new = tuple(dict.fromkeys(p for p in asked if p not in plan.packages))
    if new:
        return replace(plan, packages=(*plan.packages, *new), told=(*plan.told, f"with {', '.join(new)}"))
    if (minimum := _MINIMUM.search(text)) and plan.pytest == "pytest":
        version = minimum[1] or minimum[2]
        return replace(plan, pytest=f"pytest>={version}", told=(*plan.told, f"with pytest {version} or newer"))
    if _INTERNAL.search(text) or "ImportError" in text or "AttributeError" in text or "PluginValidationError" in text:
        stumbles = [n for found in _STUMBLES.findall(text) for n in found if n.startswith("pytest_")]
        plugin = next((n.replace("_", "-") for n in stumbles if n.replace("_", "-") not in plan.without), "")
        if plugin:
            return replace(plan, without=(*plan.without, plugin), told=(*plan.told, f"without {plugin}"))
        for pin in ("pytest<9", "pytest<8", "pytest<7"):
            if _lower(plan.pytest, pin):
                return replace(plan, pytest=pin, told=(*plan.told, f"with {pin}"))
    if not plan.plain and "pytest was called wrongly" in text:
        return replace(plan, plain=True, told=(*plan.told, "without its pytest options"))
    return None


def _lower(now: str, pin: str) -> bool:
    """Whether `pin` is the next older pytest than the one that was tried."""
    order = ["pytest", "pytest<9", "pytest<8", "pytest<7"]
    return now in order and order.index(pin) == order.index(now) + 1


def wanted(text: str, own: Collection[str]) -> tuple[str, ...]:
    """The packages that a failure asks for, in the order of how often it does: missing modules, fixtures, marks."""
    count: dict[str, int] = {}

    def ask(package: str) -> None:
        if package:
            count[package] = count.get(package, 0) + 1

    for module in _MISSING.findall(text):
        top = module.split(".")[0]
        if top not in own and not top.startswith("_"):
            ask(DISTRIBUTIONS.get(module, DISTRIBUTIONS.get(top, top.replace("_", "-"))))
    for name in _FIXTURE.findall(text):
        ask(FIXTURES.get(name, ""))
    for found in _MARK.findall(text):
        ask(MARKS.get(found[0] or found[1], ""))
    if _ASYNC.search(text):
        ask("pytest-asyncio")
    return tuple(sorted(count, key=lambda p: -count[p]))


def own_modules(paths: Iterable[str]) -> frozenset[str]:
    """The names that an import of the repository's own code may start with."""
    out = set()
    for path in paths:
        if path.endswith(".py"):
            parts = path.removesuffix(".py").split("/")
            out |= set(parts[:-1]) | {parts[-1]}
    return frozenset(out - {"mock", "yaml", "six"})


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z][\w.-]*", requirement.strip())
    return found[0] if found else ""
