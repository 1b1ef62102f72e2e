"""New files that would be loaded in the place of something else: a test tool, the standard library, the product.

Such a file changes what the tests run against or with, without touching a test; a patch with one is refused.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator

from sandbox.guard.imports import JAVASCRIPT
from sandbox.guard.path_names import is_code, is_configuration, named_like_test, parents
from sandbox.guard.suite import SuiteFiles
from sandbox.recipes.python.suite import pytest_config
from sandbox.repository.patch import Patch

TOOLS = frozenset(
    {
        "pytest", "_pytest", "py", "pluggy", "iniconfig", "coverage", "pytest_cov", "xdist", "pytest_xdist",
        "execnet", "hypothesis", "mock", "nose", "nose2", "tox", "nox", "pytest_asyncio", "pytest_mock",
        "pytest_timeout", "pytest_django", "pytest_subtests", "pytest_benchmark", "syrupy", "freezegun", "responses",
        "exceptiongroup", "pygments", "tomli", "testtools", "testfixtures", "assertpy", "hamcrest", "sybil",
        "xdoctest", "parameterized", "ddt", "behave", "robot", "green", "trial", "ward",
    }
)  # fmt: skip
"""Modules of Python's test tools, and those that they import."""
START_UP = frozenset({"sitecustomize", "usercustomize"})
_HARMLESS = frozenset({"test", "tests", "this", "antigravity", "idlelib", "__main__", "lib2to3", "turtledemo"})
STANDARD = frozenset(sys.stdlib_module_names) - _HARMLESS
NODE_TOOLS = frozenset(
    {
        "jest", "vitest", "mocha", "ava", "tap", "tape", "chai", "sinon", "jasmine", "karma", "cypress",
        "playwright", "nyc", "c8", "uvu", "supertest", "expect", "qunit", "should", "ts-jest", "ts-node", "tsx",
        "babel-jest", "jest-junit",
    }
)  # fmt: skip
_METADATA = re.compile(r"(?:^|/)[^/]+\.(?:dist-info|egg-info)(?:/|$)|\.egg-link$")
_JAVA_TOOLS = re.compile(
    r"(?:^|/)(?:org/junit|junit/framework|org/testng|org/hamcrest|org/mockito|org/assertj|org/apache/maven/surefire)/"
)
_EXTENSIONS = (".py", ".pyc", ".so", ".pyd", ".pyi")


def shadowing(patch: Patch, suite: SuiteFiles) -> tuple[str, ...]:
    """One sentence per new file of the patch that would be loaded in the place of something else."""
    new = [p for p in patch.paths if patch.files[p] is not None and p not in suite.paths]
    if not new:
        return ()
    gone = frozenset(p for p in patch.paths if patch.files[p] is None)
    existing = suite.paths - gone
    out = []
    for path in new:
        why = _by_name(path, existing) or _python(path, existing, suite) or _beside(path, existing, suite)
        if why:
            out.append(f"{path}: {why}")
    return tuple(out)


def _by_name(path: str, existing: frozenset[str]) -> str:
    """Names that mean the same to an installer, a linker or a module loader wherever they are."""
    if _METADATA.search(path):
        return "package metadata registers plugins and is made by installers, never written by hand"
    if path.endswith(".pth"):
        return "Python runs the lines of such a file when it starts"
    parts = path.split("/")
    if "node_modules" in parts:
        above = "/".join(parts[: parts.index("node_modules")])
        served = (p for p in existing if p.startswith(f"{above}/" if above else "") and "node_modules/" not in p)
        if any(p.endswith(JAVASCRIPT) for p in served):
            return "a package in node_modules takes the place of the one that is installed"
    stem = re.sub(r"\.(?:[cm]?[jt]sx?|json)$", "", parts[0])
    resolvable = len(parts) == 1 or re.fullmatch(r"index\.[cm]?[jt]sx?|package\.json", "/".join(parts[1:]))
    if stem in NODE_TOOLS and resolvable and not any(p.split("/")[0] == parts[0] for p in existing):
        return f"it is named like the test tool `{stem}`"
    if parts[0] == "vendor" and "go.mod" in existing and not any(p.startswith("vendor/") for p in existing):
        return "a new vendor folder takes the place of every Go module"
    if (found := _JAVA_TOOLS.search(path)) and not any(found[0] in f"/{p}" for p in existing):
        return "it takes the place of a class of the test tools"
    if (main := re.sub(r"(^|/)src/test/", r"\1src/main/", path, count=1)) != path and main in existing:
        return f"it takes the place of {main}: test classes come first"
    return ""


def _python(path: str, existing: frozenset[str], suite: SuiteFiles) -> str:
    if not path.endswith(_EXTENSIONS) or is_configuration(path):
        return ""
    for root in python_roots(suite):
        name = _module(path, root)
        if name is None:
            continue
        if any(_has(existing, root, name)):
            continue
        if name in START_UP:
            return "Python imports a module of this name by itself when it starts"
        if name in TOOLS and not any(_has(existing, "src", name)):
            return f"it would be imported in the place of the test tool `{name}`"
        if name in STANDARD and suite.folders:
            return f"it would be imported in the place of the standard library's `{name}`"
        other = next((found for r in _product_roots(suite) if r != root for found in _has(existing, r, name)), None)
        if other is not None and not suite.is_test(other):
            return f"it would be imported in the place of {other}"
    return ""


def _module(path: str, root: str) -> str | None:
    """The top-level module that a file is when `root` is on the import path; None when it is none."""
    if root and not path.startswith(f"{root}/"):
        return None
    parts = path[len(root) :].lstrip("/").split("/")
    if len(parts) == 1:
        return parts[0].split(".")[0]
    return parts[0] if len(parts) == 2 and parts[1].startswith("__init__.") else None  # noqa: PLR2004 - name/__init__


def _has(existing: frozenset[str], root: str, name: str) -> Iterator[str]:
    start = posixpath.join(root, name)
    yield from (p for p in (f"{start}/__init__.py", f"{start}.py") if p in existing)


def python_roots(suite: SuiteFiles) -> tuple[str, ...]:
    """The folders that are on the import path while tests run: the root, `pythonpath`, and where tests are.

    pytest puts the first folder without an `__init__.py` above a test there (its `prepend` import mode).
    """
    roots = {"", *pytest_config(suite.workspace).options.get("pythonpath", "").split()}
    for path in suite.paths:
        if path.endswith(".py") and (named_like_test(path) or path.endswith("conftest.py")):
            folder = posixpath.dirname(path)
            if "unittest" in suite.command:
                roots.add(folder)
            while folder and f"{folder}/__init__.py" in suite.paths:
                folder = posixpath.dirname(folder)
            roots.add(folder)
    return tuple(sorted(r.strip("./") if r.startswith(".") else r.rstrip("/") for r in roots))


def _product_roots(suite: SuiteFiles) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("", "src", "lib", *python_roots(suite))))


def _beside(path: str, existing: frozenset[str], suite: SuiteFiles) -> str:
    """A new module of tests that a loader prefers to the one of the same name that is there."""
    if not is_code(path) or not suite.is_test(path) or named_like_test(path):
        return ""
    start, extension = posixpath.splitext(path)
    family = JAVASCRIPT if extension in JAVASCRIPT else (extension,)
    same = [f"{start}{e}" for e in family if e != extension]
    if posixpath.basename(start) in ("__init__", "index"):
        same += [f"{posixpath.dirname(path)}{e}" for e in family]
    else:
        same += [f"{start}/{n}{e}" for e in family for n in ("__init__", "index")]
    other = next((p for p in same if p in existing), None)
    return f"it would be loaded in the place of {other}" if other and parents(path) else ""
