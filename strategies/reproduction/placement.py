"""Where a new test is put: beside a file whose tests the suite really runs, and named like it.

A file that only looks like a test (test data, an example script, a folder that the runner leaves out) has no id in the
baseline; where ids name no file, data folders are left out by their names.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from sandbox.guard.path_names import is_test
from sandbox.recipe import Recipe
from sandbox.recipes.python.suite import pytest_config
from sandbox.repository.workspace import Workspace
from sandbox.tree import TreeFile
from strategies.issue import Issue
from strategies.reproduction.trial_conditions import TestBed

STUB, IMITABLE = 80, 1_500
"""Bytes of a test file too small to imitate, and of one that shows the style without costing much."""
DATA_FOLDERS = frozenset((
    "data", "datasets", "example_scripts", "examples", "fixtures", "__fixtures__", "golden", "goldens",
    "node_modules", "resources", "roots", "samples", "snapshots", "__snapshots__", "test_data", "testdata",
    "test-data", "third_party", "vendor",
))  # fmt: skip
"""Folders among tests whose files are read by tests, and seldom run as tests."""
ENDINGS = {
    "python": (".py",),
    "go": ("_test.go",),
    "rust": (".rs",),
    "java": (".java", ".kt", ".groovy"),
    "javascript": (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"),
}
_JAVA = re.compile(r"^(Test)?(?:.*?)(Tests?|TestCase|IT|Spec)?$")
_SCRIPT = re.compile(r"((?:[._-])(?:test|spec|tests|specs)\.[cm]?[jt]sx?)$")


def place(issue: Issue, test_bed: TestBed, number: int = 0, near: Sequence[str] = ()) -> str:
    """A free path for a new test. `near` are the source files that the issue is about, the likeliest first."""
    known = {f.path for f in test_bed.workspace.files()}
    mark = (str(issue.number) if issue.number else "here") + (f"_{number + 1}" if number else "")
    sample = example(test_bed, near)
    for extra in ("", "_b", "_c", "_d"):
        path = named_like(sample, f"{mark}{extra}", test_bed, near)
        if path not in known:
            return path
    return path


def example(test_bed: TestBed, near: Sequence[str] = ()) -> str:
    """An existing test file to write like and to stand beside; "" when there is none.

    One that the suite runs; named for a file in `near` first, then in the folder of most tests, then of middle size.
    """
    candidates = list(_candidates(test_bed))
    if not candidates:
        return ""
    stems = [re.sub(r"\W", "", posixpath.basename(p).split(".")[0].lower()) for p in near[:3]]
    folder = test_bed.recipe.test_folder

    def rank(file: TreeFile) -> tuple[int, bool, int, str]:
        name = re.sub(r"\W", "", posixpath.basename(file.path).lower())
        told = next((i for i, stem in enumerate(stems) if len(stem) > 2 and stem in name), len(stems))  # noqa: PLR2004
        return told, not file.path.startswith(folder), abs(file.size - IMITABLE), file.path

    return min(candidates, key=rank).path


def _candidates(test_bed: TestBed) -> Iterable[TreeFile]:
    """The files of tests that run, from the surest knowledge that there is."""
    recipe = test_bed.recipe
    files = {
        f.path: f
        for f in test_bed.workspace.files()
        if f.mode.startswith("100") and f.path.endswith(ENDINGS.get(recipe.language, ()) or ("",))
    }
    module = go_module(test_bed.workspace) if recipe.runner == "go" else ""
    for ids in (test_bed.passing, test_bed.existing):
        running = holding(ids, files, module)
        if running:
            return [files[p] for p in running if files[p].size > STUB] or [files[p] for p in running]
    named = [f for f in files.values() if is_test(f.path) and f.size > STUB]
    named = [f for f in named if not f.path.endswith(("conftest.py", "__init__.py"))]
    return [f for f in named if not DATA_FOLDERS & set(f.path.split("/")[:-1])] or named


def holding(ids: Collection[str], files: Collection[str], module: str = "") -> frozenset[str]:
    """The files that ids of tests name: by path, by dotted module, by Java class, or by Go package of `module`."""
    found: set[str] = set()
    by_class: dict[str, str] = {}
    by_folder: dict[str, list[str]] = {}
    for path in files:
        stem = path.rsplit(".", 1)[0]
        if path.endswith((".java", ".kt", ".groovy")):
            parts = stem.split("/")
            by_class |= {".".join(parts[i:]): path for i in range(len(parts))}
        elif path.endswith("_test.go"):
            by_folder.setdefault(posixpath.dirname(path), []).append(path)
    for head in {identity.split("::", 1)[0] for identity in ids if "::" in identity}:
        plain = head.rsplit(" ", 1)[-1].removeprefix("./")
        if plain in files:
            found.add(plain)
        elif module and (head == module or head.startswith(module + "/")):
            found.update(by_folder.get(head.removeprefix(module).strip("/"), ()))
        elif (java := by_class.get(head.split("$")[0])) is not None:
            found.add(java)
        else:
            parts = plain.split(".")
            dotted = ("/".join(parts[:i]) + ".py" for i in range(len(parts), 0, -1))
            found.update([p for p in dotted if p in files][:1])
    return frozenset(found)


def go_module(workspace: Workspace) -> str:
    """The module path of the root's go.mod; "" when there is none."""
    found = re.search(r"^module\s+\"?([^\s\"]+)", workspace.read_text("go.mod") or "", re.MULTILINE)
    return found[1] if found else ""


def named_like(sample: str, mark: str, test_bed: TestBed, near: Sequence[str] = ()) -> str:
    """A path for issue `mark` after the pattern of an existing test file's name ("" where there is none)."""
    recipe = test_bed.recipe
    folder, name = posixpath.split(sample)
    if not sample:
        folder = recipe.test_folder
    if name.endswith(".rs") or recipe.runner == "cargo":
        crate = crate_of([*near, sample], [f.path for f in test_bed.workspace.files()])
        return posixpath.join(crate, "tests", f"issue_{mark}.rs")
    if name.endswith(".py") or recipe.runner == "pytest":
        name = python_name(name, mark, pytest_config(test_bed.workspace).patterns)
    elif name.endswith("_test.go") or recipe.runner == "go":
        name = f"issue_{mark}_test.go"
    elif name.endswith((".java", ".kt", ".groovy")) or recipe.runner in ("maven", "gradle"):
        name = java_name(name, mark)
    elif found := _SCRIPT.search(name):
        name = f"issue-{mark}{found[1]}"
    else:
        stem, dot, ending = name.partition(".")
        name = f"{stem or 'test'}-issue-{mark}{dot}{ending}"
    return posixpath.join(folder, name)


def python_name(sample: str, mark: str, patterns: Sequence[str]) -> str:
    """A file name that one of `patterns` (pytest's `python_files`) collects, in the sample's own form where it can."""
    usual = [f"test_issue_{mark}.py", f"issue_{mark}_test.py"]
    if sample.endswith("_test.py") and not sample.startswith("test_"):
        usual.reverse()
    made = [p.replace("*", f"issue_{mark}", 1) for p in patterns if p.count("*") == 1 and p.endswith(".py")]
    collected = [n for n in (*usual, *made) if any(fnmatch.fnmatch(n, p) for p in patterns) and "/" not in n]
    return (collected or usual)[0]


def java_name(sample: str, mark: str) -> str:
    """A class file named like `sample`: with its Test, Tests, TestCase, IT or Spec where it has it."""
    stem, _, ending = sample.partition(".")
    found = _JAVA.match(stem)
    before, after = (found[1] or "", found[2] or "") if found else ("", "")
    middle = f"Issue{mark.title().replace('_', '')}"
    name = f"{before}{middle}" if before and not after else f"{middle}{after or 'Test'}"
    return f"{name}.{ending or 'java'}"


def crate_of(wanted: Sequence[str], paths: Collection[str]) -> str:
    """The folder of the package (a Cargo.toml above it) that the first of `wanted` lies in; "" is the root."""
    manifests = {posixpath.dirname(p) for p in paths if posixpath.basename(p) == "Cargo.toml"}
    for path in wanted:
        folder = posixpath.dirname(path)
        while path.endswith(".rs"):
            if folder in manifests:
                return folder
            if not folder:
                break
            folder = posixpath.dirname(folder)
    return ""


def selector(recipe: Recipe, path: str) -> str:
    """How the runner is told to run one test file."""
    if recipe.runner == "go":
        return "./" + posixpath.dirname(path)
    if recipe.runner in ("maven", "gradle"):
        return posixpath.basename(path).rsplit(".", 1)[0]
    return path
