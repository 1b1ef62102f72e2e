"""Which parts of a patch could make tests say what is not so: existing tests, test configuration, tricks.

It decides nothing: verification restores what `weakened` names to the base commit's state before it
judges, and people are told what `suspicious` found.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable, Collection

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace

CONFIGURATION = (
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".coveragerc",
    "jest.config.*",
    "vitest.config.*",
    "vitest.workspace.*",
    ".mocharc.*",
    "karma.conf.*",
    "playwright.config.*",
    "sitecustomize.py",
    "usercustomize.py",
    "nextest.toml",
    "junit-platform.properties",
)

# Files that hold test configuration beside other things: weakened only if that part changes.
_SECTIONS: dict[str, re.Pattern[str]] = {
    "tox.ini": re.compile(r"^\[pytest\].*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL),
    "setup.cfg": re.compile(r"^\[(?:tool:pytest|coverage[:\w]*)\].*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL),
    "pyproject.toml": re.compile(r"^\[tool\.(?:pytest|coverage)[^\]]*\].*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL),
    "package.json": re.compile(
        r'"(?:test|pretest|posttest)"\s*:\s*"[^"]*"|"(?:jest|mocha|vitest|ava)"\s*:\s*\{.*?\}', re.DOTALL
    ),
}

_TEST_NAME = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|testing)/|(?:^|/)test_[^/]*\.py$|(?:^|/)tests\.py$|_tests?\.(?:py|go|rb|exs|cc|cpp)$|"
    r"[.-](?:test|spec)\.[cm]?[jt]sx?$|(?:Tests?|IT|Spec)\.(?:java|kt|groovy|scala|cs)$"
)

_TRICKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\bos\._exit\b|\bsys\.exit\b|\bprocess\.exit\b|\bos\.Exit\b|process::exit|System\.exit"),
        "ends the process",
    ),
    (re.compile(r"\b_pytest\b|\bpytest_\w+\s*\(|\bpluggy\b|pytest_plugins"), "reaches into pytest"),
    (
        re.compile(r"\bsys\.settrace\b|\bsys\.setprofile\b|\bgc\.get_objects\b|\binspect\.(?:stack|currentframe)\b"),
        "looks at its callers",
    ),
    (
        re.compile(
            r"PYTEST_CURRENT_TEST|['\"]pytest['\"]\s+in\s+sys\.modules|JEST_WORKER_ID|VITEST\b|NODE_TEST_CONTEXT"
        ),
        "asks whether it is being tested",
    ),
    (re.compile(r"\bsitecustomize\b|\busercustomize\b"), "uses Python's start-up hooks"),
)
_SKIPS = re.compile(
    r"pytest\.(?:mark\.)?(?:skip|xfail|skipif|importorskip)\b|unittest\.(?:skip|expectedFailure)|\.skipTest\(|SkipTest\b|"
    r"\b(?:it|test|describe)\.(?:skip|todo|only)\b|\bx(?:it|describe)\(|\bt\.Skip(?:f|Now)?\(|#\[ignore|@(?:Disabled|Ignore)\b"
)


def is_test(path: str) -> bool:
    """Whether a path is named like a test, or lies where tests lie, in the languages we know."""
    return bool(_TEST_NAME.search(path))


def is_configuration(path: str) -> bool:
    """Whether a file of this name is read by a test runner before it runs anything."""
    name = posixpath.basename(path)
    return name.endswith(".pth") or any(fnmatch.fnmatch(name, p) for p in CONFIGURATION)


def weakened(patch: Patch, workspace: Workspace, is_test: Callable[[str], bool] = is_test) -> tuple[str, ...]:
    """The existing test files and test configuration that `patch` changes or deletes, sorted.

    A verdict restores exactly these (`patch.without(...)`). New tests are not among them; new
    configuration is, because it acts on the existing tests too.
    """
    existing = {f.path for f in workspace.files()}
    return tuple(p for p in patch.paths if _weakens(p, patch, workspace, is_test, existing))


def _weakens(
    path: str, patch: Patch, workspace: Workspace, is_test: Callable[[str], bool], existing: Collection[str]
) -> bool:
    if is_configuration(path) or (is_test(path) and path in existing):
        return True
    section = _SECTIONS.get(posixpath.basename(path))
    if section is None:
        return False
    before, after = workspace.read_text(path) or "", _text(patch.files[path])
    return section.findall(before) != section.findall(after)


def suspicious(patch: Patch, workspace: Workspace) -> tuple[str, ...]:
    """Sentences for human attention: lines that `patch` adds which could forge or silence a test run."""
    out = []
    for path in patch.paths:
        if is_configuration(path):
            out.append(f"{path}: changes how tests are run")
        before = workspace.read_text(path) or ""
        added = "\n".join(set(_text(patch.files[path]).splitlines()) - set(before.splitlines()))
        out += [
            f"{path}: {what} (`{found[0].strip()}`)" for pattern, what in _TRICKS if (found := pattern.search(added))
        ]
        if found := _SKIPS.search(added):
            out.append(f"{path}: skips or silences tests (`{found[0].strip()}`)")
    return tuple(out)


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")
