"""Which Python a repository wants, and the shell line that makes its virtual environment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sandbox.repository.workspace import Workspace

MINORS = tuple(f"3.{n}" for n in range(6, 20))
YEARLY = 2019 - 8
"""Python 3.N came in October of the year N + this, from 3.8 on (PEP 602)."""
_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True, slots=True)
class Python:
    """`wanted` is the one the repository names (may be ""), `allowed` every minor version it permits, `preferred` those
    that it is known to work with, best first."""

    wanted: str
    allowed: tuple[str, ...]
    inputs: tuple[str, ...]
    preferred: tuple[str, ...] = ()

    def venv(self) -> str:
        """A shell line: uv finds, or else fetches, the first of `preferred` there is; else the system's, if allowed."""
        uv = 'uv venv --quiet --seed --allow-existing "$PENNYFIX_ENV"'
        order = [v for v in dict.fromkeys((self.wanted, *self.preferred)) if v and v in self.allowed]
        attempts = [f"{uv} --no-python-downloads --python {shlex.quote(v)} 2>/dev/null" for v in order]
        if not order and self.allowed == MINORS:
            attempts.append(f"{uv} --python python3")
        if self.allowed != MINORS:
            attempts.append(f"{uv} --python {shlex.quote(self._range())}")
        attempts += [f"{uv} --python {shlex.quote(v)}" for v in order[:1]]
        complaint = (
            f"this repository needs Python {self._words()}, the sandbox has $v; set \\`image:\\` in "
            ".github/autofix.yml to an image with it"
        )
        system = (
            f'v=$(python3 -c "{_ASK}") && case "$v" in {"|".join(self.allowed or MINORS)}) '
            f'python3 -m venv "$PENNYFIX_ENV";; *) echo "{complaint}" >&2; exit 1;; esac'
        )
        return f"if command -v uv >/dev/null 2>&1 && {{ {' || '.join(attempts)}; }}; then :; else {system}; fi"

    def _range(self) -> str:
        low, high = self.allowed[0], self.allowed[-1]
        above = f",<3.{int(high.split('.')[1]) + 1}" if high != MINORS[-1] else ""
        return f">={low}{above}"

    def _words(self) -> str:
        return self.wanted or (f"{self.allowed[0]} to {self.allowed[-1]}" if self.allowed else "of another version")


def _newest_first(versions: Sequence[str]) -> list[str]:
    return sorted(versions, key=lambda v: int(v.split(".")[1]), reverse=True)


def of_their_time(date: str) -> tuple[str, ...]:
    """The minor versions that were released on `date` (YYYY-MM-DD) and supported by
    what was written then, newest first; at least 3.6."""
    year = int(date.split("-", maxsplit=1)[0])
    newest = year - 1 - YEARLY  # that of last October; this October's is too new for what was written this year
    return tuple(v for v in reversed(MINORS) if int(v.split(".")[1]) <= max(newest, 6))


def allowed_by(specifier: str) -> tuple[str, ...]:
    """The minor versions of Python 3 that a `requires-python` permits; all of them when it is unreadable."""
    try:
        spec = SpecifierSet(specifier.replace("^", "~=") if specifier.startswith("^") else specifier)
    except InvalidSpecifier:
        return MINORS
    # A late patch release stands for its minor version: ">=3.9.2" and "<=3.11" both mean to include theirs.
    return tuple(v for v in MINORS if spec.contains(f"{v}.99") or spec.contains(f"{v}.0")) or MINORS


def wanted_python(workspace: Workspace, requires: str, ci: Sequence[str]) -> Python:
    """Tool-version files first, then the newest version that CI tests; `requires` bounds what is allowed."""
    allowed = allowed_by(requires) if requires else MINORS
    tested = tuple(v for v in _newest_first(tuple(dict.fromkeys(ci))) if v in allowed)
    for path, pattern in (
        (".python-version", r"^\s*(?:cpython-)?(3\.\d+)"),
        (".tool-versions", r"^python\s+(3\.\d+)"),
        ("runtime.txt", r"^python-(3\.\d+)"),
        ("mise.toml", r"^python\s*=\s*[\"'](3\.\d+)"),
    ):
        found = re.search(pattern, workspace.read_text(path) or "", re.MULTILINE)
        if found:
            return Python(found[1], allowed, (path,), tested)
    return Python("", allowed, (), tested)
