"""What to tell people about a set-up: the lines of `.github/autofix.yml` that say it, or what was tried and is missing.

Lines are only told after they were run; see `strategies/verification/setup_ladder.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sandbox.recipe import Recipe
from sandbox.recipes.trial import Trial

LINE = 400  # characters of a suggested line; longer ones are nobody's to keep

_PIP = re.compile(
    r"if command -v uv >/dev/null 2>&1; then uv pip install .*? \|\| python -m pip install --quiet .*?; "
    r"else python -m pip install --quiet (?P<what>.*?); fi"
)
_LENIENT = re.compile(r"\( (?P<line>.*) \) \|\| echo '[^']*'")
_VENV = re.compile(r"uv venv|python3? -m venv \"\$PENNYFIX_ENV\"$")
_ENSURE = re.compile(r'python -c "import [\w.]+" 2>/dev/null \|\| ')
_OURS = re.compile(
    r" (?:--continue-on-collection-errors|--maxfail=0|--rootdir=\.|--confcutdir=\.|-c \S+|-p no:cacheprovider)"
)

_PROGRAMS = r"(?:x86_64-linux-gnu-)?(?:gcc|g\+\+|cc|clang|cmake|make|cargo|rustc|swig|pg_config|mysql_config)"
_PORTS = r"(5432|3306|6379|27017|5672|9200|11211)"

# What the end of a log says is missing, and how that is told. `{0}` is the first group.
_NO_PROGRAM = "the program {0} is not in the sandbox"
_NO_SERVICE = "a service is not there that the tests reach at port {0}"
_MISSING: tuple[tuple[str, str], ...] = (
    (r"this repository needs (Python [^,;\n]+), the sandbox has", "{0} is not in the sandbox"),
    (r"No interpreter found for (Python [^\n]+?) in", "{0} is not in the sandbox"),
    (rf"(?:command '|No such file or directory: '|exec: \"|error: )\S*?({_PROGRAMS})\b", _NO_PROGRAM),
    (r"(?m)(?:^|\s)(?:sh: \d+: )?([\w.-]+): (?:command )?not found", _NO_PROGRAM),
    (r"may not reach: ([^;\n]+);", "the set-up may not reach {0}"),
    (rf"Connection refused[^\n]{{0,200}}?\b(?:port )?{_PORTS}\b", _NO_SERVICE),
    (rf"\b(?:port |:){_PORTS}\b[^\n]{{0,200}}?(?:[Rr]efused|Errno 111)", _NO_SERVICE),
    (
        r"(Temporary failure in name resolution|Network is unreachable|getaddrinfo failed)",
        "tests reach for the network, which they do not have here ({0})",
    ),
    (r"No module named '([\w.]+)'", "the Python module {0} is not installed by anything that was found"),
)


def suggested_lines(recipe: Recipe) -> tuple[tuple[str, ...], str] | None:
    """`setup` and `test` for people, of a recipe that works; None where a file could not say it in plain lines."""
    setup = []
    for line in recipe.setup:
        plain = plain_line(line)
        if plain is None:
            return None
        if plain:
            setup.append(plain)
    if recipe.runner != "pytest" or "{junit}" not in recipe.test:
        return (tuple(setup), recipe.test) if len(recipe.test) <= LINE and "PENNYFIX" not in recipe.test else None
    return tuple(setup), _OURS.sub("", recipe.test).replace(" -o junit_family=xunit1", "")


def suggested_file(setup: Sequence[str], test: str) -> str:
    """The lines as `.github/autofix.yml` has them; JSON strings are YAML's too."""
    return f"setup: [{', '.join(json.dumps(line) for line in setup)}]\ntest: {json.dumps(test)}\n"


def plain_line(line: str) -> str | None:
    """A set-up line as a person would write it; "" for what every Python set-up gets, None for what is too long."""
    if _VENV.search(line) and "PENNYFIX_ENV" in line and "tools/" not in line:
        return ""
    line = _ENSURE.sub("", line) if _ENSURE.match(line) else line
    line = re.sub(r"^\{ (.*); \}$", r"\1", line)
    found = _LENIENT.fullmatch(line)
    line = found["line"] if found else line
    line = _PIP.sub(lambda m: f"pip install {m['what']}", line)
    first = re.fullmatch(r"\{ (?P<line>[^{}]*); \} \|\| \{ .* \}", line)
    line = first["line"] if first else line
    return None if len(line) > LINE or "\n" in line else line


def missing(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Sentences on what the trials lacked, as their logs say it; each once."""
    out: dict[str, None] = {}
    for trial in trials:
        text = trial.text
        for pattern, told in _MISSING:
            for found in list(dict.fromkeys(m[1] for m in re.finditer(pattern, text)))[:3]:
                out[told.format(found)] = None
    return tuple(out)[:8]


def tried(trials: Sequence[Trial]) -> tuple[str, ...]:
    """One sentence for each trial: what it was, and what became of it."""
    return tuple(f"{t.recipe.language}, by {t.recipe.source}: {became(t)}" for t in trials)


def became(trial: Trial) -> str:
    """What became of a trial, in a few words."""
    if not trial.set_up:
        last = [line for line in trial.log.strip().splitlines() if line.strip()]
        return f"the set-up failed{f' ({last[-1].strip()[:160]})' if last else ''}"
    if trial.report is None:
        return trial.problem.splitlines()[0][-200:] if trial.problem else "the tests could not be run"
    return f"{trial.passed} tests passed, {len(trial.report.failed)} did not"
